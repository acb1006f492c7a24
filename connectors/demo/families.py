"""Households: parents, one phone to call, one address; ethnic groups in the proportions of old Quận 11."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.demo.addresses import address
from connectors.demo.dice import chance, weighted
from connectors.demo.names import FOREIGN, FOREIGN_NAMES, adult_name, surname
from connectors.demo.people import Family, Parent
from connectors.records.codes import FATHER, FEMALE, GUARDIAN, MALE, MOTHER

if TYPE_CHECKING:
    from datetime import date
    from random import Random

    from connectors.demo.numbers import Numbers

# Old Quận 11 is one of the city's Hoa quarters [KT]: counts per 1,000 pupils. Code 05 Khơ-me, 17 Chăm.
ETHNIC_GROUPS = {"01": 600, "04": 377, "05": 10, "17": 6, "02": 2, "06": 2, "07": 2, "12": 1}
YOUNGEST_PARENT, OLDEST_PARENT = 24, 38  # years at the birth of the first child asked for
JOBS = {
    "Buôn bán": 22, "Công nhân": 18, "Nhân viên văn phòng": 14, "Nội trợ": 10, "Tài xế": 6, "Thợ may": 6, "Kế toán": 5,
    "Giáo viên": 4, "Kỹ sư": 4, "Thợ cơ khí": 3, "Điều dưỡng": 2, "Lao động tự do": 6,
}  # fmt: skip
FOREIGN_FATHERS = {"Hàn Quốc": "Kim Sung Ho", "Đài Loan": "Chen Chih Ming", "Trung Quốc": "Wang Jian Guo"}


def new_family(rng: Random, numbers: Numbers, child_born: int, day: date) -> Family:
    """A household, as it is on a day, for a child born in a year."""
    ethnicity = weighted(rng, ETHNIC_GROUPS)
    name = surname(rng, ethnicity)
    mother = _parent(rng, numbers, (MOTHER, adult_name(rng, surname(rng, ethnicity), FEMALE)), child_born)
    father = _parent(rng, numbers, (FATHER, adult_name(rng, name, MALE)), child_born - 2)
    parents = (mother,) if chance(rng, 0.04) else (father, mother)
    phone = numbers.landline() if chance(rng, 0.03) else parents[-1 if chance(rng, 0.6) else 0].phone or numbers.mobile()
    return Family(name, ethnicity, parents, phone, address(rng, day))


def foreign_family(rng: Random, numbers: Numbers, child_born: int, day: date) -> tuple[Family, str]:
    """A household with a foreign father; also his nationality, which is the child's."""
    nationality = rng.choice(tuple(FOREIGN_FATHERS))
    mother = _parent(rng, numbers, (MOTHER, adult_name(rng, surname(rng, "01"), FEMALE)), child_born)
    father = _parent(rng, numbers, (FATHER, FOREIGN_FATHERS[nationality]), child_born)
    name = FOREIGN_NAMES[nationality, MALE].partition(" ")[0]
    return Family(name, FOREIGN, (father, mother), mother.phone or numbers.mobile(), address(rng, day)), nationality


def guardian(rng: Random, numbers: Numbers, family: Family) -> Parent:
    """A relative who brings the child up."""
    name = adult_name(rng, family.surname, FEMALE)
    return Parent(GUARDIAN, name, family.parents[0].birth_year - 22, numbers.mobile(), "Hưu trí")


def _parent(rng: Random, numbers: Numbers, who: tuple[str, str], child_born: int) -> Parent:
    relation, name = who
    age = rng.randrange(YOUNGEST_PARENT, OLDEST_PARENT)
    return Parent(relation, name, child_born - age, numbers.mobile(), weighted(rng, JOBS))
