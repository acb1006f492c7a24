"""The questions of `truong restore` at a terminal: from which store, of which night, what, why; then what will come, and a yes."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING, NoReturn

import polars as pl

from backup.contents import PART_NAMES
from backup.manifest import paths_of
from backup.opening import open_repositories
from backup.restore import nights, plan
from backup.wanted import CLASS, DATABASE, databases, table_path, tables
from connectors.records.tables import TABLES
from flows.cli.common import iso_day, print_lines
from flows.cli.restoring import plan_line
from flows.restore_log import RestoreOrder, RestoreRefused
from flows.restoring import declined, new_target, restore_plan
from infra.clock import SCHOOL_ZONE, vietnamese_date
from infra.vietnamese import number, size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backup.manifest import Manifest
    from backup.repository import Repository
    from backup.stored import StoredSnapshot
    from flows.home import Home

SHOWN_NIGHTS, SHOWN_FILES = 14, 20
YES = "có"


def asked_order(home: Home) -> RestoreOrder:
    """Ask everything; RestoreRefused, written into the log, when the person does not agree in the end."""
    print_lines([f"KHÔI PHỤC – {home.settings.school.name}", "Dữ liệu lấy lại nằm ở một thư mục mới, không đè lên gì. Ctrl+C: thôi.", ""])
    repository = _repository(open_repositories(home.settings))
    snapshot = _night(repository)
    manifest, _ = plan(repository, snapshot, "")
    order = RestoreOrder(_what(repository, snapshot, manifest), snapshot.id, repository.name, new_target(home).absolute(), _reason())
    print_lines(["", plan_line(restore_plan(home, order), order.what) + ".", f"Vào thư mục mới: {order.target}"])
    if _ask(f"Gõ «{YES}» để lấy lại, Enter để thôi: ").casefold() != YES:
        raise declined(home, order)
    return order


def _repository(repositories: Sequence[Repository]) -> Repository:
    if len(repositories) == 1:
        return repositories[0]
    print_lines(["Lấy từ kho nào?", *(f"  {place}. {one.name}: {one.url}" for place, one in enumerate(repositories, 1))])
    return repositories[_number("Số (Enter: 1): ", len(repositories), default=1) - 1]


def _night(repository: Repository) -> StoredSnapshot:
    found = list(reversed(nights(repository.snapshots())))
    if not found:
        raise RestoreRefused("Kho chưa có bản sao lưu nào", where=repository.name, fix="chạy `truong nightly`, hoặc chọn kho khác")
    print_lines(["", "Của đêm nào?", *(f"  {place:>2}. {_night_line(night)}" for place, night in enumerate(found[:SHOWN_NIGHTS], 1))])
    if len(found) > SHOWN_NIGHTS:
        print_lines([f"      … và {len(found) - SHOWN_NIGHTS} đêm cũ hơn: gõ ngày, như 31/05/2027"])
    while True:
        answer = _ask("Số hoặc ngày (Enter: 1, đêm mới nhất): ") or "1"
        chosen = [found[int(answer) - 1]] if answer.isdigit() and 0 < int(answer) <= len(found) else _of_day(found, answer)
        if chosen:
            return chosen[0]
        print_lines([f"Không có đêm «{answer}»."])


def _night_line(night: StoredSnapshot) -> str:
    saved = f"lưu lúc {night.time.astimezone(SCHOOL_ZONE):%H:%M %d/%m/%Y}"
    partial = f"  ({night.partial_told})" if night.partial else ""
    return f"{vietnamese_date(night.day)}  {number(night.files):>7} tệp  {size(night.bytes):>9}  {saved}{partial}"


def _of_day(found: Sequence[StoredSnapshot], answer: str) -> list[StoredSnapshot]:
    import argparse  # noqa: PLC0415 - the error of a wrong day

    try:
        day = iso_day(answer)
    except argparse.ArgumentTypeError:
        return []
    return [night for night in found if night.day == day]


def _what(repository: Repository, snapshot: StoredSnapshot, manifest: Manifest) -> str:
    kinds = _kinds(manifest)
    print_lines(["", "Lấy lại gì?", *(f"  {place}. {label}" for place, label in enumerate(kinds, 1))])
    chosen = list(kinds.values())[_number("Số (Enter: 1): ", len(kinds), default=1) - 1]
    if chosen == "table":
        return _table(manifest)
    if chosen == CLASS:
        return CLASS + _class(repository, snapshot, manifest)
    return _file(manifest) if chosen == "file" else chosen


def _kinds(manifest: Manifest) -> dict[str, str]:
    """What this night has to give: label -> answer; nothing is offered that would then not be there."""
    there = tables(manifest)
    kinds = {"trọn đêm": ""}
    kinds |= {"một bảng (mở bằng Excel)": "table"} if there else {}
    kinds |= {"sổ điểm của một lớp (mở bằng Excel)": CLASS} if {"classes", "marks"} <= set(there) else {}
    kinds |= {"cơ sở dữ liệu": DATABASE} if databases(manifest) else {}
    kinds |= {PART_NAMES["mail"]: "mail"} if "mail" in manifest.parts else {}
    return {**kinds, "một tệp hay thư mục": "file"}


def _table(manifest: Manifest) -> str:
    names, rows = tables(manifest), manifest.parts["snapshot"].rows
    print_lines(
        ["", "Bảng nào?", *(f"  {place:>2}. {TABLES[name].label} ({number(rows[name])} dòng)" for place, name in enumerate(names, 1))]
    )
    return names[_number("Số: ", len(names)) - 1]


def _class(repository: Repository, snapshot: StoredSnapshot, manifest: Manifest) -> str:
    """A class that this night really has, whatever capitals it is typed with."""
    content = io.BytesIO()
    repository.dump_file(snapshot.id, table_path(manifest, "classes"), content.write)
    names = pl.read_parquet(content.getvalue(), columns=["class_name"])["class_name"].drop_nulls().unique().sort().to_list()
    print_lines(["", "Lớp nào?", f"  {', '.join(names)}"])
    known = {name.casefold(): name for name in names}
    while (answer := _ask("Tên lớp: ").casefold()) not in known:
        print_lines([f"Không có lớp «{answer}»."])
    return str(known[answer])


def _file(manifest: Manifest) -> str:
    """A file chosen by a word of its name."""
    while True:
        word = _ask("Một từ trong tên tệp hay thư mục: ").casefold()
        found = [path for path in paths_of(manifest.files) if word and word in path.casefold()]
        if len(found) == 1:
            return found[0]
        if not found or len(found) > SHOWN_FILES:
            print_lines([f"{number(len(found))} tệp có từ đó: gõ từ khác."])
            continue
        print_lines(f"  {place:>2}. {path}" for place, path in enumerate(found, 1))
        return found[_number("Số: ", len(found)) - 1]


def _reason() -> str:
    while not (reason := _ask("\nVì sao lấy lại? (ghi vào sổ khôi phục, không ghi tên học sinh): ")):
        print_lines(["Sổ khôi phục cần một lý do."])
    return reason


def _number(question: str, most: int, default: int = 0) -> int:
    while True:
        answer = _ask(question)
        if not answer and default:
            return default
        if answer.isdigit() and 0 < int(answer) <= most:
            return int(answer)
        print_lines([f"Hãy gõ một số từ 1 đến {most}."])


def _ask(question: str) -> str:
    print(question, end="", file=sys.stderr, flush=True)
    answer = sys.stdin.readline()
    if not answer:
        _left()
    return " ".join(answer.split())


def _left() -> NoReturn:
    raise RestoreRefused("Chưa lấy lại gì: chưa trả lời hết câu hỏi", fix="chạy lại `truong restore`")
