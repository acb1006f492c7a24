"""Letters that no name has (TX-1), and addresses in the form of their day (DC-1)."""

from __future__ import annotations

import unicodedata
from datetime import date

import pytest

from tests.rules.school_tables import Case, Text, case, findings_of, findings_of_cases, found_by, next_code, pupil

MIXED, UNCLEAR = "DC-1/1", "DC-1/2"
BEFORE, AFTER = date(2025, 6, 30), date(2025, 7, 1)  # districts ended between the two


def named(says: str, finds: str, name: Text) -> Case:
    code = next_code()
    return case(says, code, ("TX-1",), finds, pupils=[pupil(code, full_name=name)])


def living(says: str, finds: str, address: Text, **values: Text) -> Case:
    code = next_code()
    return case(says, code, (MIXED, UNCLEAR), finds, pupils=[pupil(code, permanent_address=address, **values)])


NAMES = [
    *(named(f"{name} is a name", "", name) for name in ("Nguyễn Thị Mỹ Duyên", "ĐẶNG ÁNH", "Kim Min-Jun", "H’Hen Niê", "Y'Thịnh", "Lê A.")),
    named("decomposed letters are letters", "", unicodedata.normalize("NFD", "Nguyễn Văn Ước")),
    named("no name is for QC-19.6 to tell", "", None),
    named("a digit", "TX-1", "Nguyễn Văn An 2"),
    named("zero for o", "TX-1", "L\u00ea Th\u1ecb H0a"),
    named("Ð of another keyboard", "TX-1", "\u00d0ặng An"),
    named("ð of another keyboard", "TX-1", "Lê \u00f0an"),
    named("a Cyrillic letter that looks the same", "TX-1", "Lê \u0410n"),
    named("a question mark of a lost letter", "TX-1", "Nguy?n An"),
    named("a note behind the name", "TX-1", "Lê An (chuyển)"),
]
OLD, NEW = "12 Lãnh Binh Thăng, Phường 8, Quận 11, TP. Hồ Chí Minh", "12 Minh Phụng, Phường Minh Phụng, Thành phố Hồ Chí Minh"
ADDRESSES = [
    living("ward and district as they were", "", OLD),
    living("ward and city as they are", "", NEW),
    living("the new ward in the old district", MIXED, "12 Minh Phụng, Phường Minh Phụng, Quận 11, TP. Hồ Chí Minh"),
    living("the same in small letters", MIXED, "12 minh phụng, phường phú thọ, quận 11"),
    living("a street of that name is no ward", "", "12 Minh Phụng, Phường 8, Quận 11"),
    living("a ward with a number and no district", UNCLEAR, "12 Âu Cơ, Phường 8, Thành phố Hồ Chí Minh"),
    living("the same in short", UNCLEAR, "12 Âu Cơ, P.8, TPHCM"),
    living("ward and district in short", "", "12 Âu Cơ, P.8, Q.11"),
    living("a street with the word in it is no district", UNCLEAR, "3 Lê Quận Công, Phường 3"),
    living("another province's district", "", "Ấp 2, Xã Tân Phú, Huyện Đức Hòa, Tỉnh Long An"),
    living("a province's town counts as a district", "", "Phường 2, Thành phố Tân An, Tỉnh Long An"),
    living("no address is for QC-19.6 to tell", "", None),
    living("who moved away is not asked", "", "P.8, TPHCM", status="04", status_date="2026-11-02"),
]
CASES = [*NAMES, *ADDRESSES]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, str]]:
    return findings_of_cases(tmp_path_factory.mktemp("names"), CASES)


@pytest.mark.parametrize("item", CASES, ids=lambda item: item.says)
def test_names_and_addresses_are_what_people_write(item: Case, found: set[tuple[str, str]]) -> None:
    assert found_by(item, found) == item.finds


@pytest.mark.parametrize(
    ("day", "address", "told"),
    [
        (BEFORE, OLD, set()),
        (BEFORE, NEW, {UNCLEAR}),
        (BEFORE, "Khu phố 3", set()),
        (BEFORE, "Ấp 2, Xã Tân Phú, Tỉnh Long An", {UNCLEAR}),
        (AFTER, OLD, set()),
        (AFTER, NEW, set()),
        (BEFORE, f"{NEW}, Quận 11", set()),
        (AFTER, "1 X, Phường Bình Thới, Quận 11", {MIXED}),
    ],
)
def test_an_old_snapshot_is_asked_for_the_address_of_its_day(
    day: date, address: str, told: set[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    rows = [pupil("7900000001", permanent_address=address)]
    found = findings_of(tmp_path_factory.mktemp("day"), {"pupils": rows}, day, (MIXED, UNCLEAR))
    assert found == {(rule, "7900000001") for rule in told}
