"""The lazy view that each rule family sees, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from expectations.views import (
    abnormal_marks,
    changes,
    drift,
    marks,
    pupils,
    ratings,
    school_life,
    sheets,
    staff,
    staff_systems,
    traits,
    year_results,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from expectations.views.scene import View

VIEWS: Mapping[str, View] = {
    **pupils.VIEWS,
    **school_life.VIEWS,
    **marks.VIEWS,
    **abnormal_marks.VIEWS,
    **traits.VIEWS,
    **year_results.VIEWS,
    **staff.VIEWS,
    **sheets.VIEWS,
    **staff_systems.VIEWS,
    **ratings.VIEWS,
    **drift.VIEWS,
    **changes.VIEWS,
}
