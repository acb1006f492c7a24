"""The night's summary by e-mail, over a real SMTP server on loopback; a server that refuses is one clear line."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import default
from typing import TYPE_CHECKING, Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from flows.alerts import send_alert
from flows.home import Home
from infra.errors import ConfigurationError
from infra.settings import Settings
from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage
    from pathlib import Path

LINES = ["ĐÊM 31/05/2027", "Cần sửa: 171 chặn"]


class Sink:
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: ANN401 - aiosmtpd
        self.messages.append(message_from_bytes(envelope.content, policy=default))
        return "250 OK"


@pytest.fixture
def sink() -> Iterator[tuple[Sink, Controller]]:
    kept = Sink()
    controller = Controller(kept, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield kept, controller
    controller.stop()


def _home(root: Path, **alerts: object) -> Home:
    settings = Settings.model_validate({"school": {"name": "Trường Mẫu"}, "alerts": alerts, "home": root})
    return Home(settings, root / "truong.toml")


def test_the_summary_arrives_whole(sink: tuple[Sink, Controller], tmp_path: Path) -> None:
    kept, controller = sink
    home = _home(
        tmp_path,
        smtp_host="127.0.0.1",
        smtp_port=controller.port,
        smtp_security="none",
        sender="may@truong.example",
        recipients=["a@truong.example", "b@truong.example"],
    )
    assert send_alert(home, "Ổn: đêm 31/05/2027", LINES) == "đã gửi thư cho 2 người"
    (message,) = kept.messages
    assert message["Subject"] == "[Trường Mẫu] Ổn: đêm 31/05/2027"
    assert message.get_content().splitlines() == LINES


def test_without_a_server_only_the_file_is_written(tmp_path: Path) -> None:
    assert "chưa cài thư báo tin" in send_alert(_home(tmp_path), "Ổn", LINES)


def test_a_server_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    home = _home(tmp_path, smtp_host="127.0.0.1", smtp_port=1, smtp_security="none", recipients=["a@truong.example"])
    with pytest.raises(ConfigurationError, match="Không gửi được thư báo tin") as caught:
        send_alert(home, "Ổn", LINES)
    assert caught.value.fix


def test_a_wrong_password_is_told_and_never_shown(tmp_path: Path) -> None:
    def refuse(*_: Any) -> AuthResult:  # noqa: ANN401 - aiosmtpd
        return AuthResult(success=False, handled=False)

    controller = Controller(
        Sink(), hostname="127.0.0.1", port=free_port(), authenticator=refuse, auth_require_tls=False, auth_required=True
    )
    controller.start()
    password = tmp_path / "smtp.pass"
    password.write_text("mat-khau-rat-bi-mat\n", encoding="utf-8")
    password.chmod(0o600)
    home = _home(
        tmp_path,
        smtp_host="127.0.0.1",
        smtp_port=controller.port,
        smtp_security="none",
        smtp_user="may",
        smtp_password_file="smtp.pass",  # noqa: S106 - a file's name
        recipients=["a@truong.example"],
    )
    try:
        with pytest.raises(ConfigurationError) as caught:
            send_alert(home, "Ổn", LINES)
    finally:
        controller.stop()
    assert "mat-khau" not in str(caught.value)
