"""What one filled form says about itself: its state, its reservations, its manifest. Counts only, nobody's name."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from connectors.department.checks import failing_checks
from connectors.department.indicators import FORM
from connectors.department.presence import SYSTEM
from connectors.records.school_year import SchoolYear
from infra.clock import vietnamese_date

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from connectors.department.counting import Counts
    from connectors.records.snapshot import Snapshot
    from infra.settings import School

SHOWN_RULES = 3


@dataclass(frozen=True, slots=True)
class SignedExceptions:
    """Blocked places of one rule that were signed as exceptions: how many, by whom, and until when the first of them holds."""

    rule: str
    count: int
    signers: tuple[str, ...]
    until: date

    def line(self) -> str:
        """How many, who and until when, in Vietnamese."""
        return f"{self.count} chỗ; người ký: {', '.join(self.signers)}; đến {vietnamese_date(self.until)}"


@dataclass(frozen=True, slots=True)
class FormContent:
    """The numbers of one night's form and everything that must be said with them."""

    school: School
    day: date
    counts: Counts
    blocking: Mapping[str, int]
    problems: tuple[str, ...]
    exceptions: tuple[SignedExceptions, ...] = ()

    @property
    def census_day(self) -> date:
        """30 September of the school year."""
        return SchoolYear.of(self.day).census_day

    @property
    def catch_up(self) -> bool:
        """Whether the numbers were rebuilt after the census day."""
        return self.day > self.census_day

    @property
    def draft(self) -> bool:
        """Whether this must not be sent: findings block it, or its numbers do not agree."""
        return bool(self.blocking or self.problems)

    @property
    def title(self) -> str:
        """The mark in capitals."""
        kind = "BẢN BÙ" if self.catch_up else "BẢN CHÍNH THỨC"
        if not self.draft:
            return kind
        return "BẢN NHÁP (BẢN BÙ)" if self.catch_up else "BẢN NHÁP"

    @property
    def state(self) -> str:
        """One short sentence: official, catch-up or draft, and as of when."""
        until = vietnamese_date(self.census_day)
        as_of = f"bản bù lập ngày {vietnamese_date(self.day)}, số liệu dựng lại đến {until}" if self.catch_up else f"tính đến {until}"
        as_of += self._signed()
        if not self.draft:
            return as_of if self.catch_up else f"bản chính thức, {as_of}"
        reasons = []
        if self.blocking:
            reasons.append(f"{sum(self.blocking.values())} chỗ bị chặn ({self._rules(SHOWN_RULES)})")
        if self.problems:
            reasons.append(f"{len(self.problems)} điều chưa khớp hoặc chưa rõ")
        return f"bản nháp: {', '.join(reasons)}; {as_of}"

    @property
    def mark(self) -> str:
        """The line that stands on every sheet with our numbers."""
        state = self.state if not self.draft else self.state.removeprefix("bản nháp: ")
        return f"{self.title}: {state}" + (". Không học sinh nào bị loại vì lỗi dữ liệu." if self.draft else ".")

    @property
    def notes(self) -> tuple[str, ...]:
        """How the numbers came about, and what they cannot know."""
        census, day = vietnamese_date(self.census_day), vietnamese_date(self.day)
        known_limit = ", không phải ngày tính: hệ thống không giữ bản cũ" if self.catch_up else ""
        present = "chuyển đi hoặc thôi học sau ngày đó vẫn được đếm, chuyển đến sau ngày đó thì không"
        return (
            f"Đếm từ hồ sơ của hệ thống {SYSTEM}; ai có ở trường ngày {census} là theo biến động: {present}.",
            f"Lớp, khối, giới tính, dân tộc và các mục khác lấy theo hồ sơ ngày {day}{known_limit}.",
            "Tuổi = năm báo cáo trừ năm sinh. Dân tộc thiểu số: mọi dân tộc trừ Kinh (Hoa có tính).",
            f"Học sinh người nước ngoài (mã dân tộc 55): {self.counts.foreigners}; chưa có quy định rõ, không tính vào dân tộc thiểu số.",
            "Mã 61 đếm mọi học sinh có ghi loại khuyết tật; «khuyết tật khác» không có dòng riêng nên mã 62–66 cộng lại có thể nhỏ hơn.",
        )

    def manifest(self, template_sha256: str, tables: Mapping[str, str]) -> dict[str, Any]:
        """Everything that stands beside the workbook for a machine; `tables`: table -> SHA-256 it was counted from."""
        return {
            "form": FORM,
            "census_day": self.census_day.isoformat(),
            "snapshot_day": self.day.isoformat(),
            "school": self.school.model_dump(mode="json", include={"name", "code", "region", "public"}),
            "state": self.state,
            "catch_up": self.catch_up,
            "draft": self.draft,
            "blocking": dict(sorted(self.blocking.items())),
            "exceptions": [{**asdict(each), "signers": list(each.signers), "until": each.until.isoformat()} for each in self.exceptions],
            "problems": list(self.problems),
            "notes": list(self.notes),
            "foreigners": self.counts.foreigners,
            "rows": {code: {str(n): number for n, number in enumerate(row, start=1)} for code, row in self.counts.values.items()},
            "blank_rows": [{"code": code, "reason": reason} for code, reason in self.counts.blank],
            "template_sha256": template_sha256,
            "tables_sha256": dict(tables),
        }

    def _signed(self) -> str:
        """How many blocked places count because an exception was signed for them, and of which rules."""
        counts = {each.rule: each.count for each in self.exceptions}
        return f"; {sum(counts.values())} ngoại lệ đã ký ({_ranked(counts, SHOWN_RULES)})" if counts else ""

    def _rules(self, most: int) -> str:
        return _ranked(self.blocking, most)


def _ranked(counts: Mapping[str, int], most: int) -> str:
    ranked = sorted(counts.items(), key=lambda rule: (-rule[1], rule[0]))
    return ", ".join(f"{rule}: {count}" for rule, count in ranked[:most]) + (", …" if len(ranked) > most else "")


def content_of(
    snapshot: Snapshot, school: School, blocking: Mapping[str, int], counts: Counts, exceptions: Sequence[SignedExceptions] = ()
) -> FormContent:
    """The form's content; what stands against sending it comes from the counting, the checks and the age of the data."""
    problems = (*_age_problem(snapshot), *counts.problems, *failing_checks(counts.values))
    open_ones = {rule: count for rule, count in blocking.items() if count}
    return FormContent(school, snapshot.day, counts, open_ones, problems, tuple(sorted(exceptions, key=lambda each: each.rule)))


def _age_problem(snapshot: Snapshot) -> tuple[str, ...]:
    """Data older than the census day cannot tell that day's enrolment."""
    census_day = SchoolYear.of(snapshot.day).census_day
    state = snapshot.sources.get(SYSTEM)
    known = [snapshot.day, *([state.data_as_of, state.taken_from] if state else [])]
    newest = min(day for day in known if day)
    if newest >= census_day:
        return ()
    return (f"Số liệu của hệ thống {SYSTEM} mới đến {vietnamese_date(newest)}, trước ngày tính {vietnamese_date(census_day)}",)
