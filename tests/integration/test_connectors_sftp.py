"""SFTP drops on real servers: what is fetched, what is refused, and that every fault ends in time and leaves nothing half-written."""

from __future__ import annotations

import hashlib
import itertools
import os
import random
import shutil
import subprocess
import tempfile
import time
import unicodedata
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import paramiko
import pytest

from connectors.deadlines import Patience
from connectors.errors import SourceError, SourceRefused, SourceUnreachable
from connectors.stores.sftp import SftpStore, _Session
from connectors.stores.sftp_access import host_key_of
from connectors.stores.store import LARGEST_FILE
from tests.integration.fault_proxy import proxied
from tests.integration.sshd_server import ServedFile, Sshd, fingerprint, make_key, other_server, running_sshd, wait_until_up
from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from connectors.stores.store import StoredFile
    from infra.source_settings import SftpSource

# Where a server must be given up, and where it must not be for a machine that is merely slow.
QUICK, PATIENT = Patience(connect=3, stall=1.5, overall=30, look_again=0.3), Patience(connect=30, stall=30, overall=300, look_again=0.3)
MEGABYTE = 1024**2
WITHIN_SECONDS = 2 * QUICK.overall  # a bound for what would never end, not a measure
PASSWORD = "mật khẩu rất bí mật"  # noqa: S105 - of the test's own server

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with running_sshd(tmp_path_factory.mktemp("sshd")) as server:
        yield server


@pytest.fixture
def drop(sshd: Sshd, tmp_path: Path) -> Path:
    """A drop folder on the server, one for each test."""
    folder = sshd.files / tmp_path.name
    folder.mkdir()
    return folder


def put(file: Path, content: bytes = b"noi dung", age: float = 3600) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    os.utime(file, (time.time() - age,) * 2)
    return file


def big(megabytes: int) -> bytes:
    return random.Random(7).randbytes(megabytes * MEGABYTE)


def store(settings: SftpSource, *, recursive: bool = False, patience: Patience = PATIENT) -> SftpStore:
    return SftpStore(settings, Path("/"), "CSDL ngành", recursive, patience)


def names(settings: SftpSource, *, recursive: bool = False) -> dict[str, str]:
    """Name -> why it is not taken."""
    with store(settings, recursive=recursive).opened() as opened:
        return {file.name: file.flaw for file in opened.listed()}


def fetch(settings: SftpSource, folder: Path, patience: Patience = PATIENT) -> None:
    folder.mkdir(exist_ok=True)
    with store(settings, patience=patience).opened() as opened:
        for file in opened.listed():
            if not file.flaw:
                opened.fetch(file, folder / file.name)


def refused(settings: SftpSource, kind: type[SourceError], folder: Path) -> str:
    """The one line of a failed fetch, which ended in time and left nothing."""
    began = time.monotonic()
    with pytest.raises(SourceError) as caught:
        fetch(settings, folder, QUICK)
    assert isinstance(caught.value, kind), caught.value
    assert time.monotonic() - began < WITHIN_SECONDS
    assert list(folder.iterdir()) == []
    line = caught.value.line()
    assert "→" in line
    assert PASSWORD not in line
    assert caught.value.__cause__ is None or not isinstance(caught.value.__cause__, SourceError)
    return line


def test_a_file_arrives_whole_with_its_own_time(sshd: Sshd, drop: Path, tmp_path: Path) -> None:
    file = put(drop / "SucKhoe.xlsx", big(5) + b"end")
    fetch(sshd.settings(drop.name), tmp_path / "landing")
    copy = tmp_path / "landing" / "SucKhoe.xlsx"
    assert copy.read_bytes() == file.read_bytes()
    assert int(copy.stat().st_mtime) == int(file.stat().st_mtime)
    assert [path.name for path in (tmp_path / "landing").iterdir()] == ["SucKhoe.xlsx"]


