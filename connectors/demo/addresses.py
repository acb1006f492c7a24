"""Addresses of old Quận 11: before 1/7/2025 with ward and district, afterwards with the new wards (DC-1, DC-2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.demo.dice import chance
from infra.regulations import DISTRICTS_UNTIL

if TYPE_CHECKING:
    from datetime import date
    from random import Random

# New ward -> old wards that lie wholly in it (NQ 1685/NQ-UBTVQH15); Phường 8 was split, so it only stands in old addresses.
WARDS = {
    "Minh Phụng": ("Phường 1", "Phường 7", "Phường 16"),
    "Bình Thới": ("Phường 3", "Phường 10", "Phường 8"),
    "Hòa Bình": ("Phường 5", "Phường 14"),
    "Phú Thọ": ("Phường 11", "Phường 15"),
}
STREETS = {
    "Minh Phụng": ("Minh Phụng", "Hồng Bàng", "Phó Cơ Điều", "Nguyễn Thị Nhỏ", "Hà Tôn Quyền", "Tân Hóa", "Dương Tử Giang", "Trần Quý"),
    "Bình Thới": ("Bình Thới", "Lãnh Binh Thăng", "Lạc Long Quân", "Ông Ích Khiêm", "Thái Phiên", "Hàn Hải Nguyên", "Đội Cung", "Xóm Đất"),
    "Hòa Bình": ("Hòa Bình", "Âu Cơ", "Lạc Long Quân", "Trịnh Đình Trọng", "Tống Văn Trân", "Huỳnh Văn Nghệ", "Tân Phước"),
    "Phú Thọ": ("Lê Đại Hành", "Tôn Thất Hiệp", "3 Tháng 2", "Lý Thường Kiệt", "Tuệ Tĩnh", "Lý Nam Đế", "Vĩnh Viễn", "Nguyễn Kim"),
}
OTHER_PROVINCES = ("Tỉnh Đồng Nai", "Tỉnh Tây Ninh", "Tỉnh An Giang", "Tỉnh Vĩnh Long", "Thành phố Cần Thơ", "Tỉnh Lâm Đồng", "Tỉnh Cà Mau")
OTHER_SCHOOLS = (
    "Trường Tiểu học Bình Minh, TP. Hồ Chí Minh",
    "Trường Tiểu học Sông Xanh, tỉnh Đồng Nai",
    "Trường Tiểu học Hướng Dương, tỉnh Tây Ninh",
    "Trường Tiểu học Cây Bàng, TP. Hồ Chí Minh",
    "Trường Tiểu học Phù Sa, thành phố Cần Thơ",
    "Trường Tiểu học Biển Đông, tỉnh Lâm Đồng",
)


def house(rng: Random) -> str:
    """A house number: on the street, or in an alley."""
    number = rng.randrange(1, 480)
    return f"{number}/{rng.randrange(1, 90)}" if chance(rng, 0.45) else str(number)


def address(rng: Random, day: date) -> str:
    """A permanent address as it is on a day: in the old form, or since districts ended in the old or the new one."""
    ward = rng.choice(tuple(WARDS))
    line = f"{house(rng)} {rng.choice(STREETS[ward])}"
    if chance(rng, 0.45) or day < DISTRICTS_UNTIL:
        return f"{line}, {rng.choice(WARDS[ward])}, Quận 11, TP. Hồ Chí Minh"
    return f"{line}, Phường {ward}, Thành phố Hồ Chí Minh"


def new_ward_of(text: str) -> str:
    """The ward named in an address, for the columns of the sector database that ask for it."""
    return text.split(", ")[1]
