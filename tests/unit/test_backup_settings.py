"""What the settings of [backup] refuse, and how a place is reached: no prompt, no settings of the user, no secret in sight."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest

from backup.access import Access, answers, server_of
from backup.dump_stream import pass_on
from backup.opening import open_repositories
from infra.errors import ConfigurationError
from infra.settings import load_settings
from tests.ports import free_port

if TYPE_CHECKING:
    from pathlib import Path

    from infra.settings import Settings

SFTP = """
[[backup.copies]]
name = "may-khac"
repository = "sftp:saoluu@may.truong.vn:/kho/restic"
password_file = "b.pass"
key_file = "khóa riêng, của máy"
known_hosts_file = "known hosts"
"""


def _settings(tmp_path: Path, text: str) -> Settings:
    (tmp_path / "truong.toml").write_text(f'[school]\nname = "T"\n{text}', encoding="utf-8")
    return load_settings(tmp_path / "truong.toml")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[[backup.copies]]\nname = "a"\nrepository = "sftp:u@h:/r"\npassword_file = "p"\n', "key_file và known_hosts_file"),
        ('[[backup.copies]]\nname = "a"\nrepository = "s3:https://h/b"\npassword_file = "p"\n', "kho S3 cần key_file"),
        ('[[backup.copies]]\nname = "a"\nrepository = "rest:https://u:p@h/"\npassword_file = "p"\n', "địa chỉ kho có mật khẩu"),
        ('[[backup.copies]]\nname = "tai-cho"\nrepository = "b"\npassword_file = "p"\n', "phải có tên riêng"),
        ('[[backup.copies]]\nname = "a"\nrepository = "rest:https://h/"\npassword_file = "p"\nremovable = true\n', "đĩa cắm vào máy"),
        ('[backup.folders]\nlanding = "x"\n', "tên phần sao lưu bị trùng"),
        ('[backup.folders]\n"Trang Web" = "x"\n', "chữ thường không dấu"),
        ('[backup]\ncontents = ["anh"]\n', "contents"),
        ("[backup.keep]\ndaily = 3\n", "daily"),
    ],
)
def test_what_is_refused(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told) as caught:
        _settings(tmp_path, text)
    assert "\n" not in caught.value.line()


def test_nothing_is_deleted_and_nothing_copied_unless_it_is_set(tmp_path: Path) -> None:
    settings = _settings(tmp_path, "")
    assert settings.backup.keep is None
    (only,) = open_repositories(settings)
    assert only.path == tmp_path / "data/backups/restic"


def test_ssh_asks_nothing_and_believes_only_the_pinned_key(tmp_path: Path) -> None:
    _, copy = open_repositories(_settings(tmp_path, SFTP))
    with pytest.raises(ConfigurationError, match="Không thấy tệp của kho SFTP"):
        copy.access.options(copy.url)
    for name in ("khóa riêng, của máy", "known hosts"):
        (tmp_path / name).touch(mode=0o600)
    option, value = copy.access.options(copy.url)
    assert option == "-o"
    assert value.startswith('"sftp.command=ssh -F none')
    words = shlex.split(value[1:-1].replace('""', '"').removeprefix("sftp.command="))
    assert words[:4] == ["ssh", "-F", "none", "-i"]
    assert {"BatchMode=yes", "StrictHostKeyChecking=yes", f'UserKnownHostsFile="{tmp_path}/known hosts"'} <= set(words)
    assert words[-5:] == ["-l", "saoluu", "may.truong.vn", "-s", "sftp"]
    (tmp_path / "khóa riêng, của máy").chmod(0o644)
    with pytest.raises(ConfigurationError, match="người khác đọc được"):
        copy.access.options(copy.url)


def test_the_keys_of_a_bucket_come_from_two_lines(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("AKIA\nbi-mat\n", encoding="utf-8")
    keys.chmod(0o600)
    url = "s3:https://h/b"
    assert Access(keys).environment(url) == {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "bi-mat"}
    assert "bi-mat" not in " ".join(Access(keys, region="vn").options(url))
    keys.write_text("AKIA\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="đúng hai dòng"):
        Access(keys).environment(url)


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("/mnt/restic", None),
        ("sftp:u@h:/r", ("h", 22)),
        ("sftp://u@h:2222//r", ("h", 2222)),
        ("s3:https://s3.vn/b/r", ("s3.vn", 443)),
        ("s3:http://127.0.0.1:9000/b", ("127.0.0.1", 9000)),
        ("s3:s3.vn/b", ("s3.vn", 443)),
        ("rest:https://h:8000/r/", ("h", 8000)),
    ],
)
def test_who_is_asked_whether_it_is_there(url: str, server: tuple[str, int] | None) -> None:
    assert server_of(url) == server


def test_a_server_that_is_not_there_does_not_answer(tmp_path: Path) -> None:
    assert answers(str(tmp_path))
    assert not answers(f"rest:http://127.0.0.1:{free_port()}/", seconds=1)


def test_rows_are_counted_as_they_pass(tmp_path: Path) -> None:
    dump = """CREATE TABLE public.a (
);
COPY public.a (x) FROM stdin;
1
\\N
COPY is a word
\\.
CREATE TABLE `b` (
INSERT INTO `b` VALUES (1,'INSERT INTO `c` VALUES');
-- Dump completed
"""
    (tmp_path / "d.sql").write_text(dump, encoding="utf-8")
    with (tmp_path / "out").open("wb") as sink:
        count = pass_on(["cat", str(tmp_path / "d.sql")], sink)
    assert (count.rows, count.ended, count.exit_code) == ({"a": 3, "b": 1}, True, 0)
    assert (tmp_path / "out").read_text(encoding="utf-8") == dump
    assert count.size == len(dump)
