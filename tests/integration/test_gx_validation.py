"""Great Expectations gets the counts, keeps no value, asks no network, and its pages stand alone."""

from __future__ import annotations

import hashlib
import json
import re
import socket
from dataclasses import dataclass
from datetime import date
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from connectors.records.snapshot import Snapshot, SourceState, write_snapshot
from connectors.records.tables import TABLES
from expectations.findings import FINDING_SCHEMA, ordered
from expectations.gx.validation import write_validation
from expectations.rule import NativeExpectation, Owner, Rule, Severity

if TYPE_CHECKING:
    from pathlib import Path

DAY = date(2027, 5, 31)
PUPILS = 1050


@dataclass(frozen=True)
class Result:
    findings: pl.DataFrame
    examined: dict[str, int]


def a_rule(code: str, table: str, column: str, severity: Severity, native: NativeExpectation | None = None) -> Rule:
    return Rule(
        code=code, article="TT 27/2020 Điều 7", table=table, view=table, severity=severity, column=column, message=f"Chuyện của {code}",
        fix="QLNT › Sổ điểm", owner=Owner.HOMEROOM, condition=pl.col(column).is_null(), needs=(column,), native=native,
    )  # fmt: skip


TEN_DIGITS = NativeExpectation("expect_column_values_to_match_regex", {"column": "pupil_code", "regex": r"^\d{10}$"})
RULES = (
    a_rule("ID-1", "pupils", "pupil_code", Severity.REVIEW, TEN_DIGITS),
    a_rule("QC-19.6/1", "pupils", "full_name", Severity.REVIEW),
    a_rule("TT27-7.1e", "marks", "score", Severity.BLOCK),
    a_rule("PL-7", "accounts", "last_login", Severity.REMIND),
    *(a_rule(f"X-{number}", table, TABLES[table].names[0], Severity.REVIEW) for table in TABLES for number in range(8)),
)  # fmt: skip


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    pupils = pl.DataFrame(
        {
            "pupil_code": [f"79{number:08d}" for number in range(PUPILS)],
            "full_name": [f"Nguyễn Thị Mỹ Duyên {number}" for number in range(PUPILS)],
            "source_system": "qlnt",
        }
    )
    state = SourceState("qlnt", DAY, {"pupils": TABLES["pupils"].names})
    return write_snapshot(tmp_path_factory.mktemp("data") / "snapshot", DAY, {"pupils": pupils}, {"qlnt": state})


@pytest.fixture(scope="module")
def result() -> Result:
    rows = [
        {
            "rule": code,
            "severity": "xem kỹ",
            "table": table,
            "system": "qlnt",
            "key": f"79{number:08d}",
            "value": f"Nguyễn Thị Mỹ Duyên {number}",
        }
        for code, table in (("ID-1", "pupils"), ("TT27-7.1e", "marks"))
        for number in range(200)
    ]
    findings = ordered(pl.DataFrame(rows, schema_overrides=FINDING_SCHEMA).pipe(fill))
    return Result(
        findings, {"ID-1": PUPILS, "QC-19.6/1": PUPILS, "TT27-7.1e": 42_000, "PL-7": 0} | {f"X-{number}": 5 for number in range(8)}
    )


def fill(frame: pl.DataFrame) -> pl.DataFrame:
    missing = [pl.lit(None, dtype).alias(name) for name, dtype in FINDING_SCHEMA.items() if name not in frame.columns]
    return frame.with_columns(missing)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, result: Result, snapshot: Snapshot) -> Path:
    return write_validation(result, RULES, snapshot, tmp_path_factory.mktemp("gx") / "2027-05-31")


def load(written: Path, table: str) -> dict[str, Any]:
    (file,) = (written.parents[1] / "gx" / "validations" / table).rglob("*.json")
    loaded: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return loaded