def test_an_empty_file_arrives_empty(sshd: Sshd, drop: Path, tmp_path: Path) -> None:
    put(drop / "rong.csv", b"")
    fetch(sshd.settings(drop.name), tmp_path / "landing")
    assert (tmp_path / "landing" / "rong.csv").read_bytes() == b""


def test_vietnamese_names_blanks_and_quotes_arrive_in_nfc(sshd: Sshd, drop: Path, tmp_path: Path) -> None:
    wanted = ["Danh sách học sinh khối 1.xlsx", "Điểm “cuối kỳ” 'Ước'.xlsx", 'dấu " và ; $(x).csv', "Bảng điểm – kỳ II.xlsx"]
    for number, name in enumerate(wanted):
        put(drop / unicodedata.normalize("NFD" if number % 2 else "NFC", name), name.encode())
    fetch(sshd.settings(drop.name), tmp_path / "landing")
    assert sorted(path.name for path in (tmp_path / "landing").iterdir()) == sorted(unicodedata.normalize("NFC", name) for name in wanted)
    assert all((tmp_path / "landing" / name).read_bytes() == name.encode() for name in wanted)


def test_folders_are_gone_into_only_when_asked(sshd: Sshd, drop: Path) -> None:
    put(drop / "a.xlsx")
    put(drop / "Năm học" / "sâu" / "b.xlsx")
    (drop / "vòng").symlink_to(drop)
    assert set(names(sshd.settings(drop.name))) == {"a.xlsx"}
    assert set(names(sshd.settings(drop.name), recursive=True)) == {"a.xlsx", "Năm học/sâu/b.xlsx"}


def test_links_are_followed_inside_the_folder_and_not_out_of_it(sshd: Sshd, drop: Path) -> None:
    put(drop / "2027-05-31.xlsx")
    (drop / "moi-nhat.xlsx").symlink_to("2027-05-31.xlsx")
    (drop / "mat-khau.csv").symlink_to("/etc/passwd")
    (drop / "gay.csv").symlink_to("khong-co")
    found = names(sshd.settings(drop.name))
    assert set(found) == {"2027-05-31.xlsx", "moi-nhat.xlsx", "mat-khau.csv"}
    assert "liên kết ra ngoài" in found["mat-khau.csv"]
    assert not found["moi-nhat.xlsx"]


def test_with_done_markers_only_marked_files_are_taken(sshd: Sshd, drop: Path) -> None:
    for name in ("xong.xlsx", "xong.xlsx.done", "chua.xlsx"):
        put(drop / name, age=0)
    found = names(sshd.settings(drop.name, done_marker=True))
    assert set(found) == {"xong.xlsx", "chua.xlsx"}
    assert not found["xong.xlsx"]
    assert ".done" in found["chua.xlsx"]


