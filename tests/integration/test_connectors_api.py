"""The school's system over its HTTP API: the same snapshot as from its database, and one clear line for all that APIs do wrong."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import socket
import threading
import time
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest

from connectors.column_maps import ApiAsOf, load_map
from connectors.demo import DemoOptions, write_demo
from connectors.demo.stand_in_faults import Fault
from connectors.errors import SourceChanged, SourceError, SourceRefused, SourceUnreachable
from connectors.probing.api import probe
from connectors.records.tables import PROVENANCE, TABLES
from infra.errors import ConfigurationError
from tests.integration.api_server import CLIENT, MARKS, PUPILS, QUICK, SECRET, Api, api_map, api_of, authority, certificate
from tests.integration.connector_sources import CODE, DAY, fetched, left_over, sql, write_qlnt

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from pathlib import Path

    import trustme

    from connectors.records.snapshot import Snapshot

pytestmark = pytest.mark.server
STALL_BOUND = 60  # seconds; generous: what is bounded by 1 s must not take minutes
TOKEN = "/oauth/token"  # noqa: S105 - a path


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> tuple[trustme.CA, Path]:
    folder = tmp_path_factory.mktemp("ca")
    return authority(folder), folder


@pytest.fixture(scope="module")
def running(ca: tuple[trustme.CA, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    database = write_qlnt(tmp_path_factory.mktemp("qlnt") / "qlnt.sqlite")
    with api_of(database, ca[1], certificate(ca[0])) as api:
        yield api


@pytest.fixture
def api(running: Api) -> Iterator[Api]:
    running.server.asked.clear()
    yield running
    running.server.plans.clear()
    running.server.token_seconds = 3600


def assert_same_rows(snapshot: Snapshot, other: Snapshot) -> None:
    provenance = [column.name for column in PROVENANCE if column.name != "source_row"]
    assert snapshot.rows == other.rows
    for table in TABLES:
        mine, theirs = (one.scan(table).drop(provenance).collect() for one in (snapshot, other))
        assert mine.equals(theirs), table


def test_the_demo_school_over_https_equals_its_database(ca: tuple[trustme.CA, Path], tmp_path: Path) -> None:
    write_demo(tmp_path / "school", DemoOptions(pupils=60, mails=5))
    database = tmp_path / "school" / "qlnt" / "qlnt.sqlite"
    from_database = fetched(tmp_path / "school", "qlnt", tmp_path / "database")
    with api_of(database, ca[1], certificate(ca[0])) as demo:
        patient = replace(QUICK, fetch_seconds=120, most_pages=1000, page_bytes=32 << 20)
        snapshot = demo.source(tmp_path / "api", limits=patient, column_map=api_map(page_size=300)).fetch(DAY)
    assert snapshot.rows["pupils"] >= 60
    assert snapshot.rows["marks"] > 1000
    assert_same_rows(snapshot, from_database)
    assert snapshot.sources["qlnt"].delivered == from_database.sources["qlnt"].delivered
    assert snapshot.sources["qlnt"].quarantined == from_database.sources["qlnt"].quarantined
    assert snapshot.sources["qlnt"].data_as_of == from_database.sources["qlnt"].data_as_of == DAY


@pytest.fixture(scope="module")
def from_database(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    folder = tmp_path_factory.mktemp("same")
    write_qlnt(folder / "qlnt" / "qlnt.sqlite")
    return fetched(folder, "qlnt", folder / "out")


WAYS: list[dict[str, object]] = [
    {"style": "pages"},
    {"style": "pages", "page_size": 1},
    {"style": "pages", "total": ""},
    {"style": "offset", "page": "offset"},
    {"style": "cursor", "page": "cursor", "next": "cursor"},
    {"style": "links"},
    {"style": "links", "total": ""},
]


@pytest.mark.parametrize("paging", WAYS)
def test_every_way_of_paging_gives_the_rows_of_the_database(
    api: Api, from_database: Snapshot, tmp_path: Path, paging: dict[str, object]
) -> None:
    source = api.source(tmp_path, column_map=api_map(**paging))
    assert_same_rows(source.fetch(DAY), from_database)
    assert len(api.asked(MARKS)) > 1


def test_rows_say_the_path_the_resource_and_their_number(api: Api, tmp_path: Path) -> None:
    pupil = api.source(tmp_path).fetch(DAY).scan("pupils").filter(pl.col("pupil_code") == CODE).collect().row(0, named=True)
    told = {name: pupil[name] for name in ("source_system", "source_file", "source_sheet", "source_row")}
    assert told == {"source_system": "qlnt", "source_file": PUPILS, "source_sheet": "hoc_sinh", "source_row": 7}


def test_pages_land_untouched_with_their_hashes(api: Api, tmp_path: Path) -> None:
    snapshot = api.source(tmp_path).fetch(DAY)
    folder = tmp_path / "landing" / DAY.isoformat() / "qlnt"
    assert snapshot.sources["qlnt"].files == {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}
    pages = [json.loads(line) for line in (folder / "hoc_sinh.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [len(page["items"]) for page in pages] == [2, 1]
    assert pages[0]["items"][0]["mat_khau_phu_huynh"] == "bí mật", "as it came"
    assert pages[0]["total"] == 3
    assert snapshot.sources["qlnt"].quarantined == {"pupils": 1}


def test_two_pulls_give_the_same_bytes(api: Api, tmp_path: Path) -> None:
    for out in ("one", "two"):
        api.source(tmp_path / out).fetch(DAY)
    one, two = ({path.relative_to(tmp_path / out): path.read_bytes() for path in (tmp_path / out).rglob("*.*")} for out in ("one", "two"))
    assert one == two
    assert one


def test_records_may_leave_empty_fields_out(api: Api, from_database: Snapshot, tmp_path: Path) -> None:
    for path in (PUPILS, MARKS, "/api/v1/bien-dong"):
        api.server.plan(Fault.OMITS_EMPTY, path)
    snapshot = api.source(tmp_path).fetch(DAY)
    assert_same_rows(snapshot, from_database)
    assert not snapshot.delivers("qlnt", "movements", ["reason"]), "a field that no record has is not delivered"


def test_the_day_of_the_data_may_stand_in_every_page(api: Api, tmp_path: Path) -> None:
    for field, day in (("as_of", DAY), ("no_such_field", None), ("items", None)):
        column_map = api_map().model_copy(update={"as_of": ApiAsOf(field=field)})
        assert api.source(tmp_path / field, column_map=column_map).fetch(DAY).sources["qlnt"].data_as_of == day


# Tokens


def test_a_token_is_asked_once_and_serves_all_pages(api: Api, tmp_path: Path) -> None:
    api.source(tmp_path).fetch(DAY)
    assert len(api.asked(TOKEN)) == 1
    assert len(api.asked("/api/")) > 10


def test_a_token_is_renewed_before_it_ends(api: Api, tmp_path: Path) -> None:
    # From a second before its end it counts as over: the API never sees one that has ended, however slow this machine.
    api.server.token_seconds, before = 4, api.server.turned_away
    api.source(tmp_path, requests_a_second=4).fetch(DAY)
    assert len(api.asked(TOKEN)) >= 2
    assert api.server.turned_away == before


def test_a_token_that_the_api_forgot_is_renewed_once(api: Api, from_database: Snapshot, tmp_path: Path) -> None:
    api.server.plan(Fault.REVOKED, MARKS, after=1, times=1)
    assert_same_rows(api.source(tmp_path).fetch(DAY), from_database)
    assert len(api.asked(TOKEN)) == 2
    assert len([line for line in api.asked(MARKS) if "page=1" in line]) == 1, "pages that came are not asked for again"


def test_the_secret_may_go_in_the_form(api: Api, tmp_path: Path) -> None:
    assert api.source(tmp_path, column_map=api_map().model_copy(update={"client_in": "body"})).fetch(DAY).rows["pupils"] == 2


def test_neither_secret_nor_token_is_told(api: Api, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    api.server.plan(Fault.BUSY, MARKS, "503 0", times=1)
    source = api.source(tmp_path)
    source.fetch(DAY)
    tokens = list(api.server._tokens)
    assert tokens
    told = caplog.text + repr(source)
    assert "truong" in told
    assert not [text for text in (SECRET, *tokens) if text in told]
    assert not [file for file in tmp_path.rglob("*") if file.is_file() and any(t.encode() in file.read_bytes() for t in (SECRET, *tokens))]


# Patience


@pytest.mark.parametrize("detail", ["503 0", "503", "502", "504", "429 1"])
def test_a_busy_api_is_asked_again_for_that_page_only(api: Api, from_database: Snapshot, tmp_path: Path, detail: str) -> None:
    api.server.plan(Fault.BUSY, MARKS, detail, after=1, times=2)
    assert_same_rows(api.source(tmp_path).fetch(DAY), from_database)
    assert [line.partition("page=")[2][:1] for line in api.asked(MARKS)] == ["1", "2", "2", "2"]


@pytest.mark.parametrize("fault", [Fault.CUT, Fault.TRUNCATED, Fault.TORN_GZIP])
def test_a_transfer_that_broke_once_is_taken_up_at_its_page(api: Api, from_database: Snapshot, tmp_path: Path, fault: Fault) -> None:
    api.server.plan(fault, MARKS, after=1, times=1)
    assert_same_rows(api.source(tmp_path).fetch(DAY), from_database)
    assert [line.partition("page=")[2][:1] for line in api.asked(MARKS)] == ["1", "2", "2"]


def test_the_rate_limit_is_kept(api: Api, tmp_path: Path) -> None:
    started = time.monotonic()
    api.source(tmp_path, requests_a_second=40).fetch(DAY)
    assert time.monotonic() - started >= (len(api.server.asked) - 1) / 40


# What goes wrong: fault, where, detail -> error, what its line says

Broken = tuple[Fault, str, str, type[SourceError], tuple[str, ...]]
BREAKS: dict[str, Broken] = {
    "wrong secret": (Fault.STATUS, TOKEN, "401", SourceRefused, ("không cho đăng nhập", TOKEN, "secret_file")),
    "no such token path": (Fault.STATUS, TOKEN, "404", SourceRefused, ("lấy thẻ truy cập", "token_path")),
    "log-in page for a token": (Fault.LOGIN_PAGE, TOKEN, "", SourceRefused, ("trang đăng nhập",)),
    "token redirected": (Fault.REDIRECT, TOKEN, "https://127.0.0.1:1/oauth/token", SourceRefused, ("lấy thẻ truy cập",)),
    "token of another shape": (Fault.OTHER_SHAPE, TOKEN, "", SourceChanged, ("access_token",)),
    "token service down": (Fault.BUSY, TOKEN, "503", SourceUnreachable, ("503", "3 lần")),
    "token never accepted": (Fault.STATUS, MARKS, "401", SourceRefused, ("401", MARKS)),
    "forbidden": (Fault.STATUS, MARKS, "403", SourceRefused, ("không có quyền đọc", MARKS)),
    "not found": (Fault.STATUS, MARKS, "404", SourceChanged, ("không có đường dẫn", MARKS)),
    "error of its own": (Fault.STATUS, MARKS, "500", SourceRefused, ("500", MARKS)),
    "5xx storm": (Fault.BUSY, MARKS, "503 0", SourceUnreachable, ("503", "3 lần", MARKS)),
    "told to slow down for an hour": (Fault.BUSY, MARKS, "429 3600", SourceUnreachable, ("429", "requests_a_second")),
    "log-in page": (Fault.LOGIN_PAGE, PUPILS, "", SourceRefused, ("trang đăng nhập", PUPILS)),
    "redirect to another host": (Fault.REDIRECT, PUPILS, "https://evil.example/x?token=1", SourceRefused, ("máy chủ khác", "url")),
    "redirect to plain http": (Fault.REDIRECT, PUPILS, "http://127.0.0.1/api", SourceRefused, ("máy chủ khác",)),
    "redirect to nonsense": (Fault.REDIRECT, PUPILS, "https://[::1/", SourceUnreachable, ("sai giao thức",)),
    "redirects without end": (Fault.REDIRECT, PUPILS, PUPILS, SourceRefused, ("vòng quanh",)),
    "invalid JSON": (Fault.NO_JSON, PUPILS, "", SourceChanged, ("không phải JSON", PUPILS)),
    "JSON of another shape": (Fault.OTHER_SHAPE, PUPILS, "", SourceChanged, ("không phải một đối tượng",)),
    "page without its list": (Fault.RENAMED, PUPILS, "items item_list", SourceChanged, ("“items”", "“item_list”")),
    "page without total": (Fault.RENAMED, PUPILS, "total total_rows", SourceChanged, ("“total”", "“total_rows”")),
    "missing field": (Fault.RENAMED, PUPILS, "ngay_sinh ngay_sinh_hs", SourceChanged, ("“ngay_sinh”", "“ngay_sinh_hs”", PUPILS)),
    "missing number": (Fault.RENAMED, PUPILS, "id stt", SourceChanged, ("“id”",)),
    "an object in a field": (Fault.NESTED, PUPILS, "ho_ten", SourceChanged, ("“ho_ten”",)),
    "more in the total than came": (Fault.TOTAL, PUPILS, "2", SourceRefused, ("báo có 5 dòng", "gửi 3 dòng", "không dùng dòng nào")),
    "less in the total than came": (Fault.TOTAL, PUPILS, "-2", SourceRefused, ("báo có 1 dòng", "gửi 2 dòng")),
    "the same page again": (Fault.FIRST_PAGE, MARKS, "", SourceRefused, ("trang đã đọc",)),
    "empty page too early": (Fault.EMPTY, MARKS, "", SourceRefused, ("báo có 3 dòng", "gửi 0 dòng")),
    "endless paging": (Fault.ENDLESS, PUPILS, "", SourceRefused, ("quá 30 trang",)),
    "truncated body": (Fault.TRUNCATED, PUPILS, "", SourceUnreachable, ("chưa gửi hết",)),
    "gone in mid-transfer": (Fault.CUT, PUPILS, "", SourceUnreachable, ("chưa gửi hết",)),
    "torn gzip": (Fault.TORN_GZIP, PUPILS, "", SourceUnreachable, ("chưa gửi hết",)),
    "gzip bomb": (Fault.BOMB, PUPILS, "", SourceRefused, ("lớn hơn", "page_size")),
    "body without end": (Fault.FLOOD, PUPILS, "", SourceRefused, ("lớn hơn",)),
}  # fmt: skip


@pytest.mark.parametrize("name", BREAKS)
def test_what_goes_wrong_is_one_line_and_leaves_nothing(name: str, api: Api, tmp_path: Path) -> None:
    fault, path, detail, kind, told = BREAKS[name]
    api.server.plan(fault, path, detail)
    started = time.monotonic()
    with pytest.raises(SourceError) as caught:
        api.source(tmp_path).fetch(DAY)
    assert type(caught.value) is kind, caught.value
    line = caught.value.line()
    assert all(text in line for text in told), line
    assert "→" in line
    assert not [text for text in ("Ước", CODE, SECRET, "evil", "token=1") if text in line], line
    assert left_over(tmp_path) == []
    assert time.monotonic() - started < STALL_BOUND


def test_pages_that_never_end_are_stopped_by_their_bytes_too(api: Api, tmp_path: Path) -> None:
    api.server.plan(Fault.ENDLESS, PUPILS)
    with pytest.raises(SourceRefused, match="hơn 5,0 KB cho một danh sách"):
        api.source(tmp_path, limits=replace(QUICK, resource_bytes=5000)).fetch(DAY)
    assert len(api.asked(PUPILS)) < QUICK.most_pages
    assert left_over(tmp_path) == []


def test_paging_that_turns_round_is_stopped_at_the_first_turn(api: Api, tmp_path: Path) -> None:
    api.server.plan(Fault.ENDLESS, PUPILS)
    api.server.plan(Fault.RENAMED, PUPILS, "total after")  # a cursor that is the same on every page
    column_map = api_map(style="cursor", page="cursor", next="after", total="")
    with pytest.raises(SourceRefused, match="không có điểm dừng"):
        api.source(tmp_path, column_map=column_map).fetch(DAY)
    assert len(api.asked(PUPILS)) == 2
    assert left_over(tmp_path) == []


@pytest.mark.parametrize("style", ["links", "cursor"])
def test_paging_by_links_without_end_is_stopped(api: Api, tmp_path: Path, style: str) -> None:
    api.server.plan(Fault.ENDLESS, PUPILS)
    column_map = api_map(style=style, page="cursor", next={"links": "next", "cursor": "cursor"}[style], total="")
    with pytest.raises(SourceRefused, match="quá 30 trang"):
        api.source(tmp_path, column_map=column_map).fetch(DAY)
    assert left_over(tmp_path) == []


def test_a_total_that_changes_means_that_somebody_is_writing(api: Api, tmp_path: Path) -> None:
    api.server.plan(Fault.TOTAL, PUPILS, "1", after=1)
    with pytest.raises(SourceRefused, match="đổi giữa chừng"):
        api.source(tmp_path).fetch(DAY)
    assert left_over(tmp_path) == []


def test_a_next_page_on_another_host_never_gets_the_token(api: Api, ca: tuple[trustme.CA, Path], tmp_path: Path) -> None:
    database = write_qlnt(tmp_path / "other" / "qlnt.sqlite")
    sql(database, "UPDATE hoc_sinh SET lop = '4A'")
    with api_of(database, ca[1], certificate(ca[0])) as other:
        api.server.plan(Fault.REDIRECT, PUPILS, f"{other.server.url}{PUPILS}")
        with pytest.raises(SourceRefused, match="máy chủ khác"):
            api.source(tmp_path / "out").fetch(DAY)
        assert other.server.asked == []


@pytest.mark.parametrize(("fault", "detail"), [(Fault.STALL, "60"), (Fault.DRIP, "")])
def test_an_api_that_says_nothing_or_only_drips_is_given_up(api: Api, tmp_path: Path, fault: Fault, detail: str) -> None:
    api.server.plan(fault, PUPILS, detail)
    started = time.monotonic()
    with pytest.raises(SourceUnreachable, match="giây"):
        api.source(tmp_path, limits=replace(QUICK, read_seconds=1, fetch_seconds=2)).fetch(DAY)
    assert time.monotonic() - started < STALL_BOUND
    assert left_over(tmp_path) == []


def test_a_stalled_api_is_asked_again_and_then_given_up(api: Api, tmp_path: Path) -> None:
    api.server.plan(Fault.STALL, PUPILS, "60")
    with pytest.raises(SourceUnreachable, match=r"không trả lời trong 1,0 giây"):
        api.source(tmp_path, limits=replace(QUICK, read_seconds=1)).fetch(DAY)
    assert len(api.asked(PUPILS)) == 3


def test_a_server_that_accepts_and_never_shakes_hands_is_given_up(api: Api, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(SourceUnreachable):
            api.source(tmp_path, url=url, limits=replace(QUICK, connect_seconds=0.3, attempts=2)).fetch(DAY)
    assert left_over(tmp_path) == []


NEXT_DAY = DAY + timedelta(days=1)


@pytest.fixture
def school(ca: tuple[trustme.CA, Path], tmp_path: Path) -> Iterator[tuple[Api, Path]]:
    """An API of its own whose data may change, and its database."""
    database = write_qlnt(tmp_path / "qlnt.sqlite")
    with api_of(database, ca[1], certificate(ca[0])) as api:
        yield api, database


def pages_asked(api: Api) -> int:
    """Pages of resources; how old the data are is asked every night."""
    return len(api.asked("/api/")) - len(api.asked("/api/v1/thong-tin"))


def landing_of(out: Path, day: date) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (out / "landing" / day.isoformat() / "qlnt").iterdir()}


def assert_reads_as_one_who_was_never_there(api: Api, tmp_path: Path, *, spared: int) -> None:
    """The second night is what somebody reads who has no first one; `spared`: pages that were not sent again."""
    api.server.unchanged = 0
    again = api.source(tmp_path / "out").fetch(NEXT_DAY)
    assert api.server.unchanged == spared
    afresh = api.source(tmp_path / "afresh").fetch(NEXT_DAY)
    assert api.server.unchanged == spared
    assert landing_of(tmp_path / "out", NEXT_DAY) == landing_of(tmp_path / "afresh", NEXT_DAY)
    for table in (*TABLES, "quarantine"):
        assert again.path(table).read_bytes() == afresh.path(table).read_bytes(), table
    assert again.sources == afresh.sources


def test_what_did_not_change_since_the_last_night_is_not_sent_again(school: tuple[Api, Path], tmp_path: Path) -> None:
    api, _ = school
    api.source(tmp_path / "out").fetch(DAY)
    pages = pages_asked(api)
    assert_reads_as_one_who_was_never_there(api, tmp_path, spared=pages)


def test_a_resource_with_one_changed_page_is_read_anew_from_its_first(school: tuple[Api, Path], tmp_path: Path) -> None:
    api, database = school
    api.source(tmp_path / "out").fetch(DAY)
    pages, marks = pages_asked(api), len(api.asked(MARKS))
    sql(database, "UPDATE diem SET diem = '1' WHERE id = 3")  # on the last page
    assert_reads_as_one_who_was_never_there(api, tmp_path, spared=pages - 1)
    assert len(api.asked(MARKS)) == marks + (marks + marks) + marks
    sql(database, "DELETE FROM diem WHERE id = 1")
    sql(database, "INSERT INTO phan_cong VALUES (99, '3A', 'TO', 'CB001')")
    assert api.source(tmp_path / "out").fetch(NEXT_DAY + timedelta(days=1)).rows["marks"] == 2


def test_a_landing_that_is_damaged_or_was_asked_for_otherwise_is_not_used(school: tuple[Api, Path], tmp_path: Path) -> None:
    api, _ = school
    api.source(tmp_path / "out").fetch(DAY)
    landed = next((tmp_path / "out" / "landing" / DAY.isoformat() / "qlnt").glob("diem.jsonl"))
    landed.write_bytes(landed.read_bytes().replace(b"10.0", b"1.00"))
    pages, marks = pages_asked(api), len(api.asked(MARKS))
    assert_reads_as_one_who_was_never_there(api, tmp_path, spared=pages - marks)
    api.server.unchanged = 0
    other_pages = api_map(page_size=3)
    api.source(tmp_path / "out", column_map=other_pages).fetch(NEXT_DAY)
    assert api.server.unchanged == 0


def test_an_api_without_marks_is_read_whole_every_night(school: tuple[Api, Path], tmp_path: Path) -> None:
    api, _ = school
    api.server.marks = False
    api.source(tmp_path / "out").fetch(DAY)
    api.server.marks = True
    assert_reads_as_one_who_was_never_there(api, tmp_path, spared=0)


def test_an_api_that_fails_while_it_is_asked_for_changes_leaves_the_last_night(school: tuple[Api, Path], tmp_path: Path) -> None:
    api, _ = school
    api.source(tmp_path / "out").fetch(DAY)
    before = left_over(tmp_path / "out")
    api.server.plan(Fault.STALL, MARKS, "60")
    with pytest.raises(SourceUnreachable):
        api.source(tmp_path / "out", limits=replace(QUICK, read_seconds=1)).fetch(NEXT_DAY)
    assert left_over(tmp_path / "out") == before


def test_nobody_there(api: Api, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(SourceUnreachable, match="Không nối được"):
        api.source(tmp_path, url=f"https://127.0.0.1:{port}").fetch(DAY)
    with pytest.raises(SourceUnreachable, match="Không nối được"):
        api.source(tmp_path, url="https://khong-co-may-nay.invalid").fetch(DAY)
    assert left_over(tmp_path) == []


def test_a_server_that_goes_away_during_a_fetch(ca: tuple[trustme.CA, Path], tmp_path: Path) -> None:
    database = write_qlnt(tmp_path / "qlnt" / "qlnt.sqlite")
    with api_of(database, ca[1], certificate(ca[0])) as api:
        source = api.source(tmp_path / "out", limits=replace(QUICK, read_seconds=1))
        api.server.plan(Fault.STALL, MARKS, "5")
        outcome: list[SourceError] = []

        def run() -> None:
            try:
                source.fetch(DAY)
            except SourceError as error:
                outcome.append(error)

        fetching = threading.Thread(target=run)
        fetching.start()
        while not api.asked(MARKS):
            time.sleep(0.01)
    fetching.join(STALL_BOUND)
    assert [type(error) for error in outcome] == [SourceUnreachable]
    assert left_over(tmp_path / "out") == []


# TLS and settings


def test_a_wrong_secret_is_refused_by_the_api_itself(api: Api, tmp_path: Path) -> None:
    with pytest.raises(SourceRefused, match="sai client_id hoặc khóa bí mật"):
        api.source(tmp_path, client_id="ai-do").fetch(DAY)
    assert len(api.asked(TOKEN)) == 1, "a wrong secret is not tried again: accounts get locked"


@pytest.mark.parametrize("problem", ["another CA", "another name", "machine's own CAs only"])
def test_a_certificate_that_is_not_trusted_is_refused_and_nothing_is_sent(
    problem: str, ca: tuple[trustme.CA, Path], tmp_path: Path
) -> None:
    database = write_qlnt(tmp_path / "qlnt.sqlite")
    tls = certificate(ca[0], "qlnt.example" if problem == "another name" else "127.0.0.1")
    with api_of(database, ca[1], tls) as api:
        (tmp_path / "other").mkdir()
        authority(tmp_path / "other")
        ca_file = {"another CA": tmp_path / "other" / "ca.pem", "machine's own CAs only": None}.get(problem, ca[1] / "ca.pem")
        with pytest.raises(SourceRefused, match="Chứng chỉ TLS"):
            api.source(tmp_path / "out", ca_file=ca_file).fetch(DAY)
        assert api.server.asked == []
    assert left_over(tmp_path / "out") == []


def test_https_to_a_server_without_tls(ca: tuple[trustme.CA, Path], tmp_path: Path) -> None:
    database = write_qlnt(tmp_path / "qlnt.sqlite")
    with api_of(database, ca[1], None) as api:
        with pytest.raises(SourceRefused, match="Không lập được kết nối TLS"):
            api.source(tmp_path / "out", url=api.server.url.replace("http:", "https:")).fetch(DAY)
        assert api.source(tmp_path / "out").fetch(DAY).rows["pupils"] == 2, "plain http is for this machine only"


@pytest.mark.parametrize("url", [
    "http://qlnt.example/api", "http://192.168.1.5", "https://ai:matkhau@qlnt.example", "https://qlnt.example/?khoa=matkhau", "https://[::1",
])  # fmt: skip
def test_addresses_that_would_tell_or_send_in_the_clear_are_refused(api: Api, tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        api.source(tmp_path, url=url)
    assert "matkhau" not in caught.value.line()


def test_a_secret_that_others_can_read_and_a_ca_that_is_none_are_that_sources_trouble(api: Api, tmp_path: Path) -> None:
    (tmp_path / "open.secret").write_text("x", encoding="utf-8")
    (tmp_path / "open.secret").chmod(0o644)
    with pytest.raises(SourceRefused, match="người khác đọc được"):
        api.source(tmp_path, secret_file=tmp_path / "open.secret").fetch(DAY)
    with pytest.raises(SourceRefused, match="tệp CA"):
        api.source(tmp_path, ca_file=tmp_path / "open.secret").fetch(DAY)
    assert api.server.asked == []


def test_the_environment_sends_nothing_elsewhere(api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setitem(os.environ, name, "http://127.0.0.1:9")
    monkeypatch.delitem(os.environ, "NO_PROXY", raising=False)
    assert api.source(tmp_path).fetch(DAY).rows["pupils"] == 2


def test_no_pupils_is_refused_but_no_movements_is_a_table_without_rows(ca: tuple[trustme.CA, Path], tmp_path: Path) -> None:
    database = write_qlnt(tmp_path / "qlnt.sqlite")
    sql(database, "DELETE FROM bien_dong")
    with api_of(database, ca[1], certificate(ca[0])) as api:
        snapshot = api.source(tmp_path / "one").fetch(DAY)
        assert snapshot.rows["movements"] == 0
        assert snapshot.delivers("qlnt", "movements", ["pupil_code", "kind"])
        sql(database, "DELETE FROM hoc_sinh")
        with pytest.raises(SourceRefused, match="không trả dòng nào"):
            api.source(tmp_path / "two").fetch(DAY)
    assert left_over(tmp_path / "two") == []


# The day the officer sets it up


def test_probe_shows_every_step_and_field_names_only(api: Api, tmp_path: Path) -> None:
    steps = list(probe(api.source(tmp_path)))
    assert [step.step for step in steps[:5]] == ["tên máy", "cổng", "TLS", "đăng nhập", "quyền"]
    assert all(step.well for step in steps), steps
    assert "TLSv1" in steps[2].detail
    shown = {step.detail.partition(":")[0]: step.detail for step in steps[5:]}
    assert "ma_hs, so_dinh_danh, ho_ten" in shown[PUPILS]
    assert len(shown) == len(load_map("qlnt_api_2026").tables)  # type: ignore[union-attr]
    assert not [text for text in (CODE, "Ước", SECRET, CLIENT) if text in str(steps)]
    assert left_over(tmp_path) == []


@pytest.mark.parametrize(("fault", "path", "last"), [(Fault.STATUS, TOKEN, "đăng nhập"), (Fault.LOGIN_PAGE, PUPILS, "đọc thử")])
def test_probe_stops_at_what_fails(api: Api, tmp_path: Path, fault: Fault, path: str, last: str) -> None:
    api.server.plan(fault, path, "401")
    failed = [step for step in probe(api.source(tmp_path)) if not step.well]
    assert [step.step for step in failed] == [last]
    assert "→" in failed[0].detail


def test_probe_names_a_machine_that_is_not_there(api: Api, tmp_path: Path) -> None:
    steps = list(probe(api.source(tmp_path, url="https://khong-co-may-nay.invalid")))
    assert [(step.step, step.well) for step in steps] == [("tên máy", False)]


def test_probe_refuses_a_certificate_it_does_not_trust(api: Api, tmp_path: Path) -> None:
    steps = list(probe(api.source(tmp_path, ca_file=None)))
    assert [(step.step, step.well) for step in steps] == [("tên máy", True), ("cổng", True), ("TLS", False)]
