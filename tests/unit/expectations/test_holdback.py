"""Holding back: rows with a `chặn` finding do not leave, and every row pulled is accounted for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.records.quarantine import NO_KEY, QUARANTINE
from connectors.records.quarantine import SCHEMA as QUARANTINE_SCHEMA
from connectors.records.tables import TABLES
from expectations.check import CheckContext, QualityResult, check
from expectations.findings import FOLDED_SCHEMA, ROOT, WAIVED_SCHEMA, no_findings
from expectations.holdback import HELD_SCHEMA, HeldBack, TotalsDoNotAddUp, holdback, require_totals, rows_to_export, save_held
from expectations.rules import all_rules
from expectations.views.keys import TABLE_KEYS
from infra.errors import ExitCode
from infra.settings import Limits
from tests.rules.school_tables import DAY, Row, Tables, mark, pupil, result, snapshot_of, staff, trait
from tests.unit.expectations.made_findings import finding, frame

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connectors.records.snapshot import Snapshot

SIGNED = {"until": "2027-05-31", "reason": "đã xem giấy khai sinh", "signer": "Phó hiệu trưởng", "signed_on": "2027-05-30"}
SET_ASIDE = {"pupils": 2, "marks": 3}


def school() -> Tables:
    """Rows that `chặn` findings stand on, beside rows that they do not."""
    broken: Row = {"pupil_code": "7900000002", "personal_number": "7.92E+10"}
    nameless = [pupil(None, personal_number="079318000009", source_row=40), pupil(None, personal_number="7.92E+10", source_row=41)]
    twice = [mark("7900000001", "TO", score="9.5", attempt=attempt) for attempt in (1, 2)]
    return {
        "pupils": [
            pupil("7900000001"),
            pupil("7900000001") | broken,
            pupil("7900000001", source_system="csdl") | broken,
            *nameless,
            pupil("7900000003", sex=None),
            pupil("7900000004", source_system="csdl"),
        ],
        "marks": [*twice, mark("7900000001", "TV", score="9")],
        "traits": [trait("7900000001", "YN", level="H"), trait("7900000001", "NA", level="D")],
        "year_results": [result("7900000001", "HTT"), result("7900000009", "HTT")],
        "staff": [staff("GV001"), staff("GV002", personal_number="079085012345")],
    }


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return with_quarantine(snapshot_of(tmp_path_factory.mktemp("night"), school()), {("qlnt", table): n for table, n in SET_ASIDE.items()})


def with_quarantine(snapshot: Snapshot, lines: Mapping[tuple[str, str], int]) -> Snapshot:
    """The same night with so many lines of each (system, table) set aside: in the quarantine and in what the source tells."""
    rows = [{"source_system": system, "table": table, "reason": NO_KEY} for (system, table), n in lines.items() for _ in range(n)]
    pl.DataFrame(rows, schema=QUARANTINE_SCHEMA).write_parquet(snapshot.path(QUARANTINE))
    told = {name: {table: n for (system, table), n in lines.items() if system == name} for name in snapshot.sources}
    return replace(snapshot, sources={name: replace(state, quarantined=told[name]) for name, state in snapshot.sources.items()})


@pytest.fixture(scope="module")
def held_back(night: Snapshot) -> HeldBack:
    return holdback(night, check(night, all_rules(), CheckContext(DAY, Limits())))


def held_keys(held_back: HeldBack, table: str) -> list[tuple[str, str, str]]:
    return held_back.held.filter(pl.col("table") == table).select("source_system", "finding_key", "rules").rows()


def test_rows_with_a_grave_finding_are_held_with_the_rules_that_stand_on_them(held_back: HeldBack) -> None:
    assert held_keys(held_back, "pupils") == [
        ("csdl", "7900000002", "ID-6/2"),
        ("qlnt", "7900000002", "ID-6/2"),
        ("qlnt", "qlnt#pupils#40", "ID-4/3"),
        ("qlnt", "qlnt#pupils#41", "ID-6/2"),
    ]
    assert held_keys(held_back, "traits") == [("qlnt", "7900000001|YN|CN", "TT27-7.4/4")]
    assert held_keys(held_back, "staff") == [("staff", "GV002", "ID-4/5")]
    assert held_keys(held_back, "year_results") == [("qlnt", "7900000001", "TT27-9.5")]


def test_every_row_of_a_record_is_held_not_only_the_newest(held_back: HeldBack) -> None:
    assert held_keys(held_back, "marks") == [("qlnt", "7900000001|TO|CN", "TT27-7.1e")] * 2


def test_exported_held_and_set_aside_are_what_was_pulled(night: Snapshot, held_back: HeldBack) -> None:
    assert [total.table for total in held_back.totals] == list(TABLES)
    for total in held_back.totals:
        assert total.exported + total.held + total.quarantined == total.pulled
        assert total.pulled == night.rows[total.table] + SET_ASIDE.get(total.table, 0)
    assert held_back.exported + held_back.held.height + held_back.quarantined == held_back.pulled
    assert held_back.quarantined == sum(SET_ASIDE.values())


@pytest.mark.parametrize("table", TABLES)
def test_what_leaves_is_every_row_but_the_held_ones(table: str, night: Snapshot, held_back: HeldBack) -> None:
    leaving = rows_to_export(night, table, held_back).collect()
    total = next(total for total in held_back.totals if total.table == table)
    place = ["source_system", "source_file", "source_sheet", "source_row"]
    held = set(held_back.held.filter(pl.col("table") == table).select(place).rows())
    assert leaving.height == total.exported
    assert leaving.columns == list(TABLES[table].names)
    assert set(leaving.select(place).rows()) == set(night.scan(table).select(place).collect().rows()) - held


def test_findings_of_other_severities_hold_nothing(night: Snapshot) -> None:
    findings = frame(*(finding("ID-1", "7900000001", severity=severity) for severity in ("dừng", "xem kỹ", "nhắc")))
    held_back = holdback(night, QualityResult(findings, {}))
    assert held_back.held.is_empty()
    assert held_back.held.schema == HELD_SCHEMA


def test_a_finding_of_two_systems_at_once_holds_the_rows_of_both(night: Snapshot) -> None:
    findings = frame(finding("DCH-3", "7900000002", severity="chặn", system="qlnt×csdl"))
    assert held_keys(holdback(night, QualityResult(findings, {})), "pupils") == [
        ("csdl", "7900000002", "DCH-3"),
        ("qlnt", "7900000002", "DCH-3"),
    ]


def test_a_finding_of_one_system_leaves_the_other_alone(night: Snapshot) -> None:
    findings = frame(finding("ID-4/3", "7900000002", severity="chặn", system="csdl"))
    assert held_keys(holdback(night, QualityResult(findings, {})), "pupils") == [("csdl", "7900000002", "ID-4/3")]


def test_two_grave_findings_hold_a_row_once(night: Snapshot) -> None:
    findings = frame(*(finding(rule, "7900000001", severity="chặn") for rule in ("ID-6/2", "ID-4/3")))
    held_back = holdback(night, QualityResult(findings, {}))
    assert held_keys(held_back, "pupils") == [("qlnt", "7900000001", "ID-4/3, ID-6/2")]


def test_without_findings_everything_leaves(night: Snapshot) -> None:
    held_back = holdback(night, QualityResult(no_findings(), {}))
    assert held_back.exported == sum(night.rows.values())


def test_what_is_held_is_written_the_same_each_time(night: Snapshot, tmp_path: Path) -> None:
    written = []
    for _ in range(2):
        file = save_held(holdback(night, check(night, all_rules(), CheckContext(DAY, Limits()))), tmp_path / "held" / "2027-05-31")
        written.append((file.read_bytes(), (file.parent / "totals.csv").read_bytes()))
    assert written[0] == written[1]
    assert [path.name for path in (tmp_path / "held").iterdir()] == ["2027-05-31"]
    totals = pl.read_csv(tmp_path / "held" / "2027-05-31" / "totals.csv")
    assert totals.columns == ["table", "pulled", "exported", "held", "quarantined", "system"]
    of_pupils = totals.filter(pl.col("table") == "pupils").rows()
    assert of_pupils == [("pupils", 9, 3, 4, 2, ""), ("pupils", 2, 1, 1, 0, "csdl"), ("pupils", 7, 2, 3, 2, "qlnt")]
    assert b"Nguy" not in written[0][0]  # places and codes, no names


def test_a_pair_of_records_that_may_not_leave_holds_both(night: Snapshot) -> None:
    findings = frame(finding("HS-8/2", "7900000001|7900000003", severity="chặn"))
    held = held_keys(holdback(night, QualityResult(findings, {})), "pupils")
    assert held == [("qlnt", "7900000001", "HS-8/2"), ("qlnt", "7900000003", "HS-8/2")]


def test_a_row_leaves_again_when_every_exception_on_it_is_signed(night: Snapshot) -> None:
    findings = frame(*(finding(rule, "7900000001", severity="chặn") for rule in ("ID-6/2", "ID-4/3")))
    one, both = ([finding(rule, "7900000001", severity="chặn") | SIGNED for rule in rules] for rules in (["ID-6/2"], ["ID-6/2", "ID-4/3"]))
    after_one = holdback(night, QualityResult(findings, {}, waived=pl.DataFrame(one, schema=WAIVED_SCHEMA)))
    assert held_keys(after_one, "pupils") == [("qlnt", "7900000001", "ID-4/3")]
    after_both = holdback(night, QualityResult(findings, {}, waived=pl.DataFrame(both, schema=WAIVED_SCHEMA)))
    assert after_both.held.is_empty()
    require_totals(after_both)


def test_findings_that_a_root_cause_stands_for_still_hold_their_rows(night: Snapshot) -> None:
    root = finding("ID-6/2", "qlnt#pupils#personal_number", severity="chặn", column="personal_number")
    told = dict(zip(ROOT, ("ID-6/2", "qlnt", "pupils", "qlnt#pupils#personal_number"), strict=True))
    folded = pl.DataFrame([finding("ID-6/2", "7900000001", severity="chặn") | told], schema=FOLDED_SCHEMA)
    assert held_keys(holdback(night, QualityResult(frame(root), {}, folded)), "pupils") == [("qlnt", "7900000001", "ID-6/2")]
    signed = pl.DataFrame([root | SIGNED], schema=WAIVED_SCHEMA)
    assert holdback(night, QualityResult(frame(root), {}, folded, signed)).held.is_empty()


@pytest.mark.parametrize("lost", ["rows", "quarantine", "held"])
def test_a_row_that_is_not_accounted_for_stops_everything(lost: str, night: Snapshot, held_back: HeldBack) -> None:
    if lost == "rows":  # the manifest tells of a row that no table has
        held_back = holdback(replace(night, rows={**night.rows, "pupils": night.rows["pupils"] + 1}), QualityResult(no_findings(), {}))
    elif lost == "quarantine":  # a source set aside a line that the quarantine has not
        aside = {**night.sources, "csdl": replace(night.sources["csdl"], quarantined={"pupils": 1})}
        held_back = holdback(replace(night, sources=aside), QualityResult(no_findings(), {}))
    else:
        first, *others = held_back.totals
        held_back = replace(held_back, totals=(replace(first, held=first.held - 1), *others))
    with pytest.raises(TotalsDoNotAddUp, match="pupils") as raised:
        require_totals(held_back)
    assert raised.value.exit_code == ExitCode.DATA_STOPPED_EXPORT
    assert len(raised.value.line().splitlines()) == 1


CODES = st.sampled_from([None, "7900000001", "7900000002", "7900000003"])
SYSTEMS = st.sampled_from(["qlnt", "csdl"])
SEVERITIES = st.sampled_from(["dừng", "chặn", "xem kỹ"])
# Keys as findings have them: records, pairs, rows without a code, causes told once, tables, and nothing at all.
KEYS = st.sampled_from(
    ["7900000001", "7900000002", "7900000001|7900000002", "qlnt#pupils#1", "csdl#pupils#2", "qlnt#pupils#sex", "pupils", None]
)


@st.composite
def nights(draw: st.DrawFn) -> tuple[Tables, pl.DataFrame, list[bool], dict[tuple[str, str], int]]:
    """Rows of one or two systems with repeated and missing codes, findings of every shape, which are waived, lines set aside."""
    pupils = [pupil(code, source_system=system) for code, system in draw(st.lists(st.tuples(CODES, SYSTEMS), max_size=8))]
    marks = [mark(code or "", "TO") | {"pupil_code": code} for code in draw(st.lists(CODES, max_size=4))]
    systems = st.sampled_from(["qlnt", "csdl", "qlnt×csdl"])
    shapes = st.tuples(st.sampled_from(["ID-6/2", "ID-4/3"]), KEYS, SEVERITIES, systems, st.sampled_from(["pupils", "marks", "drift"]))
    told = draw(st.lists(shapes, max_size=6, unique_by=lambda shape: (shape[0], shape[1], shape[3], shape[4])))
    rows = [finding(rule, key, severity=severity, system=system, table=table) for rule, key, severity, system, table in told]
    waived = draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows)))
    aside = draw(st.dictionaries(st.tuples(SYSTEMS, st.sampled_from(["pupils", "health"])), st.integers(1, 3)))
    return {"pupils": pupils, "marks": marks}, frame(*rows), waived, aside


@settings(max_examples=50, deadline=None)
@given(nights())
def test_whatever_is_found_and_waived_every_row_is_accounted_for_once(
    night: tuple[Tables, pl.DataFrame, list[bool], dict[tuple[str, str], int]],
) -> None:
    tables, findings, chosen, aside = night
    with TemporaryDirectory() as folder:
        # rows of both systems, whatever was drawn: else a system could tell of a quarantine and have no state
        both = [pupil(None, source_system=system, source_row=90) for system in ("qlnt", "csdl")]
        snapshot = with_quarantine(snapshot_of(Path(folder), {**tables, "pupils": [*tables["pupils"], *both]}), aside)
        signed = findings.filter(pl.Series(chosen, dtype=pl.Boolean)).with_columns(
            pl.lit(text).alias(name) for name, text in SIGNED.items()
        )
        held_back = holdback(snapshot, QualityResult(findings, {}, waived=signed.select(list(WAIVED_SCHEMA))))
        require_totals(held_back)
        assert held_back.pulled == sum(snapshot.rows.values()) + sum(aside.values())
        assert held_back.quarantined == sum(aside.values())
        grave = [row for row, waived in zip(findings.to_dicts(), chosen, strict=True) if row["severity"] == "chặn" and not waived]
        assert held_back.held.height == sum(is_held(row, table, grave) for table in ("pupils", "marks") for row in keyed(snapshot, table))


def keyed(snapshot: Snapshot, table: str) -> list[dict[str, object]]:
    return snapshot.scan(table).with_columns(key=TABLE_KEYS[table]).collect().to_dicts()


def is_held(row: dict[str, object], table: str, grave: list[dict[str, object]]) -> bool:
    """The second implementation: one row, one finding at a time."""
    keys = [
        str(finding["key"]).split("|") if table == "pupils" else [finding["key"]]
        for finding in grave
        if finding["table"] == table and row["source_system"] in str(finding["system"]).split("×")
    ]
    return any(row["key"] in each for each in keys)
