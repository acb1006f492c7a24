"""The doctor looks at every file of a secret that the settings name, whichever part of them names it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flows.doctor import examine
from flows.home import open_home
from infra.clock import now

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = """\
[school]
name = "Trường mẫu"

[backup]
repository = "kho"
password_file = "restic.pass"

[sources.qlnt]
kind = "api"
url = "https://qlnt.example/api"
column_map = "qlnt_api_2026"
client_id = "truong"
secret_file = "api.secret"

[sources.csdl]
kind = "sftp"
host = "csdl.example"
user = "truong"
path = "xuat"
column_map = "csdl_2025"
key_file = "sftp.key"

[sources.staff]
kind = "s3"
endpoint = "https://s3.example"
bucket = "nhan-su"
column_map = "staff_2026"
key_file = "s3.keys"

[mail.imap]
host = "mail.example"
user = "vanthu"
password_file = "imap.pass"
"""


def test_secrets_of_an_api_of_stores_and_of_mail_are_looked_at_as_well(tmp_path: Path) -> None:
    """A key that others may read, or that is not there, stops a night: it is told by day, before."""
    file = tmp_path / "truong.toml"
    file.write_text(SETTINGS, encoding="utf-8")
    for name, mode in {"api.secret": 0o644, "sftp.key": 0o600, "s3.keys": 0o644}.items():
        (tmp_path / name).write_text("x\ny\n", encoding="utf-8")
        (tmp_path / name).chmod(mode)
    lines = {line.label: line.good for line in examine(open_home(file)) if line.label.startswith("Tệp mật khẩu")}
    of = {label.removeprefix("Tệp mật khẩu "): good for label, good in lines.items()}
    assert of == {"restic.pass": False, "api.secret": False, "sftp.key": True, "s3.keys": False, "imap.pass": False}


def test_what_was_brought_back_and_forgotten_is_named_with_the_command_that_removes_it(tmp_path: Path) -> None:
    file = tmp_path / "truong.toml"
    file.write_text(SETTINGS, encoding="utf-8")
    restored = tmp_path / "data" / "restored"
    (restored / f"{now():%Y-%m-%d-%H%M%S}").mkdir(parents=True)
    (restored / "nhat-ky.jsonl").touch()
    assert [line for line in examine(open_home(file)) if line.label == "Bản đã lấy lại"] == []
    (restored / "2026-01-05-080000").mkdir()
    (line,) = (line for line in examine(open_home(file)) if line.label == "Bản đã lấy lại")
    assert (line.good, line.detail[:1]) == (None, "1")
    assert line.fix.endswith(f"rm -r '{restored}/2026-01-05-080000'")
