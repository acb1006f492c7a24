"""Settings of one school: `truong.toml`, checked on load; an unknown or wrong key is one clear line.

Paths in the file are relative to the file's own folder (the *home*). Passwords never stand here:
only the paths of files that hold them (infra/secret_files.py).
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, model_validator

from infra.backup_settings import Backup
from infra.errors import ConfigurationError
from infra.restore_settings import ScratchServer  # noqa: TC001 - pydantic reads it
from infra.source_settings import ImapServer, Section, SourceSettings

SETTINGS_FILE = "truong.toml"


class School(Section):
    """Who we are."""

    name: str
    code: str = Field(default="", pattern=r"^(\d{8})?$", description="mã trường 8 chữ số (ID-8)")
    region: Literal["đồng bằng", "miền núi"] = "đồng bằng"
    public: bool = True
    recipients: tuple[str, ...] = Field(default=(), description="nơi nhận báo cáo (DC-3)")


class Mail(Section):
    """The mail archive that Điều 10.1b asks to go through once a year."""

    maildir: Path | None = None
    imap: ImapServer | None = None
    keep_years: int = Field(default=5, ge=1, description="chỉ đề nghị xóa thư cũ hơn số năm này")
    hold_senders: tuple[str, ...] = ("*.gov.vn", "*.edu.vn")
    hold_words: tuple[str, ...] = ("quyết định", "công văn", "khiếu nại", "học bạ")

    @model_validator(mode="after")
    def _one_store(self) -> Mail:
        if (self.maildir is None) == (self.imap is None):
            raise ValueError("đặt đúng một trong maildir và imap")
        return self


class Alerts(Section):
    """Who hears how the night went. The text file is always written; e-mail when a server is named."""

    smtp_host: str = ""
    smtp_port: int = 587
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_user: str = ""
    smtp_password_file: Path | None = None
    sender: str = ""
    recipients: tuple[str, ...] = ()


class Limits(Section):
    """Thresholds that the law leaves to the school; defaults and their sources in docs/rules.md."""

    max_school_days_a_month: int = 26
    idle_account_days: int = Field(default=45, description="QCVN 12:2026/BCA (PL-7)")
    shared_phone_pupils: int = Field(default=5, description="DT-5")
    class_size: int = Field(default=35, description="TT 28/2020 Điều 16.1 (TU-4)")


class Server(Section):
    """The Prefect server of a real installation; empty: in process."""

    api_url: str = ""
    port: int = Field(default=4200, ge=1, le=65535, description="cổng của máy chủ do `truong serve` tự chạy")
    night_at: str = Field(default="02:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")


class Settings(Section):
    """Everything one school sets."""

    school: School
    data_dir: Path = Path("data")
    day: str = Field(default="", pattern=r"^(\d{4}-\d{2}-\d{2})?$", description="ngày cố định của trường mẫu; để trống: hôm nay")
    sources: dict[str, SourceSettings] = Field(default_factory=dict)
    mail: Mail | None = None
    backup: Backup = Backup()
    scratch: tuple[ScratchServer, ...] = ()
    alerts: Alerts = Alerts()
    limits: Limits = Limits()
    server: Server = Server()
    home: Path = Field(default=Path(), exclude=True)

    def path(self, relative: Path | str) -> Path:
        """A path of the settings as an absolute path (relative ones start at the home)."""
        return (self.home / relative).resolve()

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.path(self.data_dir)


def load_settings(file: Path) -> Settings:
    """Read `truong.toml`. ConfigurationError says which key is wrong and what it takes."""
    try:
        values: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigurationError(
            "Không thấy tệp cấu hình", where=str(file), fix="chạy `truong setup` hoặc chỉ đúng tệp bằng --config"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigurationError(f"Tệp cấu hình không đọc được: {error}", where=str(file), fix="sửa dòng đó rồi chạy lại") from error
    try:
        return Settings.model_validate({**values, "home": file.resolve().parent})
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        message = "khóa này không có trong cấu hình" if first["type"] == "extra_forbidden" else first["msg"]
        raise ConfigurationError(f"Cấu hình sai ở `{key}`: {message}", where=str(file), fix="xem infra/truong.example.toml") from error
