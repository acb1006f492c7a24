"""Six years of the school's mail as a Maildir: the department's letters, parents, vendors, newsletters, notices of machines."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from email.encoders import encode_base64
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.mime.text import MIMEText
from email.policy import compat32
from email.utils import format_datetime, formataddr
from typing import TYPE_CHECKING

from connectors.demo.dice import chance, dice, weighted
from connectors.demo.hr import MAIL_DOMAIN
from connectors.demo.names import KINH, adult_name, surname, without_marks
from connectors.records.codes import FEMALE, MALE
from infra.clock import SCHOOL_ZONE

if TYPE_CHECKING:
    from datetime import date
    from email.message import Message
    from pathlib import Path
    from random import Random

YEARS = 6
DAYS_A_YEAR = 365
SCHOOL_ADDRESS = formataddr(("Trường Tiểu học Sao Khuê", f"vanthu@{MAIL_DOMAIN}"))
MINUTES_OF_A_WORKING_DAY = (6 * 60, 21 * 60)
# Lines end in CRLF, as servers store them. The newer policies parse every header they write: nearly ten times slower.
WIRE = compat32.clone(linesep="\r\n", max_line_length=76)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of letter: which folder it lies in, who sends it, what it says and how often it carries a file."""

    folder: str
    senders: tuple[tuple[str, str], ...]
    subjects: tuple[str, ...]
    share: float
    attached: float = 0.0
    paragraphs: int = 3


KINDS = (
    Kind(
        ".Cong-van",
        (("Phòng GDTH - Sở GD&ĐT", "gdth@sgd.truongmau.gov.vn"), ("Văn phòng Sở", "vanphong@sgd.truongmau.gov.vn")),
        (
            "V/v hướng dẫn đánh giá học sinh {year}",
            "Công văn {number}/SGDĐT-GDTH về kiểm tra cuối học kỳ",
            "Quyết định số {number}/QĐ-SGDĐT",
        ),
        0.14,
        0.45,
    ),
    Kind(
        ".Cong-van.Phuong",
        (("UBND Phường", "vanthu@phuong.truongmau.gov.vn"),),
        ("Giấy mời họp phổ cập giáo dục {year}", "V/v phòng, chống dịch bệnh trong trường học", "Kế hoạch {number}/KH-UBND"),
        0.06,
        0.4,
    ),
    Kind(
        "",
        (("Trường Tiểu học Cây Bàng", "vanthu@caybang.truongmau.edu.vn"), ("Trường THCS Phù Đổng", "vanphong@phudong.truongmau.edu.vn")),
        ("Trao đổi học bạ học sinh chuyển trường", "Mời dự sinh hoạt chuyên môn cụm", "Xác nhận tiếp nhận hồ sơ số {number}"),
        0.1,
        0.15,
    ),
    Kind(
        ".Phu-huynh",
        (("", ""),),
        (
            "Xin phép cho cháu nghỉ học",
            "Hỏi về giờ đón bán trú",
            "Góp ý bữa ăn bán trú",
            "Xin xác nhận học sinh",
            "Đơn khiếu nại số {number}",
        ),
        0.22,
        0.06,
        2,
    ),
    Kind(
        ".Nha-cung-cap",
        (("Công ty Sách Thiết bị", "banhang@sachthietbi.example"), ("Suất ăn An Lành", "ketoan@suatanlanh.example")),
        ("Báo giá thiết bị dạy học {year}", "Hóa đơn điện tử số {number}", "Bảng đối chiếu công nợ tháng"),
        0.14,
        0.35,
    ),
    Kind(
        ".Ban-tin",
        (("Bản tin Giáo dục", "bantin@tintucgiaoduc.example"), ("Khóa học trực tuyến", "no-reply@hoctructuyen.example")),
        ("Bản tin tuần {number}", "Ưu đãi khóa học dành cho giáo viên", "10 mẹo quản lý lớp học hiệu quả"),
        0.22,
        0.0,
        14,
    ),
    Kind(
        ".Thong-bao-may",
        (("Máy chủ", "root@maychu.truongmau.edu.vn"),),
        ("[cron] Nhật ký máy chủ {number}", "Cảnh báo: dung lượng hộp thư"),
        0.12,
        0.0,
        5,
    ),
)
SENTENCES = (
    "Kính gửi Ban Giám hiệu nhà trường.",
    "Đề nghị nhà trường triển khai đến toàn thể giáo viên và báo cáo kết quả đúng thời hạn.",
    "Nội dung chi tiết được nêu trong tệp đính kèm hoặc trên trang thông tin điện tử.",
    "Rất mong nhận được phản hồi sớm của nhà trường.",
    "Mọi thắc mắc xin liên hệ bộ phận văn thư trong giờ hành chính.",
    "Trân trọng cảm ơn sự phối hợp của quý thầy cô.",
    "Em xin cảm ơn thầy cô và chúc thầy cô nhiều sức khỏe.",
    "Danh mục kèm theo có hiệu lực kể từ ngày ký cho đến khi có thông báo mới.",
)
ATTACHMENTS = (("CongVan.pdf", "application", "pdf"), ("BieuMau.xlsx", "application", "vnd.ms-excel"), ("AnhChup.jpg", "image", "jpeg"))
ATTACHMENT_BYTES = (2_000, 60_000)


