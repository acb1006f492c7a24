"""`truong sources`: which systems the school reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flows.cli.common import add_home_options, print_json, print_lines
from flows.home import find_settings, open_home
from infra.errors import ExitCode

if TYPE_CHECKING:
    import argparse

# Every system of Điều 1, 20, 22, 23 that a school may switch on; those without an adapter yet are listed as off.
SYSTEMS = {
    "qlnt": ("Quản lý nhà trường", "database"),
    "csdl": ("CSDL ngành", "folder"),
    "staff": ("Hồ sơ nhân sự", "folder"),
    "mail": ("Thư điện tử", "maildir"),
}


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`sources`."""
    sources = verbs.add_parser("sources", help="các hệ thống đang được đọc")
    add_home_options(sources)
    sources.set_defaults(run=_sources)


def _sources(arguments: argparse.Namespace) -> int:
    listed = _listed(arguments)
    if arguments.json:
        print_json([{name: row[name] for name in ("system", "kind", "enabled")} for row in listed])
        return ExitCode.OK
    for row in listed:
        print_lines([f"{'bật' if row['enabled'] else 'tắt'}  {row['system']:<8} {row['kind']:<9} {row['label']}"])
    return ExitCode.OK


def _listed(arguments: argparse.Namespace) -> list[dict[str, object]]:
    """Systems with their kind and whether they are on; answers without settings, too."""
    file = arguments.config or find_settings()
    settings = open_home(file).settings if file else None
    configured = dict(settings.sources) if settings else {}
    rows: list[dict[str, object]] = []
    for system in dict.fromkeys((*SYSTEMS, *configured)):
        label, kind = SYSTEMS.get(system, (system, ""))
        source = configured.get(system)
        on = source.enabled if source else bool(system == "mail" and settings and settings.mail)
        rows.append({"system": system, "kind": source.kind if source else kind, "enabled": on, "label": label})
    return rows
