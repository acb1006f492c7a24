"""The yearly certificate of a drill: what was proved, repository by repository, with a line for the principal to sign."""

from __future__ import annotations

from datetime import date
from importlib.resources import files
from typing import TYPE_CHECKING

from infra.clock import vietnamese_date
from infra.pdf import write_pdf
from infra.regulations import QC_21
from infra.vietnamese import decimal, number, size

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from backup.drill import DrillResult

TEMPLATE = "drill_certificate.typ"


def write_certificate(file: Path, school: str, year: str, results: Sequence[DrillResult]) -> Path:
    """Write the PDF of a drill in which every result is good; `year`: the school year, 2026-2027. Counts only, nobody's name."""
    template = files("backup").joinpath("pages", TEMPLATE).read_text(encoding="utf-8")
    values = {
        "school": school,
        "year": year,
        "held": _day(results[0].day),
        "night": " và ".join(dict.fromkeys(_day(result.night) for result in results)),
        "article": QC_21,
        "places": [{"name": result.repository, "facts": facts(result)} for result in results],
    }
    return write_pdf(file, template, values)


def facts(result: DrillResult) -> list[tuple[str, str]]:
    """What a drill proved, as rows of a table."""
    databases = "; ".join(result.opened) or "không có"
    if result.not_loaded:
        databases += f"; chỉ so mã băm, chưa nạp thử: {', '.join(result.not_loaded)}"
    return [
        ("Dữ liệu của đêm", f"{_day(result.night)} (bản sao lưu {result.snapshot[:8]})"),
        ("Tệp lấy lại, đúng mã băm", f"{number(result.files)} tệp, {size(result.bytes)}"),
        ("Học sinh đếm được", f"{number(result.pupils)}, đúng bản kê"),
        ("Cơ sở dữ liệu", databases),
        ("Thời gian lấy lại (RTO)", f"{decimal(result.seconds)} giây, tính cả so mã băm và mở thử"),
        ("Tuổi của dữ liệu (RPO)", f"{decimal(result.age_hours)} giờ trước lúc diễn tập"),
    ]


def _day(iso: str) -> str:
    return vietnamese_date(date.fromisoformat(iso) if iso else None)