def by_rule(validation: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {entry["meta"]["rule"]: entry for entry in validation["results"]}


def test_counts_are_those_of_our_check(written: Path) -> None:
    pupils = load(written, "pupils")
    entry = by_rule(pupils)["ID-1"]
    assert (entry["success"], entry["result"]["element_count"], entry["result"]["unexpected_count"]) == (False, PUPILS, 200)
    assert entry["expectation_config"]["type"] == "expect_column_values_to_match_regex"
    assert by_rule(pupils)["QC-19.6/1"]["success"] is True
    assert by_rule(pupils)["QC-19.6/1"]["expectation_config"]["type"] == "expect_school_rule_to_hold"
    assert pupils["statistics"] == {
        "evaluated_expectations": 10,
        "successful_expectations": 9,
        "unsuccessful_expectations": 1,
        "success_percent": 90.0,
    }


def test_zero_rows_are_neither_good_nor_bad(written: Path) -> None:
    accounts = load(written, "accounts")
    assert by_rule(accounts)["PL-7"]["success"] is None
    assert accounts["meta"]["not_evaluated"] == 1
    (page,) = (written.parent / "validations" / "accounts").rglob("*.html")
    row = re.search(r'<tr class="(\w+)">(?:(?!</tr>).)*PL-7.*?</tr>', page.read_text(encoding="utf-8"), re.DOTALL)
    assert row is not None
    assert row[1] == "none"
    assert "chưa đủ dữ liệu" in row[0]


def test_a_table_where_nothing_was_examined_is_no_success(tmp_path: Path, result: Result) -> None:
    empty = write_snapshot(tmp_path / "empty", DAY, {}, {"qlnt": SourceState("qlnt", DAY, {"pupils": TABLES["pupils"].names})})
    page = write_validation(Result(result.findings.clear(), {}), RULES, empty, tmp_path / "out")
    assert load(page, "pupils")["success"] is False
    assert 'state none">chưa đủ dữ liệu' in page.read_text(encoding="utf-8")
    assert 'state good">' not in page.read_text(encoding="utf-8")


def test_suites_carry_the_rules_in_vietnamese(written: Path) -> None:
    suite = json.loads((written.parents[1] / "gx" / "expectations" / "marks.json").read_text(encoding="utf-8"))
    entry = next(entry for entry in suite["expectations"] if entry["meta"]["rule"] == "TT27-7.1e")
    assert entry["notes"] == ["TT27-7.1e: Chuyện của TT27-7.1e", "Căn cứ: TT 27/2020 Điều 7", "Sửa ở đâu: QLNT › Sổ điểm"]
    assert (entry["severity"], entry["meta"]["severity"]) == ("critical", "chặn")


def test_no_pupil_is_anywhere(written: Path, snapshot: Snapshot) -> None:
    files = [file for file in written.parents[1].rglob("*") if file.is_file()]
    # JSON escapes letters: it is searched as it reads, not as it is stored.
    texts = [
        json.dumps(json.loads(raw), ensure_ascii=False) if file.suffix == ".json" else raw
        for file in files
        for raw in [file.read_text("utf-8")]
    ]
    people = snapshot.scan("pupils").select("full_name", "pupil_code").head(200).collect()
    names = [value for row in people.iter_rows() for value in row]
    assert len(names) == 400
    assert len(files) > 2 * len(TABLES)
    assert not [name for name in names if any(name in text for text in texts)]


class Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [(tag, value or "") for name, value in attrs if name in {"src", "href", "srcset", "data"}]


def test_pages_load_nothing_and_their_links_lead_somewhere(written: Path) -> None:
    pages = list(written.parent.rglob("*.html"))
    assert len(pages) == 1 + 2 * len(TABLES)
    for page in pages:
        text, links = page.read_text(encoding="utf-8"), Links()
        links.feed(text)
        assert not re.search(r"https?://|@import|url\(|<script|<img", text), page
        assert {link for tag, link in links.found if tag != "a"} <= {"data:,"}
        assert all((page.parent / link).is_file() for tag, link in links.found if tag == "a"), page


def test_the_same_night_gives_the_same_bytes(tmp_path: Path, written: Path, snapshot: Snapshot, result: Result) -> None:
    again = write_validation(result, RULES, snapshot, tmp_path / "again")
    digests = [
        {file.relative_to(root).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest() for file in root.rglob("*") if file.is_file()}
        for root in (written.parents[1], again.parents[1])
    ]
    assert digests[0] == digests[1]


def test_a_second_run_replaces_nothing(tmp_path: Path, snapshot: Snapshot, result: Result) -> None:
    for _ in range(2):
        write_validation(result, RULES, snapshot, tmp_path / "out" / "day")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["day"]


def test_no_network_is_asked(tmp_path: Path, snapshot: Snapshot, result: Result, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def refuse(_: socket.socket, address: object) -> None:
        asked.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)
    write_validation(result, RULES, snapshot, tmp_path / "out")
    assert asked == []


def test_telemetry_is_off(written: Path) -> None:
    import great_expectations as gx

    context = gx.get_context(mode="file", context_root_dir=written.parents[1] / "gx")
    assert context.config.analytics_enabled is False
    assert "analytics_enabled: false" in (written.parents[1] / "gx" / "great_expectations.yml").read_text(encoding="utf-8")
