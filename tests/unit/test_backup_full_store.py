"""What restic's words about a store on a server that takes no more allow to conclude: full for sure, maybe, or nothing of the kind."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from backup import faults, watching
from backup.errors import BackupFailed, DiskFull, StoreRefused
from backup.faults import error_of
from backup.full_store import REFUSED_TIMES, TRIED_TIMES, gave_up, keeps_refusing
from backup.runner import Outcome, Runner

if TYPE_CHECKING:
    from pathlib import Path

SFTP_URL, REST_URL = "sftp:truong@may-khac:/kho", "rest:https://may-khac/kho/"
AGAIN = "Save(<data/b7060d66de>) returned error, retrying after 1.6s: "
# As restic 0.18.0 and 0.19.1 said it: of real servers (OpenSSH, rclone, ProFTPD), and of one that answered in the words of the others.
FULL = {
    "rest-server": "unexpected HTTP response (507): 507 Insufficient Storage",
    "rclone sftp": 'Close /k/data/cc/cc-temp: sftp: "write /srv/k/data/cc/cc-temp: no space left on device" (SSH_FX_FAILURE)',
    "MinIO": "client.PutObject: Storage backend has reached its minimum free drive threshold. Please delete a few objects to proceed.",
    "MinIO, old": "client.PutObject: Storage backend has reached its minimum free disk threshold. Please delete a few objects to proceed.",
    "MinIO, quota": "client.PutObject: Bucket quota exceeded",
    "MinIO, 500": "client.PutObject: We encountered an internal error, please try again.: cause(no space left on device)",
    "Ceph": "client.PutObject: Error response code QuotaExceeded.",
    "Garage": "client.PutObject: Forbidden: Bucket size quota is reached, maximum total size of objects for this bucket: 1000.",
    "Swift": "client.PutObject: Upload exceeds quota.",
    "Backblaze": "client.PutObject: Cannot upload files, storage cap exceeded. See the Caps & Alerts page to increase your cap.",
    "no sentence": "client.PutObject: 507 Insufficient Storage",
}
MAYBE = {
    "OpenSSH, quota": 'Write /k/data/86/86-restic-temp-b: sftp: "Failure" (SSH_FX_FAILURE)',
    "ProFTPD, quota": "Rename /kho/data/b5/b5f853452a-restic-temp-524bc02f: file does not exist",
    "rclone restic": "unexpected HTTP response (500): 500 Internal Server Error",
    "rclone s3": "client.PutObject: Internal Error",
    "a proxy": "unexpected HTTP response (413): 413 Request Entity Too Large",
}
OTHER = {
    "busy": "client.PutObject: Please reduce your request rate.",
    "away": "unexpected HTTP response (503): 503 Service Unavailable",
    "behind a proxy": "unexpected HTTP response (502): 502 Bad Gateway",
    "no network": 'client.PutObject: Put "http://may-khac/b/k/data/76/76": dial tcp 10.0.0.2:9000: connect: connection refused',
    "ssh gone": "Write /k/data/86/86-restic-temp-b: connection lost",
}


def _said(*texts: str) -> tuple[dict[str, object], ...]:
    return tuple({"message": text} for text in texts)


def _again(why: str, times: int) -> tuple[dict[str, object], ...]:
    return _said(*[AGAIN + why] * times)


@pytest.mark.parametrize("why", FULL.values(), ids=FULL)
def test_a_server_that_says_it_is_full_is_believed_after_a_few_refusals(why: str) -> None:
    assert keeps_refusing(_again(why, REFUSED_TIMES))
    assert not keeps_refusing(_again(why, REFUSED_TIMES - 1))
    assert not keeps_refusing([*_again(why, REFUSED_TIMES), {"message": "Save(<data/b7060d66de>) operation successful after 6 retries"}])
    stopped = _said("signal terminated received, cleaning up", "Fatal: unable to save snapshot: context canceled")
    for outcome in (
        Outcome(-15, b"", (*_again(why, REFUSED_TIMES), *stopped), ended_by="store"),
        Outcome(1, b"", _said(f"Save(<data/b7060d66de>) failed: {why}", f"Fatal: unable to save snapshot: {why}")),
    ):
        error = error_of(outcome, SFTP_URL)
        assert isinstance(error, DiskFull)
        assert error.line().startswith(f"Kho sao lưu ở máy chủ đã đầy (đĩa hoặc hạn mức) [{SFTP_URL}] → dọn đĩa hoặc nới hạn mức ở máy chủ")


@pytest.mark.parametrize("why", MAYBE.values(), ids=MAYBE)
def test_a_server_that_does_not_say_why_is_given_time_and_then_only_suspected(why: str) -> None:
    assert not keeps_refusing(_again(why, TRIED_TIMES - 1))
    assert keeps_refusing(_again(why, TRIED_TIMES))
    others = [{"message": AGAIN.replace("b7060d66de", f"{number:010d}") + why} for number in range(2 * TRIED_TIMES)]
    assert not keeps_refusing(others)  # each of many packs once is no refusal of one again and again
    error = error_of(Outcome(-15, b"", _again(why, TRIED_TIMES), ended_by="store"), REST_URL)
    assert isinstance(error, StoreRefused)
    assert "từ chối ghi mà không nói vì sao, có thể đĩa hoặc hạn mức ở đó đã đầy (nguyên văn: " in error.line()
    assert error.line().partition("nguyên văn: ")[2].split(")")[0] in why
    assert "đã đầy (đĩa" not in error.line()


@pytest.mark.parametrize("why", OTHER.values(), ids=OTHER)
def test_a_server_that_is_busy_or_away_is_no_full_one(why: str) -> None:
    assert not keeps_refusing(_again(why, 10 * TRIED_TIMES))
    assert not gave_up(_said(f"Save(<data/b7060d66de>) failed: {why}"))
    assert type(error_of(Outcome(1, b"", _said(f"Save(<data/b7060d66de>) failed: {why}", f"Fatal: {why}")), REST_URL)) is BackupFailed


def test_a_failure_to_read_is_no_refusal_to_write() -> None:
    unread = [{"message": AGAIN.replace("Save", "Load") + MAYBE["rclone restic"]}] * TRIED_TIMES
    assert not keeps_refusing(unread)
    assert type(error_of(Outcome(1, b"", (*unread, {"message": "Fatal: x"})), REST_URL)) is BackupFailed


@pytest.mark.parametrize("why", [FULL["rest-server"], MAYBE["rclone restic"]])
def test_one_that_had_room_again_and_ended_for_another_reason(why: str) -> None:
    assert type(error_of(Outcome(1, b"", (*_again(why, 3), {"message": "Fatal: x"})), REST_URL)) is BackupFailed


def test_a_server_s_own_path_is_no_disk_of_this_machine() -> None:
    error = error_of(Outcome(1, b"", (*_again(FULL["rclone sftp"], 1), {"message": "Fatal: x"})), SFTP_URL)
    assert type(error) is BackupFailed


@pytest.mark.parametrize(
    ("room", "kind", "told"),
    [
        (12_345_000, DiskFull, "Kho sao lưu ở máy chủ đã đầy (đĩa hoặc hạn mức)"),
        (60_000_000_000, StoreRefused, "đĩa ở đó còn 60,0 GB nên có thể là hết hạn mức"),
        (None, StoreRefused, "có thể đĩa hoặc hạn mức ở đó đã đầy"),
    ],
)
def test_an_sftp_server_is_asked_how_much_room_it_has(
    room: int | None, kind: type[BackupFailed], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(faults, "room_at", lambda *_: room)
    error = error_of(Outcome(-15, b"", _again(MAYBE["OpenSSH, quota"], TRIED_TIMES), ended_by="store"), SFTP_URL)
    assert type(error) is kind
    assert told in error.line()


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (["Save(<data/82db9fbdde>) failed: sftp: no space left on device"], DiskFull),
        ([f"Save(<data/82db9fbdde>) failed: {FULL['Garage']}"], DiskFull),
        ([AGAIN + FULL["rest-server"]] * REFUSED_TIMES, DiskFull),
        ([f"Save(<data/b5f853452a>) failed: {MAYBE['ProFTPD, quota']}"], StoreRefused),
        ([AGAIN + MAYBE["rclone restic"]] * TRIED_TIMES, StoreRefused),
    ],
)
def test_one_that_waits_for_a_store_that_takes_nothing_is_ended(
    said: list[str], kind: type[BackupFailed], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "LOOK_SECONDS", 0.05)
    lines = "\n".join(json.dumps({"message": line}) for line in said)
    (tmp_path / "said").write_text(lines + "\n", encoding="utf-8")
    (tmp_path / "restic").write_text(f"#!/bin/sh\ncat '{tmp_path}/said' >&2\nexec sleep 60\n", encoding="utf-8")
    (tmp_path / "restic").chmod(0o755)
    outcome = Runner(tmp_path / "restic", {}).run(["backup"], seconds=30.0)
    assert (outcome.ended_by, outcome.timed_out) == ("store", False)
    assert type(error_of(outcome, REST_URL)) is kind
