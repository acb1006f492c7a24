"""Grade entry and readiness as sheets: per class for everyone, per teacher with names for those who remind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from expectations.progress import State
from expectations.readiness import Readiness
from expectations.report import wording
from expectations.report.gradebook import subject_name
from expectations.report.ordering import NO_CLASS
from expectations.rule import Severity
from infra.clock import vietnamese_date

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from expectations.report.gradebook import Book, GradeEntry

GradeSheet = tuple[str, str, tuple[tuple[str, int], ...], list[tuple[object, ...]]]  # name, note, columns, rows
PLACE_COLUMNS = (
    ("Thời điểm", 13), ("Lớp", 10), ("Hạn", 12), ("Kết luận", 24), ("Thiếu", 9), ("Sổ trống", 9), ("Chặn", 9), ("Tạm giữ", 9),
    ("Cần xem", 9), ("Sửa sau duyệt", 10), ("Duyệt theo số liệu đêm", 14),
)  # fmt: skip
TEACHER_COLUMNS = (
    ("Giáo viên", 26), ("Mã", 10), ("Lớp", 10), ("Môn", 26), ("Thời điểm", 13), ("Hạn", 12), ("Trạng thái", 22), ("Còn thiếu", 10),
    ("Đã đủ", 9), ("Sĩ số tính", 9),
)  # fmt: skip
ENTRY, READY = "Tiến độ nhập", "Duyệt kết quả"
# States that ask somebody for something, by how they begin.
ASKING = {
    State.MISSING.value: Severity.REVIEW,
    Readiness.NOT_READY.value: Severity.BLOCK,
    Readiness.LOOK_FIRST.value: Severity.REVIEW,
    Readiness.CHANGED.value: Severity.REVIEW,
}
NOT_ASSIGNED = "Chưa có trong phân công"
# Those who have something to do come first.
URGENCY = (State.MISSING, State.ENTERING, State.UNKNOWN, State.NOT_DUE, State.COMPLETE, State.LOCKED)


def private_sheets(entry: GradeEntry, names: Mapping[str, str], day: date) -> tuple[GradeSheet, ...]:
    """Whom to remind of which book, and which classes can be approved. `names`: staff code -> name."""
    night = f"Đêm {vietnamese_date(day)}."
    return (
        (ENTRY, f"{night} Người còn thiếu nhiều đứng trước, theo phân công.", TEACHER_COLUMNS, teacher_rows(entry, names)),
        (READY, f"{night} Hiệu trưởng duyệt khi mọi giáo viên đã nhập đủ (Điều 15.4).", PLACE_COLUMNS, place_rows(entry)),
    )


def asking(value: object) -> Severity | None:
    """How urgently a state asks for something; None for any other text."""
    return next((severity for start, severity in ASKING.items() if str(value).startswith(start)), None)


def place_rows(entry: GradeEntry) -> list[tuple[object, ...]]:
    """One row per time and class (PLACE_COLUMNS), the time that people are busy with first."""
    times = sorted(wording.TIMES, key=lambda time: time != entry.current)
    return [
        (
            *(wording.TIMES[time], place.label, vietnamese_date(place.due), place.state),
            *(place.missing, place.empty, place.blocked, place.aside, place.to_review, place.changed),
            vietnamese_date(place.approved_on) if place.approved_on else "",
        )
        for time in times
        for place in entry.at(time)
    ]


def teacher_rows(entry: GradeEntry, names: Mapping[str, str]) -> list[tuple[object, ...]]:
    """One row per teacher and book (TEACHER_COLUMNS); of each teacher what is urgent first. `names`: staff code -> name."""
    rows = [(names.get(code, "") or code or NOT_ASSIGNED, code, book) for book in entry.books for code in book.teachers or [""]]
    order = list(wording.TIMES)
    urgent = {state.value: place for place, state in enumerate(URGENCY)}
    lacking: dict[str, int] = {}
    for _, code, book in rows:
        lacking[code] = lacking.get(code, 0) + (book.missing if book.state == State.MISSING else 0)
    rows.sort(key=lambda row: (-lacking[row[1]], row[1], urgent[row[2].state], order.index(row[2].time)))
    return [(name, code, *_book_cells(book)) for name, code, book in rows]


def _book_cells(book: Book) -> tuple[object, ...]:
    return (
        *(book.class_name or NO_CLASS, subject_name(book.subject), wording.TIMES[book.time], vietnamese_date(book.due)),
        *(book.words, book.missing, book.complete, book.expected),
    )
