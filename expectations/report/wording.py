"""Every Vietnamese sentence of the report that depends on a number, a date or a state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.records import codes
from connectors.records.school_year import SchoolYear
from connectors.records.systems import label_of, short_of
from connectors.records.tables import TABLES
from expectations.rule import Severity, table_label
from expectations.views.programme import CHARACTER
from infra.clock import vietnamese_date
from infra.vietnamese import number

if TYPE_CHECKING:
    from collections.abc import Iterable

    from expectations.report.content import BackupProof, ReportContent, TableTotals
    from expectations.report.coverage import Entry
    from expectations.report.summary import Change, RootLine, RuleGroup, SourceAge, Summary, WaivedLine

NOT_ENOUGH = "chưa đủ dữ liệu"
AS_RECEIVED = " (như nhận)"
STAFF_TABLES = ("staff", "ratings", "accounts")
CLASSES_NAMED = 4
OLD_AFTER_DAYS = 7
WEEKDAYS = ("Thứ hai", "Thứ ba", "Thứ tư", "Thứ năm", "Thứ sáu", "Thứ bảy", "Chủ nhật")
FIELDS = ("Họ tên", "Ngày sinh", "Dân tộc", "Giới tính", "Thường trú", "Diện chính sách", "Cha mẹ", "Điện thoại")
# What rules look at that is counted for them and stands in no table.
VIEW_COLUMNS = {
    "pupils": "Sĩ số",
    "disabled_pupils": "Số học sinh khuyết tật",
    "whole": "Môn ghép và phân môn",
    "rows_now": "Số dòng đêm nay",
    "pupils_now": "Sĩ số đêm nay",
    "class_pupils": "Số học sinh của lớp",
    "marks_gone": "Số kết quả không còn",
    "one_score": "Điểm chung của cả lớp",
    "first_entered": "Giờ nhập đầu tiên",
    "days_off": "Số ngày nghỉ trong học kỳ",
    "gone": "Đã rời trường",
    "self_rated": "Tự đánh giá",
    "rated_by_head": "Được người đứng đầu đánh giá",
    "excellent": "Số người hoàn thành xuất sắc",
    "column_name": "Cột không có giá trị",
    "source_row": "Dòng trống",
}
CHARACTER_NAME = "Phẩm chất, năng lực"
TIMES = {"GK1": "Giữa HK I", "CK1": "Cuối HK I", "GK2": "Giữa HK II", "CN": "Cuối năm"}
MEANINGS = {
    Severity.STOP: "đêm nay không gửi biểu nào đi",
    Severity.BLOCK: "dòng này bị giữ lại cho đến khi sửa xong",
    Severity.REVIEW: "vẫn được gửi đi, nhưng phải có người xem và ký",
    Severity.REMIND: "để biết, sửa khi tiện",
}
SEVERITY_TITLES = {Severity.STOP: "Dừng", Severity.BLOCK: "Chặn", Severity.REVIEW: "Xem kỹ", Severity.REMIND: "Nhắc"}


def percent(part: int, whole: int) -> str:
    """A share with one decimal, never rounded up to 100 %: 99,9 %."""
    if whole == 0:
        return "–"
    tenths = part * 1000 // whole
    return f"{tenths // 10} %" if tenths % 10 == 0 else f"{tenths // 10},{tenths % 10} %"


def long_date(content: ReportContent) -> str:
    return f"{WEEKDAYS[content.day.weekday()]}, {vietnamese_date(content.day)}"


def school_year(content: ReportContent) -> str:
    return SchoolYear.of(content.day).label


def system_name(system: str) -> str:
    return label_of(system)


def short_system(system: str) -> str:
    return short_of(system)


def grade_of(class_name: str) -> str:
    return f"Khối {class_name[0]}" if class_name[:1].isdigit() else "Lớp khác"


def listed(items: Iterable[str], shown: int, unit: str) -> str:
    """`a, b và 3 lớp khác`."""
    every = list(items)
    rest = len(every) - shown
    if rest > 0:
        return f"{', '.join(every[:shown])} và {number(rest)} {unit} khác"
    return ", ".join(every)


def headline(summary: Summary) -> str:
    """The night in one sentence."""
    stop, block = summary.severities[Severity.STOP], summary.severities[Severity.BLOCK]
    if stop:
        return f"Đêm nay dừng mọi việc gửi dữ liệu: có {number(stop)} dấu hiệu bất thường phải có người xem trước."
    if block:
        return f"Có {number(block)} chỗ phải sửa trước khi gửi dữ liệu đi; các dòng đó đang được giữ lại."
    if summary.total:
        return f"Không có gì bị chặn. Còn {number(summary.total)} chỗ nên xem lại khi thầy cô thu xếp được."
    if summary.not_examined == len(summary.rules):
        return "Đêm nay chưa có dữ liệu để kiểm tra."
    return "Không tìm thấy chỗ nào sai trong dữ liệu đêm nay."


def second_line(summary: Summary) -> str:
    """What the headline does not say: stale sources, rules without data, exceptions; empty when there is nothing."""
    stale = [system_name(source.system) for source in summary.sources if not source.fresh]
    lines = [f"Đêm nay không kéo được {', '.join(stale)}; phần đó dùng dữ liệu tốt gần nhất."] if stale else []
    if summary.not_examined:
        lines.append(f"{number(summary.not_examined)} quy tắc {NOT_ENOUGH} để kiểm.")
    if signed := sum(line.count for line in summary.waived):
        lines.append(f"{number(signed)} chỗ là ngoại lệ đã ký nên không tính vào đây.")
    return " ".join(lines)


def age(source: SourceAge) -> str:
    """How old a source's own data is."""
    if source.age is None:
        return "hệ thống không cho biết ngày của dữ liệu"
    if source.age < 0:
        return "ngày của dữ liệu ở tương lai, cần kiểm tra lại"
    return "dữ liệu của chính hôm nay" if source.age == 0 else f"dữ liệu cũ {number(source.age)} ngày"


