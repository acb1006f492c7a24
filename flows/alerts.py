"""Who hears what, by which channel: e-mail through the school's own server when one is set.

The text holds counts and codes only, so it may travel by mail. A password comes from a file.
"""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate
from typing import TYPE_CHECKING

from infra.errors import ConfigurationError
from infra.secret_files import read_secret

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flows.home import Home
    from infra.settings import Alerts

SMTP_SECONDS = 30


def send_alert(home: Home, subject: str, lines: Sequence[str]) -> str:
    """Send the night's summary; returns in Vietnamese what was done. ConfigurationError when the server refuses."""
    alerts = home.settings.alerts
    if not alerts.smtp_host or not alerts.recipients:
        return "đã ghi tệp tóm tắt (chưa cài thư báo tin)"
    message = EmailMessage()
    message["Subject"] = f"[{home.settings.school.name}] {subject}"
    message["From"] = alerts.sender or alerts.smtp_user
    message["To"] = ", ".join(alerts.recipients)
    message["Date"] = formatdate(localtime=True)
    message.set_content("\n".join(lines) + "\n")
    try:
        _deliver(home, alerts, message)
    except (OSError, smtplib.SMTPException) as error:
        raise ConfigurationError(
            f"Không gửi được thư báo tin ({type(error).__name__})",
            where=f"{alerts.smtp_host}:{alerts.smtp_port}",
            fix="kiểm tra mục [alerts] trong truong.toml; bản tóm tắt vẫn có trong data/nights",
        ) from None
    return f"đã gửi thư cho {len(alerts.recipients)} người"


def _deliver(home: Home, alerts: Alerts, message: EmailMessage) -> None:
    context = ssl.create_default_context()
    if alerts.smtp_security == "tls":
        # Its own class: on port 465 TLS comes before the first word.
        client: smtplib.SMTP = smtplib.SMTP_SSL(alerts.smtp_host, alerts.smtp_port, timeout=SMTP_SECONDS, context=context)
    else:
        client = smtplib.SMTP(alerts.smtp_host, alerts.smtp_port, timeout=SMTP_SECONDS)
    with client:
        if alerts.smtp_security == "starttls":
            client.starttls(context=context)
        if alerts.smtp_password_file:
            client.login(alerts.smtp_user, read_secret(home.settings.path(alerts.smtp_password_file)))
        client.send_message(message)
