"""The order that people list classes in, and what a row without one is listed under."""

from __future__ import annotations

import re

NO_CLASS = "Chưa xếp lớp"


def class_order(name: str) -> tuple[tuple[int, str], ...]:
    """Classes as people list them: 1A … 1F, 2A …, and 3/2 before 3/10."""
    parts = re.findall(r"\d+|\D+", name)
    return tuple((int(part), "") if part.isdigit() else (0, part) for part in parts)
