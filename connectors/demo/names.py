"""Names as people of old Quận 11 have them, and the two ways of writing a tone (hòa, hoà)."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from connectors.demo.dice import chance, weighted
from connectors.records.codes import FEMALE

if TYPE_CHECKING:
    from random import Random

KINH, HOA, KHMER, CHAM, FOREIGN = "01", "04", "05", "17", "55"

KINH_SURNAMES = {
    "Nguyễn": 30, "Trần": 12, "Lê": 9, "Phạm": 7, "Huỳnh": 6, "Phan": 5, "Võ": 5, "Vũ": 3, "Đặng": 3, "Bùi": 2,
    "Đỗ": 2, "Hồ": 2, "Ngô": 2, "Dương": 2, "Trương": 2, "Hoàng": 2, "Đinh": 1, "Mai": 1, "Cao": 1, "Châu": 1,
    "Tạ": 1, "Hà": 1, "Đoàn": 1, "Trịnh": 1, "Phùng": 1, "Tô": 1, "Kiều": 1, "Lưu": 1,
}  # fmt: skip
HOA_SURNAMES = {
    "Trần": 14, "Lâm": 10, "Lý": 9, "Huỳnh": 8, "Trương": 7, "Quách": 5, "Vương": 5, "Lương": 5, "Tăng": 4, "La": 3,
    "Diệp": 3, "Ngũ": 2, "Chung": 3, "Lưu": 4, "Châu": 3, "Phùng": 3, "Thái": 3, "Tạ": 2, "Hứa": 2, "Quan": 2,
    "Mã": 2, "Tô": 2, "Ông": 1, "Dư": 1, "Kha": 1, "Liêu": 2, "Hồng": 1, "Khưu": 2,
}  # fmt: skip
KHMER_SURNAMES = {"Thạch": 4, "Sơn": 3, "Kim": 3, "Danh": 2, "Lâm": 2, "Châu": 1}
CHAM_SURNAMES = {"Từ": 2, "Đàng": 3, "Bá": 2, "Quảng": 2, "Thập": 1, "Lưu": 1}

GIRL_MIDDLES = (
    "Ngọc", "Thanh", "Minh", "Phương", "Bảo", "Gia", "Khánh", "Kim", "Thùy", "Mỹ", "Hoài", "Như", "Quỳnh", "Tường",
    "Thảo", "Ánh", "Thị", "Hải", "Tuệ", "Diễm", "Nhã", "Hồng", "Thiên", "Trúc", "Thị Ngọc", "Ngọc Bảo", "Hoàng Gia",
)  # fmt: skip
BOY_MIDDLES = (
    "Minh", "Gia", "Quốc", "Hữu", "Đức", "Thành", "Hoàng", "Anh", "Bảo", "Tuấn", "Nhật", "Thiên", "Đăng", "Phúc",
    "Khánh", "Trọng", "Duy", "Văn", "Nguyên", "Thái", "Hải", "Trung", "Vĩnh", "Tấn", "Hoàng Minh", "Lê Gia", "Phước",
)  # fmt: skip
GIRL_NAMES = (
    "An", "Anh", "Châu", "Chi", "Diệp", "Dung", "Giang", "Hà", "Hân", "Hạnh", "Hiền", "Hoa", "Hòa", "Hương", "Huyền",
    "Khuê", "Lan", "Linh", "Loan", "Ly", "Mai", "My", "Nga", "Ngân", "Nghi", "Ngọc", "Nhi", "Như", "Nhung", "Oanh",
    "Phương", "Quyên", "Quỳnh", "Tâm", "Thảo", "Thi", "Thơ", "Thư", "Thúy", "Thủy", "Tiên", "Trâm", "Trang", "Trinh",
    "Trúc", "Tú", "Tuyền", "Uyên", "Vân", "Vy", "Yến", "Đan", "Ánh", "Bình",
)  # fmt: skip
BOY_NAMES = (
    "An", "Anh", "Bách", "Bảo", "Bình", "Cường", "Đạt", "Duy", "Dũng", "Đăng", "Đức", "Hải", "Hào", "Hiếu", "Hòa",
    "Hoàng", "Hùng", "Huy", "Hưng", "Khải", "Khang", "Khánh", "Khoa", "Khôi", "Kiên", "Kiệt", "Lâm", "Lộc", "Long",
    "Lợi", "Luân", "Mạnh", "Minh", "Nam", "Nghĩa", "Nguyên", "Nhân", "Nhật", "Phát", "Phong", "Phú", "Phúc", "Quân",
    "Quang", "Quốc", "Sang", "Sơn", "Tài", "Tân", "Thái", "Thành", "Thắng", "Thiện", "Thịnh", "Thông", "Tiến", "Toàn",
    "Trí", "Triết", "Trung", "Tú", "Tuấn", "Tùng", "Việt", "Vinh", "Vũ", "Thụy", "Hóa",
)  # fmt: skip
HOA_GIRLS = (
    "Mỹ Linh", "Bội Nhi", "Tuệ Nghi", "Lệ Quân", "Huệ Mẫn", "Bảo Nghi", "Tú Phân", "Gia Hân", "Tiểu My", "Mỹ Kỳ",
    "Bội Bội", "Tuệ Mẫn", "Gia Nghi", "Ngọc Phụng", "Huệ Linh", "Mỹ Hòa", "Tú Oanh", "Bửu Trân", "Cẩm Tú", "Thục Nghi",
    "Bội San", "Lệ Thúy", "Tuyết Nhi", "Nhã Kỳ", "Thục Quyên", "Gia Tuệ", "Mẫn Nghi", "Hiểu Đồng",
)  # fmt: skip
HOA_BOYS = (
    "Gia Hào", "Chí Cường", "Vĩ Kiệt", "Chấn Hưng", "Gia Lạc", "Vĩnh Cơ", "Đức Minh", "Chí Hòa", "Gia Bảo", "Vĩ Khang",
    "Triệu Huy", "Tuấn Kiệt", "Cẩm Vinh", "Diệu Tổ", "Gia Kiện", "Vĩnh Khang", "Chí Vĩ", "Thiệu Huy", "Trí Hào", "Gia Vĩ",
    "Bỉnh Khôn", "Quốc Vinh", "Thế Hào", "Kiến Hoa", "Tấn Phát", "Gia Minh", "Lập Thành", "Vĩ Hào",
)  # fmt: skip
ADULT_WOMEN = (
    "Lan", "Hồng", "Hoa", "Hạnh", "Hương", "Thủy", "Loan", "Nga", "Phượng", "Thu", "Trang", "Ngọc", "Tuyết", "Liên",
    "Cúc", "Diễm", "Kiều", "Vân", "Thảo", "Hiền", "Dung", "Bích", "Mai", "Hòa", "Ngân", "Tâm", "Oanh", "Thúy",
)  # fmt: skip
ADULT_WOMEN_MIDDLES = ("Thị", "Thị Kim", "Thị Ngọc", "Thị Thanh", "Ngọc", "Kim", "Thị Mỹ", "Thị Thu", "Bích", "Thị Hồng")
ADULT_MEN = (
    "Hùng", "Dũng", "Tuấn", "Minh", "Sơn", "Long", "Hải", "Thành", "Phong", "Tài", "Lộc", "Phước", "Hòa", "Bình",
    "Cường", "Quang", "Tâm", "Hiếu", "Đức", "Vinh", "Nghĩa", "Thắng", "Trung", "Khoa", "Tùng", "Lâm", "Toàn",
)  # fmt: skip
ADULT_MEN_MIDDLES = ("Văn", "Văn", "Hữu", "Minh", "Quốc", "Thanh", "Ngọc", "Đức", "Công", "Hoàng")
FOREIGN_NAMES = {
    ("Hàn Quốc", "Nam"): "Kim Min Jun",
    ("Hàn Quốc", "Nữ"): "Park Seo Yeon",
    ("Đài Loan", "Nam"): "Chen Wei Ting",
    ("Đài Loan", "Nữ"): "Lin Yu Xuan",
    ("Trung Quốc", "Nam"): "Wang Hao Ran",
    ("Trung Quốc", "Nữ"): "Zhang Yi Nuo",
}

# Both tone placements are in use: the ministry's data often has the newer one (hoà, thuý).
_OLDER = ("òa", "óa", "ỏa", "õa", "ọa", "ùy", "úy", "ủy", "ũy", "ụy")
_NEWER = ("oà", "oá", "oả", "oã", "oạ", "uỳ", "uý", "uỷ", "uỹ", "uỵ")
_PLACEMENTS = dict(zip(_OLDER, _NEWER, strict=True))
# Not after q, whose u belongs to the consonant (Quý), and only where the syllable ends: before a letter (Hoàn) both ways agree.
_MOVABLE_TONE = re.compile(r"(?<![qQ])(" + "|".join(_OLDER) + r")\b")


def surname(rng: Random, ethnicity: str) -> str:
    """A family name of an ethnic group."""
    tables = {HOA: HOA_SURNAMES, KHMER: KHMER_SURNAMES, CHAM: CHAM_SURNAMES}
    return weighted(rng, tables.get(ethnicity, KINH_SURNAMES))


def child_name(rng: Random, family_name: str, ethnicity: str, sex: str) -> str:
    """A full name for a child: family name, middle name, given name."""
    girl = sex == FEMALE
    if ethnicity == HOA and chance(rng, 0.6):
        return f"{family_name} {rng.choice(HOA_GIRLS if girl else HOA_BOYS)}"
    middle, given = (rng.choice(GIRL_MIDDLES), rng.choice(GIRL_NAMES)) if girl else (rng.choice(BOY_MIDDLES), rng.choice(BOY_NAMES))
    return f"{family_name} {middle} {given}"


def adult_name(rng: Random, family_name: str, sex: str) -> str:
    """A full name as their parents' generation bears it."""
    if sex == FEMALE:
        return f"{family_name} {rng.choice(ADULT_WOMEN_MIDDLES)} {rng.choice(ADULT_WOMEN)}"
    return f"{family_name} {rng.choice(ADULT_MEN_MIDDLES)} {rng.choice(ADULT_MEN)}"


def newer_tones(name: str) -> str:
    """The same name with the tone on the second vowel (Hòa -> Hoà, Thúy -> Thuý)."""
    return _MOVABLE_TONE.sub(lambda match: _PLACEMENTS[match.group(1)], name)


def without_marks(text: str) -> str:
    """Latin letters only, lower case: for user names and for sorting."""
    plain = unicodedata.normalize("NFD", text.replace("Đ", "D").replace("đ", "d"))
    return "".join(letter for letter in plain if not unicodedata.combining(letter)).lower()


def list_order(name: str) -> tuple[str, str]:
    """How Vietnamese class lists are sorted: by given name, then by the whole name."""
    plain = without_marks(name)
    return plain.rpartition(" ")[2], plain
