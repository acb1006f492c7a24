"""Files that a system drops, from any store: the same snapshot as from a folder, nothing parsed twice, files that are only kept."""

from __future__ import annotations

import json
import os
import shutil
import time
import unicodedata
from contextlib import ExitStack
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest

from connectors.column_maps import FolderMap, load_map
from connectors.deadlines import Patience
from connectors.delivery import Places
from connectors.demo import DemoOptions, write_demo
from connectors.errors import SourceError, SourceRefused
from connectors.files.drop import DropSource
from connectors.files.kept import KeptFiles
from connectors.files.parse_cache import _digest
from connectors.records.snapshot import Snapshot, sha256_of
from connectors.records.tables import TABLES
from connectors.secrecy_guard import Guard
from connectors.stores.bucket import BucketStore
from connectors.stores.sftp import SftpStore
from connectors.stores.store import LEFT_FILE, LocalFolder
from tests.integration.connector_sources import DAY, sector_headings, write_sector, write_staff
from tests.integration.s3_servers import S3, running_moto, running_rclone
from tests.integration.sshd_server import Sshd, running_sshd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from connectors.stores.store import FileStore

MAPS = {"csdl": "csdl_2025", "staff": "staff_2026"}
QUICK = Patience(connect=5, stall=10, overall=120, look_again=0.3)
NEXT_DAY = date(2027, 6, 1)

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "school"
    write_demo(folder, DemoOptions(pupils=60, mails=5))
    return aged(folder)


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with running_sshd(tmp_path_factory.mktemp("sshd")) as server:
        yield server


@pytest.fixture(scope="module")
def buckets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, S3]]:
    with ExitStack() as stack:
        rclone = stack.enter_context(running_rclone(tmp_path_factory.mktemp("rclone")))
        yield {"rclone": rclone, "moto": stack.enter_context(running_moto(tmp_path_factory.mktemp("moto")))}


def aged(folder: Path) -> Path:
    """The folder, its files an hour old: nobody writes them any more."""
    for path in folder.rglob("*"):
        if path.is_file():
            os.utime(path, (time.time() - 3600,) * 2)
    return folder


def drop_source(system: str, store: FileStore, out: Path) -> DropSource:
    column_map = load_map(MAPS[system])
    assert isinstance(column_map, FolderMap)
    return DropSource(system, store, column_map, Places(out / "landing", out / "work"))


def local(folder: Path, *, recursive: bool = False) -> LocalFolder:
    return LocalFolder(folder, "hệ thống", "xem lại", recursive)


def sftp(server: Sshd, folder: Path, *, recursive: bool = False) -> SftpStore:
    """The store of a folder that is copied to the server."""
    place = f"{folder.parent.parent.name}-{folder.name}"
    shutil.copytree(folder, server.files / place, dirs_exist_ok=True)
    return SftpStore(server.settings(place), Path("/"), "hệ thống", recursive, QUICK)


def bucket(server: S3, folder: Path, *, recursive: bool = False) -> BucketStore:
    prefix = f"{folder.parent.parent.name}-{folder.name}"
    server.put_folder(folder, prefix)
    return BucketStore(server.settings(prefix), Path("/"), "hệ thống", recursive, QUICK)


def canonical(snapshot: Snapshot) -> dict[str, pl.DataFrame]:
    """Every table without its provenance, rows in their order."""
    columns = pl.selectors.exclude("^source_.*$")
    return {table: pl.read_parquet(snapshot.path(table)).select(columns) for table in TABLES}


