"""Backups of a school-shaped set: our night beside bare restic, borg and tar+zstd+gpg. `make bench-backup`. Prints; no time fails it.

20,000 files of 5-200 KB, 200 office files, one SQL dump of 500 MB (all of it smaller with --megabytes). Our
night is staging (databases, hashes, the look for secret marks, manifest), saving and looking for changed files.
Finding the night, and proving what came back by every hash, are told apart from restoring. Memory of our own
process is measured in processes of their own, with a tenth, a half and all of the set.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from backup.binary import find_restic
from backup.contents import gather_night, stage_night
from backup.manifest_file import staged_manifest
from backup.reading import files_at, wrong_files
from backup.repository import Repository
from backup.restore import find_snapshot, restore
from backup.saving import stage_and_save
from backup.verify import prove
from connectors.records.snapshot import sha256_of
from infra.secret_files import create_secret

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

WHOLE_MB = 2000
FILES, OFFICE_FILES, DUMP_MB = 20_000, 200, 500
SMALLEST, BIGGEST = 5_000, 125_000  # bytes; text compresses, so the stored size is what engineering.md has
CHANGED = 0.01
ROUNDS = 5  # of the first night
SHARES = (0.1, 0.5, 1.0)  # of the set, whose memory is measured
DAY = date(2027, 5, 31)
WORDS = [f"{chr(97 + n % 26)}{n:x}" for n in range(4096)]


@dataclass
class Measured:
    """Seconds by way and stage; the median of what was taken more than once."""

    taken: dict[tuple[str, str], list[float]] = field(default_factory=dict)

    @property
    def seconds(self) -> dict[tuple[str, str], float]:
        return {which: statistics.median(several) for which, several in self.taken.items()}

    def take(self, way: str, stage: str, work: Callable[[], object]) -> None:
        os.sync()  # what the one before has not yet written to the disk is not for this one to wait for
        begun = time.monotonic()
        work()
        self.taken.setdefault((way, stage), []).append(time.monotonic() - begun)
        print(f"  {way:<14}{stage:<10}{self.taken[way, stage][-1]:>8.2f} s", flush=True)

    def ratio(self, stage: str) -> float:
        return self.seconds["truong", stage] / self.seconds["restic", stage]


def make_set(data: Path, megabytes: int) -> None:
    """The same bytes for the same size, every time."""
    chance, share = random.Random(2027), megabytes / WHOLE_MB
    landing = data / "landing" / DAY.isoformat() / "website"
    for number in range(int(FILES * share)):
        _write(landing / f"{number % 100:02d}" / f"tep-{number}.txt", _half_text(chance, chance.randint(SMALLEST, BIGGEST)))
    for number in range(int(OFFICE_FILES * share)):
        _write(landing / "van-phong" / f"bao-cao-{number}.xlsx", chance.randbytes(chance.randint(20_000, 2_000_000)))
    dump = data / "exports" / "ketoan.sql"
    for _ in range(max(1, int(DUMP_MB * share))):
        _append(dump, " ".join(chance.choices(WORDS, k=210_000)).encode()[:1_000_000])
    for name in ("findings", f"reports/{DAY}", f"snapshots/{DAY}"):
        _write(data / name / "a", b"a")


def _half_text(chance: random.Random, size: int) -> bytes:
    """Half of it like a photograph, half like text."""
    return chance.randbytes(size // 2) + " ".join(chance.choices(WORDS, k=size // 8)).encode()[: size // 2]


def _write(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


def _append(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("ab") as stream:
        stream.write(content)


def change(data: Path) -> None:
    """A hundredth of the files is written anew."""
    chance, files = random.Random(1), sorted((data / "landing").rglob("*.txt"))
    for file in files[:: int(1 / CHANGED)]:
        file.write_bytes(chance.randbytes(file.stat().st_size))


class Ours:
    """A night as `truong nightly` saves it."""

    name = "truong"

    def __init__(self, root: Path, data: Path) -> None:
        create_secret(root / "restic.pass")
        self.data, self.root = data, root
        self.repository = Repository("tai-cho", str(root / "truong"), root / "restic.pass", root / "state")
        self.repository.ensure()

    def save(self) -> None:
        _, saved = stage_and_save(self.repository, gather_night(self.data, DAY, None))
        saved.require_complete()

    def verify(self) -> None:
        prove(self.repository, stage_night(self.data, DAY, None).manifest)

    def find(self) -> None:
        """What a person chooses from, before the restore."""
        self.found = find_snapshot(self.repository, DAY)

    def restore(self) -> None:
        restore(self.repository, self.found, self.root / "lai-truong")

    def compare(self) -> None:
        """What the restore did last: every hash against the manifest."""
        if wrong := wrong_files(self.root / "lai-truong", staged_manifest(self.root / "lai-truong").files):
            raise SystemExit(f"restored wrong: {wrong[0]}")


class Bare:
    """restic by itself, over the same folders."""

    name = "restic"

    def __init__(self, root: Path, data: Path) -> None:
        create_secret(root / "bare.pass")
        self.data, self.root = data, root
        self.run("init", "--quiet")

    def run(self, *arguments: str) -> None:
        places = ["-r", str(self.root / "bare"), "--password-file", str(self.root / "bare.pass"), "--cache-dir", str(self.root / "cache")]
        subprocess.run([str(find_restic()), *places, *arguments], check=True, capture_output=True, cwd=self.data)

    def save(self) -> None:
        self.run("backup", "--json", "landing", "exports", "findings", "reports", "snapshots")

    def restore(self) -> None:
        self.run("restore", "latest", "--target", str(self.root / "lai-bare"))


class Borg:
    """borg with the same compression."""

    name = "borg"

    def __init__(self, root: Path, data: Path) -> None:
        self.data, self.root, self.number = data, root, 0
        self.environment = {**os.environ, "BORG_PASSPHRASE": "mat-khau", "BORG_BASE_DIR": str(root / "borg-base")}
        self.run("init", "-e", "repokey", str(root / "borg"))

    def run(self, *arguments: str, folder: Path | None = None) -> None:
        subprocess.run(["borg", *arguments], check=True, capture_output=True, cwd=folder or self.data, env=self.environment)

    def save(self) -> None:
        self.number += 1
        self.run("create", "-C", "zstd,3", f"{self.root / 'borg'}::dem-{self.number}", "landing", "exports")

    def restore(self) -> None:
        (self.root / "lai-borg").mkdir()
        self.run("extract", f"{self.root / 'borg'}::dem-{self.number}", folder=self.root / "lai-borg")


class Tar:
    """tar, zstd and gpg: everything again every night."""

    name = "tar+zstd+gpg"

    def __init__(self, root: Path, data: Path) -> None:
        self.data, self.root = data, root
        create_secret(root / "tar.pass")
        self.gpg = f"gpg --batch --quiet --homedir '{root}' --pinentry-mode loopback --passphrase-file '{root / 'tar.pass'}'"

    def save(self) -> None:
        self.shell(f"tar c landing exports | zstd -3 -T0 -q | {self.gpg} --yes -c -z 0 -o '{self.root / 'tar.gpg'}'", self.data)

    def restore(self) -> None:
        (self.root / "lai-tar").mkdir()
        self.shell(f"{self.gpg} -d '{self.root / 'tar.gpg'}' | zstd -d -q | tar x", self.root / "lai-tar")

    def shell(self, line: str, folder: Path) -> None:
        subprocess.run(["bash", "-o", "pipefail", "-c", line], check=True, capture_output=True, cwd=folder)


def stored(place: Path) -> float:
    """Megabytes of a repository or an archive."""
    files = [place] if place.is_file() else [file for file in place.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files) / 1e6


def peak() -> float:
    """Megabytes of memory that this program has ever had; getrusage would count what started it, too."""
    (line,) = [line for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


def measure(root: Path, megabytes: int) -> None:
    data = root / "data"
    print(f"{megabytes} MB, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, restic {_version([str(find_restic()), 'version'])}")
    make_set(data, megabytes)
    ways: list[Ours | Bare | Borg | Tar] = [Bare(root, data), Ours(root, data)]
    ways += [way(root, data) for way, programs in ((Borg, ["borg"]), (Tar, ["gpg", "zstd"])) if all(map(shutil.which, programs))]
    _warm(data)
    measured = Measured()
    _first_nights(root, data, measured)
    for stage, prepare in (("first", None), ("second", change)):
        if prepare:
            prepare(data)
        for way in ways:
            measured.take(way.name, stage, way.save)
    ours = ways[1]
    if isinstance(ours, Ours):
        measured.take("truong", "find", ours.find)
    for way in ways:
        measured.take(way.name, "restore", way.restore)
    if isinstance(ours, Ours):
        measured.take("truong", "compare", ours.compare)
        measured.take("truong", "prove", ours.verify)
        _tell(measured)
    _tell_stored(root)
    for share in SHARES:
        _tell_memory(root / f"memory-{share}", int(megabytes * share))


def _tell_stored(root: Path) -> None:
    for name, place in (("truong", "truong"), ("restic", "bare"), ("borg", "borg"), ("tar+zstd+gpg", "tar.gpg")):
        if (root / place).exists():
            print(f"  {name:<14}stored    {stored(root / place):>8.0f} MB")
    if not shutil.which("borg"):
        print("  borg           not installed: not measured")


def _first_nights(root: Path, data: Path, measured: Measured) -> None:
    """All rounds but the last, in turn and in repositories of their own: a first night is over in seconds, and machines are noisy."""
    for turn in range(1, ROUNDS):
        for make in (Bare, Ours) if turn % 2 else (Ours, Bare):
            place = root / f"{turn}-{make.name}"
            place.mkdir()
            measured.take(make.name, "first", make(place, data).save)
            shutil.rmtree(place)
            shutil.rmtree(data / "backups", ignore_errors=True)  # as if nothing had ever been hashed


def _tell(measured: Measured) -> None:
    over = measured.seconds["truong", "second"] - measured.seconds["restic", "second"]
    compared = measured.seconds["truong", "compare"]
    moved = measured.seconds["truong", "restore"] - compared
    print(f"first night / bare: {measured.ratio('first'):.3f} (medians of {ROUNDS}); second night - bare: {over:+.2f} s")
    print(
        f"restore / bare: {moved / measured.seconds['restic', 'restore']:.3f} "
        f"(apart: finding the night {measured.seconds['truong', 'find']:.2f} s, proving every hash {compared:.2f} s)"
    )


def _tell_memory(root: Path, megabytes: int) -> None:
    """The most memory of a process that saves two nights, restores and proves."""
    make_set(root / "data", megabytes)
    work = [sys.executable, "-m", "tests.benchmarks.backups", "--memory-of", str(root)]
    print(f"our memory, {megabytes} MB, {subprocess.run(work, capture_output=True, text=True, check=True).stdout.strip()}")
    shutil.rmtree(root)


def memory_of(root: Path) -> None:
    """What `_tell_memory` starts: nothing else has happened in this process."""
    ours = Ours(root, root / "data")
    before = peak()
    for step in (ours.save, ours.save, ours.find, ours.restore, ours.compare, ours.verify):
        step()
    most, files = peak(), sum(1 for _ in files_at(str(ours.data)))
    print(f"{files} files: {before:.0f} MB before, {most:.0f} MB at most")


def _warm(data: Path) -> None:
    """Read everything once: whoever came first would else read it from the disk for all the others."""
    for file in data.rglob("*"):
        if file.is_file():
            sha256_of(file)


def _version(command: Sequence[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[1]


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure backups beside other tools.")
    parser.add_argument("--megabytes", type=int, default=WHOLE_MB)
    parser.add_argument("--place", type=Path, help="where to work (default: a temporary folder)")
    parser.add_argument("--memory-of", type=Path, help="only tell the memory that our own process takes for a set in a folder")
    arguments = parser.parse_args()
    if arguments.memory_of:
        memory_of(arguments.memory_of)
        return
    with tempfile.TemporaryDirectory(prefix="truong-bench-", dir=arguments.place) as root:
        measure(Path(root), arguments.megabytes)


if __name__ == "__main__":
    sys.exit(main())