def write_maildir(folder: Path, seed: int, day: date, count: int) -> None:
    """Write `count` messages of the six years before `day`; each file's time is its message's date."""
    rng = dice(seed, "mail")
    kinds = {kind: kind.share for kind in KINDS}
    for name in ["", *sorted({kind.folder for kind in KINDS if kind.folder})]:
        for part in ("cur", "new", "tmp"):
            (folder / name / part).mkdir(parents=True)
        if name:
            # What tells a folder of Maildir++ from a mailbox of its own.
            (folder / name / "maildirfolder").touch()
    moments = sorted(_moment(rng, day) for _ in range(count))
    for number, moment in enumerate(moments):
        kind = weighted(rng, kinds)
        recent = moment.date() > day - timedelta(days=7) and chance(rng, 0.5)
        place = folder / kind.folder / ("new" if recent else "cur")
        seconds = int(moment.timestamp())
        # `:2,S`: read. In `new` a name has no flags yet.
        file = place / f"{seconds}.M{number:06d}P{1000 + number}.maychu{'' if recent else ':2,S'}"
        file.write_bytes(_message(rng, kind, moment, number).as_bytes(policy=WIRE))
        os.utime(file, (seconds, seconds))


def _moment(rng: Random, day: date) -> datetime:
    on = day - timedelta(days=1 + rng.randrange(YEARS * DAYS_A_YEAR - 1))
    minutes = rng.randrange(*MINUTES_OF_A_WORKING_DAY)
    return datetime.combine(on, time(minutes // 60, minutes % 60, rng.randrange(60)), SCHOOL_ZONE)


def _message(rng: Random, kind: Kind, moment: datetime, number: int) -> Message:
    sender = _sender(rng, kind)
    subject = rng.choice(kind.subjects).format(year=moment.year, number=rng.randrange(10, 4000))
    text = MIMEText("\r\n\r\n".join(_paragraph(rng) for _ in range(1 + rng.randrange(kind.paragraphs))) + "\r\n", "plain", "utf-8")
    message = _with_attachment(rng, text, number) if chance(rng, kind.attached) else text
    message["From"] = formataddr(sender)
    message["To"] = SCHOOL_ADDRESS
    message["Subject"] = subject
    message["Date"] = format_datetime(moment)
    message["Message-ID"] = f"<{int(moment.timestamp())}.{number}@{sender[1].partition('@')[2]}>"
    return message


def _with_attachment(rng: Random, text: MIMEText, number: int) -> Message:
    name, main, sub = rng.choice(ATTACHMENTS)
    attached = MIMENonMultipart(main, sub)
    attached.set_payload(rng.randbytes(rng.randrange(*ATTACHMENT_BYTES)))
    encode_base64(attached)
    attached.add_header("Content-Disposition", "attachment", filename=name)
    # A boundary of our own: the library draws one, and the same seed must give the same bytes.
    return MIMEMultipart("mixed", f"=_sao_khue_{number:06d}", (text, attached))


def _sender(rng: Random, kind: Kind) -> tuple[str, str]:
    name, address = rng.choice(kind.senders)
    if address:
        return name, address
    name = adult_name(rng, surname(rng, KINH), rng.choice((FEMALE, MALE)))
    return name, f"{without_marks(name).replace(' ', '.')}{rng.randrange(70, 99)}@hopthu.example"


def _paragraph(rng: Random) -> str:
    return " ".join(rng.choice(SENTENCES) for _ in range(rng.randrange(2, 7)))
