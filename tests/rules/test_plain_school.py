"""Every rule finds a second time what it finds, key by key: by Great Expectations' own engine or by a plain reading of rules.md.

The plain readings (plain_rules.py) are compared on the demo school as it is and on nights that were disturbed at random,
with earlier nights, approvals and locked books. The same readings of numbers, phones, marks, results, names, changes and
causes are held against 10,000 random records each in test_second_implementation.py, test_plain_readings.py,
test_reconciliation_plain.py, test_changes_second_reading.py and test_root_causes_plain.py.
"""

from __future__ import annotations

import ast
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from connectors.catalogue import combine, sources_of_folder
from connectors.demo import DemoOptions, write_demo
from expectations.rules import all_rules
from flows.cli.check import pull_side_by_side
from infra.settings import Gradebook, Limits
from tests.rules.disturbed_school import DAY
from tests.rules.plain_rules import READINGS
from tests.rules.situations import Plan, Situation, as_it_is, on_a_disturbed_night

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connectors.records.snapshot import Snapshot
    from tests.rules.plain_school import Told

PUPILS, SEED = 120, 1
AUTUMN, SPRING, LAST_NIGHT, LAST_YEAR = date(2026, 11, 20), date(2027, 2, 1), date(2027, 5, 30), date(2026, 5, 30)
LOCKED = Plan(
    limits=Limits(class_size=21, shared_phone_pupils=4, score_jump=4, alike_marks_from=5, class_size_jump=2, unit_rating="HTNV"),
    gradebook=Gradebook(due={"GK2": "31/05"}, locked={"CN": "30/05", "CK1": "20/01"}),
    nights=(AUTUMN, SPRING, LAST_NIGHT, LAST_YEAR),
    approved=(
        ("1A", "CN", LAST_NIGHT), ("2A", "CK1", SPRING), ("2A", "CK1", LAST_NIGHT), ("3A", "CN", LAST_NIGHT), ("4A", "GK1", AUTUMN),
        ("5A", "CN", LAST_YEAR), ("4A", "CK1", DAY),
    ),
)  # fmt: skip
# In the school year 2022-2023 Thông tư 27 had not reached grades 4 and 5, and addresses had districts.
OLDER = Plan(
    date(2023, 5, 31), years_ago=4, sizes=(("assignments", 50, 24), ("attendance", 100, 50), ("health", 49, 0)), nights=(date(2023, 5, 29),)
)
OPEN = Plan(
    limits=Limits(excellent_percent=25, second_term_starts="11/01", count_electives=False),
    gradebook=Gradebook(due={"GK2": "30/06", "CN": "20/05"}),
    nights=(LAST_YEAR, LAST_NIGHT, AUTUMN),
)
DISTRICTS_END = Plan(date(2025, 7, 1), years_ago=2)
NEW_YEAR = Plan(date(2026, 9, 2), years_ago=1, nights=(LAST_YEAR, date(2026, 7, 31)))


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    folder = tmp_path_factory.mktemp("demo")
    write_demo(folder / "sources", DemoOptions(pupils=PUPILS, mails=5, all_systems=True))
    pulled, _ = pull_side_by_side(sources_of_folder(folder / "sources", folder / "landing", folder / "work"), DAY)
    return combine(pulled, folder / "snapshot", DAY)


def both_readings(situation: Situation, code: str) -> tuple[Told, Told]:
    """What a rule finds, and what its plain reading finds in the systems that the rule asks."""
    asked = situation.asked(next(rule for rule in situation.scan.rules if rule.code == code))
    return situation.told(code), {pair for pair in READINGS[code](situation.school) if pair[0] in asked}


def apart(situation: Situation) -> dict[str, tuple[list[tuple[str, str]], list[tuple[str, str]]]]:
    """Rule -> what only the rule finds, and what only its plain reading finds."""
    compared = {code: both_readings(situation, code) for code in READINGS}
    return {code: (sorted(ours - plain), sorted(plain - ours)) for code, (ours, plain) in compared.items() if ours != plain}


def broken(situation: Situation) -> set[str]:
    return {code for code in READINGS if situation.told(code)}


def unbroken(situation: Situation) -> set[str]:
    """Rules that examined more rows than break them."""
    return {code for code in READINGS if situation.scan.checked.examined[code] > len(situation.told(code))}


def test_every_rule_is_proved_twice(demo: Snapshot, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nights = [as_it_is(demo), *(on_a_disturbed_night(demo, SEED, plan, tmp_path) for plan in (LOCKED, OLDER))]
    assert [apart(night) for night in nights] == [{}, {}, {}]
    codes, native = {rule.code for rule in all_rules()}, {rule.code for rule in all_rules() if rule.native}
    plain, found = set(READINGS) - native, set().union(*map(broken, nights))
    with capsys.disabled():
        print(
            f"\nof {len(codes)} rules {len(native)} are proved by Great Expectations' own engine, "
            f"{len(plain)} by a plain second implementation ({len(found & plain)} of them broken in the compared data)",
            end=" ",
        )
    assert native | plain == codes
    assert set(READINGS) - codes == set()  # no reading of a rule that is no more
    assert set(READINGS) - found == set()  # two readings that find nothing agree about nothing
    assert set(READINGS) - set().union(*map(unbroken, nights)) == set()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 6))
@pytest.mark.parametrize(
    "plan", [LOCKED, OLDER, OPEN, NEW_YEAR, DISTRICTS_END], ids=["locked", "older", "open", "new year", "districts end"]
)
def test_the_same_keys_on_many_nights(demo: Snapshot, plan: Plan, seed: int, tmp_path: Path) -> None:
    assert apart(on_a_disturbed_night(demo, seed, plan, tmp_path)) == {}


def test_a_school_that_differs_is_seen(demo: Snapshot) -> None:
    school = as_it_is(demo).school
    fewer = replace(school, tables={**school.tables, "guardians": []})
    assert len(READINGS["QC-19.6/7"](fewer)) > len(READINGS["QC-19.6/7"](school))


def test_a_plain_reading_knows_neither_polars_nor_our_views() -> None:
    files = sorted(Path(__file__).parent.glob("plain_*.py"))
    assert len(files) > 5
    assert {name for file in files for name in imported(ast.parse(file.read_text(encoding="utf-8"))) if foreign(name)} == set()


def imported(tree: ast.Module) -> Sequence[str]:
    nodes = list(ast.walk(tree))
    plain = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    return [*plain, *(node.module or "" for node in nodes if isinstance(node, ast.ImportFrom))]


def foreign(name: str) -> bool:
    return name.partition(".")[0] in {"polars", "expectations"}
