"""Names, settling and copying of stored files, in a folder."""

from __future__ import annotations

import os
import time
import unicodedata
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import SourceRefused, SourceUnreachable
from connectors.files.kept import landing_names
from connectors.stores.store import LARGEST_FILE, LocalFolder, StoredFile, listing, marked_done, name_flaw, readable, tell_left, whole

if TYPE_CHECKING:
    from collections.abc import Iterator


def put(file: Path, content: bytes = b"x", age: float = 3600) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    os.utime(file, (time.time() - age,) * 2)
    return file


def folder(path: Path, *, recursive: bool = False) -> LocalFolder:
    return LocalFolder(path, "CSDL ngành", "xem lại", recursive)


def stored(name: str, **values: object) -> StoredFile:
    return replace(StoredFile(readable(name), name, 1, 1.0), **values)


@given(st.text(min_size=1, max_size=40))
def test_whatever_a_key_is_a_name_without_flaw_stays_below_the_folder(key: str) -> None:
    root = Path("/landing/folder")
    if not name_flaw(key):
        path = Path(os.path.normpath(root / readable(key)))
        assert path.is_relative_to(root)
        assert path != root
        assert "\0" not in key
    assert readable(key).isprintable()


@pytest.mark.parametrize(
    "key", ["..", ".", "", "/", "/a", "a/", "a//b", "../a", "a/../b", "a/./b", "a\0b", "a\nb", "a\x1b[0m", "\ud800", "x" * 256, "ư" * 128]
)
def test_unsafe_names_are_told(key: str) -> None:
    assert name_flaw(key)


@pytest.mark.parametrize("key", ["a.xlsx", "Năm học/Điểm “cuối kỳ”.xlsx", "...", "a..b", '\'; rm -rf $(x) `y` "z".csv', "ư" * 127])
def test_odd_names_that_lead_nowhere_are_taken(key: str) -> None:
    assert not name_flaw(key)


def test_files_are_listed_by_name_in_nfc_and_fetched_by_their_own_key(tmp_path: Path) -> None:
    put(tmp_path / "in" / unicodedata.normalize("NFD", "Sức khỏe.xlsx"), b"noi dung")
    put(tmp_path / "in" / "a.csv")
    put(tmp_path / "in" / "sâu" / "b.csv")
    with folder(tmp_path / "in").opened() as opened:
        files = opened.listed()
        opened.fetch(files[0], tmp_path / files[0].name)
    assert [file.name for file in files] == ["Sức khỏe.xlsx", "a.csv"]
    assert (tmp_path / "Sức khỏe.xlsx").read_bytes() == b"noi dung"
    with folder(tmp_path / "in", recursive=True).opened() as opened:
        assert "sâu/b.csv" in [file.name for file in opened.listed()]


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreachable, match="CSDL ngành"), folder(tmp_path / "none").opened():
        pass


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    put(tmp_path / "secret")
    put(tmp_path / "in" / "a.csv")
    (tmp_path / "in" / "out.csv").symlink_to(tmp_path / "secret")
    (tmp_path / "in" / "in.csv").symlink_to("a.csv")
    with folder(tmp_path / "in").opened() as opened:
        assert {file.name for file in opened.listed() if file.flaw} == {"out.csv"}


def test_a_file_that_grows_is_told_and_one_that_was_just_finished_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    growing, look = put(tmp_path / "in" / "lon.csv", age=0), LocalFolder._found
    put(tmp_path / "in" / "xong.csv", age=0)
    put(tmp_path / "in" / "chep.csv.part", age=0)

    def grown(store: LocalFolder) -> Iterator[StoredFile]:
        with growing.open("ab") as stream:
            stream.write(b"x")
        return look(store)

    monkeypatch.setattr(LocalFolder, "_found", grown)
    with folder(tmp_path / "in").opened() as opened:
        files = {file.name: file for file in opened.listed()}
        with pytest.raises(SourceRefused, match="ghi dở"):
            opened.fetch(files["lon.csv"], tmp_path / "copy")
    assert {name for name, file in files.items() if file.flaw} == {"lon.csv", "chep.csv.part"}
    assert not (tmp_path / "copy").exists()


def test_old_files_cost_no_second_look(tmp_path: Path) -> None:
    put(tmp_path / "a.csv")
    patient = LocalFolder(tmp_path, "x", "y", look_again=60)
    began = time.monotonic()
    with patient.opened() as opened:
        assert len(opened.listed()) == 1
    assert time.monotonic() - began < 30


def test_a_file_that_changed_since_it_was_listed_is_copied_as_it_is_now(tmp_path: Path) -> None:
    file = put(tmp_path / "in" / "a.csv", b"mot")
    with folder(tmp_path / "in").opened() as opened:
        (listed,) = opened.listed()
        put(file, b"hai moi", age=60)
        opened.fetch(listed, tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_bytes() == b"hai moi"


def test_a_file_of_terabytes_is_refused(tmp_path: Path) -> None:
    file = put(tmp_path / "in" / "a.csv")
    os.truncate(file, LARGEST_FILE + 1)  # sparse: takes no room
    with folder(tmp_path / "in").opened() as opened:
        (listed,) = opened.listed()
        with pytest.raises(SourceRefused, match="quá mức"):
            opened.fetch(listed, tmp_path / "a.csv")
    assert not (tmp_path / "a.csv").exists()


def test_what_fails_leaves_nothing_and_keeps_what_was_there(tmp_path: Path) -> None:
    target = put(tmp_path / "a.csv", b"truoc")
    with pytest.raises(KeyError), whole(target) as part:  # noqa: PT012 - what is half written when it fails
        part.write_bytes(b"nua")
        raise KeyError
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]
    assert target.read_bytes() == b"truoc"


def test_the_longest_name_can_still_be_written_aside(tmp_path: Path) -> None:
    name = "ư" * 127
    with whole(tmp_path / name) as part:
        part.write_bytes(b"x")
    assert (tmp_path / name).read_bytes() == b"x"


def test_markers_are_no_files_of_their_own() -> None:
    files = marked_done([stored("a.csv"), stored("a.csv.done"), stored("b.csv"), stored("c.csv", flaw="x")])
    assert [(file.name, bool(file.flaw)) for file in files] == [("a.csv", False), ("b.csv", True), ("c.csv", True)]


def test_a_store_of_too_many_files_is_the_wrong_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.stores.store.MOST_FILES", 3)
    with pytest.raises(SourceRefused, match="hơn 3 tệp"):
        listing((stored(f"{number}") for number in iter(int, 1)), "kho")


def test_what_was_left_is_told_only_if_there_is_any(tmp_path: Path) -> None:
    tell_left(tmp_path, [])
    assert list(tmp_path.iterdir()) == []
    tell_left(tmp_path, [stored("cũ.csv")])
    assert "cũ.csv" in next(tmp_path.iterdir()).read_text(encoding="utf-8")


def test_no_two_files_get_one_name() -> None:
    keys = ["a.txt", "a~2.txt", unicodedata.normalize("NFC", "Ước"), unicodedata.normalize("NFD", "Ước"), "b", "b/c", "b/c/d"]
    names = landing_names([stored(key) for key in keys])
    assert len(names) == len(keys)
    assert {file.key for file in names.values()} == set(keys)
    assert not any(other.startswith(f"{name}/") for name in names for other in names)
