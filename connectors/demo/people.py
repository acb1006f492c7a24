"""The pupils as they really are, and the families they come from."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from connectors.records.codes import AT_SCHOOL, CAME_BACK, DROPPED_OUT, MOVED_IN, MOVED_OUT, PROMOTED_IN

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date


class Role(StrEnum):
    """Pupils who look like a mistake and are none; defects are planted only on ORDINARY ones (and, for movements, on MOVER)."""

    ORDINARY = ""
    SIBLING = "anh chị em cùng số điện thoại"
    TWIN = "sinh đôi"
    RETEST = "kiểm tra lại, lần cuối được tính"
    ZERO = "điểm 0 hợp lệ"
    UNTITLED = "HTT không có danh hiệu"
    BY_DECISION = "CHT được lên lớp theo quyết định"
    NOT_PROMOTED = "CHT chưa được lên lớp"
    FOREIGN = "người nước ngoài"
    ORPHAN = "mồ côi cả cha lẫn mẹ"
    ABANDONED = "mất nguồn nuôi dưỡng"
    NOT_ASSESSED = "khuyết tật không đánh giá"
    INCLUSIVE = "khuyết tật học hòa nhập, điểm lệch mức"
    DISABLED = "khuyết tật học hòa nhập"
    RETAINED = "lưu ban"
    OLDER = "lớn tuổi có lý do"
    PHONELESS = "chỉ có điện thoại cha mẹ"
    MOVER = "chuyển đến, chuyển đi, thôi học"


@dataclass(frozen=True, slots=True)
class Parent:
    """A father, mother or guardian."""

    relation: str
    name: str
    birth_year: int
    phone: str | None
    job: str


@dataclass(slots=True)
class Family:
    """A household: one surname, one address, one phone to call first."""

    surname: str
    ethnicity: str
    parents: tuple[Parent, ...]
    phone: str
    address: str


@dataclass(frozen=True, slots=True)
class Movement:
    """A pupil's coming or going; `kind` is a status code."""

    kind: str
    day: date
    place: str | None = None
    reason: str | None = None


@dataclass(slots=True)
class Pupil:
    """A child as it is; the systems' rows are made from it."""

    code: str
    name: str
    birth: date
    sex: str
    grade: int
    family: Family
    personal_number: str = ""
    nationality: str = "Việt Nam"
    class_name: str = ""
    enrolment_kind: str = PROMOTED_IN
    policy: str | None = None
    disability: str | None = None
    role: Role = Role.ORDINARY
    movements: list[Movement] = field(default_factory=list)
    strength: str = "HT"  # the year result that the pupil works towards

    @property
    def status(self) -> str:
        """Status code: that of the last movement."""
        return self.movements[-1].kind if self.movements else "01"

    @property
    def at_school(self) -> bool:
        """Whether the pupil is on the class lists."""
        return self.status in AT_SCHOOL

    @property
    def joined_on(self) -> date | None:
        """When a pupil who came during the year (or came back) last did so."""
        return _last_day(self.movements, MOVED_IN + CAME_BACK)

    @property
    def left_on(self) -> date | None:
        """When a pupil went and did not come back."""
        left, joined = _last_day(self.movements, MOVED_OUT + DROPPED_OUT), self.joined_on
        return None if left and joined and joined > left else left

    def assessed_on(self, due: date) -> bool:
        """Whether marks due on a day are owed for this pupil."""
        return self.role is not Role.NOT_ASSESSED and self.present(due, due)

    def present(self, first: date, last: date) -> bool:
        """Whether the pupil was here from the first to the last day of a span."""
        joined, left = self.joined_on, self.left_on
        return (joined is None or joined <= first) and (left is None or left > last)


def _last_day(movements: Iterable[Movement], kinds: tuple[str, ...]) -> date | None:
    return max((movement.day for movement in movements if movement.kind in kinds), default=None)