def test_a_file_that_is_still_being_written_says_so(sshd: Sshd, drop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    growing, look = put(drop / "lon.xlsx", age=0), _Session._found
    put(drop / "cu.xlsx")
    put(drop / "moi.xlsx", age=0)
    put(drop / "chep.xlsx.filepart", age=0)

    def grown(session: _Session) -> list[StoredFile]:
        with growing.open("ab") as stream:
            stream.write(b"them")
        return look(session)

    monkeypatch.setattr(_Session, "_found", grown)
    found = names(sshd.settings(drop.name))
    assert {name for name, flaw in found.items() if "ghi dở" in flaw} == {"lon.xlsx", "chep.xlsx.filepart"}


def test_a_file_that_changes_once_while_it_is_fetched_arrives_as_it_is_in_the_end(sshd: Sshd, drop: Path, tmp_path: Path) -> None:
    put(drop / "a.xlsx", big(2))
    (tmp_path / "landing").mkdir()
    with store(sshd.settings(drop.name)).opened() as opened:
        (file,) = opened.listed()
        put(drop / "a.xlsx", big(3), age=60)
        opened.fetch(file, tmp_path / "landing" / "a.xlsx")
    assert (tmp_path / "landing" / "a.xlsx").read_bytes() == big(3)


def test_a_file_that_keeps_changing_is_refused(sshd: Sshd, drop: Path, tmp_path: Path) -> None:
    file = put(drop / "a.xlsx", big(4))

    def write() -> None:
        with file.open("ab") as stream:
            stream.write(b"them")

    with proxied(sshd.port) as proxy, store(sshd.settings(drop.name, port=proxy.port)).opened() as opened:
        (listed,) = opened.listed()
        proxy.before_block = write
        with pytest.raises(SourceRefused, match="ghi dở"):
            opened.fetch(listed, tmp_path / "a.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_vanished_is_told(sshd: Sshd, drop: Path, tmp_path: Path) -> None:
    file = put(drop / "a.xlsx")
    with store(sshd.settings(drop.name)).opened() as opened:
        (listed,) = opened.listed()
        file.unlink()
        with pytest.raises(SourceUnreachable, match="Không thấy tệp"):
            opened.fetch(listed, tmp_path / "a.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_the_server_is_only_read(sshd: Sshd, drop: Path, tmp_path: Path) -> None:
    put(drop / "a.xlsx", big(1))
    before = {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in drop.iterdir()}
    fetch(sshd.settings(drop.name), tmp_path / "landing")
    assert {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in drop.iterdir()} == before


def test_the_fingerprint_for_the_officer_is_that_of_ssh_keygen(sshd: Sshd) -> None:
    assert host_key_of("127.0.0.1", sshd.port, 5) == sshd.host_key


def test_a_changed_host_key_is_refused_with_both_fingerprints_and_nobody_logs_in(sshd: Sshd, tmp_path: Path) -> None:
    old = fingerprint(make_key(tmp_path / "old").with_suffix(".pub"))
    before = (sshd.home / "log").read_text()
    line = refused(sshd.settings(host_key=old), SourceRefused, tmp_path / "landing")
    assert old in line
    assert sshd.host_key in line
    assert "host_key" in line
    assert "Accepted" not in (sshd.home / "log").read_text().removeprefix(before)


def test_another_kind_of_key_of_the_same_server_may_be_pinned(tmp_path: Path) -> None:
    with running_sshd(tmp_path / "sshd") as server:
        both = (server.home / "sshd_config").read_text() + f"HostKey {server.home}/host_rsa\n"
        port = free_port()
        (server.home / "both").write_text(both.replace(f"Port {server.port}", f"Port {port}").replace("/pid", "/pid2"))
        with (server.home / "log2").open("w") as log:
            process = subprocess.Popen(["/usr/sbin/sshd", "-D", "-e", "-f", str(server.home / "both")], stderr=log)
        try:
            wait_until_up(port, process, server.home / "log2")
            put(server.files / "a.xlsx")
            settings = server.settings(port=port, host_key=fingerprint(server.home / "host_rsa.pub"))
            assert set(names(settings)) == {"a.xlsx"}
        finally:
            process.terminate()
            process.wait(10)


@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
def test_keys_of_every_usual_kind_open_the_door(kind: str, sshd: Sshd, drop: Path, tmp_path: Path) -> None:
    key = make_key(tmp_path / "key", kind)
    with (sshd.home / "authorized_keys").open("a") as stream:
        stream.write(key.with_suffix(".pub").read_text())
    put(drop / "a.xlsx")
    assert set(names(sshd.settings(drop.name, key_file=key))) == {"a.xlsx"}


def test_a_wrong_key_is_refused(sshd: Sshd, tmp_path: Path) -> None:
    assert "không cho vào" in refused(sshd.settings(key_file=make_key(tmp_path / "other")), SourceRefused, tmp_path / "landing")


def test_a_key_with_a_password_is_refused_with_what_to_do(sshd: Sshd, tmp_path: Path) -> None:
    for kind in ("ed25519", "rsa"):
        line = refused(sshd.settings(key_file=make_key(tmp_path / kind, kind, "bi mat")), SourceRefused, tmp_path / "landing")
        assert "có đặt mật khẩu" in line


def test_key_files_that_are_none_are_missing_or_open_to_others_are_refused(sshd: Sshd, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("đây không phải khóa")
    (tmp_path / "text").chmod(0o600)
    make_key(tmp_path / "ecdsa", "ecdsa")
    shutil.copy(sshd.home / "user_ed25519", tmp_path / "open")
    (tmp_path / "open").chmod(0o644)
    for name, told in (("text", "không đọc được"), ("ecdsa", "ed25519"), ("open", "chmod 600"), ("none", "Không thấy")):
        assert told in refused(sshd.settings(key_file=tmp_path / name), SourceRefused, tmp_path / "landing")


def test_a_server_that_wants_a_key_refuses_a_password_by_saying_so(sshd: Sshd, tmp_path: Path) -> None:
    password = put(tmp_path / "password", PASSWORD.encode())
    password.chmod(0o600)
    line = refused(sshd.settings(key_file=None, password_file=password), SourceRefused, tmp_path / "landing")
    assert "publickey" in line


def test_a_password_from_its_file_opens_the_door_and_a_wrong_one_does_not(tmp_path: Path) -> None:
    right, wrong = put(tmp_path / "right", PASSWORD.encode() + b"\n"), put(tmp_path / "wrong", b"sai\n")
    for file in (right, wrong):
        file.chmod(0o600)
    with other_server(PASSWORD, {"a.xlsx": ServedFile(b"noi dung")}) as server:
        fetch(server.settings(right), tmp_path / "landing")
        assert (tmp_path / "landing" / "a.xlsx").read_bytes() == b"noi dung"
        assert "sai tên đăng nhập hoặc mật khẩu" in refused(server.settings(wrong), SourceRefused, _empty(tmp_path / "second"))


def _empty(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_names_of_a_dishonest_server_never_leave_the_landing_folder(tmp_path: Path) -> None:
    password = put(tmp_path / "password", PASSWORD.encode())
    password.chmod(0o600)
    evil = [
        "../x.xlsx",
        "/etc/cron.d/x.xlsx",
        "a/../../x.xlsx",
        "nul\0.xlsx",
        "dong\nmoi.xlsx",
        "mau\x1b[31m.xlsx",
        "x" * 300 + ".xlsx",
        "",
    ]
    served = {name: ServedFile(b"evil") for name in evil} | {"lanh.xlsx": ServedFile(b"good")}
    with other_server(PASSWORD, served) as server:
        found = names(server.settings(password))
        assert {name for name, flaw in found.items() if not flaw} == {"lanh.xlsx"}
        assert all(name.isprintable() for name in found)
        (tmp_path / "deep").mkdir()
        fetch(server.settings(password), tmp_path / "deep" / "landing")
        with store(server.settings(password)).opened() as opened:
            for file in opened.listed():
                if file.flaw:
                    with pytest.raises(SourceRefused):
                        opened.fetch(file, tmp_path / "deep" / "landing" / "any.xlsx")
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()) == [
        "deep/landing/lanh.xlsx", "password",
    ]  # fmt: skip


def test_a_size_that_is_not_true_is_refused(tmp_path: Path) -> None:
    password = put(tmp_path / "password", PASSWORD.encode())
    password.chmod(0o600)
    for told in (5, 9_000):
        with other_server(PASSWORD, {"a.xlsx": ServedFile(b"x" * 1000, told_size=told)}) as server:
            refused(server.settings(password), SourceError, tmp_path / f"landing{told}")


def test_a_file_of_terabytes_is_refused_before_a_byte_comes(tmp_path: Path) -> None:
    password = put(tmp_path / "password", PASSWORD.encode())
    password.chmod(0o600)
    with other_server(PASSWORD, {"a.xlsx": ServedFile(b"x", told_size=LARGEST_FILE + 1)}) as server:
        assert "quá mức" in refused(server.settings(password), SourceRefused, tmp_path / "landing")


def test_names_that_are_not_utf8_are_told(sshd: Sshd, drop: Path, tmp_path: Path) -> None:
    with open(os.path.join(os.fsencode(drop), b"h\xf4c sinh.xlsx"), "wb"):  # noqa: PTH118, PTH123 - a name of bytes
        pass
    assert "UTF-8" in refused(sshd.settings(drop.name), SourceRefused, tmp_path / "landing")


def test_a_server_without_sftp_is_told(tmp_path: Path) -> None:
    with running_sshd(tmp_path / "sshd", sftp=False) as server:
        assert "không cho dùng SFTP" in refused(server.settings(), SourceRefused, tmp_path / "landing")


def test_a_folder_that_is_not_there_is_told(sshd: Sshd, tmp_path: Path) -> None:
    assert "Không thấy thư mục" in refused(sshd.settings("khong/co"), SourceUnreachable, tmp_path / "landing")


def test_an_account_without_rights_is_told(tmp_path: Path) -> None:
    """As root the server takes in an ordinary user; otherwise it is the ordinary user who runs the tests."""
    home = Path(tempfile.mkdtemp(prefix="truong-sshd-"))  # pytest's own folder lets no other user through
    try:
        with running_sshd(home / "server", user="nobody" if os.geteuid() == 0 else "") as server:
            home.chmod(0o755)
            put(server.files / "hop.xlsx")
            put(server.files / "kin.xlsx").chmod(0)
            with store(server.settings()).opened() as opened:
                first, second = opened.listed()
                opened.fetch(first, tmp_path / "hop.xlsx")
                with pytest.raises(SourceRefused, match="không có quyền đọc tệp"):
                    opened.fetch(second, tmp_path / "kin.xlsx")
                assert opened.could_write() is (None if os.geteuid() == 0 else True)
            assert [path.name for path in tmp_path.iterdir()] == ["hop.xlsx"]
            (server.files / "root").mkdir(mode=0)
            assert "không có quyền đọc thư mục" in refused(server.settings("root"), SourceRefused, tmp_path / "landing")
    finally:
        shutil.rmtree(home)


def test_a_host_that_has_no_name_and_a_port_where_nobody_listens(sshd: Sshd, tmp_path: Path) -> None:
    assert "theo tên" in refused(sshd.settings(host="khong-co.invalid"), SourceUnreachable, tmp_path / "landing")
    assert "không trả lời" in refused(sshd.settings(port=free_port()), SourceUnreachable, tmp_path / "landing")


@pytest.mark.parametrize("mode", ["refuse", "black hole", "drip"])
def test_a_server_that_does_not_answer_ends_in_time(mode: str, sshd: Sshd, tmp_path: Path) -> None:
    with proxied(sshd.port, mode) as proxy:
        refused(sshd.settings(port=proxy.port), SourceUnreachable, tmp_path / "landing")
        with pytest.raises(SourceUnreachable):
            host_key_of("127.0.0.1", proxy.port, 2)


@pytest.mark.parametrize("after", [10, 500, 1500, 2500, 3500])
def test_silence_at_any_point_of_the_greeting_ends_in_time(after: int, sshd: Sshd, tmp_path: Path) -> None:
    with proxied(sshd.port, "stall", after=after) as proxy:
        refused(sshd.settings(port=proxy.port), SourceUnreachable, tmp_path / "landing")


@pytest.mark.parametrize("halting", [False, True])
def test_a_transfer_that_is_cut_goes_on_where_it_stopped(
    sshd: Sshd, drop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, halting: bool
) -> None:
    """`halting`: questions are sent so slowly that every answer could overtake the next one."""
    if halting:
        monkeypatch.setattr(paramiko.SFTPClient, "_async_request", _halting(paramiko.SFTPClient._async_request))
    content = big(20)
    put(drop / "a.xlsx", content)
    with proxied(sshd.port, "cut", after=12 * MEGABYTE, cuts=1) as proxy:
        fetch(sshd.settings(drop.name, port=proxy.port), tmp_path / "landing")
        assert (tmp_path / "landing" / "a.xlsx").read_bytes() == content
        assert proxy.connections == 2
        assert proxy.passed < 26 * MEGABYTE, "the second connection must not begin anew"


def _halting(ask: Callable[..., object]) -> Callable[..., object]:
    counted = itertools.count(1)

    def asked(*arguments: object) -> object:
        if next(counted) % 20 == 0:
            time.sleep(0.05)
        return ask(*arguments)

    return asked


def test_a_transfer_that_is_cut_goes_on_after_the_server_was_away(sshd: Sshd, drop: Path, tmp_path: Path) -> None:
    content = big(8)
    put(drop / "a.xlsx", content)
    with proxied(sshd.port, "cut", after=4 * MEGABYTE, cuts=1) as proxy:
        proxy.away = 1
        fetch(sshd.settings(drop.name, port=proxy.port), tmp_path / "landing")
        assert proxy.connections == 3
    assert hashlib.sha256((tmp_path / "landing" / "a.xlsx").read_bytes()).digest() == hashlib.sha256(content).digest()


def test_another_file_behind_a_cut_is_not_glued_to_the_first(sshd: Sshd, drop: Path, tmp_path: Path) -> None:
    put(drop / "a.xlsx", big(8))
    later = b"khac" * (2 * MEGABYTE)
    with proxied(sshd.port, "cut", after=4 * MEGABYTE, cuts=1) as proxy:
        proxy.before_cut = lambda: put(drop / "a.xlsx", later, age=60)
        fetch(sshd.settings(drop.name, port=proxy.port), tmp_path / "landing")
        assert proxy.cuts == 0
    assert (tmp_path / "landing" / "a.xlsx").read_bytes() == later


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["cut", "stall"])
def test_a_line_that_never_gets_through_ends_in_time_and_leaves_nothing(mode: str, sshd: Sshd, drop: Path, tmp_path: Path) -> None:
    put(drop / "a.xlsx", big(8))
    with proxied(sshd.port, mode, after=MEGABYTE) as proxy:
        line = refused(sshd.settings(drop.name, port=proxy.port), SourceUnreachable, tmp_path / "landing")
    assert "Mất kết nối" in line


def test_a_server_that_sends_byte_by_byte_is_cut_at_the_deadline(sshd: Sshd, drop: Path, tmp_path: Path) -> None:
    put(drop / "a.xlsx", big(1))
    with proxied(sshd.port) as proxy:
        settings, began = sshd.settings(drop.name, port=proxy.port), time.monotonic()
        with store(settings, patience=replace(PATIENT, overall=8)).opened() as opened:
            (file,) = opened.listed()
            proxy.mode = "drip"
            with pytest.raises(SourceUnreachable, match="vẫn chưa lấy xong"):
                opened.fetch(file, tmp_path / "a.xlsx")
        assert time.monotonic() - began < WITHIN_SECONDS
    assert list(tmp_path.iterdir()) == []


def test_whether_the_account_could_write_is_told_by_attributes(sshd: Sshd, drop: Path) -> None:
    drop.chmod(0o777)
    with store(sshd.settings(drop.name)).opened() as opened:
        assert opened.could_write() is True
    drop.chmod(0o555)
    with store(sshd.settings(drop.name)).opened() as opened:
        assert opened.could_write() is False


def test_a_full_disk_here_is_not_told_as_the_servers_fault(sshd: Sshd, drop: Path, tmp_path: Path) -> None:
    put(drop / "a.xlsx", big(4))
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(small)], check=False, capture_output=True)
    if mounted.returncode:
        small.rmdir()
        small.symlink_to("/dev/full")  # nothing can be written there either
    try:
        with store(sshd.settings(drop.name)).opened() as opened:
            (file,) = opened.listed()
            with pytest.raises(SourceRefused, match="trên máy này"):
                opened.fetch(file, small / "a.xlsx")
            assert small.is_symlink() or list(small.iterdir()) == []
    finally:
        if not mounted.returncode:
            subprocess.run(["umount", str(small)], check=True)
