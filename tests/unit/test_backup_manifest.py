"""The manifest is one JSON document that is written and read line by line; nights of before are read, too."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest

from backup.manifest import MANIFEST_PATH, FileEntry, Manifest, PartEntry, Refusal, bytes_of, paths_of
from backup.manifest_file import NO_MANIFEST, StoredFiles, read_manifest, staged_manifest, write_manifest
from backup.stored import as_told
from connectors.records.snapshot import sha256_of

if TYPE_CHECKING:
    from pathlib import Path

DAY = date(2027, 5, 31)
OLD_NAME = os.fsdecode("Danh sách\xff.xls".encode("latin-1"))  # from a machine that knew no Unicode
FILES = tuple((f"landing/{name}", FileEntry(size, f"{size:064x}")) for size, name in enumerate(("a", 'có "nháy"', OLD_NAME, "b/{}", "c\n")))
PARTS = {
    "landing": PartEntry("landing", FILES),
    "exports": PartEntry("exports", ()),
    "web": PartEntry("srv/web", FILES[:1], outside=True),
    "qlnt": PartEntry("qlnt.sql", FILES[-1:], {"học sinh": 40, "điểm": 7}, streamed=True),
}
MANIFEST = Manifest(DAY, PARTS, "1.0")


def test_what_is_written_is_read_and_is_one_json_document(tmp_path: Path) -> None:
    stored = write_manifest(tmp_path, MANIFEST)
    assert stored == MANIFEST == staged_manifest(tmp_path)
    assert stored.digest == sha256_of(tmp_path / MANIFEST_PATH)
    assert list(stored.files) == [*FILES, FILES[0]]
    assert (len(stored.files), bytes_of(stored.files)) == (6, 10)
    assert list(stored.streamed) == ["qlnt"]
    plain = json.loads((tmp_path / MANIFEST_PATH).read_bytes())
    assert plain["parts"]["landing"]["files"] == {path: {"size": entry.size, "sha256": entry.sha256} for path, entry in FILES}
    assert plain["parts"]["qlnt"]["rows"] == {"học sinh": 40, "điểm": 7}
    assert (plain["day"], list(plain["parts"])) == ("2027-05-31", sorted(PARTS))
    assert write_manifest(tmp_path, stored).digest == stored.digest


def test_what_a_night_lacks_is_written_with_its_reason_and_nothing_is_where_it_lacks_nothing(tmp_path: Path) -> None:
    lacking = {"hoso": Refusal("máy chủ không trả lời [hoso]", "xem máy chủ"), "ketoan": Refusal("đứt giữa chừng", "")}
    stored = write_manifest(tmp_path, replace(MANIFEST, lacking=lacking))
    assert stored.lacking == staged_manifest(tmp_path).lacking == lacking
    assert [refusal.line for refusal in stored.lacking.values()] == ["máy chủ không trả lời [hoso] → xem máy chủ", "đứt giữa chừng"]
    assert stored.parts == MANIFEST.parts
    assert write_manifest(tmp_path, MANIFEST).lacking == {}
    assert b"lacking" not in (tmp_path / MANIFEST_PATH).read_bytes()


def test_one_without_a_part_is_one(tmp_path: Path) -> None:
    assert write_manifest(tmp_path, Manifest(DAY, {}, "1.0")) == Manifest(DAY, {}, "1.0")
    assert json.loads((tmp_path / MANIFEST_PATH).read_bytes())["parts"] == {}


def test_a_manifest_stays_what_it_is_when_another_takes_its_place(tmp_path: Path) -> None:
    first = write_manifest(tmp_path, MANIFEST)
    second = write_manifest(tmp_path, replace(MANIFEST, parts={"landing": replace(PARTS["landing"], files=FILES[2:])}))
    (tmp_path / MANIFEST_PATH).unlink()
    assert list(first.parts["landing"].files) == list(FILES)
    assert list(second.parts["landing"].files) == list(FILES[2:])
    assert first != second


def test_nights_of_before_are_read(tmp_path: Path) -> None:
    write_manifest(tmp_path, MANIFEST)
    file = tmp_path / MANIFEST_PATH
    file.write_text(json.dumps(json.loads(file.read_bytes()) | {"format": 1}), encoding="utf-8")
    assert read_manifest(file) == MANIFEST


@pytest.mark.parametrize("share", [0.0, 0.1, 0.4, 0.7, 0.99])
def test_one_that_breaks_off_is_none(tmp_path: Path, share: float) -> None:
    write_manifest(tmp_path, MANIFEST)
    file = tmp_path / MANIFEST_PATH
    file.write_bytes(file.read_bytes()[: int(share * file.stat().st_size)])
    with pytest.raises(NO_MANIFEST):
        read_manifest(file)


@pytest.mark.parametrize("old", ['"size": 2', '"path": "landing"', "2027-05-31", '"code_version"', '{"size"'])
def test_one_that_says_something_else_is_none(tmp_path: Path, old: str) -> None:
    write_manifest(tmp_path, MANIFEST)
    file = tmp_path / MANIFEST_PATH
    file.write_bytes(file.read_bytes().replace(old.encode(), b'"x"', 1))
    with pytest.raises(NO_MANIFEST):
        list(read_manifest(file).files)


def test_files_are_compared_as_what_they_are(tmp_path: Path) -> None:
    files = write_manifest(tmp_path, MANIFEST).parts["landing"].files
    assert isinstance(files, StoredFiles)
    assert files == FILES
    assert files != FILES[1:]
    assert files != (*FILES[:-1], (FILES[-1][0], FileEntry(9, "")))
    assert files != 5
    assert FILES[2] in files
    assert ("landing/a", FileEntry(1, "")) not in files
    assert [*paths_of(files)] == [path for path, _ in FILES]


def test_restic_tells_a_name_without_unicode_in_its_own_way() -> None:
    assert as_told(OLD_NAME) == "Danh s\ufffdch\ufffd.xls"
    assert as_told("Trường") == "Trường"
