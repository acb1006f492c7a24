"""Defects in stored year results: unlike the marks, against Điều 11 or 13, or of rules that their grade does not follow yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from connectors.demo.planting import Planting
    from connectors.demo.rows import YearResultRow

RESULTS = "year_results"


def stored_result(suits: Callable[[YearResultRow], bool], change: Callable[[YearResultRow], None], rule: str) -> Callable[[Planting], None]:
    """Change a stored year result, which the marks no longer bear out or the law forbids."""

    def plant(plan: Planting) -> None:
        row = plan.result(suits)
        change(row)
        plan.record(RESULTS, row.pupil_code, rule)

    return plant


def result_missing(plan: Planting) -> None:
    row = plan.result(lambda _: True)
    plan.remove([row])
    plan.record(RESULTS, row.pupil_code, "TT27-9.9")


def is_result(*results: str) -> Callable[[YearResultRow], bool]:
    return lambda row: row.result in results


def set_to(field: str, value: object) -> Callable[[YearResultRow], None]:
    return lambda row: setattr(row, field, value)


def title_before_tt27(change: Callable[[YearResultRow], None]) -> Callable[[Planting], None]:
    """What only Thông tư 27 has, in a grade that it had not reached."""

    def plant(plan: Planting) -> None:
        row = plan.result(is_result("HT", "HTT"), before_tt27=True)
        change(row)
        plan.record(RESULTS, row.pupil_code, "TT27-0.2/2")

    return plant


RESULT_FAULTS: tuple[Callable[[Planting], None], ...] = (
    stored_result(is_result("HT"), set_to("result", "HTT"), "TT27-9.9"),
    result_missing,
    stored_result(is_result("HT", "HTT"), set_to("completed", 0), "TT27-11.1"),
    stored_result(is_result("HT", "HTXS"), set_to("promoted", 0), "TT27-11.1"),
    stored_result(is_result("CHT"), set_to("promoted", 1), "TT27-11.2"),
    stored_result(is_result("HTXS"), set_to("reward", None), "TT27-13.1"),
    stored_result(is_result("HTT"), set_to("reward", "HSXS"), "TT27-13.1"),
    stored_result(is_result("HT"), set_to("reward", "HSTB"), "TT27-13.2"),
    stored_result(is_result("HT", "HTT"), set_to("reward", "Học sinh giỏi"), "TT27-13.3"),
)
ONE_OF_EACH: tuple[Callable[[Planting], None], ...] = (
    *RESULT_FAULTS,
    title_before_tt27(set_to("result", "HTXS")),
    title_before_tt27(set_to("reward", "HSXS")),
)
