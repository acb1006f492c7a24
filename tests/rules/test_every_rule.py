"""What holds for all rules: each has cases, none accuses a right school, asks for what is not delivered or names a child."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import polars as pl
import pytest

from connectors.records.tables import TABLES
from expectations.check import CheckContext, check, delivers_all
from expectations.rule import Severity
from expectations.rules import all_rules
from expectations.views import VIEWS
from infra.settings import Limits
from tests.rules import (
    test_abnormal_marks,
    test_age,
    test_attendance_and_health,
    test_changes,
    test_classes,
    test_drift,
    test_lessons,
    test_marks,
    test_minimum_fields,
    test_movements,
    test_names_and_addresses,
    test_old_programmes,
    test_personal_numbers,
    test_phones,
    test_pupil_records,
    test_ratings,
    test_reconciliation,
    test_root_causes,
    test_staff_and_accounts,
    test_staff_systems,
    test_traits,
    test_what_is_due,
    test_year_results,
)
from tests.rules.report_cards import card
from tests.rules.school_tables import (
    DAY,
    Case,
    Tables,
    book,
    character,
    checked,
    findings_of,
    guardian,
    merged,
    pairs,
    pupil,
    rating,
    result,
    rules_named,
    school_class,
    snapshot_of,
    staff,
)  # fmt: skip

if TYPE_CHECKING:
    from pathlib import Path

    from connectors.records.snapshot import Snapshot
    from expectations.rule import Rule

FAMILIES = (
    test_abnormal_marks, test_age, test_attendance_and_health, test_changes, test_classes, test_drift, test_lessons, test_marks,
    test_minimum_fields, test_movements, test_names_and_addresses, test_old_programmes, test_personal_numbers, test_phones,
    test_pupil_records, test_ratings, test_reconciliation, test_root_causes, test_staff_and_accounts, test_staff_systems, test_traits,
    test_what_is_due,
    test_year_results,
)  # fmt: skip
CASES: list[Case] = [item for family in FAMILIES for item in family.CASES]
CODES = [rule.code for rule in all_rules()]
BIRTH_YEARS = {1: 2020, 2: 2019, 3: 2018, 4: 2017, 5: 2016}
MONTHS = ("2026-09", "2026-10", "2026-11", "2026-12", "2027-01", "2027-02", "2027-03", "2027-04", "2027-05")
# Facts that conditions read, and the column they come from.
ONLY_WITH_TEMIS = {f"DCH-{number}" for number in range(10, 15)}
READ_FROM = {
    "at_school": "status", "has_left": "status", "status_listed": "status", "class_grade": "class_name", "foreign": "ethnicity",
    "number_is_12": "personal_number", "right_year": "birth_date", "years_older": "birth_date", "phone_pupils": "contact_phone",
    "disability_listed": "disability", "name_has_odd_letters": "full_name", "address_district": "permanent_address",
    "reason_is_listed": "reason", "name_rung": "full_name", "same_class": "class_name", "is_old": "subject", "follows_tt27": "grade",
    "computed_civil": "civil_score", "above_unit": "civil_rating", "gone_on": "status_date", "gone": "status", "gone_from_either": "status",
    "policy_listed": "policy_category",
    "kind_is_listed": "kind", "repeated_code": "pupil_code", "same_person_as": "full_name",
}  # fmt: skip
# Columns that a condition can do without: it says as much as the others allow.
BESIDE = {"HS-1/5": {"ethnicity"}, "CT-1": {"level_text", "score"}}
# The other name is what a pair of records is corrected by; the public report carries no `expected` (architecture).
SHOWS_THE_OTHER_NAME = {"DCH-2", "DCH-11"}


@pytest.mark.parametrize("code", CODES)
def test_every_rule_has_a_failing_and_a_passing_case(code: str) -> None:
    assert any(code in item.finds for item in CASES), "no failing case"
    assert any(code in item.passes for item in CASES), "no passing case"


def test_cases_name_only_rules_that_there_are() -> None:
    assert {code for item in CASES for code in item.about} == set(CODES)


def test_codes_are_unique() -> None:
    assert len(set(CODES)) == len(CODES)


def right_school() -> Tables:
    """Two pupils in each grade, in both systems, with all that a year asks for."""
    tables: Tables = defaultdict(list)
    tables["staff"] = [staff("GV001")]
    tables["ratings"] = [rating("GV001", year) for year in ("2024", "2025", "2026")]
    tables["assignments"] = [{"class_name": f"{grade}A", "subject": "TV", "staff_code": "GV001"} for grade in BIRTH_YEARS]
    tables["accounts"] = [{"account_system": "qlnt", "username": "a", "owner_code": "GV001", "active": "1", "last_login": "2027-05-30"}]
    for grade, year in BIRTH_YEARS.items():
        tables["classes"].append(school_class(f"{grade}A"))
        for code, sex in ((f"790000{grade}001", "Nam"), (f"790000{grade}002", "Nữ")):
            number = f"079{2 if sex == 'Nam' else 3}{year % 100:02d}{code[-6:]}"
            one = pupil(code, grade=grade, class_name=f"{grade}A", birth_date=f"{year}-07-01", sex=sex, personal_number=number)
            for name, rows in card(code, grade, {}, {}, "HTXS").items():
                tables[name] += rows if name != "pupils" else [one, one | {"source_system": "csdl"}]
            times = ("GK1", "CK1", "GK2")
            tables["marks"] += book(code, grade, times)
            tables["traits"] += character(code, grade, times)
            tables["guardians"] += [guardian(code), guardian(code, source_system="csdl")]
            tables["attendance"] += [
                {"pupil_code": code, "month": month, "excused": "0", "unexcused": "0", "total": "0"} for month in MONTHS
            ]
            tables["health"].append({"pupil_code": code, "height_cm": "120", "weight_kg": "22.5"})
    return tables


@pytest.mark.parametrize("day", [date(2026, 9, 30), date(2027, 1, 15), date(2027, 5, 25), DAY, date(2027, 7, 31)])
def test_a_right_school_has_no_finding_on_any_day(day: date, tmp_path: Path) -> None:
    known = {"accounts": [row | {"last_login": day.isoformat()} for row in right_school()["accounts"]]}
    assert findings_of(tmp_path, right_school() | known, day) == set()


def test_a_school_without_a_row_has_no_finding_and_every_rule_is_grey(tmp_path: Path) -> None:
    quality = checked(tmp_path, {})
    assert quality.findings.is_empty()
    assert quality.examined == dict.fromkeys(CODES, 0)


def test_every_rule_looks_at_a_right_school(tmp_path: Path) -> None:
    before = snapshot_of(tmp_path / "before", right_school(), date(2027, 5, 30))
    context = CheckContext(DAY, Limits(), test_changes.LOCKED, (test_changes.approved(tmp_path, before, "1A"),))
    quality = check(snapshot_of(tmp_path, right_school()), all_rules(), context, [before])
    assert quality.findings.is_empty()
    no_rows_for_them = {"HS-2/3", "HS-2/4", "HS-2/5", "HS-2/6", "HS-2/7", "TT27-7.1d", "TT27-0.2/2"} | ONLY_WITH_TEMIS
    looked = {code for code, rows in quality.examined.items() if rows}
    assert looked | no_rows_for_them >= set(CODES)


def without(snapshot: Snapshot, system: str, table: str, column: str) -> Snapshot:
    """The same night, but the system does not deliver one column."""
    state = snapshot.sources[system]
    kept = tuple(name for name in state.delivered[table] if name != column)
    return replace(snapshot, sources={**snapshot.sources, system: replace(state, delivered={**state.delivered, table: kept})})


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return snapshot_of(tmp_path_factory.mktemp("school"), right_school())


@pytest.mark.parametrize("rule", [rule for rule in all_rules() if rule.needs], ids=lambda rule: rule.code)
def test_a_rule_asks_a_system_only_when_it_delivers_all_that_the_rule_needs(rule: Rule, school: Snapshot) -> None:
    assert all(delivers_all(school, system, rule) for system in school.sources)
    for need in rule.needs:
        table, _, column = need.rpartition(".")
        assert not delivers_all(without(school, "qlnt", table or rule.table, column), "qlnt", rule), need


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.code)
def test_a_rule_needs_every_column_that_its_condition_reads(rule: Rule) -> None:
    own = {column.name for column in TABLES[rule.table].own} if rule.table in TABLES else set()
    read = {READ_FROM.get(name, name) for name in rule.condition.meta.root_names()} & own
    assert read - set(rule.needs) <= BESIDE.get(rule.code, set())


def test_without_a_column_the_rules_on_it_are_grey_and_accuse_nobody(tmp_path: Path) -> None:
    columns = ("pupil_code", "full_name", "class_name", "status")
    rows = [pupil("7900000001", personal_number="1", sex="?", contact_phone="1"), pupil("7900000002", full_name=None)]
    night = snapshot_of(tmp_path, {"pupils": rows}, delivered={("qlnt", "pupils"): columns})
    quality = check(night, all_rules(), CheckContext(DAY, Limits()))
    on_others = ("QC-19.6/2", "QC-19.6/3", "QC-19.6/4", "QC-19.6/5", "ID-2", "ID-4/1", "ID-4/3", "DT-1", "HS-4/1", "HS-5/1", "TU-3")
    assert {code: quality.examined[code] for code in (*on_others, "QC-19.6/1")} == dict.fromkeys(on_others, 0) | {"QC-19.6/1": 2}
    assert {rule for rule, _ in pairs(quality)} & {*on_others, "QC-19.6/1"} == {"QC-19.6/1"}


def test_only_the_system_that_delivers_a_column_is_examined(tmp_path: Path) -> None:
    rows = [pupil("7900000001", sex=None), pupil("7900000001", sex=None, source_system="csdl")]
    night = snapshot_of(tmp_path, {"pupils": rows}, delivered={("csdl", "pupils"): ("pupil_code", "status")})
    quality = check(night, all_rules(), CheckContext(DAY, Limits()))
    assert quality.examined["QC-19.6/4"] == 1
    assert quality.findings.filter(pl.col("rule") == "QC-19.6/4")["system"].to_list() == ["qlnt"]
    assert quality.examined["DCH-4"] == 0  # both or none


def test_a_year_without_gradebooks_is_not_a_year_of_missing_marks(tmp_path: Path) -> None:
    nothing = {("qlnt", table): () for table in ("marks", "traits")}
    night = snapshot_of(tmp_path, {"pupils": [pupil("7900000001")], "year_results": [result("7900000001", "HTT")]}, delivered=nothing)
    quality = check(night, rules_named(["TT27-9.5", "TT27-9.9", "TT27-7.1a/1", "TT27-7.2"]), CheckContext(DAY, Limits()))
    assert pairs(quality) == set()
    assert set(quality.examined.values()) == {0}


def test_no_message_fix_or_expectation_holds_a_childs_name(tmp_path: Path) -> None:
    secret = {"full_name": "Bímật Nguyễn"}
    tables = {
        table: [row | {name: text for name, text in secret.items() if row.get(name)} for row in rows]
        for table, rows in merged(CASES).items()
    }
    findings = checked(tmp_path, tables).findings
    told = findings.filter(pl.any_horizontal(pl.col("message", "fix", "expected", "key").str.contains("(?i)bímật")))
    assert set(told["rule"]) <= SHOWS_THE_OTHER_NAME
    assert told.filter(pl.any_horizontal(pl.col("message", "fix", "key").str.contains("(?i)bímật"))).is_empty()


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.code)
def test_a_rule_tells_people_what_is_wrong_and_where_to_put_it_right(rule: Rule) -> None:
    assert rule.view in VIEWS
    assert rule.severity in Severity
    assert rule.article
    assert rule.message[0].isupper()
    assert not rule.message.endswith(".")
    assert len(rule.fix) > len("QLNT › ")
    assert not isinstance(rule.expected, str) or rule.expected


def test_a_fix_begins_in_the_system_that_the_row_came_from(tmp_path: Path) -> None:
    rows = [pupil("7900000001", sex=None), pupil("7900000002", sex=None, source_system="csdl")]
    findings = checked(tmp_path, {"pupils": rows}, rules=["QC-19.6/4"]).findings
    assert [fix.split(" › ")[0] for fix in findings["fix"]] == ["QLNT", "CSDL ngành"]
