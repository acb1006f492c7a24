"""`truong connect --test` on real servers of other kinds: SSH, HTTPS, IMAP; keys and certificates are shown, never written."""

from __future__ import annotations

import os
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
import trustme

from connectors.probing.kinds import outside, reachable, steps_of, steps_of_api
from connectors.probing.steps import Mark, Place, reach_checks, run, within
from connectors.probing.store import store_checks
from connectors.stores.sftp import SftpStore
from infra.settings import Mail, Settings
from tests.integration.api_server import api_of, authority, certificate
from tests.integration.connecting import PERSONAL, marks, settings_of, taken
from tests.integration.connector_sources import write_all
from tests.integration.imap_server import Dovecot
from tests.integration.sshd_server import running_sshd

if TYPE_CHECKING:
    import ssl
    from pathlib import Path

    from connectors.probing.steps import Check

pytestmark = pytest.mark.server


def test_the_host_key_is_shown_with_the_line_to_paste_and_never_written(tmp_path: Path) -> None:
    with running_sshd(tmp_path / "sshd") as sshd:
        other = "SHA256:" + "A" * 43
        part = (
            f'[sources.website]\nkind = "sftp"\nhost = "127.0.0.1"\nport = {sshd.port}\nuser = "{sshd.user}"\npath = "{sshd.files}"\n'
            f'host_key = "{other}"\nkey_file = "{sshd.home / "user_ed25519"}"\ncolumn_map = "csdl_2025"'
        )
        settings = settings_of(tmp_path, part)
        before = (tmp_path / "truong.toml").read_bytes()
        steps = list(run(_until_key(settings)))
        assert [step.mark for step in steps] == [Mark.GOOD, Mark.GOOD, Mark.BAD]
        assert steps[-1].lines == (f'host_key = "{sshd.host_key}"',)
        assert (tmp_path / "truong.toml").read_bytes() == before
        pinned = settings_of(tmp_path, part.replace(other, sshd.host_key))
        assert [step.mark for step in run(_until_key(pinned))] == [Mark.GOOD, Mark.GOOD, Mark.GOOD]


def _until_key(settings: Settings) -> tuple[Check, ...]:
    return outside(settings, "website", 5)


def test_what_hangs_is_left_behind() -> None:
    never = threading.Event()
    assert within(0.1, never.wait) is None
    never.set()
    assert within(5, lambda: 7) == 7


def test_a_machine_that_does_not_speak_tls_or_is_not_trusted(tmp_path: Path) -> None:
    import ssl

    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_answer, args=(listener, context), daemon=True).start()
        place = Place("127.0.0.1", listener.getsockname()[1], tls=True)
        untrusted = list(run(reach_checks(place, 5)))[-1]
        trusted = list(run(reach_checks(Place(place.host, place.port, tls=True, ca_file=tmp_path / "ca.pem"), 5)))[-1]
    assert (untrusted.mark, trusted.mark) == (Mark.BAD, Mark.GOOD)
    assert "không bao giờ tắt kiểm tra" in untrusted.fix
    assert untrusted.lines == trusted.lines
    assert untrusted.lines[0].count(":") == 32


def _answer(listener: socket.socket, context: ssl.SSLContext) -> None:
    with suppress(OSError):
        while True:
            client = listener.accept()[0]
            with suppress(OSError), context.wrap_socket(client, server_side=True) as secured:
                secured.recv(1)


def test_an_sftp_account_that_could_write_is_told_by_attributes_alone(tmp_path: Path) -> None:
    with running_sshd(tmp_path / "sshd") as sshd:
        file = sshd.files / "DanhSachHocSinh.xlsx"
        file.write_bytes((write_all(tmp_path / "from") / "csdl" / file.name).read_bytes())
        os.utime(file, (1_700_000_000, 1_700_000_000))  # a young file would be looked at twice
        store = SftpStore(sshd.settings(), tmp_path, "CSDL ngành")
        for mode, mark in ((0o777, Mark.WARN), (0o555, Mark.GOOD)):
            sshd.files.chmod(mode)
            steps = {step.label: step for step in run(store_checks(store, None))}
            assert (steps["Đăng nhập"].mark, steps["Quyền"].mark) == (Mark.GOOD, mark)
            assert "DanhSachHocSinh.xlsx" in steps["Đăng nhập"].detail
        assert sorted(path.name for path in sshd.files.iterdir()) == ["DanhSachHocSinh.xlsx"]


def test_an_api_step_by_step_with_few_fields_and_no_value(tmp_path: Path) -> None:
    file = write_all(tmp_path) / "qlnt" / "qlnt.sqlite"
    with api_of(file, tmp_path / "api", certificate(authority(_made(tmp_path / "api")))) as api:
        steps = list(steps_of_api(api.source(tmp_path / "out")))
    assert {step.mark for step in steps} <= {Mark.GOOD, Mark.WARN}
    assert [step.label for step in steps[:4]] == ["Tên máy", "Cổng", "TLS", "Đăng nhập"]
    assert next(step.detail for step in steps if step.label == "Đọc thử" and "hoc-sinh" in step.detail).endswith(", …")
    assert [value for value in PERSONAL if value in repr(steps)] == []


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


def test_a_mail_server_and_a_maildir(tmp_path: Path) -> None:
    (tmp_path / "mail").mkdir()
    folder = settings_of(tmp_path, '[mail]\nmaildir = "mail"')
    assert [step.mark for step in steps_of(folder, "mail", tmp_path)] == [Mark.GOOD]
    with Dovecot().running() as dovecot:
        mail = folder.model_copy(update={"mail": Mail(imap=dovecot.settings())})
        steps = taken(mail, tmp_path, "mail")
        assert set(marks(steps)) == {"✓"}
        assert "Đăng nhập" in steps
        assert reachable(mail, "mail", 3).mark is Mark.GOOD
        (dovecot.folder / "mat_khau").write_text("sai\n", encoding="utf-8")
        assert marks(taken(mail, tmp_path, "mail")).endswith("✗")
