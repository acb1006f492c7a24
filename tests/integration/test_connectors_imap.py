"""The mail server over IMAP beside its own Maildir, on a real Dovecot: the same plan, nothing changed, every fault one line."""

from __future__ import annotations

import os
import shutil
import time
from collections import Counter
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING

import pytest
import trustme

from connectors.demo.mail import write_maildir
from connectors.errors import SourceError, SourceRefused, SourceUnreachable
from connectors.mail import imap, imap_access
from connectors.mail.imap import probe_imap, read_imap
from connectors.mail.maildir import read_maildir
from flows.home import Home
from flows.mailing import mail_plan
from infra.errors import ConfigurationError
from infra.settings import Mail, School, Settings
from tests.integration.fault_proxy import proxied
from tests.integration.imap_server import ASCII_PASSWORD, ASCII_USER, PASSWORD, USER, Dovecot, Network, Script
from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from backup.mail_archive import PruningPlan
    from connectors.records.mail import Message
    from infra.source_settings import ImapServer

pytestmark = pytest.mark.server
DAY, MAILS = date(2027, 5, 31), 3000
ARCHIVE, PARENTLESS = ".L&AbA-u tr&Hu8-", ".Cha.Con"  # Lưu trữ, and a folder whose parent is no folder
BARE_LINES = 7
SHORT_PATIENCE = 1.5


def seed_more(maildir: Path) -> None:
    """What the demo's mail has not: a folder with Vietnamese letters, odd dates, flags, a file with bare LF."""
    for folder in (ARCHIVE, PARENTLESS):
        for part in ("cur", "new", "tmp"):
            (maildir / folder / part).mkdir(parents=True)
    letters = {
        f"{ARCHIVE}/cur/1500000000.M1P1.may:2,FRS": b"From: =?utf-8?q?=C4=90=E1=BA=B7ng?= <A@B.vn>\r\nSubject: x\r\n"
        b"Date: Fri, 14 Jul 2017 09:40:00 +0700\r\nMessage-ID: <1@b.vn>\r\n\r\nthan\r\n",
        f"{ARCHIVE}/new/1500000001.M2P1.may": b"From: a@b.vn\r\nSubject: khong ngay\r\nMessage-ID: <2@b.vn>\r\n\r\n",
        f"{PARENTLESS}/cur/1500000002.M3P1.may:2,S": b"From: a@b.vn\nSubject: LF\nDate: Fri, 14 Jul 2017 09:40:02 +0700\n"
        b"Message-ID: <3@b.vn>\n\nmot\nhai\n",
    }
    for name, content in letters.items():
        (maildir / name).write_bytes(content)
        os.utime(maildir / name, (1_500_000_000, 1_500_000_000))


@pytest.fixture(scope="module")
def server() -> Iterator[Dovecot]:
    dovecot = Dovecot()
    write_maildir(dovecot.maildir, 1, DAY, MAILS)
    seed_more(dovecot.maildir)
    with dovecot.running():
        yield dovecot


@contextmanager
def small_server(mails: int = 60, **changes: str) -> Iterator[Dovecot]:
    """A server whose mail a test may spoil."""
    dovecot = Dovecot(**changes)
    write_maildir(dovecot.maildir, 2, DAY, mails)
    with dovecot.running():
        yield dovecot


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imap_access, "COMMAND_SECONDS", SHORT_PATIENCE)
    monkeypatch.setattr(imap, "PAUSE_SECONDS", 0.05)


def read(settings: ImapServer) -> list[Message]:
    # The fixtures' paths are absolute: no home is needed.
    from pathlib import Path

    return list(read_imap(settings, Path("/")))


def compared(message: Message, *, size: bool = True) -> tuple[object, ...]:
    shown = (message.folder, message.received, message.dated, message.sender, message.subject, message.flags)
    return (*shown, message.size) if size else shown


