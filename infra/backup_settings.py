"""What is backed up, where to, and for how long: the parts of `[backup]` in truong.toml (Điều 21).

Passwords never stand here: only the paths of files that hold them.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator

from infra.source_settings import Section

# restic's two spellings: sftp:user@host:/folder, and as an address, which alone can name a port: sftp://user@host:2222//folder.
SFTP_PLACE = re.compile(r"^sftp:(?://)?(?P<user>[^@/:]+)@(?P<host>\[[^\]]+\]|[^:/]+)(?::(?P<port>\d+)(?=/))?:?(?P<path>.+)$")
NAME = r"^[a-z0-9][a-z0-9-]*$"
PART_NAMES = Literal["landing", "snapshot", "findings", "report", "exports", "accepted", "records", "mail", "prefect", "settings"]
EVERY_PART: tuple[PART_NAMES, ...] = (
    "landing", "snapshot", "findings", "report", "exports", "accepted", "records", "mail", "prefect", "settings",
)  # fmt: skip
# Older than this, the data on a disk that lies in a drawer is worth little: the night is red until somebody plugs it in.
MAX_ABSENT_DAYS = 35


class Place(Section):
    """A restic repository: a folder, `sftp:user@host:/folder`, `s3:https://server/bucket/folder` or `rest:https://server/`."""

    name: str = Field(pattern=NAME)
    repository: str = Field(min_length=1)
    password_file: Path
    key_file: Path | None = Field(default=None, description="SFTP: khóa riêng; S3: access key và secret; REST: tên và mật khẩu (hai dòng)")
    known_hosts_file: Path | None = Field(default=None, description="SFTP: khóa máy chủ đã kiểm tra, dạng known_hosts")
    ca_file: Path | None = Field(default=None, description="chứng chỉ của nơi cấp, nếu máy chủ dùng chứng chỉ riêng")
    region: str = "us-east-1"
    append_only: bool = Field(default=False, description="kho chỉ cho ghi thêm: không bao giờ xóa từ máy này")
    removable: bool = Field(default=False, description="đĩa cắm ngoài: vắng mặt không phải là lỗi cho tới max_absent_days")
    max_absent_days: int = Field(default=MAX_ABSENT_DAYS, ge=1)
    object_lock_days: int = Field(default=0, ge=0, description="S3: kho phải khóa mỗi tệp ít nhất bấy nhiêu ngày")

    @field_validator("repository")
    @classmethod
    def _no_password(cls, value: str) -> str:
        if re.search(r"://[^/@]*:[^/@]*@", value):
            raise ValueError("địa chỉ kho có mật khẩu: ghi vào tệp và nêu tệp đó ở key_file")
        return value

    @model_validator(mode="after")
    def _reachable(self) -> Place:
        kind = self.repository.partition(":")[0]
        if kind == "sftp" and not (SFTP_PLACE.match(self.repository) and self.key_file and self.known_hosts_file):
            raise ValueError("kho SFTP cần dạng sftp:user@host:/thư-mục, key_file và known_hosts_file")
        if kind == "s3" and self.key_file is None:
            raise ValueError("kho S3 cần key_file")
        if self.removable and kind in {"sftp", "s3", "rest"}:
            raise ValueError("chỉ kho trên đĩa cắm vào máy mới là removable")
        return self


class DumpedDatabase(Section):
    """A database whose consistent dump is backed up every night. `stream`: it never lies on our disk, restic reads it as it comes."""

    url: str = Field(description="không chứa mật khẩu; sqlite:///đường-dẫn, postgresql://user@host/db hoặc mariadb://user@host/db")
    password_file: Path | None = None
    stream: bool = False


class Keep(Section):
    """How many nights stay (PL-7, PL-8). The last night of every school year stays for good, whatever stands here."""

    daily: int = Field(default=14, ge=7)
    weekly: int = Field(default=8, ge=0)
    monthly: int = Field(default=24, ge=0)
    yearly: int = Field(default=10, ge=0)
    # Share of its files or bytes that a part may lose from one night to the next before nothing is deleted any more.
    max_shrink: float = Field(default=0.5, gt=0, lt=1)


class Watch(Section):
    """From when on a repository is red although every step said that it went well.

    Điều 21 asks that a restore is possible; QCVN 12:2026/BCA (PL-7) that frequency and periodic restores are
    fixed, without numbers for a school: these are the school's own.
    """

    max_age_days: int = Field(default=2, ge=1, description="bản tốt mới nhất: mỗi đêm một bản, lỡ một đêm còn được (Điều 21, PL-7)")
    max_check_days: int = Field(default=3, ge=1, description="lần kiểm tra cấu trúc gần nhất: mỗi đêm một lần (PL-7)")
    max_read_days: int = Field(default=98, ge=7, description="phần dữ liệu lâu chưa đọc lại nhất: mỗi quý đọc hết, thêm một tuần (PL-7)")
    max_drill_days: int = Field(default=8, ge=1, description="lần diễn tập gần nhất: mỗi tuần một lần (Điều 21; PL-7 đòi định kỳ)")


class Backup(Place):
    """The first repository, what goes in, its copies (3-2-1) and what is kept. Without `keep` nothing is ever deleted."""

    name: str = Field(default="tai-cho", pattern=NAME)
    repository: str = "data/backups/restic"
    password_file: Path = Path("secrets/restic.pass")
    contents: tuple[PART_NAMES, ...] = EVERY_PART
    databases: dict[str, DumpedDatabase] = Field(default_factory=dict)
    folders: dict[str, Path] = Field(default_factory=dict, description="thư mục khác phải sao lưu: tên -> đường dẫn (website, tài liệu…)")
    copies: tuple[Place, ...] = ()
    keep: Keep | None = None
    watch: Watch = Watch()

    @model_validator(mode="after")
    def _own_names(self) -> Backup:
        names = [self.name, *(copy.name for copy in self.copies)]
        if len(set(names)) < len(names):
            raise ValueError("mỗi kho trong [backup] và [[backup.copies]] phải có tên riêng")
        taken = {*EVERY_PART, *self.databases} & set(self.folders) | {*EVERY_PART} & set(self.databases)
        if taken:
            raise ValueError(f"tên phần sao lưu bị trùng: {', '.join(sorted(taken))}")
        if bad := [name for name in (*self.databases, *self.folders) if not re.match(NAME, name)]:
            raise ValueError(f"tên phần sao lưu chỉ gồm chữ thường không dấu, số và gạch: {bad[0]}")
        return self
