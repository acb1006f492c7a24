"""Settings of one school: `truong.toml`, checked on load; an unknown or wrong key is one clear line.

Paths in the file are relative to the file's own folder (the *home*). Passwords never stand here:
only the paths of files that hold them (infra/secret_files.py).
"""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError, model_validator

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
    # Retention years stand in no text that was found (rules.md PL-8, §9): a person approves each list, nothing goes by itself.
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


ANY_COMMON_YEAR = 2027  # 29/02 is no day of every year


def _month_day(text: str) -> tuple[int, int]:
    """`15/11` as (11, 15)."""
    day, _, month = text.partition("/")
    return int(month), int(day)


def _day_of_every_year(text: str) -> str:
    try:
        date(ANY_COMMON_YEAR, *_month_day(text))
    except ValueError as error:
        raise ValueError(f"«{text}» không phải một ngày, hãy viết như 15/11") from error
    return text


DayOfYear = Annotated[str, AfterValidator(_day_of_every_year)]


class Limits(Section):
    """Thresholds that the law leaves to the school; defaults and their sources in docs/rules.md."""

    max_school_days_a_month: int = 26
    idle_account_days: int = Field(default=45, description="QCVN 12:2026/BCA (PL-7)")
    shared_phone_pupils: int = Field(default=5, description="DT-5")
    class_size: int = Field(default=35, description="TT 28/2020 Điều 16.1 (TU-4)")
    max_school_days_a_term: int = Field(default=90, description="CC-1: nửa của 35 tuần học, làm tròn lên 18 tuần (CT-3)")
    level_t_from: int = Field(default=7, description="thông lệ, không phải luật (TT27-7.1g): mức T đi với điểm từ")
    level_h_from: int = Field(default=5, description="thông lệ (TT27-7.1g): mức H đi với điểm từ")
    level_c_to: int = Field(default=4, description="thông lệ (TT27-7.1g): mức C đi với điểm đến")
    science_is_tested: bool = Field(default=True, description="TT27-7.1b: Khoa học ở khối 4, 5 có bài kiểm tra định kỳ")
    digital_traits_from_grade: int = Field(default=3, description="khối bắt đầu đánh giá năng lực công nghệ, tin học (TT27-7.2)")
    count_electives: bool = Field(default=True, description="TT27-9.8: môn tự chọn đã đánh giá thì tính vào kết quả năm")
    accept_old_subjects: bool = Field(default=False, description="CT-4: không báo môn Thủ công, Kỹ thuật của chương trình cũ")
    second_term_starts: DayOfYear = Field(default="16/01", description="HS-7: ngày đầu học kỳ 2 theo kế hoạch năm học của thành phố")
    lowest_height_cm: int = Field(default=85, description="SK-1: chiều cao có thể có, từ")
    highest_height_cm: int = Field(default=180, description="SK-1: chiều cao có thể có, đến")
    lightest_kg: int = Field(default=10, description="SK-1: cân nặng có thể có, từ")
    heaviest_kg: int = Field(default=100, description="SK-1: cân nặng có thể có, đến")
    measured_by: DayOfYear = Field(default="31/12", description="Điều 20: hạn đo chiều cao, cân nặng cho mọi học sinh")
    score_jump: int = Field(default=5, description="Điều 16.1b: điểm lệch lần kiểm tra trước từ bao nhiêu thì đề nghị xem lại")
    alike_marks_from: int = Field(
        default=10, description="Điều 16.1b: số điểm ít nhất của một sổ để xét cả lớp một điểm, nhập trong một phút"
    )
    last_hours: int = Field(default=24, description="Điều 16.1b: bao nhiêu giờ cuối trước hạn là nhập sát hạn")
    class_size_jump: int = Field(default=5, description="Điều 16.1b: sĩ số một lớp đổi sau một đêm từ bao nhiêu thì đề nghị xem lại")
    nd233_from_year: int = Field(default=2026, description="CB-4: năm đầu tiên xếp loại theo NĐ 233/2026; trước đó NĐ 90/2020, NĐ 48/2023")
    tt20_until_year: int = Field(default=2026, description="CB-2, CB-3: năm cuối xếp loại theo 15 tiêu chí; sau đó chuẩn một chức danh")
    excellent_percent: int = Field(default=20, description="CB-4: HTXSNV không quá bao nhiêu % số HTTNV (đơn vị xuất sắc: 25)")
    unit_rating: Literal["", "HTXSNV", "HTTNV", "HTNV", "KHTNV"] = Field(
        default="", description="CB-4: xếp loại của đơn vị năm gần nhất; để trống: không so với người đứng đầu"
    )

    @property
    def second_term_day(self) -> tuple[int, int]:
        """(month, day) on which the second term starts."""
        return _month_day(self.second_term_starts)

    @property
    def measured_by_day(self) -> tuple[int, int]:
        """(month, day) by which everybody must have been measured."""
        return _month_day(self.measured_by)

    @model_validator(mode="after")
    def _in_order(self) -> Limits:
        if not (self.level_c_to < self.level_h_from <= self.level_t_from):
            raise ValueError("cần level_c_to < level_h_from <= level_t_from")
        if self.lowest_height_cm >= self.highest_height_cm or self.lightest_kg >= self.heaviest_kg:
            raise ValueError("cận dưới phải nhỏ hơn cận trên (chiều cao, cân nặng)")
        return self


class Secrecy(Section):
    """What the guard against state secrets lets pass (Điều 6)."""

    cleared: tuple[str, ...] = Field(default=(), description="tên tệp đã được xem và không phải tài liệu mật")


AssessmentTime = Literal["GK1", "CK1", "GK2", "CN"]


class Gradebook(Section):
    """When marks must be in and when books are locked (Điều 16.1a, 19.7a); no text fixes these days, so the school does."""

    due: dict[AssessmentTime, DayOfYear] = Field(default_factory=dict, description="hạn nhập (ngày/tháng); không đặt: hạn mặc định")
    locked: dict[AssessmentTime, DayOfYear] = Field(default_factory=dict, description="ngày khóa sổ (ngày/tháng); không đặt: không khóa")

    @property
    def due_days(self) -> dict[str, tuple[int, int]]:
        """Time -> (month, day) of those that the school set."""
        return {time: _month_day(text) for time, text in self.due.items()}

    @property
    def locked_days(self) -> dict[str, tuple[int, int]]:
        """Time -> (month, day) from which its books are locked."""
        return {time: _month_day(text) for time, text in self.locked.items()}


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
    secrecy: Secrecy = Secrecy()
    gradebook: Gradebook = Gradebook()
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
