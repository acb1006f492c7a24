"""Which number of the domain rules is decided by which rules, and why data cannot decide the others.

The list of numbers is the project's own copy of those in `domain/rules.md` (sections 0-7, November 2026), the
domain document that the rule codes are taken from; the text itself is not copied.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SOURCE = "domain/rules.md, mục 0–7 (11/2026)"
NUMBERS: tuple[str, ...] = (
    "QC-15.1", "QC-16.1", "QC-19.6", "QC-21", "QC-10.1", "QC-6",
    "TT27-0.1", "TT27-0.2",
    "TT27-7.1a", "TT27-7.1b", "TT27-7.1c", "TT27-7.1d", "TT27-7.1e", "TT27-7.1f", "TT27-7.1g", "TT27-7.2", "TT27-7.3", "TT27-7.4",
    "TT27-9.1", "TT27-9.2", "TT27-9.3", "TT27-9.4", "TT27-9.5", "TT27-9.6", "TT27-9.7", "TT27-9.8", "TT27-9.9",
    "TT27-10", "TT27-11.1", "TT27-11.2", "TT27-11.3", "TT27-11.4", "TT27-13.1", "TT27-13.2", "TT27-13.3",
    "CT-1", "CT-2", "CT-3", "CT-4", "CT-5",
    "HS-1", "HS-2", "HS-3", "HS-4", "HS-5", "HS-6", "HS-7", "HS-8",
    "ID-1", "ID-2", "ID-3", "ID-4", "ID-5", "ID-6", "ID-7", "ID-8",
    "DT-1", "DT-2", "DT-3", "DT-4", "DT-5",
    "TU-1", "TU-2", "TU-3", "TU-4", "TU-5",
    "DC-1", "DC-2", "DC-3", "TX-1", "TX-2",
    "CC-1", "SK-1",
    "CB-1", "CB-2", "CB-3", "CB-4", "CB-5", "CB-6",
    "PL-1", "PL-2", "PL-3", "PL-4", "PL-5", "PL-6", "PL-7", "PL-8", "PL-9",
    "HB-1", "HB-2", "HB-3",
)  # fmt: skip

# Families of codes that rules.md has no number for (or names only by article) -> the number that asks for them.
FAMILIES: Mapping[str, str] = {
    "DCH": "QC-19.6",  # the systems agree about which pupils are here
    "DCH-8": "QC-10.1",  # only people who are there teach
    "DCH-9": "QC-10.1",
    **{f"DCH-{number}": "CB-1" for number in range(10, 15)},  # two lists of the staff say the same of everybody
    "BD": "QC-16.1",  # what changed between nights is reported as an anomaly
    "NN": "QC-16.1",  # one cause behind many findings is reported as one anomaly
    "QC-15.4": "QC-15.1",  # results are approved class by class
    "QC-16.1a": "QC-16.1",
    "QC-16.1b": "QC-16.1",
    "QC-19.7": "QC-16.1",  # marks entered in time
}
# Numbers that rules with another number decide, too.
ALSO: Mapping[str, tuple[str, ...]] = {
    "QC-16.1": ("TT27-7.1a/1", "TT27-7.1a/2", "TT27-7.1b", "TT27-7.2", "TT27-7.2/1", "TT27-9.5"),
    "TT27-9.1": ("TT27-9.9",),
    "TT27-9.2": ("TT27-9.9",),
    "TT27-9.3": ("TT27-9.9",),
    "TT27-9.4": ("TT27-9.9",),
    "TT27-9.6": ("TT27-9.9",),
    "TT27-9.7": ("TT27-9.9",),
    "TT27-9.8": ("TT27-9.5", "TT27-9.9"),
    "TT27-11.3": ("TT27-11.1",),
    "CT-2": ("TT27-7.1a/1", "TT27-7.1a/2", "CT-1"),
    "HS-3": ("QC-19.6/5", "QC-19.6/6", "QC-19.6/8"),
    "ID-3": ("ID-4/3", "ID-4/5"),
    "ID-7": ("ID-4/1",),
    "TU-1": ("TU-2/1", "TU-2/2", "TU-3"),
    "CB-6": ("QC-10.1",),
}
# Why data cannot decide a number; for people, so in Vietnamese.
REASONS: Mapping[str, str] = {
    "QC-15.1": "Bảng đối chiếu từ ngữ của quy chế với Thông tư 27: dùng để hiểu quy chế, không có ô dữ liệu nào để so",
    "QC-21": "Yêu cầu đối với việc sao lưu và phục hồi: `truong backup`, `truong drill` chứng minh, không phải quy tắc trên dữ liệu",
    "QC-6": "Tệp mang dấu bí mật nhà nước bị từ chối trước khi kéo về, nên không bao giờ vào dữ liệu để kiểm",
    "TT27-0.1": "Lộ trình áp dụng: quyết định bộ quy tắc theo năm học và khối, tự nó không phải điều kiện của dữ liệu",
    "TT27-7.1f": "Kho giữ mọi lần kiểm tra và lấy lần cuối; giáo viên có đề nghị kiểm tra lại hay không thì dữ liệu không ghi",
    "TT27-10": "Học bạ giấy giữ ở trường và Bảng tổng hợp là việc lưu hồ sơ; nội dung của chúng đã được kiểm ở các mục 7 và 9",
    "TT27-11.4": "Số ngày nghỉ không phải điều kiện lên lớp: cố ý không có quy tắc nào so hai số liệu này",
    "CT-3": "Số tiết mỗi môn, mỗi ngày nằm ở thời khóa biểu, không hệ thống nào giao thời khóa biểu",
    "CT-5": "Các cách viết tên môn được quy về một mã khi đọc tệp; viết khác không phải là sai",
    "ID-5": "Mã tỉnh trong số định danh là nơi đăng ký khai sinh: cố ý không so với địa chỉ",
    "ID-8": "Mã trường nằm trong cấu hình (school.code), được kiểm khi nạp cấu hình; không có cột nào trong dữ liệu học sinh",
    "TU-5": "Tuổi thống kê được tính khi điền biểu (năm báo cáo trừ năm sinh), không có số nào được lưu để so",
    "DC-2": "Chấp nhận cả hai cách ghi và giữ nguyên chữ; các cột «(cũ)» không thuộc bảng chuẩn nên không có gì để so",
    "DC-3": "Nơi nhận báo cáo là cấu hình (school.recipients), không phải dữ liệu",
    "TX-2": "Vùng dữ liệu khai sai của tệp Excel do phần đọc tệp xử lý: mọi dòng đều được đọc, không còn gì để kiểm",
    "CB-3": "Từ năm học 2026-2027 chỉ còn một chức danh; mã hạng cũ được giữ để đọc lại, không còn đúng hay sai",
    "PL-1": "Văn bản nào đang có hiệu lực là việc của người đọc luật, không có trong dữ liệu",
    "PL-2": "Yêu cầu đối với báo cáo (chỉ số đếm, che ô nhỏ), không phải đối với dữ liệu nguồn",
    "PL-3": "Không hệ thống nào giao phiếu đồng ý của cha mẹ; danh sách tên không được đưa lên trang thông tin",
    "PL-4": "Thời hạn báo khi lộ dữ liệu là việc của con người khi có sự cố",
    "PL-5": "Dấu mật được tìm trong tệp trước khi kéo về, không phải quy tắc trên dữ liệu đã kéo",
    "PL-6": "Cấp độ an toàn của hệ thống do hồ sơ cấp độ quyết định, không có trong dữ liệu",
    "PL-8": "Thời hạn lưu trữ từng loại hồ sơ chưa có: là cấu hình, mặc định không xóa gì",
    "PL-9": "Căn cứ pháp lý của chính việc kiểm tra dữ liệu, không phải điều kiện của dữ liệu",
    "HB-1": "Kế hoạch triển khai học bạ số: không có điều kiện nào cho dữ liệu",
    "HB-2": "Cấu trúc XML của học bạ số chưa công bố; chỉ kiểm được dữ liệu đã đủ hay chưa, ở các mục 7 và 9",
    "HB-3": "Học bạ đã phát hành nằm ở hệ thống học bạ số, chưa hệ thống nào giao về",
}


@dataclass(frozen=True, slots=True)
class Coverage:
    """A number with the codes of its rules, or with the Vietnamese reason why there are none."""

    number: str
    rules: tuple[str, ...]
    reason: str


def number_of(code: str) -> str | None:
    """The number that a rule's code belongs to: `ID-4/1` -> `ID-4`, `DCH-2` -> `QC-19.6`; None when there is none."""
    head = code.split("/", maxsplit=1)[0]
    if head in NUMBERS:
        return head
    return FAMILIES.get(head) or FAMILIES.get(head.split("-", maxsplit=1)[0])


def coverage(codes: Iterable[str]) -> tuple[Coverage, ...]:
    """Every number, in order, with the codes among `codes` that decide it; a reason only where there are none."""
    known = list(codes)
    return tuple(_covered(number, known) for number in NUMBERS)


def _covered(number: str, known: list[str]) -> Coverage:
    also = ALSO.get(number, ())
    rules = tuple(code for code in known if number_of(code) == number or code in also)
    return Coverage(number, rules, "" if rules else REASONS.get(number, ""))
