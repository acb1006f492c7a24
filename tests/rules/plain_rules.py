"""Every rule that is read a second time in plain Python: its code and its reading, in one place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.rules.plain_entries import ENTRIES
from tests.rules.plain_marks import MARKS
from tests.rules.plain_more import MORE
from tests.rules.plain_nights import NIGHTS
from tests.rules.plain_rolls import ROLLS
from tests.rules.plain_staff import STAFF
from tests.rules.plain_text import TEXTS
from tests.rules.plain_year import PLAIN as YEAR

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.rules.plain_school import School, Told

READINGS: Mapping[str, Callable[[School], Told]] = {**YEAR, **ENTRIES, **MORE, **TEXTS, **MARKS, **STAFF, **NIGHTS, **ROLLS}
