"""`truong progress` and `truong approve`: how far grade entry is, and the principal's approval of a class's results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flows.cli.common import add_home_options, home_of, iso_day, print_json, print_lines, require_consent, require_same_name
from infra.clock import vietnamese_date
from infra.errors import ConfigurationError, ExitCode
from infra.vietnamese import number

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from datetime import date

    from connectors.records.snapshot import Snapshot
    from expectations.report.gradebook import Book, GradeEntry, Place
    from flows.home import Home

TIMES = ("GK1", "CK1", "GK2", "CN")
SUBJECTS_NAMED = 3


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`progress`, `approve`."""
    progress = verbs.add_parser("progress", help="tiến độ nhập điểm: lớp nào, môn nào, ai còn thiếu; lớp nào duyệt được")
    progress.add_argument("--time", type=str.upper, choices=TIMES, metavar="THỜI_ĐIỂM", help="GK1, CK1, GK2 hoặc CN (mặc định: đang nhập)")
    progress.add_argument("--day", type=iso_day, metavar="NGÀY", help="đêm cần xem (mặc định: đêm mới nhất)")
    add_home_options(progress)
    progress.set_defaults(run=_progress)
    approve = verbs.add_parser("approve", help="ghi việc hiệu trưởng duyệt kết quả của một lớp (ai, khi nào, căn cứ gì)")
    approve.add_argument("class_name", metavar="LỚP", help="tên lớp, ví dụ 3A")
    approve.add_argument("time", type=str.upper, choices=TIMES, metavar="THỜI_ĐIỂM", help="GK1, CK1, GK2 hoặc CN")
    approve.add_argument("--by", required=True, metavar="NGƯỜI_DUYỆT", help="người duyệt, ví dụ: Hiệu trưởng Nguyễn Thị Hoa")
    approve.add_argument("--reason", required=True, metavar="CĂN_CỨ", help="căn cứ, ví dụ: họp xét ngày 28/05")
    approve.add_argument("--yes", metavar="LỚP", help="đồng ý mà không hỏi: viết lại đúng tên lớp")
    approve.add_argument("--day", type=iso_day, metavar="NGÀY", help="duyệt theo số liệu của đêm nào (mặc định: đêm mới nhất)")
    add_home_options(approve)
    approve.set_defaults(run=_approve)


def _progress(arguments: argparse.Namespace) -> int:
    home = home_of(arguments)
    snapshot, entry = _entry_of(home, arguments.day)
    time = arguments.time or entry.current
    if arguments.json:
        print_json(_for_machines(snapshot, entry))
    else:
        print_lines(_for_people(home, snapshot.day, entry, time))
    return ExitCode.OK


def _entry_of(home: Home, day: date | None) -> tuple[Snapshot, GradeEntry]:
    """The newest night (or that of a day) and its grade entry; ConfigurationError when there is none or it was not checked."""
    from flows.approving import night_of, results_of  # noqa: PLC0415 - heavy

    snapshot = night_of(home, day)
    return snapshot, results_of(home, snapshot)


def _for_machines(snapshot: Snapshot, entry: GradeEntry) -> dict[str, Any]:
    """Every book and every verdict; codes and counts, no name."""
    from expectations.readiness import CAN_APPROVE  # noqa: PLC0415 - heavy

    return {
        "day": snapshot.day,
        "current": entry.current,
        "books": [{name: getattr(book, name) for name in book.__slots__ if name != "begun"} for book in entry.books],
        "classes": [
            {name: getattr(place, name) for name in place.__slots__} | {"ready": place.state in CAN_APPROVE, "reasons": place.reasons}
            for place in entry.places
        ],
    }


