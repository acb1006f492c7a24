"""How each kind of source is reached: the parts of `[sources.…]` in truong.toml.

Passwords never stand here: only the paths of files that hold them.
"""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - pydantic reads it
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Section(BaseModel):
    """A part of the settings: frozen, and no key that it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Contract(Section):
    """What a source must keep to; a breach keeps its last good data until a person lets it pass."""

    min_rows: dict[str, int] = Field(default_factory=dict, description="bảng -> ít nhất bấy nhiêu dòng")
    max_change: float = Field(default=0.3, gt=0, le=1, description="đổi quá tỉ lệ này so với trung vị các đêm tốt gần nhất là bất thường")
    max_age_days: int | None = Field(default=None, ge=0, description="số liệu của chính hệ thống cũ hơn số ngày này là bất thường")


class _Source(Section):
    """What every source has. Without `column_map` its files are kept as they are, and not interpreted."""

    column_map: str = ""
    enabled: bool = True
    contract: Contract = Contract()


class DatabaseSource(_Source):
    """A system read from its database (SQLite, PostgreSQL, MariaDB through SQLAlchemy)."""

    kind: Literal["database"]
    url: str = Field(description="không chứa mật khẩu; sqlite:///đường-dẫn, postgresql://user@host/db hoặc mariadb://user@host/db")
    password_file: Path | None = None


class FolderSource(_Source):
    """A system that drops files (XLSX, XLS, CSV) into a local or shared folder."""

    kind: Literal["folder"]
    path: Path


class SftpSource(_Source):
    """A system that drops files on an SFTP server. `host_key` pins the server; it is never accepted by itself."""

    kind: Literal["sftp"]
    host: str
    port: int = Field(default=22, ge=1, le=65535)
    user: str
    path: str = "."
    # Empty fits no server: nothing is fetched until the officer has asked for the fingerprint and pasted it.
    host_key: str = Field(
        default="", pattern=r"^(SHA256:[A-Za-z0-9+/]{43})?$", description="dấu vân tay khóa máy chủ, xem: truong connect NGUỒN --test"
    )
    key_file: Path | None = None
    password_file: Path | None = None
    done_marker: bool = Field(default=False, description="chỉ lấy tệp có tệp TÊN.done bên cạnh")

    @model_validator(mode="after")
    def _one_secret(self) -> SftpSource:
        if (self.key_file is None) == (self.password_file is None):
            raise ValueError("đặt đúng một trong key_file và password_file")
        return self


class BucketSource(_Source):
    """A system that drops files into an S3-compatible bucket. `key_file`: access key and secret, a line each."""

    kind: Literal["s3"]
    endpoint: str
    bucket: str
    prefix: str = ""
    region: str = "us-east-1"
    key_file: Path
    ca_file: Path | None = None


class ApiSource(_Source):
    """A system read over its HTTP API. `secret_file`: the client's secret or the user's password."""

    kind: Literal["api"]
    url: str = Field(pattern=r"^https?://")
    token_path: str = "/oauth/token"  # noqa: S105 - a path
    client_id: str
    secret_file: Path
    ca_file: Path | None = None
    requests_a_second: float = Field(default=10, gt=0)


SourceSettings = Annotated[DatabaseSource | FolderSource | SftpSource | BucketSource | ApiSource, Field(discriminator="kind")]


class ImapServer(Section):
    """The mail server, read over IMAP with TLS; nothing on it is changed, not even a flag."""

    host: str
    port: int = Field(default=993, ge=1, le=65535)
    user: str
    password_file: Path
    security: Literal["tls", "starttls"] = "tls"
    ca_file: Path | None = None
