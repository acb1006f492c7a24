"""Marks of state secrets: found in names, texts, headers and watermarks; words and people that look like one are left in peace."""

from __future__ import annotations

import random
import unicodedata
import zipfile
from email.message import EmailMessage
from typing import TYPE_CHECKING

import pytest
import typst
import xlsxwriter

from infra.document_text import _may_hold, _spellings
from infra.secrecy import TELLING, Mark, look_at, mark_in_name, mark_in_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

STAMPED = {
    "MẬT": Mark.SECRET,
    "  MẬT  ": Mark.SECRET,
    "(MẬT)": Mark.SECRET,
    "Độ mật: TỐI MẬT": Mark.HIGH,
    "TUYỆT MẬT": Mark.TOP,
    "TUYỆT  MẬT": Mark.TOP,
    "Văn bản đóng dấu MẬT của tỉnh": Mark.SECRET,
    "Số: 12/QĐ-UBND MẬT": Mark.SECRET,
    "M Ậ T": Mark.SECRET,
    "T Ố I  M Ậ T": Mark.HIGH,
}
PEACEFUL = [
    "mật khẩu",
    "Mật khẩu của giáo viên",
    "MẬT KHẨU",
    "QUY CHẾ BẢO MẬT THÔNG TIN",
    "BÍ MẬT",
    "BẢO VỆ BÍ MẬT NHÀ NƯỚC",
    "mật độ dân số",
    "MẬT ĐỘ DÂN SỐ",
    "NGUYỄN VĂN MẬT",
    "TRẦN MẬT ONG",
    "Nguyễn Thị Mật",
    "ĐỘ MẬT:",
    "THÂN MẬT",
    "mật",
    "Mật",
    "MẤT",
    "",
]


@pytest.mark.parametrize(("text", "mark"), STAMPED.items())
def test_a_stamp_is_found_however_it_is_typed(text: str, mark: Mark) -> None:
    assert mark_in_text(f"Kính gửi các trường\n{text}\nHiệu trưởng") is mark
    assert mark_in_text(unicodedata.normalize("NFD", text)) is mark


@pytest.mark.parametrize("text", PEACEFUL)
def test_a_word_that_only_looks_like_it_is_none(text: str) -> None:
    assert mark_in_text(text) is None
    assert mark_in_text(unicodedata.normalize("NFD", text)) is None


@pytest.mark.parametrize(
    ("name", "mark"),
    [
        ("CV 12 (MẬT).docx", Mark.SECRET),
        ("12-UBND-MẬT.pdf", Mark.SECRET),
        ("MẬT_ke hoach.txt", Mark.SECRET),
        ("[TỐI MẬT] phương án.xlsx", Mark.HIGH),
        ("công văn/TUYỆT MẬT/so 1.pdf", Mark.TOP),
        ("BẢO-MẬT.docx", None),
        ("Quy chế BẢO MẬT.docx", None),
        ("đổi mật khẩu.docx", None),
        ("MẬT KHẨU wifi.txt", None),
        ("DS_NGUYỄN VĂN MẬT.xlsx", None),
        ("danh sách lớp 3A.xlsx", None),
    ],
)
def test_names(name: str, mark: Mark | None) -> None:
    assert mark_in_name(name) is mark


def _docx(parts: dict[str, str]) -> Callable[[Path], None]:
    def write(file: Path) -> None:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("[Content_Types].xml", "<Types/>")
            for name, body in {"word/document.xml": _paragraph("Kế hoạch năm học"), **parts}.items():
                archive.writestr(name, f'<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="w">{body}</w:document>')

    return write


def _paragraph(*runs: str) -> str:
    return f"<w:p>{''.join(f'<w:r><w:t>{run}</w:t></w:r>' for run in runs)}</w:p>"


def _xlsx(cell: str, header: str = "") -> Callable[[Path], None]:
    def write(file: Path) -> None:
        with xlsxwriter.Workbook(file) as book:
            sheet = book.add_worksheet()
            sheet.write("A1", "Danh sách")
            sheet.write("B7", cell)
            sheet.set_header(header)

    return write


