"""Six years of mail in a Maildir that the standard library reads without a complaint."""

from __future__ import annotations

import email
import mailbox
from collections import Counter
from datetime import date, datetime, timedelta, timezone
from email.policy import default
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import pytest

from connectors.demo import DemoOptions
from connectors.demo.mail import write_maildir

if TYPE_CHECKING:
    from email.message import EmailMessage
    from pathlib import Path

DAY = date(2027, 5, 31)
VIETNAM = timezone(timedelta(hours=7))
FOLDERS = {"Ban-tin", "Cong-van", "Cong-van.Phuong", "Nha-cung-cap", "Phu-huynh", "Thong-bao-may"}


@pytest.fixture(scope="module")
def maildir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("thu") / "mail"
    write_maildir(folder, 1, DAY, DemoOptions().mails)
    return folder


def files_of(maildir: Path) -> list[Path]:
    return sorted(path for path in maildir.rglob("*") if path.parent.name in {"cur", "new"})


def read(file: Path) -> EmailMessage:
    return email.message_from_bytes(file.read_bytes(), policy=default)


def test_there_are_3000_messages_in_all_folders(maildir: Path) -> None:
    box = mailbox.Maildir(maildir, create=False)
    assert set(box.list_folders()) == FOLDERS
    counts = {name: len(box.get_folder(name)) for name in box.list_folders()} | {"": len(box)}
    assert sum(counts.values()) == len(files_of(maildir)) == 3000
    assert all(counts.values())


def test_messages_are_spread_over_six_years_and_none_is_of_the_day_or_later(maildir: Path) -> None:
    days = [datetime.fromtimestamp(file.stat().st_mtime, VIETNAM).date() for file in files_of(maildir)]
    assert max(days) < DAY
    assert min(days) >= DAY - timedelta(days=6 * 365)
    ages = Counter((DAY - day).days // 365 for day in days)
    assert set(ages) == set(range(6))
    assert min(ages.values()) > 400


def test_messages_can_be_read_and_their_time_is_that_of_the_file(maildir: Path) -> None:
    for file in files_of(maildir)[::25]:
        message = read(file)
        assert not message.defects
        sent = parsedate_to_datetime(message["Date"])
        assert sent.timestamp() == file.stat().st_mtime == int(file.name.partition(".")[0])
        assert message["To"].addresses[0].addr_spec == "vanthu@truongmau.edu.vn"
        assert message["To"].addresses[0].display_name == "Trường Tiểu học Sao Khuê"
        assert message["Subject"].strip() == message["Subject"] != ""
        body = message.get_body(("plain",))
        assert body is not None
        assert len(body.get_content()) > 40
        assert not body.get_content().isascii()


def test_lines_are_short_and_end_in_crlf_and_headers_are_ascii(maildir: Path) -> None:
    for file in files_of(maildir)[::10]:
        content = file.read_bytes()
        assert b"\n" not in content.replace(b"\r\n", b"")
        assert content.isascii()
        assert max(map(len, content.split(b"\r\n"))) <= 78


def test_every_message_has_an_id_of_its_own(maildir: Path) -> None:
    ids = [next(line for line in file.read_bytes().split(b"\r\n") if line.startswith(b"Message-ID: ")) for file in files_of(maildir)]
    assert len(set(ids)) == len(ids)


def test_about_a_sixth_of_the_messages_carry_a_file_that_can_be_taken_out(maildir: Path) -> None:
    carrying = [file for file in files_of(maildir) if b"multipart/mixed" in file.read_bytes()[:400]]
    assert 300 < len(carrying) < 700
    for file in carrying[::20]:
        (attached,) = read(file).iter_attachments()
        assert attached.get_filename() in {"CongVan.pdf", "BieuMau.xlsx", "AnhChup.jpg"}
        assert 2_000 <= len(attached.get_content()) < 60_000
