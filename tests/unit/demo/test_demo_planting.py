"""Planting defects: told in order and once, the same for a seed, and without a look at the rules."""

from __future__ import annotations

import ast
from copy import deepcopy
from datetime import date
from pathlib import Path

import pytest

import connectors.demo
from connectors.demo.faults import plant
from connectors.demo.people import Role
from connectors.demo.school import School, build_school

DAY = date(2027, 5, 31)
DEMO_FILES = sorted(Path(next(iter(connectors.demo.__path__))).glob("*.py"))
# Marks are spoilt singly, so a pupil who is special keeps his case.
SPOILT_WHOLE = {Role.ORDINARY, Role.MOVER}


@pytest.fixture(scope="module")
def small() -> School:
    return build_school(2, 300, DAY)


def imported_by(file: Path) -> set[str]:
    """Every module that a file imports, also inside functions and for types only."""
    nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    plain = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    return plain | {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}


@pytest.mark.parametrize("file", DEMO_FILES, ids=lambda file: file.name)
def test_the_planter_knows_nothing_of_the_rules(file: Path) -> None:
    strangers = {name for name in imported_by(file) if name.partition(".")[0] in {"expectations", "flows", "backup", "importlib"}}
    assert not strangers


def test_the_same_seed_plants_the_same_faults_and_another_seed_others(small: School) -> None:
    one, again, other = deepcopy(small), deepcopy(small), deepcopy(small)
    faults = plant(one, 2)
    assert faults == plant(again, 2) != plant(other, 3)
    assert one == again


def test_faults_are_told_once_and_in_order(small: School) -> None:
    faults = plant(deepcopy(small), 2)
    assert faults == sorted(set(faults))
    assert all(rule and table and key for rule, table, key in faults)


def test_about_two_in_a_hundred_marks_are_spoilt(small: School) -> None:
    faults = plant(deepcopy(small), 2)
    assert 0.015 < sum(table == "marks" for _, table, _ in faults) / len(small.qlnt.marks) < 0.03


def test_special_pupils_keep_their_case(small: School) -> None:
    special = {pupil.code for pupil in small.pupils if pupil.role not in SPOILT_WHOLE}
    alone = {(table, key) for _, table, key in plant(deepcopy(small), 2) if key.split("|")[0] in special}
    assert not alone


def test_staff_and_accounts_are_spoilt_once_each(small: School) -> None:
    # Two people have many blank fields; an account left open was used, too; a wrong number is not that of the other list.
    together = {*(f"CB-1/{number}" for number in range(10, 21)), "QC-10.1/2", "DCH-13"}
    faults = plant(deepcopy(small), 2)
    for chosen in ("staff", "accounts", "ratings"):
        keys = [key for rule, table, key in faults if table == chosen and rule not in together]
        assert len(keys) == len(set(keys)) > 0
