"""The demo school's further systems: the same every time, in the shapes of the reference, and nobody's unless asked for."""

from __future__ import annotations

import csv
import hashlib
import struct
import unicodedata
import zlib
from collections import Counter
from datetime import date, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import openpyxl
import pytest

from connectors.demo import DemoOptions, write_demo
from connectors.demo.faults import plant
from connectors.demo.other_systems import OTHER_SYSTEMS, health_rows, staff_records, write_other_systems
from connectors.demo.school import School, build_school
from connectors.records.codes import reference
from infra.clock import SCHOOL_ZONE

if TYPE_CHECKING:
    from collections.abc import Iterator

DAY = date(2027, 5, 31)
PUPILS = 120


def small_school(seed: int = 5, day: date = DAY) -> School:
    return build_school(seed, PUPILS, day)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("nguon")
    write_other_systems(made, small_school())
    return made


def digests(folder: Path) -> dict[str, tuple[str, float]]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime) for path in files}


def sheet_of(file: Path, header_row: int) -> tuple[list[str], list[dict[str, object]]]:
    rows = list(openpyxl.load_workbook(file).active.iter_rows(values_only=True))
    headings = [str(cell) for cell in rows[header_row - 1]]
    return headings, [dict(zip(headings, row, strict=True)) for row in rows[header_row:]]


def test_the_same_school_gives_the_same_bytes_and_file_times_and_another_does_not(folder: Path, tmp_path: Path) -> None:
    write_other_systems(tmp_path / "again", small_school())
    write_other_systems(tmp_path / "other", small_school(seed=6))
    assert digests(tmp_path / "again") == digests(folder)
    assert {moment for _, moment in digests(folder).values()} == {datetime(2027, 5, 31, 12, tzinfo=SCHOOL_ZONE).timestamp()}
    same = digests(folder).items() & digests(tmp_path / "other").items()
    assert {Path(name).suffix for name, _ in same} <= {".txt", ".html"}, "pages and the plan of the year tell nothing that chance made"


def test_there_is_a_folder_for_each_system_with_something_in_it(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == set(OTHER_SYSTEMS)
    assert all(any(path.is_file() for path in (folder / system).rglob("*")) for system in OTHER_SYSTEMS)


def test_planted_faults_never_reach_the_further_systems(folder: Path, tmp_path: Path) -> None:
    school = small_school()
    assert plant(school, school.seed)
    write_other_systems(tmp_path, school)
    assert digests(tmp_path) == digests(folder)


def test_default_demo_data_holds_only_the_first_systems(tmp_path: Path) -> None:
    write_demo(tmp_path / "sources", DemoOptions(pupils=PUPILS, seed=5, day=DAY, mails=5))
    assert {path.name for path in (tmp_path / "sources").iterdir()} == {"qlnt", "csdl", "staff", "mail", "faults.json"}


@pytest.mark.parametrize("day", [DAY, date(2026, 9, 30), date(2027, 1, 20)])
def test_the_records_are_the_first_systems_own(day: date) -> None:
    school = small_school(day=day)
    ratings, accounts = staff_records(school)
    assert ratings == school.hr.ratings
    assert Counter(map(repr, accounts)) == Counter(map(repr, [*school.qlnt.accounts, *school.hr.accounts]))
    assert list(health_rows(school)) == school.csdl.health


def test_staff_files_have_the_22_required_fields_and_everybody(folder: Path) -> None:
    headings, rows = sheet_of(folder / "temis" / "LstCanBo.xlsx", 4)
    assert headings == [entry["truong"] for entry in reference()["lst_can_bo_bat_buoc"]]
    assert len(headings) == 22
    school = small_school()
    assert [row["MaCanBo"] for row in rows] == [person.code for person in school.staff]
    assert all(isinstance(row["SoCmnd"], str) and isinstance(row["TrangThai"], str) for row in rows), "codes are text"
    empty = {name for row in rows for name, value in row.items() if value is None}
    assert empty <= {"DanhGiaKqChuanNgheNghiep", "TuDanhGiaKqChuanNgheNghiep"}, "those of staff who do not teach"


def test_who_leaves_later_still_works_here(folder: Path) -> None:
    _, rows = sheet_of(folder / "temis" / "LstCanBo.xlsx", 4)
    statuses = {str(row["MaCanBo"]): row["TrangThai"] for row in rows}
    later = [person for person in small_school().staff if person.has_left and person.status_date and person.status_date > DAY]
    assert later
    assert {statuses[person.code] for person in later} == {"04"}


def test_health_has_the_columns_of_the_reference(folder: Path) -> None:
    headings, rows = sheet_of(folder / "health" / "SucKhoe_YTe.xlsx", 6)
    assert headings == reference()["cot_xuat_suc_khoe"]
    assert len(rows) == sum(pupil.at_school for pupil in small_school().pupils)


def test_courses_are_the_assignments_and_nobody_joins_who_is_not_in_the_class(folder: Path) -> None:
    with (folder / "lms" / "khoa_hoc.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    school = small_school()
    assert [(row["Lớp"], row["Giáo viên"]) for row in rows] == [(row.class_name, row.staff_code) for row in school.qlnt.assignments]
    sizes = Counter(pupil.class_name for pupil in school.pupils if pupil.at_school)
    assert all(int(row["Số học sinh tham gia"]) <= sizes[row["Lớp"]] for row in rows)


class Links(HTMLParser):
    """Every address that a page names."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - the parser calls it so
        self.found += [value or "" for name, value in attrs if name in {"href", "src"}]


def links_of(folder: Path) -> Iterator[tuple[str, str]]:
    for page in folder.rglob("*.html"):
        links = Links()
        links.feed(page.read_text(encoding="utf-8"))
        yield from ((page.relative_to(folder).as_posix(), link) for link in links.found)


def test_the_website_has_no_dead_link_and_its_pictures_are_pictures(folder: Path) -> None:
    website = folder / "website"
    links = list(links_of(website))
    assert len(links) > 8
    assert all((website / urljoin(page, link)).is_file() for page, link in links)
    for picture in website.rglob("*.png"):
        content = picture.read_bytes()
        assert content.startswith(b"\x89PNG\r\n\x1a\n")
        assert struct.unpack(">II", content[16:24]) == (160, 90)
        assert struct.unpack(">I", content[29:33])[0] == zlib.crc32(content[12:29])
        start = content.index(b"IDAT") + 4
        assert len(zlib.decompress(content[start : start + struct.unpack(">I", content[start - 8 : start - 4])[0]])) == (160 * 3 + 1) * 90


def test_names_of_kept_files_are_vietnamese_and_composed(folder: Path) -> None:
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*")]
    assert all(unicodedata.normalize("NFC", name) == name for name in names)
    assert any(not name.isascii() and " " in name for name in names)