def _for_people(home: Home, day: date, entry: GradeEntry, time: str) -> Iterator[str]:
    from expectations.report.wording import NOT_ENOUGH  # noqa: PLC0415 - heavy
    from expectations.report.wording import TIMES as NAMES  # noqa: PLC0415

    rows = entry.rows(time)
    due = f" (hạn {vietnamese_date(rows[0][0].due)})" if rows else ""
    yield f"TIẾN ĐỘ NHẬP ĐIỂM – {home.settings.school.name}"
    yield f"{NAMES[time]}{due}, số liệu đêm {vietnamese_date(day)}"
    yield ""
    width = max((len(place.label) for place, _ in rows), default=0)
    for place, books in rows:
        lacking = [book for book in books.values() if book.missing]
        yield f"  {place.label:<{width}}  {_filled(list(books.values())):<14}  {place.words}"
        if lacking and place.reasons:
            yield f"  {'':<{width}}  còn thiếu ở: {_named(lacking)}"
    if not rows:
        yield f"  Chưa có lớp nào: {NOT_ENOUGH}."
    yield ""
    yield from (f"{number(len(places))} lớp {state}: {', '.join(place.label for place in places)}" for state, places in entry.states(time))


def _filled(books: list[Book]) -> str:
    from expectations.progress import State  # noqa: PLC0415 - heavy

    whole = sum(book.state in {State.COMPLETE, State.LOCKED} for book in books)
    return f"{whole}/{len(books)} sổ đủ"


def _named(books: list[Book]) -> str:
    from expectations.report.gradebook import subject_name  # noqa: PLC0415 - heavy
    from expectations.report.wording import listed  # noqa: PLC0415

    worst = sorted(books, key=lambda book: -book.missing)
    return listed((f"{subject_name(book.subject)} ({number(book.missing)})" for book in worst), SUBJECTS_NAMED, "môn")


def _approve(arguments: argparse.Namespace) -> int:
    from flows.approving import approve, place_to_approve  # noqa: PLC0415 - heavy

    by, reason = (" ".join(text.split()) for text in (arguments.by, arguments.reason))
    for option, text, fix in (("--by", by, "viết người duyệt là ai"), ("--reason", reason, "viết căn cứ để duyệt")):
        if not text:
            raise ConfigurationError("Còn để trống", where=option, fix=fix)
    name = arguments.class_name
    require_same_name(name, arguments.yes)
    home = home_of(arguments)
    snapshot, entry = _entry_of(home, arguments.day)
    place = place_to_approve(entry, name, arguments.time)
    if not arguments.json:
        print_lines(_plan(snapshot, place))
    require_consent(name, arguments.yes, "Gõ tên lớp ({}) để ghi, Enter để thôi: ", "Chưa duyệt gì")
    written = approve(home, snapshot, (name, place.time), by, reason)
    if arguments.json:
        print_json({name: getattr(written, name) for name in ("class_name", "time", "day", "when", "who", "by", "why")})
    else:
        print_lines([f"Đã ghi: {written.by} duyệt ({written.who} ghi, {written.when}), căn cứ: {written.why}."])
    return ExitCode.OK


def _plan(snapshot: Snapshot, place: Place) -> Iterator[str]:
    """What would be written down, and what follows from it."""
    from expectations.report.wording import TIMES as NAMES  # noqa: PLC0415 - heavy
    from expectations.views.scene import MAIN  # noqa: PLC0415

    yield f"Lớp {place.label}, {NAMES[place.time]}, số liệu đêm {vietnamese_date(snapshot.day)}. SẼ GHI LÀ ĐÃ DUYỆT:"
    yield f"  • {number(place.expected)} kết quả môn học và phẩm chất, năng lực đã nhập đủ (tính theo học sinh)"
    if place.to_review:
        yield f"  • {number(place.to_review)} chỗ cần xem còn mở: hãy xem trong danh sách cần sửa trước khi duyệt"
    if place.approved_on:
        yield f"  • thay cho lần duyệt theo số liệu đêm {vietnamese_date(place.approved_on)} ({number(place.changed)} ô đã sửa từ đó)"
    if not snapshot.sources[MAIN].fresh:
        taken = vietnamese_date(snapshot.sources[MAIN].taken_from)
        yield f"  • CHÚ Ý: đêm đó không kéo được QLNT, số liệu là của đêm {taken}"
    yield "Từ đêm sau, mọi ô bị sửa, thêm hay mất so với số liệu này được nêu trong báo cáo cho đến khi duyệt lại."