def digests(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): sha256_of(path) for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("system", MAPS)
@pytest.mark.parametrize("kind", ["sftp", "rclone", "moto"])
def test_the_demo_school_is_the_same_from_every_store(
    kind: str, system: str, demo: Path, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    from_folder = drop_source(system, local(demo / system), tmp_path / "local").fetch(DAY)
    if kind == "sftp":
        store: FileStore = sftp(request.getfixturevalue("sshd"), demo / system)
    else:
        store = bucket(request.getfixturevalue("buckets")[kind], demo / system)
    served = drop_source(system, store, tmp_path / "served").fetch(DAY)
    assert served.rows == from_folder.rows
    assert sum(served.rows.values()) > 0
    for table, frame in canonical(from_folder).items():
        assert canonical(served)[table].equals(frame), table
    assert served.sources == from_folder.sources
    assert digests(tmp_path / "served" / "landing") == digests(tmp_path / "local" / "landing")


def test_of_several_on_a_server_the_newest_whole_one_is_taken_and_the_others_are_named(sshd: Sshd, tmp_path: Path) -> None:
    folder = aged(write_staff(tmp_path / "in" / "staff"))
    old = folder / "can_bo_cu.csv"
    shutil.copy2(folder / "can_bo.csv", old)
    os.utime(old, (time.time() - 90_000,) * 2)
    (folder / "can_bo_moi.csv").write_text("half", encoding="utf-8")
    for name in ("can_bo.csv", "can_bo_cu.csv", "danh_gia.xlsx", "tai_khoan.xlsx"):
        (folder / f"{name}.done").touch()
    served = sftp(sshd, folder)
    store = SftpStore(served.settings.model_copy(update={"done_marker": True}), Path("/"), "x", patience=QUICK)
    source = drop_source("staff", store, tmp_path)
    widened = source.column_map.files[0].model_copy(update={"names": ("can_bo*",)})
    column_map = source.column_map.model_copy(update={"files": (widened, *source.column_map.files[1:])})
    snapshot = DropSource("staff", source.store, column_map, source.places).fetch(DAY)
    assert "can_bo.csv" in snapshot.sources["staff"].files
    assert "can_bo_moi.csv" not in snapshot.sources["staff"].files
    left = json.loads((tmp_path / "landing" / DAY.isoformat() / "staff" / LEFT_FILE).read_text(encoding="utf-8"))
    assert {entry["name"]: bool(".done" in entry["why"]) for entry in left} == {"can_bo_cu.csv": False, "can_bo_moi.csv": True}
    (told,) = snapshot.sources["staff"].told
    assert told.startswith("1 tệp đang được ghi dở")
    assert store.where in told
    assert "can_bo" not in told, "a file's name may be a person's"


def test_of_several_in_a_folder_none_is_taken(tmp_path: Path) -> None:
    folder = aged(write_sector(tmp_path / "in"))
    shutil.copy2(folder / "SucKhoe.xlsx", folder / "SucKhoe (1).xlsx")
    with pytest.raises(SourceRefused, match="cùng loại"):
        drop_source("csdl", local(folder), tmp_path).fetch(DAY)


def test_a_file_that_is_being_written_is_told_and_nothing_is_left(sshd: Sshd, tmp_path: Path) -> None:
    folder = aged(write_staff(tmp_path / "in" / "staff"))
    store = sftp(sshd, folder)
    waiting = SftpStore(store.settings.model_copy(update={"done_marker": True}), Path("/"), "x", patience=QUICK)
    with pytest.raises(SourceRefused, match=r"ghi dở.*\.done"):
        drop_source("staff", waiting, tmp_path / "out").fetch(DAY)
    assert digests(tmp_path / "out") == {}


def test_snapshots_are_the_same_with_and_without_the_cache(demo: Path, tmp_path: Path) -> None:
    for system in MAPS:
        out = tmp_path / system
        drop_source(system, local(demo / system), out / "a").fetch(DAY)
        drop_source(system, local(demo / system), out / "a").fetch(NEXT_DAY)  # out of the cache
        drop_source(system, local(demo / system), out / "b").fetch(NEXT_DAY)
        assert digests(out / "a" / "work" / NEXT_DAY.isoformat()) == digests(out / "b" / "work" / NEXT_DAY.isoformat())
        assert digests(out / "a" / "work" / NEXT_DAY.isoformat()) != {}


def test_what_was_set_aside_comes_out_of_the_cache_too(tmp_path: Path) -> None:
    folder = aged(write_sector(tmp_path / "in"))
    first, second = (drop_source("csdl", local(folder), tmp_path / "out").fetch(day) for day in (DAY, NEXT_DAY))
    assert first.quarantine().collect().equals(second.quarantine().collect())
    assert first.quarantine().collect().height == 1
    assert second.sources["csdl"].quarantined == {"pupils": 1}


def cache_of(out: Path) -> list[Path]:
    return sorted((out / "cache" / "parsed").iterdir())


def marked(out: Path) -> None:
    """Put a word into every cached table, under its own hash: what comes from the cache can be told from what was parsed."""
    for entry in cache_of(out):
        told = json.loads((entry / "entry.json").read_text(encoding="utf-8"))
        for number, part in enumerate(told["content"]["parts"]):
            file = entry / f"{number}.parquet"
            frame = pl.read_parquet(file)
            if "full_name" in frame.columns:
                frame.with_columns(pl.lit("Từ Bộ Nhớ").alias("full_name")).write_parquet(file)
            part["sha256"] = sha256_of(file)
        (entry / "entry.json").write_text(json.dumps({"sha256": _digest(told["content"]), "content": told["content"]}), encoding="utf-8")


def names_of(snapshot: Snapshot) -> set[str]:
    return set(snapshot.scan("pupils").select("full_name").collect()["full_name"])


def test_an_unchanged_file_is_not_parsed_again_and_a_changed_one_is(tmp_path: Path) -> None:
    folder, out = aged(write_sector(tmp_path / "in")), tmp_path / "out"
    assert names_of(drop_source("csdl", local(folder), out).fetch(DAY)) == {"Đặng Thị Ước"}
    marked(out)
    assert names_of(drop_source("csdl", local(folder), out).fetch(NEXT_DAY)) == {"Từ Bộ Nhớ"}, "it was parsed again"
    write_sector(folder, [*sector_headings(), "Ghi chú"])
    assert names_of(drop_source("csdl", local(aged(folder)), out).fetch(date(2027, 6, 2))) == {"Đặng Thị Ước"}


def test_another_map_does_not_use_what_was_read_by_the_first(tmp_path: Path) -> None:
    folder, out = aged(write_sector(tmp_path / "in")), tmp_path / "out"
    source = drop_source("csdl", local(folder), out)
    source.fetch(DAY)
    marked(out)
    pupils = source.column_map.files[0]
    table = pupils.tables[0].model_copy(update={"constant": {**pupils.tables[0].constant, "nationality": "Việt Nam"}})
    changed = pupils.model_copy(update={"tables": (table, *pupils.tables[1:])})
    column_map = source.column_map.model_copy(update={"files": (changed, *source.column_map.files[1:])})
    assert names_of(DropSource("csdl", source.store, column_map, source.places).fetch(NEXT_DAY)) == {"Đặng Thị Ước"}


SPOIL: dict[str, Callable[[Path], object]] = {
    "entry gone": lambda entry: (entry / "entry.json").unlink(),
    "entry cut": lambda entry: (entry / "entry.json").write_text((entry / "entry.json").read_text(encoding="utf-8")[:40], encoding="utf-8"),
    "entry of another shape": lambda entry: (entry / "entry.json").write_text("[1]", encoding="utf-8"),
    "entry changed": lambda entry: (entry / "entry.json").write_text(
        (entry / "entry.json").read_text(encoding="utf-8").replace('"mapped": ["', '"mapped": ["status", "'), encoding="utf-8"
    ),
    "table gone": lambda entry: (entry / "0.parquet").unlink(),
    "table cut": lambda entry: (entry / "0.parquet").write_bytes((entry / "0.parquet").read_bytes()[:-9]),
    "a bit flipped": lambda entry: (entry / "0.parquet").write_bytes(
        bytes([(content := (entry / "0.parquet").read_bytes())[0] ^ 1]) + content[1:]
    ),
    "a file in its place": lambda entry: (shutil.rmtree(entry), entry.write_text("x")),
}


@pytest.mark.parametrize("name", SPOIL)
def test_a_damaged_entry_is_ignored_and_made_anew(name: str, tmp_path: Path) -> None:
    folder, out = aged(write_sector(tmp_path / "in")), tmp_path / "out"
    first = drop_source("csdl", local(folder), out).fetch(DAY)
    for entry in cache_of(out):
        SPOIL[name](entry)
    second = drop_source("csdl", local(folder), out).fetch(NEXT_DAY)
    assert all(canonical(second)[table].equals(frame) for table, frame in canonical(first).items())
    marked(out)
    assert names_of(drop_source("csdl", local(folder), out).fetch(date(2027, 6, 2))) == {"Từ Bộ Nhớ"}, "it was not made anew"


def test_a_cache_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    folder, out = aged(write_sector(tmp_path / "in")), tmp_path / "out"
    (out / "cache").mkdir(parents=True)
    (out / "cache" / "parsed").write_text("not a folder")
    assert drop_source("csdl", local(folder), out).fetch(DAY).rows["pupils"] == 1


def website(folder: Path) -> Path:
    """Files of a website, one of them of a day of its own."""
    for name, content in {
        "index.html": b"<html>", "Năm học 2026/thông báo.pdf": b"%PDF" * 1000, "ảnh/lớp 3A.jpg": b"\xff" * 5000, "a/b/c/sâu.txt": b"x",
        "rỗng.txt": b"",
    }.items():  # fmt: skip
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    aged(folder)
    newest = datetime(2026, 11, 20, 17, 30, tzinfo=UTC).timestamp()  # already the 21st in Vietnam
    for path in folder.rglob("*"):
        if path.is_file():
            os.utime(path, (newest - 5000, newest - 5000))
    os.utime(folder / "index.html", (newest, newest))
    return folder


def kept(store: FileStore, out: Path) -> KeptFiles:
    return KeptFiles("website", store, Places(out / "landing", out / "work"))


@pytest.mark.parametrize("kind", ["local", "sftp", "rclone", "moto"])
def test_kept_files_are_landed_with_their_hashes_and_no_rows(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    folder = website(tmp_path / "in" / "website")
    if kind == "local":
        store: FileStore = local(folder, recursive=True)
    elif kind == "sftp":
        store = sftp(request.getfixturevalue("sshd"), folder, recursive=True)
    else:
        store = bucket(request.getfixturevalue("buckets")[kind], folder, recursive=True)
    snapshot = kept(store, tmp_path).fetch(DAY)
    state = snapshot.sources["website"]
    assert sum(snapshot.rows.values()) == 0
    assert dict(state.files) == digests(folder) == digests(tmp_path / "landing" / DAY.isoformat() / "website")
    assert state.delivered == {}
    if kind in ("local", "sftp"):
        assert state.data_as_of == date(2026, 11, 21)


@pytest.mark.parametrize("kind", ["local", "sftp", "moto"])
def test_an_unchanged_file_is_linked_to_the_copy_that_was_landed_before(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    folder = website(tmp_path / "in" / "website")
    if kind == "local":
        store: FileStore = local(folder, recursive=True)
        place = folder
    elif kind == "sftp":
        server: Sshd = request.getfixturevalue("sshd")
        store, place = sftp(server, folder, recursive=True), server.files / f"{folder.parent.parent.name}-{folder.name}"
    else:
        s3: S3 = request.getfixturevalue("buckets")["moto"]
        store = bucket(s3, folder, recursive=True)
    kept(store, tmp_path).fetch(DAY)
    if kind == "moto":
        s3.put(f"{folder.parent.parent.name}-{folder.name}/index.html", b"<html>moi")
    else:
        (place / "index.html").write_bytes(b"<html>moi")
        os.utime(place / "index.html", (time.time() - 600,) * 2)
    kept(store, tmp_path).fetch(NEXT_DAY)
    one, two = (tmp_path / "landing" / day.isoformat() / "website" for day in (DAY, NEXT_DAY))
    assert (two / "index.html").read_bytes() == b"<html>moi"
    assert (one / "index.html").read_bytes() == b"<html>"
    same = {path.relative_to(two).as_posix() for path in two.rglob("*") if path.is_file() and path.stat().st_nlink > 1}
    assert same == set(digests(folder)) - {"index.html"}


def test_a_copy_that_was_damaged_meanwhile_is_fetched_again(tmp_path: Path) -> None:
    folder = website(tmp_path / "in" / "website")
    kept(local(folder, recursive=True), tmp_path).fetch(DAY)
    copy = tmp_path / "landing" / DAY.isoformat() / "website" / "index.html"
    copy.write_bytes(b"hong!!")
    (tmp_path / "landing" / DAY.isoformat() / "website" / "rỗng.txt").unlink()
    state = kept(local(folder, recursive=True), tmp_path).fetch(NEXT_DAY).sources["website"]
    assert dict(state.files) == digests(folder) == digests(tmp_path / "landing" / NEXT_DAY.isoformat() / "website")


@pytest.mark.parametrize("content", ["", "[]", "{", '{"index.html": 1}', '{"index.html": {"state": 1, "sha256": "x", "at": "../../x"}}'])
def test_a_damaged_index_costs_time_and_nothing_else(content: str, tmp_path: Path) -> None:
    folder = website(tmp_path / "in" / "website")
    kept(local(folder, recursive=True), tmp_path).fetch(DAY)
    (tmp_path / "cache" / "kept" / "website.json").write_text(content, encoding="utf-8")
    state = kept(local(folder, recursive=True), tmp_path).fetch(NEXT_DAY).sources["website"]
    assert dict(state.files) == digests(folder)


def test_the_same_day_twice_adds_nothing(tmp_path: Path) -> None:
    folder = website(tmp_path / "in" / "website")
    for _ in range(2):
        kept(local(folder, recursive=True), tmp_path).fetch(DAY)
    assert [path.name for path in (tmp_path / "landing" / DAY.isoformat()).iterdir()] == ["website"]


def test_names_that_are_the_same_in_nfc_keep_both_files(tmp_path: Path) -> None:
    folder = website(tmp_path / "in" / "website")
    name = "Đề thi Ước.pdf"
    (folder / unicodedata.normalize("NFC", name)).write_bytes(b"mot")
    (folder / unicodedata.normalize("NFD", name)).write_bytes(b"hai")
    state = kept(local(aged(folder), recursive=True), tmp_path).fetch(DAY).sources["website"]
    landing = tmp_path / "landing" / DAY.isoformat() / "website"
    assert {(landing / "Đề thi Ước.pdf").read_bytes(), (landing / "Đề thi Ước~2.pdf").read_bytes()} == {b"mot", b"hai"}
    assert dict(state.files) == digests(landing)


def test_an_object_and_a_folder_of_one_name_keep_both(buckets: dict[str, S3], tmp_path: Path) -> None:
    server = buckets["moto"]
    for key in ("ten", "ten/trong.txt"):
        server.put(f"hai-loai/{key}", key.encode())
    store = BucketStore(server.settings("hai-loai"), Path("/"), "website", recursive=True, patience=QUICK)
    kept(store, tmp_path).fetch(DAY)
    landing = tmp_path / "landing" / DAY.isoformat() / "website"
    assert {name: (landing / name).read_bytes() for name in digests(landing)} == {"ten~2": b"ten", "ten/trong.txt": b"ten/trong.txt"}


def test_no_file_at_all_is_not_nothing_to_keep(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    with pytest.raises(SourceRefused, match="Không có tệp nào"):
        kept(local(tmp_path / "in", recursive=True), tmp_path / "out").fetch(DAY)
    assert digests(tmp_path / "out") == {}


def test_a_failed_night_leaves_nothing_half_landed(sshd: Sshd, tmp_path: Path) -> None:
    folder = website(tmp_path / "in" / "website")
    store = sftp(sshd, folder, recursive=True)
    with store.opened() as opened:
        assert len(opened.listed()) == 5
    place = sshd.files / f"{folder.parent.parent.name}-{folder.name}"

    kept(store, tmp_path / "good").fetch(DAY)
    before = digests(tmp_path / "good")
    shutil.rmtree(place)
    with pytest.raises(SourceError):
        kept(store, tmp_path / "good").fetch(NEXT_DAY)
    assert digests(tmp_path / "good") == before


MARKED = {"công văn/CV 12 (MẬT).pdf": b"%PDF by its name", "công văn/CV 13.txt": "Kính gửi\nTỐI MẬT\n".encode()}


def with_secrets(folder: Path) -> Path:
    """A website among whose files two bear a mark, one by its name and one by its text."""
    website(folder)
    for name, content in MARKED.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    return aged(folder)


@pytest.mark.parametrize("kind", ["local", "sftp", "moto"])
def test_a_marked_file_is_never_pulled_and_its_place_is_told(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    folder = with_secrets(tmp_path / "in" / "website")
    if kind == "local":
        store: FileStore = local(folder, recursive=True)
    elif kind == "sftp":
        store = sftp(request.getfixturevalue("sshd"), folder, recursive=True)
    else:
        store = bucket(request.getfixturevalue("buckets")[kind], folder, recursive=True)
    for day in (DAY, NEXT_DAY):  # also where the rest is linked to the night before
        state = kept(store, tmp_path).fetch(day).sources["website"]
        landed = digests(tmp_path / "landing" / day.isoformat() / "website")
        landed.pop(LEFT_FILE)
        assert dict(state.files) == landed == {name: digest for name, digest in digests(folder).items() if name not in MARKED}
        assert len(state.told) == len(MARKED)
        for name, line in zip(MARKED, sorted(state.told), strict=True):
            assert f"{store.where}/{name}" in line
            assert "Điều 6" in line
            assert "không được lưu trên máy nối mạng" in line
    left = [path for path in tmp_path.rglob("*") if path.is_file() and "in" not in path.relative_to(tmp_path).parts[:1]]
    assert not [path for path in left if b"T\xe1\xbb\x90I M" in path.read_bytes() and path.suffix != ".json"], "nothing of it stays"


def test_a_cleared_file_is_pulled_and_left_again_when_the_clearance_is_withdrawn(tmp_path: Path) -> None:
    store = local(with_secrets(tmp_path / "in" / "website"), recursive=True)
    for day, cleared in ((DAY, {"CV 13.txt"}), (NEXT_DAY, set())):
        places = Places(tmp_path / "landing", tmp_path / "work", Guard(frozenset(cleared)))
        state = KeptFiles("website", store, places).fetch(day).sources["website"]
        assert ("công văn/CV 13.txt" in state.files) == bool(cleared)
        assert len(state.told) == len(MARKED) - len(cleared)


def test_a_folder_of_nothing_but_marked_files_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "CV 13.txt").write_text("TUYỆT MẬT", encoding="utf-8")
    with pytest.raises(SourceRefused, match="đều mang dấu mật"):
        kept(local(aged(folder)), tmp_path).fetch(DAY)
    assert not (tmp_path / "landing" / DAY.isoformat()).exists()


@pytest.mark.parametrize("by_name", [True, False])
def test_a_marked_table_is_refused_with_what_the_law_says(by_name: bool, demo: Path, tmp_path: Path) -> None:  # noqa: FBT001 - a parameter
    folder = tmp_path / "in"
    shutil.copytree(demo / "staff", folder)
    staff = next(folder.glob("can_bo*.csv"))
    if by_name:
        staff.rename(staff.with_stem(f"{staff.stem} (MẬT)"))
    else:
        staff.write_bytes(staff.read_bytes() + "MẬT\n".encode())
    column_map = load_map(MAPS["staff"])
    assert isinstance(column_map, FolderMap)
    files = tuple(file for file in column_map.files if file.names == ("can_bo*",))
    source = DropSource(
        "staff", local(aged(folder)), column_map.model_copy(update={"files": files}), Places(tmp_path / "landing", tmp_path / "work")
    )
    with pytest.raises(SourceRefused, match="mang dấu mật") as refused:
        source.fetch(DAY)
    assert "báo ngay hiệu trưởng" in refused.value.line()
    assert not list((tmp_path / "landing").rglob("*.csv"))
