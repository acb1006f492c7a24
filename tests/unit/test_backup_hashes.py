"""A hash is believed from the night before only while the file is the very same; what cannot be read is named."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from backup.hashes import FileHashes, Place, as_relative
from backup.manifest import FileEntry, bytes_of, paths_of
from backup.reading import files_at, wrong_files
from backup.stored import ReadProgress
from connectors.records.snapshot import sha256_of

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("a", "b", "sâu/c", "sâu.txt", "sâu/ngoài/d")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    (folder / "landing" / "sâu" / "ngoài").mkdir(parents=True)
    for name in NAMES:
        (folder / "landing" / name).write_bytes(name.encode() * 50)
    return folder


def _hashed(data: Path) -> dict[str, str]:
    found = FileHashes(data / "hashes").of([Place("landing", data / "landing", str(data))])
    return {path: entry.sha256 for path, entry in found["landing"]}


def _right(data: Path) -> dict[str, str]:
    return {file.relative_to(data).as_posix(): sha256_of(file) for file in (data / "landing").rglob("*") if file.is_file()}


def test_the_second_night_reads_only_what_changed(data: Path) -> None:
    assert _hashed(data) == _right(data)
    file = data / "hashes" / "landing.jsonl"
    head, *known = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    changed = [[path, " ".join([*record.split(" ")[:4], "tu-dem-truoc", "-"])] for path, record in known]
    file.write_text("\n".join(map(json.dumps, [head, *changed])), encoding="utf-8")
    (data / "landing" / "a").write_bytes(b"moi")
    (data / "landing" / "sâu" / "c").unlink()
    (data / "landing" / "sâu" / "giữa").write_bytes(b"giua")
    anew = {name: sha256_of(data / name) for name in ("landing/a", "landing/sâu/giữa")}
    assert _hashed(data) == {f"landing/{name}": "tu-dem-truoc" for name in NAMES if name not in {"a", "sâu/c"}} | anew


def test_a_change_whose_time_was_set_back_is_read_again(data: Path) -> None:
    _hashed(data)
    file = data / "landing" / "a"
    before = file.stat()
    file.write_bytes(file.read_bytes()[::-1])
    file.write_bytes(b"z" * before.st_size)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert _hashed(data) == _right(data)


@pytest.mark.parametrize(
    "content", ["", "{", "[1]", '"x"', '{"look": ""}\n{"a": 1}', '{"look": ""}\n["a", 1]', '{}\n["a"]', '{}\n[1, "1 2 3 4 5 6"]', "\xff"]
)
def test_a_broken_memory_only_costs_time(data: Path, content: str) -> None:
    (data / "hashes").mkdir()
    (data / "hashes" / "landing.jsonl").write_text(content, encoding="latin-1")
    assert _hashed(data) == _right(data)


def test_what_cannot_be_read_is_named_and_vouched_for_by_nobody(data: Path) -> None:
    hashes = FileHashes(data / "hashes")
    assert list(hashes.of([Place("landing", data / "landing" / "khong-co", str(data))])["landing"]) == []
    assert as_relative(data, hashes.unreadable) == ["landing/khong-co"]


def test_links_and_sockets_are_no_files(data: Path) -> None:
    (data / "landing" / "lien-ket").symlink_to("a")
    os.mkfifo(data / "landing" / "ong")
    assert set(_hashed(data)) == {f"landing/{name}" for name in NAMES}


def test_a_later_step_knows_what_the_files_were(data: Path) -> None:
    _hashed(data)
    later = FileHashes(data / "hashes")
    later.recall(["landing"])
    assert later.changed() == []
    (data / "landing" / "b").write_bytes(b"khac")
    (data / "landing" / "a").unlink()  # restic itself tells what is gone
    assert as_relative(data, later.changed()) == ["landing/b"]


def test_without_the_record_nobody_vouches_for_anything(data: Path) -> None:
    _hashed(data)
    later = FileHashes(data / "hashes")
    later.recall(["landing", "exports"])
    assert as_relative(data, later.changed()) == ["hashes/exports.jsonl"]


def test_several_parts_are_told_apart_and_an_empty_one_is_there(data: Path) -> None:
    for name in ("exports", "reports"):
        (data / name).mkdir()
    (data / "reports" / "r").write_bytes(b"r")
    places = [Place(name, data / name, str(data)) for name in ("exports", "landing", "reports")]
    found = FileHashes(data / "hashes").of(places, without={f"{data}/landing/b"})
    assert {name: [*paths_of(files)] for name, files in found.items()} == {
        "exports": [],
        "landing": [f"landing/{name}" for name in ("a", "sâu/c", "sâu/ngoài/d", "sâu.txt")],
        "reports": ["reports/r"],
    }


@dataclass
class _Finder:
    """Finds files with a `b` in them; says which ones it looked into."""

    version: str = "1"
    looked: list[str] = field(default_factory=list)

    def asks(self, path: str) -> bool:
        return not path.endswith("c")

    def inside(self, path: str, content: bytes | None) -> str:
        self.looked.append(path.rpartition("/")[2])
        return "b" if content and b"b" in content else ""

    def lets(self, path: str, inside: str) -> bool:
        return inside != "b" and bool(path)


def test_what_was_found_inside_is_remembered_until_the_finder_is_another(data: Path) -> None:
    def found(finder: _Finder) -> set[str]:
        files = FileHashes(data / "hashes").of([Place("landing", data / "landing", str(data), finder)])["landing"]
        assert dict(files) == {path: FileEntry((data / path).stat().st_size, sha256_of(data / path)) for path in paths_of(files)}
        return {path.removeprefix("landing/") for path in paths_of(files)}

    once, again, other = _Finder(), _Finder(), _Finder(version="2")
    assert found(once) == found(again) == found(other) == set(NAMES) - {"b"}
    assert sorted(once.looked) == sorted(other.looked) == ["a", "b", "d", "sâu.txt"]
    assert again.looked == ["b"]  # what is left out is not remembered


def test_it_is_told_how_far_the_reading_is(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backup.hashes.TELL_SECONDS", -1)
    monkeypatch.setattr("backup.hashes.BATCH", 2)
    told: list[ReadProgress] = []
    hashes = FileHashes(data / "hashes", tell=told.append)
    files = hashes.of([Place("landing", data / "landing", str(data))])["landing"]
    assert [progress.files for progress in told] == [2, 4, 5]
    assert told[-1].done_bytes == bytes_of(files)
    assert ReadProgress(12345, 3_200_000_000).told == "đang đọc: 12.345 tệp, 3,2 GB"


def test_more_files_than_are_ever_under_way_come_in_order(tmp_path: Path) -> None:
    for number in range(5000):
        file = tmp_path / "landing" / f"{number % 7}" / f"{number}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"%d" % number)
    first, second = (
        [*FileHashes(tmp_path / "hashes").of([Place("landing", tmp_path / "landing", str(tmp_path))])["landing"]] for _ in range(2)
    )
    assert first == second
    assert [f"{tmp_path}/{path}" for path in paths_of(first)] == [*files_at(f"{tmp_path}/landing")]
    assert wrong_files(tmp_path, first) == []
    (tmp_path / "landing/3/3").write_bytes(b"4")
    (tmp_path / "landing/3/10").write_bytes(b"100")
    (tmp_path / "landing/0/0").unlink()
    assert wrong_files(tmp_path, first) == ["landing/0/0", "landing/3/10", "landing/3/3"]
