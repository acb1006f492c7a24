"""The staff: who works here and as what, who left and when, who teaches what."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

from connectors.demo.dice import chance, weighted
from connectors.demo.gradebook import subjects_of
from connectors.demo.names import adult_name, surname, without_marks
from connectors.records.codes import FEMALE, MALE, STAFF_LEFT

if TYPE_CHECKING:
    from random import Random

    from connectors.demo.enrolment import ClassPlan
    from connectors.demo.numbers import Numbers

MANAGERS, SUPPORT, TEACHERS = "01", "02", "03"  # nhom_can_bo
ORDINARY_TEACHER = "Giáo viên"  # the ministry's list of 2020 has no code for a teacher without an office
HOMEROOM = "chủ nhiệm"
RETIRING_AGE, YOUNGEST = 60, 23


@dataclass(frozen=True, slots=True)
class Post:
    """A kind of post: how many the school has (at least, and one more for so many classes)."""

    duty: str
    group: str
    position: str
    least: int
    classes_for_one_more: int = 0
    qualifications: tuple[str, ...] = ("16",)

    def count(self, classes: int) -> int:
        """How many a school of so many classes has."""
        return max(self.least, classes // self.classes_for_one_more) if self.classes_for_one_more else self.least


POSTS = (
    Post("hiệu trưởng", MANAGERS, "01", 1, qualifications=("02",)),
    Post("phó hiệu trưởng", MANAGERS, "02", 1, 15, ("02", "16")),
    Post("tiếng Anh", TEACHERS, ORDINARY_TEACHER, 1, 10),
    Post("tin học", TEACHERS, ORDINARY_TEACHER, 1, 15, ("16", "13")),
    Post("thể chất", TEACHERS, ORDINARY_TEACHER, 1, 10),
    Post("âm nhạc", TEACHERS, ORDINARY_TEACHER, 1, 15, ("17", "16")),
    Post("mĩ thuật", TEACHERS, ORDINARY_TEACHER, 1, 15, ("17", "16")),
    Post("văn thư", SUPPORT, "16", 1, qualifications=("04", "05")),
    Post("kế toán", SUPPORT, "15", 1, qualifications=("03",)),
    Post("thủ quỹ", SUPPORT, "25", 0, 20, ("05",)),
    Post("y tế", SUPPORT, "11", 1, qualifications=("05", "04")),
    Post("thư viện", SUPPORT, "09", 1, qualifications=("04",)),
    Post("thiết bị", SUPPORT, "10", 0, 20, ("04",)),
    Post("công nghệ thông tin", SUPPORT, "32", 1, qualifications=("03",)),
    Post("bảo vệ", SUPPORT, "17", 1, 15, ("06",)),
    Post("bảo mẫu", SUPPORT, "21", 1, 10, ("06", "05")),
)
# How those left whose rows stay in the HR file: (status, days before the demo's day; negative: not yet in force).
LEAVERS = (("05", 75), ("02", 290), ("05", 430), ("03", 170), ("05", -30))
TEACHING_DUTY = {
    "NN1": "tiếng Anh", "TH": "tin học", "CN": "tin học", "THCN": "tin học", "GDTC": "thể chất",
    "AN": "âm nhạc", "NT": "âm nhạc", "MT": "mĩ thuật",
}  # fmt: skip


@dataclass(slots=True)
class Employee:
    """A member of staff as it is."""

    code: str
    name: str
    sex: str
    birth: date
    personal_number: str
    duty: str
    group: str
    position: str
    qualification: str
    contract: str
    username: str
    status: str = "01"
    status_date: date | None = None
    decision: str | None = None

    @property
    def has_left(self) -> bool:
        """Whether the status says that the person no longer works here."""
        return self.status in STAFF_LEFT


@dataclass(slots=True)
class StaffOffice:
    """Hires and assigns."""

    rng: Random
    numbers: Numbers
    day: date
    people: list[Employee] = field(default_factory=list)
    homeroom: dict[str, Employee] = field(default_factory=dict)
    usernames: set[str] = field(default_factory=set)

    def hire(self, classes: list[ClassPlan]) -> None:
        """Everybody that a school of these classes needs, and those who left."""
        for post in POSTS:
            for _ in range(post.count(len(classes))):
                self._hire(post)
        heads: set[int] = set()
        for plan in classes:
            position = ORDINARY_TEACHER if plan.grade in heads else "03"
            heads.add(plan.grade)
            self.homeroom[plan.name] = self._hire(Post(HOMEROOM, TEACHERS, position, 1, qualifications=("16", "16", "16", "02", "17")))
        self._arrivals_and_leavers()

    def teaching(self, classes: list[ClassPlan]) -> dict[tuple[str, str], Employee]:
        """(class, subject) -> teacher, in class order."""
        by_duty = {duty: [p for p in self.people if p.duty == duty and not p.has_left] for duty in sorted(set(TEACHING_DUTY.values()))}
        found: dict[tuple[str, str], Employee] = {}
        for number, plan in enumerate(classes):
            for subject in subjects_of(plan):
                team = by_duty.get(TEACHING_DUTY.get(subject, ""), [self.homeroom[plan.name]])
                found[plan.name, subject] = team[number % len(team)]
        return found

    def _hire(self, post: Post) -> Employee:
        age = self.rng.randrange(YOUNGEST + (10 if post.group == MANAGERS else 0), RETIRING_AGE - 3)
        sex = FEMALE if chance(self.rng, 0.82 if post.group != MANAGERS else 0.7) else MALE
        if post.duty in ("bảo vệ", "bảo mẫu"):
            sex = MALE if post.duty == "bảo vệ" else FEMALE
        return self._employ(post, sex, date(self.day.year - age, self.rng.randrange(1, 13), self.rng.randrange(1, 29)))

    def _employ(self, post: Post, sex: str, birth: date) -> Employee:
        name = adult_name(self.rng, surname(self.rng, "04" if chance(self.rng, 0.2) else "01"), sex)
        person = Employee(
            code=f"CB{len(self.people) + 1:03d}",
            name=name,
            sex=sex,
            birth=birth,
            personal_number=self.numbers.personal(birth, sex),
            duty=post.duty,
            group=post.group,
            position=post.position,
            qualification=self.rng.choice(post.qualifications),
            contract="03" if post.position in ("17", "21") else weighted(self.rng, {"07": 8.0, "08": 2.0}),
            username=self._username(name),
        )
        self.people.append(person)
        return person

    def _username(self, name: str) -> str:
        words = without_marks(name).split()
        wished = words[-1] + "".join(word[0] for word in words[:-1])
        username = next(
            candidate for number in range(len(self.people) + 2) if (candidate := f"{wished}{number or ''}") not in self.usernames
        )
        self.usernames.add(username)
        return username

    def _arrivals_and_leavers(self) -> None:
        teachers = [person for person in self.people if person.duty == HOMEROOM]
        arrived, waiting = teachers[-1], teachers[0]
        arrived.status, arrived.status_date = "07", self.day - timedelta(days=200)
        arrived.decision = "112/QĐ-UBND"
        waiting.status = "04"  # chờ nghỉ hưu: still at work, so nothing is withdrawn
        guard = next(person for person in self.people if person.duty == "bảo vệ")
        guard.personal_number = self.numbers.identity_card()
        for number, (status, days) in enumerate(LEAVERS):
            self._leaver(status, self.day - timedelta(days=days), number)

    def _leaver(self, status: str, on: date, number: int) -> None:
        age = RETIRING_AGE if status == "05" else 41
        post = Post("đã nghỉ", TEACHERS, ORDINARY_TEACHER, 1, qualifications=("16", "17"))
        person = self._employ(post, FEMALE, date(on.year - age, self.rng.randrange(1, 13), self.rng.randrange(1, 29)))
        person.status, person.status_date = status, on
        person.decision = f"{self.rng.randrange(20, 300)}/QĐ-{'TCCB' if number % 2 else 'UBND'}"
