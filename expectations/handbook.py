"""The rules as a handbook in Markdown (`docs/rules.md`), made from the rules themselves."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from connectors.records.tables import TABLES
from expectations.rule import table_label
from infra.settings import Gradebook, Limits

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from expectations.rule import Rule

HEAD = """\
# Các quy tắc kiểm tra

Tệp này do `truong rules docs` làm ra từ chính các quy tắc; đừng sửa tay.

| Mức | Hậu quả |
|---|---|
| dừng | đêm nay không xuất biểu nào |
| chặn | dòng đó không được xuất; biểu có đếm tới nó thành bản nháp |
| xem kỹ | vẫn xuất, phải có người xem và ký |
| nhắc | chỉ liệt kê |

Mức có dấu * là mức do nhà trường đặt: văn bản không nêu mức, nên mặc định là «xem kỹ» (hoặc «dừng» khi một nguồn mất quá nửa số dòng).
"""


def handbook(rules: Sequence[Rule]) -> str:
    """All rules by table, with article, severity, owner and the way to put each right; then the school's own limits."""
    tables = [*TABLES, *sorted({rule.table for rule in rules} - set(TABLES))]
    ordered = sorted(rules, key=lambda rule: (tables.index(rule.table), rule.code))
    parts = [HEAD, *(_table(table, list(found)) for table, found in groupby(ordered, key=lambda rule: rule.table)), _limits()]
    return "\n".join(parts)


def _table(table: str, rules: Sequence[Rule]) -> str:
    return _section(
        f"{table_label(table)} ({len(rules)})",
        ("Mã", "Sai gì", "Mức", "Căn cứ", "Sửa ở đâu", "Ai sửa"),
        ((rule.code, rule.message, f"{rule.severity}{'' if rule.stated else '*'}", rule.article, rule.fix, rule.owner) for rule in rules),
    )


def _limits() -> str:
    rows = ((name, str(field.default), field.description or "nhà trường đặt") for name, field in Limits.model_fields.items())
    limits = _section("Ngưỡng do nhà trường đặt (mục [limits] của truong.toml)", ("Khóa", "Mặc định", "Nguồn"), rows)
    dates = ((name, field.description or "") for name, field in Gradebook.model_fields.items())
    return f"{limits}\n{_section('Ngày do nhà trường đặt (mục [gradebook] của truong.toml)', ('Khóa', 'Là gì'), dates)}"


def _section(title: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"## {title}", "", _row(heads), _row(["---"] * len(heads)), *(_row(row) for row in rows)]
    return "\n".join(lines) + "\n"


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"
