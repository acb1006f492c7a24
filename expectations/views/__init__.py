"""The lazy view that each rule family sees, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from expectations.views import changes, marks, pupils, school_life, staff, traits, year_results

if TYPE_CHECKING:
    from collections.abc import Mapping

    from expectations.views.scene import View

VIEWS: Mapping[str, View] = {
    **pupils.VIEWS,
    **school_life.VIEWS,
    **marks.VIEWS,
    **traits.VIEWS,
    **year_results.VIEWS,
    **staff.VIEWS,
    **changes.VIEWS,
}