def _pdf(text: str) -> Callable[[Path], None]:
    def write(file: Path) -> None:
        source = file.with_suffix(".typ")
        source.write_text(f"#set page(header: [{text}])\nKế hoạch năm học", encoding="utf-8")
        typst.compile(source, output=file)

    return write


def _bytes(content: bytes) -> Callable[[Path], None]:
    def write(file: Path) -> None:
        file.write_bytes(content)

    return write


def _mail(subject: str, attached: str) -> bytes:
    message = EmailMessage()
    message["Subject"] = subject
    message.set_content("Kính gửi các trường")
    message.add_attachment("nội dung đính kèm", filename=attached)
    return message.as_bytes()


def _mail_with(name: str, write: Callable[[Path], None], *more: bytes) -> Callable[[Path], None]:
    """A message with a document attached, after `more` attachments of raw bytes."""

    def write_mail(file: Path) -> None:
        inner = file.parent / name
        write(inner)
        message = EmailMessage()
        message["Subject"] = "Kính gửi nhà trường"
        message.set_content("Xem tệp đính kèm")
        for content in (*more, inner.read_bytes()):
            message.add_attachment(content, maintype="application", subtype="octet-stream", filename="ke hoach.bin")
        file.write_bytes(message.as_bytes())

    return write_mail


OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 503
FILES = {
    "a paragraph.docx": (_docx({"word/document.xml": _paragraph("MẬT")}), Mark.SECRET),
    "split runs.docx": (_docx({"word/document.xml": _paragraph("M", "Ậ", "T")}), Mark.SECRET),
    "header.docx": (_docx({"word/header1.xml": _paragraph("TỐI MẬT")}), Mark.HIGH),
    "watermark.docx": (_docx({"word/header2.xml": '<v:shape><v:textpath style="x" string="TUYỆT MẬT"/></v:shape>'}), Mark.TOP),
    "entities.docx": (_docx({"word/footer1.xml": _paragraph("M&#7852;T")}), Mark.SECRET),
    "peaceful.docx": (_docx({"word/header1.xml": _paragraph("BÍ MẬT")}), None),
    "a cell.xlsx": (_xlsx("MẬT"), Mark.SECRET),
    "a header.xlsx": (_xlsx("x", '&C&"Arial,Bold"&14MẬT'), Mark.SECRET),
    "a name.xlsx": (_xlsx("LÊ VĂN MẬT"), None),
    "a header.pdf": (_pdf("TỐI MẬT"), Mark.HIGH),
    "peaceful.pdf": (_pdf("Mật độ dân số, đổi mật khẩu, BÍ MẬT"), None),
    "plain.txt": (_bytes("Kính gửi\r\nMẬT\r\n".encode()), Mark.SECRET),
    "utf16.txt": (_bytes("Kính gửi\r\nMẬT\r\n".encode("utf-16")), Mark.SECRET),
    "decomposed.txt": (_bytes(unicodedata.normalize("NFD", "Kính gửi\nMẬT\n").encode()), Mark.SECRET),
    "cells.csv": (_bytes("STT;Độ mật\n1;MẬT\n".encode()), Mark.SECRET),
    "names.csv": (_bytes("STT;Họ tên\n1;LÊ VĂN MẬT\n".encode()), None),
    "a page.html": (_bytes("<html><body><p>M<b>ẬT</b></p></body></html>".encode()), Mark.SECRET),
    "text.rtf": (_bytes(b"{\\rtf1\\ansi {\\b M\\u7852?T}\\par x}"), Mark.SECRET),
    "old.doc": (_bytes(OLD_OFFICE + "Kế hoạch\rMẬT\r".encode("utf-16-le")), Mark.SECRET),
    "old odd.doc": (_bytes(OLD_OFFICE + b"\x01" + "Kế hoạch\rMẬT\r".encode("utf-16-le")), Mark.SECRET),
    # As Excel 97 stores cells: length, a flag, the text, then the next record.
    "old.xls": (_bytes(OLD_OFFICE + b"b\x03\x00\x01" + "MẬT".encode("utf-16-le") + b"\xff\x00\n\x00"), Mark.SECRET),
    "old peaceful.doc": (_bytes(OLD_OFFICE + "Quy chế BẢO MẬT\r".encode("utf-16-le")), None),
    "a subject.eml": (_bytes(_mail("TUYỆT MẬT", "ke hoach.txt")), Mark.TOP),
    "an attachment.eml": (_bytes(_mail("Kế hoạch", "CV-12-MẬT.txt")), Mark.SECRET),
    "an attached header.eml": (_mail_with("a.docx", _docx({"word/header1.xml": _paragraph("TỐI MẬT")})), Mark.HIGH),
    "an attached page.eml": (_mail_with("a.pdf", _pdf("MẬT")), Mark.SECRET),
    "behind a broken one.eml": (_mail_with("a.docx", _docx({"word/header1.xml": _paragraph("MẬT")}), b"PK\x03\x04 broken"), Mark.SECRET),
    "an attached workbook.eml": (_mail_with("a.xlsx", _xlsx("BẢO MẬT")), None),
    "peaceful.eml": (_bytes(_mail("Đổi mật khẩu", "ke hoach.txt")), None),
    "a picture.png": (_bytes(b"\x89PNG\r\n\x1a\n" + "MẬT".encode()), None),
}


