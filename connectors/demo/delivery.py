"""The demo school's sources as a folder: written aside, renamed once, never over something that is there."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from connectors.demo.faults import plant
from connectors.demo.faults_staff import ONLY_WITH_TEMIS
from connectors.demo.files import write_sector_exports, write_staff_files
from connectors.demo.mail import write_maildir
from connectors.demo.nights import two_nights, without_settings
from connectors.demo.other_systems import write_other_systems
from connectors.demo.qlnt_database import write_qlnt
from connectors.demo.school import School, build_school
from infra.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from connectors.demo.planting import Fault

FEWEST_PUPILS = 60  # below that the special cases leave no ordinary pupils
FAULTS_FILE = "faults.json"


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What to write: `clean` plants no defect; `day` is the day of the systems' own data; `all_systems`: TEMIS, LMS and the like, too."""

    pupils: int = 1050
    seed: int = 1
    day: date = date(2027, 5, 31)
    clean: bool = False
    mails: int = 3000
    all_systems: bool = False


@dataclass(frozen=True, slots=True)
class DemoSummary:
    """What was written, in counts."""

    pupils: int
    classes: int
    staff: int
    marks: int
    traits: int
    mails: int
    faults: int
    rules: int


def write_demo(folder: Path, options: DemoOptions) -> DemoSummary:
    """Write the sources of a demo school. ConfigurationError when the folder holds something or the school would be too small."""
    _refuse(folder, options)
    school = build_school(options.seed, options.pupils, options.day)
    faults = [] if options.clean else plant(school, options.seed)
    return _write(folder, school, options, None if options.clean else faults)


def write_two_nights(earlier: Path, folder: Path, options: DemoOptions) -> DemoSummary:
    """The school of the night before, and tonight's with what changed since; raises as `write_demo` does.

    The list of faults lies in tonight's folder: what a check must find that is given the earlier night as well. The
    mailbox is tonight's only: nothing compares it.
    """
    if earlier.resolve() == folder.resolve():
        raise ConfigurationError("Hai đêm không thể ghi vào cùng một thư mục", where=str(folder), fix="chọn hai thư mục khác nhau")
    for place in (earlier, folder):
        _refuse(place, options)
    nights = two_nights(options)
    _write(earlier, nights.before, replace(options, mails=0), None)
    return _write(folder, nights.tonight, options, without_settings(nights.faults))


def _write(folder: Path, school: School, options: DemoOptions, planted: Sequence[Fault] | None) -> DemoSummary:
    """The sources, written aside and renamed, with the list of what was planted unless there is none."""
    faults = _to_be_found(planted or (), options)
    aside = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    deliver(school, aside)
    if options.all_systems:
        write_other_systems(aside, school)
    if options.mails:
        write_maildir(aside / "mail", options.seed, school.day, options.mails)
    if planted is not None:
        (aside / FAULTS_FILE).write_text(_as_json(faults), encoding="utf-8")
    if folder.exists():
        folder.rmdir()  # it is empty: _refuse looked
    aside.rename(folder)
    return _summary(school, options, faults)


def deliver(school: School, folder: Path) -> None:
    """Write what the three systems deliver."""
    write_qlnt(folder / "qlnt" / "qlnt.sqlite", school)
    write_sector_exports(folder / "csdl", school)
    write_staff_files(folder / "staff", school)


def _to_be_found(faults: Sequence[Fault], options: DemoOptions) -> list[Fault]:
    """Those that the systems that are written can show."""
    return [fault for fault in faults if options.all_systems or fault[0] not in ONLY_WITH_TEMIS]


def _refuse(folder: Path, options: DemoOptions) -> None:
    if options.pupils < FEWEST_PUPILS:
        raise ConfigurationError(f"Trường mẫu cần ít nhất {FEWEST_PUPILS} học sinh", fix=f"dùng --pupils {FEWEST_PUPILS} trở lên")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigurationError(
            "Nơi ghi dữ liệu mẫu đã có sẵn nội dung", where=str(folder), fix="chọn thư mục mới hoặc làm trống thư mục này"
        )


def _as_json(faults: Sequence[Fault]) -> str:
    lines = [json.dumps({"rule": rule, "table": table, "key": key}, ensure_ascii=False) for rule, table, key in faults]
    return "[\n" + ",\n".join(lines) + "\n]\n"


def _summary(school: School, options: DemoOptions, faults: Sequence[Fault]) -> DemoSummary:
    return DemoSummary(
        pupils=len(school.pupils),
        classes=len(school.classes),
        staff=len(school.staff),
        marks=len(school.qlnt.marks),
        traits=len(school.qlnt.traits),
        mails=options.mails,
        faults=len(faults),
        rules=len({rule for rule, _, _ in faults}),
    )
