"""A hash is believed from the night before only while the file is the very same; what cannot be read is named."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from backup.hashes import FileHashes, as_relative
from connectors.records.snapshot import sha256_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    (folder / "landing" / "sâu").mkdir(parents=True)
    for name in ("a", "b", "sâu/c"):
        (folder / "landing" / name).write_bytes(name.encode() * 50)
    return folder


def _hashed(data: Path) -> tuple[FileHashes, dict[str, str]]:
    hashes = FileHashes(data / "hashes.json")
    found = {path: entry.sha256 for path, entry in hashes.entries(data / "landing", str(data)).items()}
    hashes.remember()
    return hashes, found


def _right(data: Path) -> dict[str, str]:
    return {file.relative_to(data).as_posix(): sha256_of(file) for file in (data / "landing").rglob("*") if file.is_file()}


def test_the_second_night_reads_only_what_changed(data: Path) -> None:
    assert _hashed(data)[1] == _right(data)
    file = data / "hashes.json"
    known = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    changed = [[path, " ".join([*record.split(" ")[:4], "tu-dem-truoc", "-"])] for path, record in known]
    file.write_text("\n".join(map(json.dumps, changed)), encoding="utf-8")
    (data / "landing" / "a").write_bytes(b"moi")
    found = _hashed(data)[1]
    assert found == {"landing/a": sha256_of(data / "landing" / "a"), "landing/b": "tu-dem-truoc", "landing/sâu/c": "tu-dem-truoc"}


def test_a_change_whose_time_was_set_back_is_read_again(data: Path) -> None:
    _hashed(data)
    file = data / "landing" / "a"
    before = file.stat()
    file.write_bytes(file.read_bytes()[::-1])
    file.write_bytes(b"z" * before.st_size)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert _hashed(data)[1] == _right(data)


@pytest.mark.parametrize("content", ["", "{", "[1]", '"x"', '{"a": [[1, 2, 3, 4], "b"], "c": []}', '["a", 1]'])
def test_a_broken_memory_only_costs_time(data: Path, content: str) -> None:
    (data / "hashes.json").write_text(content, encoding="utf-8")
    assert _hashed(data)[1] == _right(data)


def test_what_cannot_be_read_is_named_and_vouched_for_by_nobody(data: Path) -> None:
    hashes = FileHashes()
    assert hashes.entries(data / "landing" / "khong-co", str(data)) == {}
    assert as_relative(data, hashes.unreadable) == ["landing/khong-co"]


def test_links_and_sockets_are_no_files(data: Path) -> None:
    (data / "landing" / "lien-ket").symlink_to("a")
    os.mkfifo(data / "landing" / "ong")
    assert set(_hashed(data)[1]) == {"landing/a", "landing/b", "landing/sâu/c"}


def test_a_later_step_knows_what_the_files_were(data: Path) -> None:
    _hashed(data)
    later = FileHashes(data / "hashes.json")
    later.recall()
    assert later.changed() == []
    (data / "landing" / "b").write_bytes(b"khac")
    (data / "landing" / "a").unlink()  # restic itself tells what is gone
    assert as_relative(data, later.changed()) == ["landing/b"]