def age_tone(source: SourceAge) -> str:
    if source.age is None:
        return "grey"
    if not source.fresh or source.age < 0 or source.age > OLD_AFTER_DAYS:
        return "bad"
    return "good" if source.age <= 1 else "warn"


def pulled(source: SourceAge) -> str:
    """Whether tonight's pull worked."""
    if source.fresh:
        return f"đêm nay kéo được {number(source.rows)} dòng"
    return f"đêm nay không kéo được; dùng {number(source.rows)} dòng của đêm {vietnamese_date(source.taken_from)}"


def concerns(group: RuleGroup) -> str:
    """With whom a group of findings is: classes with counts, or how many classes where a name would say too much."""
    if group.folded:
        return f"Một nguyên nhân cho cả trang của nguồn, gộp {number(group.folded)} chỗ"
    if group.classes:
        names = [f"{name} ({number(count)})" for name, count in group.classes]
        return "Lớp " + listed(names, CLASSES_NAMED, "lớp")
    if group.class_count:
        return f"Ở {number(group.class_count)} lớp (tên lớp chỉ ghi trong danh sách riêng)"
    return "Nhân sự" if group.rule.table in STAFF_TABLES else "Toàn trường"


def newly(group: RuleGroup) -> str:
    return f", {number(group.new)} mới đêm nay" if 0 < group.new < group.count else ""


def examined(count: int) -> str:
    return f"đã kiểm {number(count)} dòng" if count else NOT_ENOUGH


def change_line(change: Change | None) -> str:
    if change is None:
        return "Đêm đầu tiên: chưa có đêm trước để so."
    return (
        f"So với đêm {vietnamese_date(change.since)}: {number(change.new)} chỗ mới, "
        f"{number(change.gone)} chỗ đã hết, {number(change.still)} chỗ vẫn còn."
    )


def entry(of: Entry, *, due: bool, examined_any: bool) -> str:
    """A cell of the grade-entry table; what is not yet due is never called missing."""
    if not examined_any or not of.expected:
        return NOT_ENOUGH
    if not due and of.missing:
        return f"đang nhập {percent(of.filled, of.expected)}" if of.filled else "chưa đến hạn"
    return f"thiếu {number(of.missing)}" if of.missing else "đủ"


def totals_by_table(totals: Iterable[TableTotals]) -> list[tuple[str, str, TableTotals]]:
    """Table, system and totals, a table's whole first; systems only where several delivered the table."""
    every = list(totals)
    found = []
    for whole in (total for total in every if not total.system):
        parts = [total for total in every if total.system and total.table == whole.table]
        found.append((table_label(whole.table), "", whole))
        found += [("", short_system(part.system), part) for part in parts if len(parts) > 1]
    return found


def waived(line: WaivedLine) -> str:
    """How many exceptions of a rule were signed, and when the first of them ends."""
    return f"{number(line.count)} chỗ, sớm nhất hết hạn {vietnamese_date(line.until)}"


def root(line: RootLine) -> str:
    """Where one cause lies and how many findings it stands for."""
    own = {column.name: column.label for column in TABLES[line.table].own} if line.table in TABLES else {}
    where = f", cột {own[line.column].removesuffix(AS_RECEIVED)}" if line.column in own else ""
    return f"{table_label(line.table)}{where}: gộp {number(line.folded)} chỗ"


def tie_out(total: TableTotals) -> str:
    """The equation that every table must satisfy."""
    sums = total.exported + total.held + total.quarantined == total.pulled
    return "khớp" if sums else "KHÔNG KHỚP, báo phụ trách CNTT"


def backup_lines(proof: BackupProof | None) -> list[str]:
    """What was proved of the backup before tonight; what was not proved is said too."""
    if proof is None:
        return ["Trước đêm nay chưa có bản sao lưu nào được chứng minh."]
    facts = (
        ("Bản mới nhất nhìn thấy trong kho sao lưu: đêm", proof.newest_day),
        ("Lần gần nhất đọc lại dữ liệu trong kho:", proof.read_on),
        ("Lần gần nhất diễn tập khôi phục:", proof.drilled_on),
    )
    dated = [f"{what} {vietnamese_date(day)}." if day else f"{what} chưa có." for what, day in facts]
    return [*dated, *proof.lines]


def cell_label(table: str, key: str, column: str) -> str:
    """Which cell a finding is about: `Toán · Cuối năm · Điểm KTĐK`."""
    known = column in VIEW_COLUMNS or table not in TABLES
    label = VIEW_COLUMNS.get(column, column) if known else TABLES[table].label_of(column).removesuffix(AS_RECEIVED)
    return " · ".join([*_key_words(table, key.split("|")[1:]), label])


def _key_words(table: str, parts: list[str]) -> list[str]:
    """What follows the code in a key, in words; by position, for CN is both a subject (Công nghệ) and a time (cuối năm)."""
    if table == "marks" and len(parts) == len(("subject", "time")):
        subject = codes.subjects().get(parts[0])
        return [subject.name if subject else parts[0], TIMES.get(parts[1], parts[1])]
    if table == "traits" and len(parts) == len(("trait", "time")):
        trait = codes.traits().get(parts[0])
        book = CHARACTER_NAME if parts[0] == CHARACTER else parts[0]
        return [trait.name if trait else book, TIMES.get(parts[1], parts[1])]
    if table == "attendance":
        return [f"Tháng {part[5:]}/{part[:4]}" for part in parts]
    return [f"Năm {part}" for part in parts] if table == "ratings" else []
