"""Enrolment: classes, children in them, families, and the few whose case is special but right."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING

from connectors.demo.comings import movements_of
from connectors.demo.dice import chance, shuffled, weighted
from connectors.demo.families import foreign_family, guardian, new_family
from connectors.demo.names import FOREIGN_NAMES, KINH, child_name, list_order
from connectors.demo.people import Pupil, Role
from connectors.records.codes import FEMALE, GRADES, MALE, NEWLY_ENROLLED, PROMOTED_IN, RETAINED, TRANSFERRED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

    from connectors.demo.numbers import Numbers
    from connectors.records.school_year import SchoolYear

CLASS_SIZE = 35  # Thông tư 28/2020/TT-BGDĐT Điều 16.1
LETTERS = "ABCDEGHIKLMNOPQRSTUV"  # as schools name classes: no F, J, W, Z, which the alphabet lacks
YEARS_BEFORE_GRADE_ONE = 5  # a pupil of grade g is born in start year - 5 - g (Thông tư 28/2020/TT-BGDĐT Điều 33)
ORPHAN_POLICY, ABANDONED_POLICY, DISABLED_POLICY, POOR = "05", "07", "06", "08"
POLICIES = {"08": 4.0, "09": 4.0, "01": 1.0, "04": 1.0, "14": 2.0, "16": 1.0}
DISABILITIES = {"05": 4.0, "04": 2.0, "02": 2.0, "01": 1.0, "03": 1.0}
STRENGTHS = {"HTXS": 30.0, "HTT": 30.0, "HT": 40.0}
UPPER_GRADES = (4, 5)  # tested at all four times, so that their special cases exist early in the year

# Role -> (at least, one more for so many pupils)
SPECIAL_CASES: dict[Role, tuple[int, int]] = {
    Role.ZERO: (1, 900),
    Role.RETEST: (1, 200),
    Role.UNTITLED: (1, 300),
    Role.BY_DECISION: (1, 500),
    Role.NOT_PROMOTED: (1, 400),
    Role.FOREIGN: (1, 600),
    Role.ORPHAN: (1, 700),
    Role.ABANDONED: (1, 900),
    Role.NOT_ASSESSED: (1, 500),
    Role.INCLUSIVE: (1, 400),
    Role.DISABLED: (0, 150),
    Role.RETAINED: (1, 120),
    Role.OLDER: (2, 120),
    Role.PHONELESS: (1, 100),
    Role.MOVER: (10, 25),
}


@dataclass(frozen=True, slots=True)
class ClassPlan:
    """A class: `combined_columns` when its gradebook keeps Tin học và Công nghệ and Nghệ thuật whole (TT27-7.1d)."""

    name: str
    grade: int
    seats: int
    combined_columns: bool = False
    elective_english: bool = False


def plan_classes(rng: Random, pupils: int) -> list[ClassPlan]:
    """At least one class in every grade and at most 35 seats in each."""
    count = max(len(GRADES), -(-pupils // CLASS_SIZE))
    seats = shuffled(rng, [pupils // count + (number < pupils % count) for number in range(count)])
    grades = sorted(GRADES[number % len(GRADES)] for number in range(count))
    plans = [ClassPlan(name, grade, size) for (name, grade), size in zip(_class_names(grades), seats, strict=True)]
    # From grade 3 on English is compulsory.
    plans = [replace(plan, elective_english=number % 2 == 0 and plan.grade not in (3, *UPPER_GRADES)) for number, plan in enumerate(plans)]
    third_grade = [number for number, plan in enumerate(plans) if plan.grade == GRADES[2]]
    if len(third_grade) > 1:
        plans[third_grade[-1]] = replace(plans[third_grade[-1]], combined_columns=True)
    return plans


def _class_names(grades: list[int]) -> Iterator[tuple[str, int]]:
    for grade in GRADES:
        total = grades.count(grade)
        for number in range(total):
            yield (f"{grade}{LETTERS[number]}" if total <= len(LETTERS) else f"{grade}/{number + 1}"), grade


@dataclass(slots=True)
class Registrar:
    """Enrols a school year's children."""

    rng: Random
    numbers: Numbers
    year: SchoolYear
    day: date
    pupils: list[Pupil] = field(default_factory=list)
    identities: set[tuple[str, date]] = field(default_factory=set)
    disabled_classes: set[str] = field(default_factory=set)

    def enrol(self, classes: list[ClassPlan]) -> list[Pupil]:
        """All children, class by class in list order."""
        self.pupils = [self._child(plan) for plan in classes for _ in range(plan.seats)]
        self._relate()
        waiting = shuffled(self.rng, [pupil for pupil in self.pupils if pupil.role is Role.ORDINARY])
        for role, (least, per) in SPECIAL_CASES.items():
            for number in range(max(least, len(self.pupils) // per)):
                self._give_role(role, number, waiting)
        self._set_strengths(waiting)
        order = {plan.name: number for number, plan in enumerate(classes)}
        return sorted(self.pupils, key=lambda pupil: (order[pupil.class_name], list_order(pupil.name), pupil.code))

    def _child(self, plan: ClassPlan) -> Pupil:
        birth = self._birth(plan.grade)
        family = new_family(self.rng, self.numbers, birth.year, self.day)
        kind = NEWLY_ENROLLED if plan.grade == GRADES[0] else PROMOTED_IN
        pupil = Pupil(self.numbers.pupil_code(), "", birth, self.rng.choice((MALE, FEMALE)), plan.grade, family)
        pupil.class_name, pupil.enrolment_kind = plan.name, kind
        pupil.policy = weighted(self.rng, POLICIES) if chance(self.rng, 0.05) else None
        return self._identify(pupil)

    def _birth(self, grade: int, older: int = 0) -> date:
        year = self.year.start_year - YEARS_BEFORE_GRADE_ONE - grade - older
        # Up to the 28th: defects move birthdays to other years, and not every year has a 29 February.
        return date(year, self.rng.randrange(1, 13), self.rng.randrange(1, 29))

    def _identify(self, pupil: Pupil) -> Pupil:
        """Name and number; nobody else has the same name and birth date (HS-8)."""
        self.identities.discard((pupil.name.casefold(), pupil.birth))
        while True:
            pupil.name = child_name(self.rng, pupil.family.surname, pupil.family.ethnicity, pupil.sex)
            if (pupil.name.casefold(), pupil.birth) not in self.identities:
                break
        self.identities.add((pupil.name.casefold(), pupil.birth))
        pupil.personal_number = self.numbers.personal(pupil.birth, pupil.sex)
        return pupil

    def _relate(self) -> None:
        """Twins, and brothers and sisters in other grades who share a phone."""
        waiting = shuffled(self.rng, self.pupils)
        for _ in range(max(1, len(self.pupils) // 250)):
            first = waiting.pop()
            twin = _take(waiting, _in_grade_of(first))
            twin.birth = first.birth
            self._join(Role.TWIN, first, twin)
        for number in range(max(1, len(self.pupils) // 40)):
            first = waiting.pop()
            second = _take(waiting, _in_other_grade(first))
            self._join(Role.SIBLING, first, second)
            if number == 0:
                self._join(Role.SIBLING, first, _take(waiting, _in_other_grade(first, second)))

    def _join(self, role: Role, first: Pupil, other: Pupil) -> None:
        other.family, other.role, first.role = first.family, role, role
        other.policy = first.policy
        self._identify(other)

    def _give_role(self, role: Role, number: int, waiting: list[Pupil]) -> None:
        pupil = _take(waiting, self._suits(role, number))
        pupil.role = role
        arrange = {
            Role.FOREIGN: self._make_foreign,
            Role.ORPHAN: self._make_orphan,
            Role.ABANDONED: self._make_orphan,
            Role.NOT_ASSESSED: self._make_disabled,
            Role.INCLUSIVE: self._make_disabled,
            Role.DISABLED: self._make_disabled,
            Role.RETAINED: self._make_retained,
            Role.OLDER: self._make_older,
        }.get(role)
        if arrange:
            arrange(pupil)
        if role is Role.MOVER:
            pupil.movements = movements_of(self.rng, number, self.year, self.day)
            pupil.enrolment_kind = TRANSFERRED if pupil.movements[0].place and pupil.joined_on else pupil.enrolment_kind

    def _suits(self, role: Role, number: int) -> Callable[[Pupil], bool]:
        if role in (Role.ZERO, Role.RETEST):
            return lambda pupil: pupil.grade in UPPER_GRADES
        if role in (Role.NOT_ASSESSED, Role.INCLUSIVE, Role.DISABLED):
            return lambda pupil: pupil.class_name not in self.disabled_classes
        if role is Role.OLDER:
            return lambda pupil: (pupil.family.ethnicity == KINH) == (number % 2 == 0)
        return lambda _: True

    def _make_foreign(self, pupil: Pupil) -> None:
        pupil.family, pupil.nationality = foreign_family(self.rng, self.numbers, pupil.birth.year, self.day)
        pupil.policy = None
        self.identities.discard((pupil.name.casefold(), pupil.birth))
        pupil.name = FOREIGN_NAMES[pupil.nationality, pupil.sex]
        while (pupil.name.casefold(), pupil.birth) in self.identities:
            pupil.birth = self._birth(pupil.grade)
        self.identities.add((pupil.name.casefold(), pupil.birth))
        pupil.personal_number = self.numbers.passport()

    def _make_orphan(self, pupil: Pupil) -> None:
        """The dead parents stay in the sector database; the school's own system only knows the guardian."""
        pupil.policy = ORPHAN_POLICY if pupil.role is Role.ORPHAN else ABANDONED_POLICY
        carer = guardian(self.rng, self.numbers, pupil.family)
        kept = pupil.family.parents if pupil.role is Role.ORPHAN else ()
        pupil.family = replace(pupil.family, parents=(*kept, carer), phone=carer.phone or pupil.family.phone)

    def _make_disabled(self, pupil: Pupil) -> None:
        self.disabled_classes.add(pupil.class_name)
        pupil.disability = weighted(self.rng, DISABILITIES)
        pupil.policy = DISABLED_POLICY if chance(self.rng, 0.7) else None

    def _make_retained(self, pupil: Pupil) -> None:
        pupil.enrolment_kind = RETAINED
        self._make_a_year_older(pupil)

    def _make_older(self, pupil: Pupil) -> None:
        pupil.policy = POOR if pupil.family.ethnicity == KINH else None
        self._make_a_year_older(pupil)

    def _make_a_year_older(self, pupil: Pupil) -> None:
        self.identities.discard((pupil.name.casefold(), pupil.birth))
        pupil.birth = self._birth(pupil.grade, older=1)
        self._identify(pupil)

    def _set_strengths(self, ordinary: list[Pupil]) -> None:
        """Which result each works towards: about 2 % of the ordinary ones will not reach it."""
        fixed = {Role.ZERO: "CHT", Role.BY_DECISION: "CHT", Role.NOT_PROMOTED: "CHT", Role.UNTITLED: "HTT"}
        middling = (Role.RETEST, Role.INCLUSIVE, Role.DISABLED, Role.RETAINED)
        weak = set(map(id, ordinary[: max(2, len(self.pupils) // 60)]))
        for pupil in self.pupils:
            drawn = "HT" if pupil.role in middling else weighted(self.rng, STRENGTHS)
            pupil.strength = "CHT" if id(pupil) in weak else fixed.get(pupil.role, drawn)


def _take(waiting: list[Pupil], suits: Callable[[Pupil], bool]) -> Pupil:
    """The last waiting pupil who suits, taken out; any other when nobody does."""
    place = next((place for place in range(len(waiting) - 1, -1, -1) if suits(waiting[place])), len(waiting) - 1)
    return waiting.pop(place)


def _in_grade_of(first: Pupil) -> Callable[[Pupil], bool]:
    return lambda other: other.grade == first.grade


def _in_other_grade(*pupils: Pupil) -> Callable[[Pupil], bool]:
    return lambda other: other.grade not in [pupil.grade for pupil in pupils]
