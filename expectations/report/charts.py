"""Small pictures as inline SVG: no script, no network, the same bytes every time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from expectations.report import wording
from expectations.rule import Severity
from infra.clock import vietnamese_date
from infra.vietnamese import number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from expectations.report.summary import Night

COLOURS = {Severity.STOP: "#5d1f1a", Severity.BLOCK: "#b5452f", Severity.REVIEW: "#dca23a", Severity.REMIND: "#8aa2b3"}
NO_FINDING = "#dfe9df"
# Signs of 16 × 16: each tells its state without a colour and without a letter that a font may lack.
SIGNS = {
    "complete": Markup('<path d="M3 8.5l3.4 3.5L13 4.5" fill="none" stroke="currentColor" stroke-width="2.4"/>'),
    "locked": Markup(
        '<path d="M3 7h10v7H3z" fill="currentColor"/><path d="M5.2 7V4.8a2.8 2.8 0 0 1 5.6 0V7" fill="none" stroke="currentColor" '
        'stroke-width="1.8"/>'
    ),
    "missing": Markup('<path d="M8 2l7 12.5H1z" fill="currentColor"/>'),
    "entering": Markup(
        '<circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" stroke-width="1.6"/><path d="M8 2a6 6 0 0 0 0 12z" '
        'fill="currentColor"/>'
    ),
    "not-due": Markup('<circle cx="8" cy="8" r="5.5" fill="none" stroke="currentColor" stroke-width="1.4" stroke-dasharray="2.2 2.2"/>'),
    "unknown": Markup('<path d="M3 8h10" stroke="currentColor" stroke-width="2"/>'),
    "look": Markup(
        '<path d="M8 1.5L14.5 8 8 14.5 1.5 8z" fill="none" stroke="currentColor" stroke-width="1.8"/><circle cx="8" cy="8" r="2" '
        'fill="currentColor"/>'
    ),
}
BAR_WIDTH = 600
TREND_WIDTH, TREND_HEIGHT, TREND_FOOT, TREND_SIDE = 960, 190, 22, 44
WIDEST_NIGHT = 46


def severity_bar(counts: Mapping[Severity, int], full: int = 0, height: int = 14) -> Markup:
    """A bar of the severities, worst first; `full` is the count that fills the whole width (0: these counts)."""
    full = full or sum(counts.values())
    parts, left = [_box(0, 0, BAR_WIDTH, height, NO_FINDING)], 0.0
    for severity, count in counts.items():
        width = BAR_WIDTH * count / full if full else 0
        parts.append(_box(left, 0, width, height, COLOURS[severity]) if count else "")
        left += width
    spoken = ", ".join(f"{wording.SEVERITY_TITLES[severity]}: {number(count)}" for severity, count in counts.items())
    return _svg(BAR_WIDTH, height, spoken, "".join(parts), stretch=True)


def trend(nights: Sequence[Night]) -> Markup:
    """Open findings per night as stacked bars, oldest left."""
    top = max((sum(night.counts.values()) for night in nights), default=0) or 1
    step = min((TREND_WIDTH - TREND_SIDE) / len(nights), WIDEST_NIGHT)
    bars = "".join(_night(night, TREND_SIDE + index * step, step, top) for index, night in enumerate(nights))
    first, last = nights[0].day, nights[-1].day
    ends = _label(TREND_SIDE, TREND_HEIGHT - 6, vietnamese_date(first)[:5], "start")
    if len(nights) > 1:
        # At least so far apart that the two dates of a short trend do not lie over one another.
        ends += _label(max(TREND_SIDE + len(nights) * step, TREND_SIDE + 80), TREND_HEIGHT - 6, vietnamese_date(last)[:5], "end")
    spoken = f"Số chỗ sai còn mở từ đêm {vietnamese_date(first)} đến đêm {vietnamese_date(last)}"
    return _svg(TREND_WIDTH, TREND_HEIGHT, spoken, _scale(top) + bars + ends)


def _night(night: Night, left: float, step: float, top: int) -> str:
    floor, parts = float(TREND_HEIGHT - TREND_FOOT), ""
    for severity in reversed(Severity):
        height = (TREND_HEIGHT - TREND_FOOT - 12) * night.counts[severity] / top
        floor -= height
        parts += _box(left + step * 0.12, floor, step * 0.76, height, COLOURS[severity]) if height else ""
    total = number(sum(night.counts.values()))
    return f"<g><title>{vietnamese_date(night.day)}: {total}</title>{parts}</g>"


def _scale(top: int) -> str:
    """The floor line and the height of the tallest night."""
    floor = TREND_HEIGHT - TREND_FOOT
    lines = "".join(f'<path d="M{TREND_SIDE} {y}H{TREND_WIDTH}" stroke="#e3ddd0"/>' for y in (12, (12 + floor) // 2, floor))
    return lines + _label(TREND_SIDE - 6, 16, number(top), "end") + _label(TREND_SIDE - 6, floor, "0", "end")


def _label(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="11" fill="#7d776b">{escape(text)}</text>'


def _box(x: float, y: float, width: float, height: float, colour: str) -> str:
    return f'<rect x="{x:.2f}" y="{y:.2f}" width="{width:.2f}" height="{height:.2f}" fill="{colour}"/>'


def _svg(width: int, height: int, spoken: str, inner: str, *, stretch: bool = False) -> Markup:
    aspect = ' preserveAspectRatio="none"' if stretch else ""
    opening = f'<svg viewBox="0 0 {width} {height}"{aspect} role="img" aria-label="{escape(spoken)}">'
    return Markup(f"{opening}{inner}</svg>")  # noqa: S704 - numbers, fixed colours and escaped text only