def plan_of(mail: Mail, home: Path) -> PruningPlan:
    settings = Settings(school=School(name="Trường mẫu"), mail=mail, home=home)
    return mail_plan(Home(settings, home / "truong.toml"), DAY)


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_the_plan_over_imap_is_the_plan_of_the_maildir(server: Dovecot, security: str, tmp_path: Path) -> None:
    over_imap = plan_of(Mail(imap=server.settings(security)), tmp_path)
    of_maildir = plan_of(Mail(maildir=server.maildir), tmp_path)
    assert over_imap.examined == of_maildir.examined == MAILS + 3
    assert over_imap.count == of_maildir.count > 100
    assert Counter(over_imap.held) == Counter(of_maildir.held)
    assert sum(over_imap.held.values()) > 50
    assert len(over_imap.review) == len(of_maildir.review) == 1
    # The one file with bare LF weighs a byte more for each of its lines: IMAP counts what is sent.
    assert over_imap.total_bytes == of_maildir.total_bytes + BARE_LINES
    shown = {(group.folder, group.year): (group.count, group.bytes) for group in over_imap.groups}
    expected = {(group.folder, group.year): (group.count, group.bytes) for group in of_maildir.groups}
    expected["Cha/Con", 2017] = (1, expected["Cha/Con", 2017][1] + BARE_LINES)
    assert shown == expected


def test_every_message_is_the_same_as_in_the_maildir(server: Dovecot) -> None:
    over_imap = {message.message_id: message for message in read(server.settings())}
    in_maildir = {message.message_id: message for message in read_maildir(server.maildir)}
    assert over_imap.keys() == in_maildir.keys()
    assert len(over_imap) == MAILS + 3
    for message_id, message in in_maildir.items():
        bare = message_id == "<3@b.vn>"
        assert compared(over_imap[message_id], size=not bare) == compared(message, size=not bare)
    assert over_imap["<1@b.vn>"].flags == "FRS"
    assert over_imap["<1@b.vn>"].folder == "Lưu trữ"
    assert over_imap["<3@b.vn>"].size == in_maildir["<3@b.vn>"].size + BARE_LINES


def test_reading_changes_no_flag_no_file_and_nothing_that_the_server_counts(server: Dovecot) -> None:
    assert any("/new/" in f"/{name}" for name in server.messages()), "without a new message this proves little"
    state, files = server.state(), server.messages()
    assert len(state) == 9
    read(server.settings())
    read(server.settings("starttls"))
    list(probe_imap(server.settings(), server.folder))
    assert server.messages() == files
    assert server.state() == state


def test_folders_come_in_one_order_and_keys_name_a_message_for_good(server: Dovecot) -> None:
    first, second = read(server.settings()), read(server.settings(user=ASCII_USER, password_file=server.folder / "mat_khau_ascii"))
    assert [message.key for message in first] == [message.key for message in second]
    assert len({message.key for message in first}) == len(first)
    folders = list(dict.fromkeys(message.folder for message in first))
    assert folders == [
        "Hộp thư đến", "Ban-tin", "Cha/Con", "Cong-van", "Cong-van/Phuong", "Lưu trữ", "Nha-cung-cap", "Phu-huynh", "Thong-bao-may"
    ]  # fmt: skip
    validity, number = next(message.key for message in first if message.folder == "Lưu trữ").removeprefix("L&AbA-u tr&Hu8-/").split(".")
    assert int(validity) > 0
    assert number == "1"


def test_own_prefix_is_not_shown_and_other_peoples_folders_are_left_alone() -> None:
    more = "namespace chung {{\n  type = public\n  separator = .\n  prefix = Chung.\n  location = maildir:{place}\n  list = yes\n}}"
    dovecot = Dovecot(separator=".", prefix="INBOX.")
    dovecot.more = more.format(place=dovecot.folder / "mail" / "chung")
    write_maildir(dovecot.maildir, 2, DAY, 60)
    write_maildir(dovecot.maildir / "chung", 3, DAY, 40)
    with dovecot.running():
        with dovecot.client() as client:
            assert any(b"Chung." in line for line in client.list()[1]), "the server must show folders of others"
        folders = Counter(message.folder for message in read(dovecot.settings()))
        assert sum(folders.values()) == 60
        assert folders == Counter(message.folder for message in read_maildir(dovecot.maildir))


