"""How far grade entry is, and the principal's approval of a class, through the real command."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.running import Done, truong

if TYPE_CHECKING:
    from pathlib import Path

DAY = "2027-05-31"
STATES = {"chưa đến hạn", "đang nhập", "thiếu", "đủ", "đã khóa", "chưa đủ dữ liệu"}


def told(home: Path) -> dict[str, Any]:
    done = truong("progress", "--config", home / "truong.toml", "--json")
    assert done.code == 0, done.err
    return dict(json.loads(done.out))


def approve(home: Path, class_name: str, *more: str) -> Done:
    return truong("approve", class_name, "CN", "--by", "Hiệu trưởng", "--reason", "họp xét", "--config", home / "truong.toml", *more)


@pytest.fixture(scope="module")
def progress(good_night: Path) -> dict[str, Any]:
    return told(good_night)


def test_every_class_subject_and_time_has_a_state_and_a_teacher(progress: dict[str, Any]) -> None:
    assert (progress["day"], progress["current"]) == (DAY, "CN")
    books = {(book["class_name"], book["subject"], book["time"]): book for book in progress["books"]}
    assert len(books) == len(progress["books"]) > 300
    assert {book["state"] for book in books.values()} <= STATES
    assert {"thiếu", "đủ"} <= {book["state"] for book in books.values()}
    assert all(book["missing"] == book["expected"] - book["complete"] for book in books.values())
    assert sum(bool(book["teachers"]) for book in books.values()) > 0.9 * len(books)


def test_every_class_is_ready_or_says_why_not(progress: dict[str, Any]) -> None:
    final = [place for place in progress["classes"] if place["time"] == "CN"]
    assert any(place["ready"] for place in final)
    assert all(place["reasons"] for place in final if not place["ready"])
    assert all(place["missing"] == place["blocked"] == place["aside"] == 0 for place in final if place["ready"])


def test_people_see_one_line_per_class_and_no_name(good_night: Path) -> None:
    done = truong("progress", "--config", good_night / "truong.toml", "--time", "ck1")
    assert done.code == 0, done.err
    assert "Cuối HK I (hạn 15/01/2027), số liệu đêm 31/05/2027" in done.out
    assert "lớp chưa duyệt được" in done.out
    assert "còn thiếu ở" in done.out


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("progress", "--time", "HK1"), 10, "không có «HK1»"),
        (("progress", "--day", "2020-01-01"), 11, "Không có đêm 01/01/2020"),
        (("approve", "1A", "CN", "--reason", "họp"), 10, "còn thiếu --by"),
        (("approve", "9Z", "CN", "--by", "A", "--reason", "họp"), 10, "Không có lớp «9Z»"),
        (("approve", "1A", "CN", "--by", " ", "--reason", "họp"), 10, "Còn để trống [--by]"),
        (("approve", "1A", "CN", "--by", "A", "--reason", "họp", "--yes", "1B"), 10, "--yes nêu “1B”"),
    ],
)
def test_a_wrong_call_is_one_line(arguments: tuple[str, ...], code: int, says: str, good_night: Path) -> None:
    done = truong(*arguments, "--config", good_night / "truong.toml")
    assert (done.code, done.out) == (code, "")
    assert says in done.err
    assert "Traceback" not in done.err


def test_an_approval_is_written_once_it_is_confirmed_and_shown_from_then_on(own_home: Path) -> None:
    final = [place for place in told(own_home)["classes"] if place["time"] == "CN"]
    ready = next(place["class_name"] for place in final if place["ready"])
    blocked = next(place["class_name"] for place in final if not place["ready"])
    refused = approve(own_home, blocked, "--yes", blocked)
    assert refused.code == 12
    assert f"[{blocked} CN]" in refused.err
    unconfirmed = approve(own_home, ready)
    assert unconfirmed.code == 10
    assert "Chưa duyệt gì" in unconfirmed.err
    assert not (own_home / "data" / "accepted").exists()

    done = approve(own_home, ready, "--yes", ready)
    assert done.code == 0, done.err
    assert "SẼ GHI LÀ ĐÃ DUYỆT" in done.out
    assert "Hiệu trưởng duyệt" in done.out
    (line,) = (own_home / "data" / "accepted" / "results" / "log.jsonl").read_text(encoding="utf-8").splitlines()
    assert {name: json.loads(line)[name] for name in ("class_name", "time", "day", "by", "why")} == {
        "class_name": ready, "time": "CN", "day": DAY, "by": "Hiệu trưởng", "why": "họp xét",
    }  # fmt: skip
    now = next(place for place in told(own_home)["classes"] if (place["class_name"], place["time"]) == (ready, "CN"))
    assert (now["state"], now["approved_on"]) == ("đã duyệt", DAY)
    assert approve(own_home, ready, "--yes", ready).code == 12
