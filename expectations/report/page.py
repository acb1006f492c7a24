"""The public page: one HTML file that needs no network, prints on A4 and reads on a phone."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined

from expectations.report import charts, gradebook, wording
from expectations.rule import Severity
from infra.vietnamese import number

if TYPE_CHECKING:
    from expectations.report.content import ReportContent
    from expectations.report.gradebook import Book
    from expectations.report.summary import Line, RuleLine, Summary

TEMPLATE = "page.html.j2"
# A class's cell darkens with the share of pupils who lack a field.
HEAT_STEPS = (0.0, 0.03, 0.10, 0.25)


@dataclass(frozen=True, slots=True)
class Figure:
    """One of the five numbers of page 1; `tone`: good, warn, bad or grey."""

    value: str
    label: str
    note: str
    tone: str


def render_page(content: ReportContent, summary: Summary) -> str:
    """The whole page as text (NFC)."""
    environment = Environment(
        loader=PackageLoader("expectations.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["lower_first"] = lambda text: text[:1].lower() + text[1:]
    text = environment.get_template(TEMPLATE).render(
        content=content,
        s=summary,
        w=wording,
        number=number,
        charts=charts,
        severities=tuple(Severity),
        figures=figures(summary),
        grades=_by_grade(summary),
        columns=max((len(lines) for _, lines in _by_grade(summary)), default=1),
        rule_tables=_by_table(summary),
        heat=heat,
        g=gradebook,
        book_tone=book_tone,
        rule_tone=rule_tone,
    )
    return unicodedata.normalize("NFC", text)


def figures(summary: Summary) -> tuple[Figure, ...]:
    """The five numbers that a vice-principal reads first."""
    return (*_severity_figures(summary), _complete_figure(summary), _entry_figure(summary), _change_figure(summary))


def _severity_figures(summary: Summary) -> tuple[Figure, Figure]:
    blocked = summary.severities[Severity.STOP] + summary.severities[Severity.BLOCK]
    review = summary.severities[Severity.REVIEW]
    grey = summary.not_examined == len(summary.rules)
    return (
        Figure(number(blocked), "chỗ bị chặn", "phải sửa trước khi gửi đi", _tone(blocked, "bad", grey=grey)),
        Figure(number(review), "chỗ cần xem kỹ", "vẫn gửi, phải có người xem và ký", _tone(review, "warn", grey=grey)),
    )


def _complete_figure(summary: Summary) -> Figure:
    complete, pupils = summary.completeness.complete, summary.completeness.pupils
    if not pupils:
        return Figure("–", "hồ sơ đủ 8 mục Điều 19.6a", wording.NOT_ENOUGH, "grey")
    note = f"{number(complete)} trên {number(pupils)} học sinh đang học"
    return Figure(wording.percent(complete, pupils), "hồ sơ đủ 8 mục Điều 19.6a", note, _tone(pupils - complete, "warn"))


def _entry_figure(summary: Summary) -> Figure:
    due = summary.progress.due
    if not summary.progress.examined or not due.filled + due.missing:
        return Figure("–", "mức, điểm đến hạn đã nhập", wording.NOT_ENOUGH, "grey")
    note = f"còn thiếu {number(due.missing)} ô" if due.missing else "không thiếu ô nào"
    return Figure(wording.percent(due.filled, due.filled + due.missing), "mức, điểm đến hạn đã nhập", note, _tone(due.missing, "warn"))


def _change_figure(summary: Summary) -> Figure:
    change = summary.change
    if change is None:
        return Figure("–", "thay đổi so với đêm trước", "đêm đầu tiên, chưa có gì để so", "grey")
    value = f"{number(change.new)} / {number(change.gone)}"
    return Figure(value, "chỗ mới / chỗ đã hết", f"vẫn còn {number(change.still)} chỗ từ đêm trước", _tone(change.new, "warn"))


def _tone(count: int, when_any: str, *, grey: bool = False) -> str:
    if grey:
        return "grey"
    return when_any if count else "good"


def heat(missing: int | None, pupils: int) -> str:
    """CSS class of a cell: grey when nothing is known, else by the share that is missing."""
    if missing is None or not pupils:
        return "h-none"
    return f"h-{sum(missing / pupils > step for step in HEAT_STEPS)}"


def book_tone(book: Book) -> str:
    """CSS class of a book's cell: its sign, and how much of it is missing."""
    share = heat(book.missing, book.expected) if book.shape == "missing" else ""
    return f"b-{book.shape} {share}".strip()


def rule_tone(line: RuleLine) -> str:
    """Grey when nothing was examined (never green), else by what was found."""
    if not line.examined:
        return "none"
    return line.rule.severity.name.lower() if line.count else "good"


def _by_grade(summary: Summary) -> list[tuple[str, list[Line]]]:
    """The school's classes, one row per grade."""
    return [(grade, list(lines)) for grade, lines in groupby(summary.classes, key=lambda line: wording.grade_of(line.name))]


def _by_table(summary: Summary) -> list[tuple[str, list[RuleLine]]]:
    return [(table, list(lines)) for table, lines in groupby(summary.rules, key=lambda line: line.rule.table)]
