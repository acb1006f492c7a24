"""The systems of Điều 1, 20, 22 and 23 whose data the school keeps: ids, and what people call them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class System:
    """`label` in full, `short` for narrow places, `place` as a way to fix something begins, `kind` how it is usually reached."""

    label: str
    short: str
    place: str
    kind: str


SYSTEMS: Mapping[str, System] = {
    "qlnt": System("Quản lý nhà trường (QLNT)", "QLNT", "QLNT", "database"),
    "csdl": System("CSDL ngành", "CSDL", "CSDL ngành", "folder"),
    "staff": System("Hồ sơ nhân sự", "Nhân sự", "Hồ sơ nhân sự", "folder"),
    "temis": System("TEMIS", "TEMIS", "TEMIS", "folder"),
    "lms": System("Học trực tuyến (LMS)", "LMS", "LMS", "folder"),
    "website": System("Trang thông tin điện tử", "Website", "Trang thông tin điện tử", "folder"),
    "mail": System("Thư điện tử", "Thư", "Thư điện tử", "maildir"),
    "accounts": System("Danh sách tài khoản", "Tài khoản", "Danh sách tài khoản", "folder"),
    "health": System("Sức khỏe học sinh", "Sức khỏe", "Phần mềm sức khỏe", "folder"),
    "documents": System("Văn bản đi – đến", "Văn bản", "Văn bản đi – đến", "folder"),
    "accounting": System("Kế toán, tài sản", "Kế toán", "Kế toán", "folder"),
}
TOGETHER = "×"  # a finding of several systems at once names them so


def label_of(system: str) -> str:
    """A system in full; its id when it is the school's own."""
    named = [SYSTEMS[part].label if part in SYSTEMS else part for part in system.split(TOGETHER)]
    return " đối chiếu ".join(named)


def short_of(system: str) -> str:
    """A system in a few letters."""
    return SYSTEMS[system].short if system in SYSTEMS else system