def test_3000_messages_take_few_questions(server: Dovecot, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, begin = list[object](), imap_access.Wire.begin
    monkeypatch.setattr(imap_access.Wire, "begin", lambda wire, *seconds: asked.append(wire) or begin(wire, *seconds))
    assert len(read(server.settings())) == MAILS + 3
    assert len(asked) < MAILS / 30


@pytest.mark.parametrize("after", [9_000, 150_000, 600_000])
def test_a_dropped_connection_is_made_again_and_no_message_is_lost_or_told_twice(server: Dovecot, after: int) -> None:
    whole = read(server.settings())
    with Network(server.tls, after=after, faults=1).running() as network:
        assert read(server.settings(port=network.port)) == whole
        assert network.connections == 2


def test_the_second_drop_ends_the_reading(server: Dovecot) -> None:
    with Network(server.tls, after=150_000, faults=9).running() as network:
        with pytest.raises(SourceUnreachable, match="ngắt kết nối"):
            read(server.settings(port=network.port))
        assert network.connections == 2


@pytest.mark.slow
def test_a_stall_of_30_seconds_is_given_up_and_the_reading_goes_on(server: Dovecot) -> None:
    whole = read(server.settings())
    started = time.monotonic()
    with Network(server.tls, after=150_000, faults=1, silent=True).running() as network:
        assert read(server.settings(port=network.port)) == whole
    assert 20 < time.monotonic() - started < 90


@pytest.mark.usefixtures("impatient")
def test_a_server_that_falls_silent_twice_is_an_error_in_bounded_time(server: Dovecot) -> None:
    started = time.monotonic()
    with (
        Network(server.tls, after=150_000, faults=9, silent=True).running() as network,
        pytest.raises(SourceUnreachable, match="không trả lời trong"),
    ):
        read(server.settings(port=network.port))
    assert time.monotonic() - started < 60


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_greeting_or_an_answer_that_comes_byte_by_byte_is_given_up(
    server: Dovecot, security: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with proxied(server.tls if security == "tls" else server.plain) as proxy:
        settings, proxy.mode = server.settings(security, port=proxy.port), "drip"
        with pytest.raises(SourceUnreachable, match="không trả lời trong"):
            read(settings)
        proxy.mode = "pass"
        with monkeypatch.context() as patient:  # until the drops begin
            patient.setattr(imap_access, "COMMAND_SECONDS", 25.0)
            messages = read_imap(settings, server.folder)
            next(messages)
        proxy.mode = "drip"
        with pytest.raises(SourceUnreachable, match="không trả lời trong"):
            list(messages)


def test_answers_that_all_come_in_time_still_end_with_the_whole(server: Dovecot) -> None:
    with pytest.raises(SourceUnreachable, match="Quá giờ cho phép"):
        list(read_imap(server.settings(), server.folder, overall=0))


def test_a_folder_that_vanishes_meanwhile_is_named() -> None:
    with small_server() as dovecot:
        messages = read_imap(dovecot.settings(), dovecot.folder)
        next(messages)
        shutil.rmtree(dovecot.maildir / ".Phu-huynh")
        with pytest.raises(SourceRefused, match="Phu-huynh") as caught:
            list(messages)
        assert "→" in caught.value.line()


def test_a_folder_that_is_numbered_anew_while_the_line_was_down_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imap, "BATCH", 2)
    with small_server() as dovecot, Network(dovecot.tls).running() as network:
        messages = read_imap(dovecot.settings(port=network.port), dovecot.folder)
        next(messages)
        network.cut()
        for file in dovecot.maildir.glob("dovecot*"):
            file.unlink()
        time.sleep(1.1)  # a validity is the second in which it was given
        with pytest.raises(SourceRefused, match="đánh số lại"):
            list(messages)


def test_mail_that_goes_and_comes_during_the_reading_does_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imap, "BATCH", 2)
    monkeypatch.setattr(imap, "WINDOW", 5)
    with small_server(200) as dovecot:
        messages = read_imap(dovecot.settings(), dovecot.folder)
        seen = [next(messages)]
        with dovecot.client() as other:
            other.select("INBOX")
            other.store("3,5", "+FLAGS", "\\Deleted")
            other.expunge()
            other.append("INBOX", "", "", b"Subject: moi\r\nMessage-ID: <moi@x>\r\n\r\n")
        seen += messages
        numbers = [message.key for message in seen]
        assert len(set(numbers)) == len(numbers)
        assert 198 <= len(numbers) <= 201


