"""The weekly drill of every repository, the yearly certificate, and since when a restore is known to work."""

from __future__ import annotations

import shutil
from datetime import date
from typing import TYPE_CHECKING, Any

from backup.drill import drill, past_drills
from backup.drill import last_drill as newest_drill
from backup.drill_certificate import write_certificate
from backup.errors import RestoreError
from backup.opening import open_repositories
from connectors.records.school_year import SchoolYear
from flows.backing_up import present
from flows.home import one_drill_at_a_time
from flows.night_record import StepResult
from flows.restoring import scratch_servers
from infra.clock import vietnamese_date

if TYPE_CHECKING:
    from pathlib import Path

    from backup.drill import DrillResult
    from flows.home import Home

CERTIFICATES = "certificates"


def hold_drill(home: Home) -> list[DrillResult]:
    """Restore the newest night of every repository aside, compare, open, count the pupils, write down how it went."""
    scratch = home.folder("drill")
    with one_drill_at_a_time(home):
        # Under the lock: without it this would take the folder from a drill that runs.
        shutil.rmtree(scratch, ignore_errors=True)  # what a killed drill left: copies of pupils' data
        servers = scratch_servers(home)
        return [drill(repository, scratch, servers) for repository in present(home)]


def hold_and_certify(home: Home, *, certificate: bool) -> tuple[list[DrillResult], Path | None]:
    """Hold a drill; the certificate is written when it is asked for, and by itself with the first good drill of a school year."""
    results = hold_drill(home)
    due = results and all(result.ok for result in results) and not certificate_file(home, results[0]).exists()
    return results, certify(home, results) if certificate or due else None


def certify(home: Home, results: list[DrillResult]) -> Path:
    """Write the certificate of a drill. RestoreError when the drill did not prove everything: there is nothing to certify then."""
    if not results or not all(result.ok for result in results):
        raise RestoreError("Không lập giấy chứng nhận: diễn tập chưa đạt ở mọi kho", fix="xem `truong status`, sửa rồi chạy lại")
    file = certificate_file(home, results[0])
    return write_certificate(file, home.settings.school.name, SchoolYear.of(date.fromisoformat(results[0].day)).label, results)


def certificate_file(home: Home, result: DrillResult) -> Path:
    """Where the certificate of a drill's school year is."""
    return home.folder(CERTIFICATES) / f"dien-tap-{SchoolYear.of(date.fromisoformat(result.day)).label}.pdf"


def drill_step(home: Home) -> StepResult:
    """A drill as a step of a flow. RestoreError when some repository's data did not come back whole (it is written down all the same)."""
    results, paper = hold_and_certify(home, certificate=False)
    failed = [result for result in results if not result.ok]
    if failed or not results:
        told = "; ".join(f"kho «{result.repository}»: {result.told}" for result in failed) or "không kho nào có mặt"
        raise RestoreError(f"Diễn tập không đạt: {told}", fix="xem `truong status`, rồi chạy `truong nightly` và `truong drill`")
    told = "; ".join(f"kho «{result.repository}»: {result.told}" for result in results)
    counts = {f"học sinh ({result.repository})": result.pupils for result in results}
    return StepResult("", "", told, counts, {"đêm": results[0].night}, {"certificate": str(paper)} if paper else {})


def last_drill(home: Home, repository: str = "") -> dict[str, Any] | None:
    """The newest drill (of a repository), or None."""
    return newest_drill(_state(home), repository)


def last_drills(home: Home) -> dict[str, dict[str, Any]]:
    """The newest drill of each repository that had one."""
    found = {repository.name: last_drill(home, repository.name) for repository in open_repositories(home.settings)}
    return {name: entry for name, entry in found.items() if entry}


def last_proven(home: Home) -> date | None:
    """The last day on which a restore was proved by a drill: "last proven restorable"."""
    good = [str(entry["day"]) for entry in past_drills(_state(home)) if entry["ok"]]
    return date.fromisoformat(max(good)) if good else None


def proven_line(home: Home) -> str:
    """Since when a restore is known to work, in words; a repository whose newest drill failed is named."""
    proven = last_proven(home)
    told = (
        f"chứng minh lấy lại được lần gần nhất ngày {vietnamese_date(proven)}"
        if proven
        else "chưa lần nào chứng minh lấy lại được (truong drill)"
    )
    failed = [name for name, entry in last_drills(home).items() if not entry["ok"]]
    return f"{told}; lần diễn tập gần nhất KHÔNG ĐẠT ở kho {', '.join(failed)}" if failed else told


def drills_before(home: Home, day: date) -> list[dict[str, Any]]:
    """Drills that a report of that night may tell, oldest first: held before it, on data from before it.

    Both, so that running a night again tells the same.
    """
    night = day.isoformat()
    return [entry for entry in past_drills(_state(home)) if entry["night"] and entry["night"] < night and entry["day"] < night]


def drill_lines(drills: list[dict[str, Any]]) -> tuple[str, ...]:
    """What the report tells of them, the newest of each repository: days and counts, no durations."""
    return tuple(map(_report_line, {entry.get("repository", ""): entry for entry in drills}.values()))


def _report_line(entry: dict[str, Any]) -> str:
    night, held = (vietnamese_date(date.fromisoformat(entry[key])) for key in ("night", "day"))
    kho = f"Kho «{entry['repository']}»" if entry.get("repository") else "Kho"
    if not entry["ok"]:
        return f"{kho}: diễn tập khôi phục ngày {held} KHÔNG ĐẠT (đêm {night})."
    brought = f"lấy lại đủ {entry.get('files', 0)} tệp của đêm {night}"
    return f"{kho}: diễn tập ngày {held} {brought}, đếm được {entry.get('pupils', 0)} học sinh, đúng bản kê."


def _state(home: Home) -> Path:
    return open_repositories(home.settings)[0].state