@pytest.mark.parametrize("name", FILES)
def test_a_document_is_looked_into(tmp_path: Path, name: str) -> None:
    write, mark = FILES[name]
    write(tmp_path / name)
    look = look_at(tmp_path / name)
    assert look.mark is mark
    assert look.readable
    assert look_at(tmp_path / "x", name, (tmp_path / name).read_bytes()) == look, "the same of what was read already"


@pytest.mark.parametrize("spelt", ["\u1eac", "\u00c2\u0323", "\u1ea0\u0302", "A\u0302\u0323", "A\u0323\u0302"], ids=ascii)
@pytest.mark.parametrize(("before", "after"), [("", ""), ("x" * 5000, ""), ("", "x" * 5000), ("ầậ̣\n" * 3000, "\nậ"), ("Ặ", "Ắ")])
def test_the_letter_is_found_wherever_it_stands_and_however_it_is_put_together(spelt: str, before: str, after: str) -> None:
    assert _may_hold(f"{before}{spelt}{after}".encode(), TELLING, entities=False)
    assert not _may_hold(f"{before}{spelt[0]}{after}".encode(), TELLING, entities=False) or spelt == TELLING


def test_nothing_that_one_search_per_spelling_finds_is_passed_over() -> None:
    chance = random.Random(6)
    pieces = [*(f"{letter}" for letter in "AÂẠẬMT\u0302\u0323 \n"), "ế"]
    found = 0
    for _ in range(2000):
        text = "".join(chance.choices(pieces, k=chance.randint(1, 12))).encode()
        plainly = any(spelling in text for spelling in _spellings(TELLING))
        assert _may_hold(text, TELLING, entities=False) == plainly, text
        found += plainly
    assert 200 < found < 1800


def test_a_copy_is_judged_by_the_name_it_had(tmp_path: Path) -> None:
    (tmp_path / "copy.part").write_text("x\nMẬT\n", encoding="utf-8")
    assert look_at(tmp_path / "copy.part").mark is None, "no kind of document"
    assert look_at(tmp_path / "copy.part", "thư.txt").mark is Mark.SECRET
    assert look_at(tmp_path / "copy.part", "MẬT.bin").mark is Mark.SECRET


@pytest.mark.parametrize("content", [b"PK\x03\x04 broken", b"%PDF-1.7 broken"])
def test_what_cannot_be_looked_into_says_so(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "broken.pdf").write_bytes(content)
    look = look_at(tmp_path / "broken.pdf")
    assert look.mark is None
    assert not look.readable


def test_a_message_with_a_broken_attachment_says_so(tmp_path: Path) -> None:
    _mail_with("a.docx", _bytes(b"PK\x03\x04 broken"))(tmp_path / "thu.eml")
    look = look_at(tmp_path / "thu.eml")
    assert (look.mark, look.readable) == (None, False)


def test_a_bomb_is_left_unread(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.docx", "w", zipfile.ZIP_DEFLATED) as archive, archive.open("word/document.xml", "w") as part:
        for _ in range(161):
            part.write(b" " * 1024 * 1024)
    assert not look_at(tmp_path / "bomb.docx").readable