def test_windows_and_batches_do_not_change_what_is_read(server: Dovecot, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = read(server.settings())
    monkeypatch.setattr(imap, "WINDOW", 100)
    monkeypatch.setattr(imap, "BATCH", 33)
    assert read(server.settings()) == whole


Case = tuple[type[SourceError | ConfigurationError], tuple[str, ...]]
FAULTS: dict[str, tuple[Callable[[Dovecot], ImapServer], Case]] = {
    "wrong password": (
        lambda dovecot: dovecot.settings(password_file=dovecot.folder / "mat_khau_sai"),
        (SourceRefused, ("từ chối tên hoặc mật khẩu", "password_file")),
    ),
    "no such user": (lambda dovecot: dovecot.settings(user="ai-do"), (SourceRefused, ("từ chối tên hoặc mật khẩu",))),
    "plain port asked for TLS": (lambda dovecot: dovecot.settings(port=dovecot.plain), (SourceRefused, ("TLS", "starttls"))),
    "own certificates not given": (
        lambda dovecot: dovecot.settings(ca_file=None),
        (SourceRefused, ("Không tin được chứng chỉ", "ca_file")),
    ),
    "another name than the certificate's": (
        lambda dovecot: dovecot.settings(host="127.0.0.2"),
        (SourceUnreachable, ("127.0.0.2", "Không kết nối")),
    ),
    "server gone": (lambda dovecot: dovecot.settings(port=free_port()), (SourceUnreachable, ("Không kết nối được",))),
    "unknown name": (lambda dovecot: dovecot.settings(host="khong-co.invalid"), (SourceUnreachable, ("Không tìm thấy máy chủ thư",))),
    "no password file": (
        lambda dovecot: dovecot.settings(password_file=dovecot.folder / "khong-co"),
        (ConfigurationError, ("Không thấy tệp mật khẩu",)),
    ),
    "certificate file is no certificate": (
        lambda dovecot: dovecot.settings(ca_file=dovecot.folder / "users"),
        (ConfigurationError, ("ca_file",)),
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_one_line_that_says_what_to_do_and_no_secret(server: Dovecot, name: str) -> None:
    spoilt, (kind, told) = FAULTS[name]
    with pytest.raises(kind) as caught:
        read(spoilt(server))
    line = caught.value.line()
    assert type(caught.value) is kind
    assert all(text in line for text in told), line
    assert "→" in line
    assert PASSWORD not in line
    assert "\n" not in line


def test_a_certificate_of_another_authority_or_name_is_refused(server: Dovecot, tmp_path: Path) -> None:
    trustme.CA().cert_pem.write_to_path(tmp_path / "la.pem")
    with pytest.raises(SourceRefused, match="Không tin được chứng chỉ"):
        read(server.settings("starttls", ca_file=tmp_path / "la.pem"))
    with pytest.raises(SourceRefused, match=r"Không tin được chứng chỉ.*match"):
        read(server.settings(host="127.1"))


SCRIPTS: dict[str, tuple[tuple[bytes, ...], Case]] = {
    "no STARTTLS": (
        (b"* OK hi\r\n", b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\nTAG OK done\r\n"),
        (SourceRefused, ("không có STARTTLS", "mật khẩu không bao giờ gửi")),
    ),
    "STARTTLS refused": (
        (b"* OK hi\r\n", b"* CAPABILITY IMAP4rev1 STARTTLS\r\nTAG OK done\r\n", b"TAG NO not now\r\n"),
        (SourceRefused, ("từ chối",)),
    ),
    "a web server": ((b"HTTP/1.1 400 Bad Request\r\n\r\n",), (SourceUnreachable, ("ngắt kết nối",))),
    "says goodbye at once": ((b"* BYE too busy\r\n",), (SourceRefused, ("từ chối kết nối",))),
    "an endless line": ((b"x" * 3_000_000,), (SourceUnreachable, ("ngắt kết nối",))),
    "a literal of 9 GB": ((b"* OK {9999999999}\r\n",), (SourceUnreachable, ("ngắt kết nối",))),
    "says nothing": ((b"",), (SourceUnreachable, ("không trả lời trong",))),
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_server_that_is_no_mail_server_is_told_apart_in_bounded_time(server: Dovecot, name: str, request: pytest.FixtureRequest) -> None:
    script, (kind, told) = SCRIPTS[name]
    if not any(script):
        request.getfixturevalue("impatient")
    started = time.monotonic()
    with Script(script).running() as other, pytest.raises(kind) as caught:
        read(server.settings("starttls", port=other.port))
    assert all(text in caught.value.line() for text in told), caught.value.line()
    assert time.monotonic() - started < 60


OFFERS_TLS = b"* CAPABILITY IMAP4rev1 STARTTLS\r\nTAG OK done\r\n"
WITHOUT_PLAIN = b"* CAPABILITY IMAP4rev1\r\nTAG OK done\r\n"


def test_what_was_said_before_the_encryption_is_not_believed(server: Dovecot) -> None:
    slipped_in = b"TAG OK go\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN SLIPPED-IN\r\n<TLS>"
    script = Script((b"* OK hi\r\n", OFFERS_TLS, slipped_in, WITHOUT_PLAIN), server.context())
    with script.running():
        wire = imap_access.Server(server.settings("starttls", port=script.port), server.folder).greeted()
        assert wire.capabilities == ("IMAP4REV1",)
        imap_access.shut(wire)


def test_a_server_that_only_knows_the_old_log_in_gets_that_and_never_in_plain_text(server: Dovecot) -> None:
    script = Script((b"* OK hi\r\n", OFFERS_TLS, b"TAG OK go\r\n<TLS>", WITHOUT_PLAIN, b"TAG NO no\r\n"), server.context())
    account = {"user": ASCII_USER, "password_file": server.folder / "mat_khau_ascii"}
    with script.running(), pytest.raises(SourceRefused, match="từ chối tên hoặc mật khẩu") as caught:
        read(server.settings("starttls", port=script.port, **account))
    assert script.told[3].split(b" ", 1)[1] == b'LOGIN doc@truongmau.edu.vn "chi-doc \\"7\\" \\\\"\r\n'
    assert ASCII_PASSWORD not in caught.value.line()


def test_a_password_that_the_old_log_in_cannot_carry_is_told(server: Dovecot) -> None:
    script = Script((b"* OK hi\r\n", OFFERS_TLS, b"TAG OK go\r\n<TLS>", WITHOUT_PLAIN), server.context())
    with script.running(), pytest.raises(SourceRefused, match="có dấu") as caught:
        read(server.settings("starttls", port=script.port))
    assert PASSWORD not in caught.value.line()


def test_the_connection_test_tells_every_step(server: Dovecot) -> None:
    for security in ("tls", "starttls"):
        steps = dict(probe_imap(server.settings(security), server.folder))
        assert list(steps) == ["Tên máy chủ", "Cổng", "TLS", "Đăng nhập", "Thư mục"]
        assert steps["Tên máy chủ"] == "127.0.0.1"
        assert steps["TLS"].startswith("TLSv1.3, chứng chỉ tin được, dùng đến ")
        assert steps["Đăng nhập"] == f"được, tài khoản {USER}"
        assert steps["Thư mục"] == "9 thư mục đọc được"


def test_the_connection_test_stops_at_the_step_that_fails(server: Dovecot) -> None:
    seen = []
    with pytest.raises(SourceRefused, match="mật khẩu"):
        seen += probe_steps(server.settings(password_file=server.folder / "mat_khau_sai"), seen)
    assert seen == ["Tên máy chủ", "Cổng", "TLS"]


def probe_steps(settings: ImapServer, seen: list[str]) -> list[str]:
    from pathlib import Path

    for step, _ in probe_imap(settings, Path("/")):
        seen.append(step)
    return []


def test_no_connection_is_left_open(server: Dovecot) -> None:
    with Network(server.tls).running() as network:
        messages = read_imap(server.settings(port=network.port), server.folder)
        next(messages)
        messages.close()
        _wait_until(lambda: all(end.fileno() < 0 or _is_shut(end) for end in network.open))


def _is_shut(end: object) -> bool:
    import socket

    assert isinstance(end, socket.socket)
    try:
        end.getpeername()
    except OSError:
        return True
    return False


def _wait_until(done: Callable[[], bool]) -> None:
    for _ in range(1200):
        if done():
            return
        time.sleep(0.05)
    pytest.fail("a connection stayed open")


def test_no_mail_store_set_says_where_to_set_one(tmp_path: Path) -> None:
    settings = Settings(school=School(name="Trường mẫu"), home=tmp_path)
    with pytest.raises(ConfigurationError, match="Chưa đặt kho thư"):
        mail_plan(Home(settings, tmp_path / "truong.toml"), DAY)
