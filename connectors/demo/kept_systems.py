"""Systems of the demo school whose files are kept and not interpreted: documents, accounting and assets, the website."""

from __future__ import annotations

import csv
import struct
import zlib
from datetime import date, timedelta
from html import escape
from typing import TYPE_CHECKING

from connectors.demo.dice import day_between, dice
from connectors.demo.workbooks import Sheet, write_workbook

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from random import Random

    from connectors.demo.school import School

REGISTER_HEADINGS = (("STT", 6), ("Số đến/đi", 10), ("Ngày", 12), ("Số, ký hiệu", 22), ("Nơi gửi/nhận", 30), ("Trích yếu", 56))
ASSET_HEADINGS = (("STT", 6), ("Mã tài sản", 12), ("Tên tài sản", 34), ("Năm đưa vào dùng", 12), ("Số lượng", 10), ("Nguyên giá", 16))
LEDGER_HEADINGS = ("Ngày", "Số chứng từ", "Diễn giải", "TK nợ", "TK có", "Số tiền")
OFFICES = ("Sở Giáo dục và Đào tạo", "UBND phường", "Phòng Văn hóa – Xã hội", "Trường Tiểu học Cây Bàng")
ABOUT = (
    "V/v tổ chức kiểm tra cuối học kỳ",
    "Kế hoạch phòng, chống dịch bệnh",
    "Báo cáo thống kê đầu năm học",
    "Giấy mời họp chuyên môn cụm",
)
ASSETS = ("Bàn ghế học sinh hai chỗ", "Máy chiếu", "Máy vi tính để bàn", "Bảng tương tác", "Tủ thuốc y tế", "Đàn phím điện tử")
SPENT_ON = ("Mua văn phòng phẩm", "Tiền điện", "Tiền nước", "Sửa chữa nhỏ", "Bồi dưỡng giáo viên")
NEWS = ("Khai giảng năm học", "Hội khỏe Phù Đổng", "Ngày hội đọc sách", "Tuyên truyền an toàn giao thông", "Thông báo tuyển sinh lớp 1")
ENTRIES, PICTURES = 60, 3
PICTURE_SIZE = (160, 90)


def write_documents(folder: Path, school: School) -> None:
    """documents/: the registers of incoming and outgoing letters, and a letter as a file of its own."""
    rng = dice(school.seed, "documents")
    for name, title in (("SoVanBanDen", "SỔ VĂN BẢN ĐẾN"), ("SoVanBanDi", "SỔ VĂN BẢN ĐI")):
        lines = list(_register(rng, school))
        sheet = Sheet(name, (school.name, f"{title} NĂM {school.day.year}"), 3, REGISTER_HEADINGS, lines)
        write_workbook(folder / f"{name}_{school.day.year}.xlsx", [sheet])
    letter = folder / "Văn bản đi" / f"Kế hoạch năm học {school.year.label}.txt"
    letter.parent.mkdir(parents=True)
    letter.write_text(f"{school.name}\nKế hoạch giáo dục năm học {school.year.label}\n", encoding="utf-8")


def _register(rng: Random, school: School) -> Iterator[tuple[object, ...]]:
    for number, day in enumerate(_days(rng, school), 1):
        sign = f"{rng.randrange(10, 900)}/{rng.choice(('SGDĐT-GDTH', 'UBND', 'KH-UBND'))}"
        yield number, str(number), f"{day:%d/%m/%Y}", sign, rng.choice(OFFICES), rng.choice(ABOUT)


def _days(rng: Random, school: School) -> list[date]:
    first = date(school.day.year, 1, 1)
    return sorted(day_between(rng, first, school.day, timedelta(days=1)) for _ in range(ENTRIES))


def write_accounting(folder: Path, school: School) -> None:
    """accounting/: the register of assets as a workbook, the general journal as CSV."""
    rng = dice(school.seed, "accounting")
    lines = [_asset(rng, number, school.day.year) for number in range(1, ENTRIES + 1)]
    sheet = Sheet("Tài sản", (school.name, f"SỔ TÀI SẢN CỐ ĐỊNH NĂM {school.day.year}"), 3, ASSET_HEADINGS, lines)
    write_workbook(folder / f"SoTaiSan_{school.day.year}.xlsx", [sheet])
    with (folder / f"NhatKyChung_{school.day.year}.csv").open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream, delimiter=";", lineterminator="\r\n")
        writer.writerow(LEDGER_HEADINGS)
        for number, day in enumerate(_days(rng, school), 1):
            writer.writerow((f"{day:%d/%m/%Y}", f"PC{number:03d}", rng.choice(SPENT_ON), "611", "112", rng.randrange(2, 300) * 50_000))


def _asset(rng: Random, number: int, year: int) -> tuple[object, ...]:
    bought, count, price = year - rng.randrange(8), rng.randrange(1, 40), rng.randrange(2, 90) * 100_000
    return number, f"TS{number:04d}", rng.choice(ASSETS), str(bought), count, price


def write_website(folder: Path, school: School) -> None:
    """website/: a page, news with pictures; names with Vietnamese letters and blanks, as editors upload them."""
    rng = dice(school.seed, "website")
    pictures = [f"anh/Ảnh {number}.png" for number in range(1, PICTURES + 1)]
    for name in pictures:
        _write(folder / name, _png(rng))
    pages = [f"tin-tuc/{title}.html" for title in NEWS]
    for page, title in zip(pages, NEWS, strict=True):
        text = f"<p>{escape(title)} năm học {school.year.label}.</p><img src='../{rng.choice(pictures)}' alt=''>"
        _write(folder / page, _html(title, text))
    links = "".join(f"<li><a href='{escape(page)}'>{escape(title)}</a></li>" for page, title in zip(pages, NEWS, strict=True))
    _write(folder / "index.html", _html(school.name, f"<ul>{links}</ul>"))


def _write(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


def _html(title: str, body: str) -> bytes:
    head = f"<!doctype html><html lang='vi'><head><meta charset='utf-8'><title>{escape(title)}</title></head>"
    return f"{head}<body><h1>{escape(title)}</h1>{body}</body></html>\n".encode()


def _png(rng: Random) -> bytes:
    """A picture of one colour, from nothing but the format's own description (RFC 2083)."""
    width, height = PICTURE_SIZE
    row = b"\0" + bytes(rng.randrange(256) for _ in range(3)) * width
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(row * height, 9)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in parts)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
