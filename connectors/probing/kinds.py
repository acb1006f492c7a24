"""Which steps `truong connect SOURCE --test` takes for which kind of source, and what a night may ask of headings.

A new kind of source gets a line here: its place in connectors.probing.steps, and what comes behind its door.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.catalogue import build_sources
from connectors.column_maps import DatabaseMap, FolderMap
from connectors.files.drop import DropSource
from connectors.probing.database import SHOWN_HEADINGS, database_checks, headed_tables
from connectors.probing.steps import PATIENCE_SECONDS, Check, Mark, Place, Step, place_of, place_of_mail, quick_step, reach_checks, run
from connectors.probing.store import headed_files, store_checks
from connectors.sql.source import DatabaseSource
from infra.errors import ConfigurationError, SchoolError
from infra.source_settings import ApiSource, SftpSource

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from connectors.renames import Headed
    from connectors.source import Source
    from infra.settings import Settings

MAIL = "mail"
HOST_KEY, TRY = "Khóa máy chủ", "Đọc thử"


def only_source(settings: Settings, system: str) -> Settings:
    """The same settings with this one source, switched on: another one's mistake is not its own. ConfigurationError when unknown."""
    source = settings.sources.get(system)
    if source is None:
        known = ", ".join(settings.sources) or "chưa có nguồn nào"
        raise ConfigurationError(f"Không có nguồn “{system}” trong cấu hình", where="sources", fix=f"chọn một trong: {known}")
    # One that is switched off can be tried all the same: that is how it is set up.
    on = source.model_copy(update={"enabled": True})
    return settings.model_copy(update={"sources": {system: on}})


def steps_of(settings: Settings, system: str, scratch: Path, patience: float = PATIENCE_SECONDS) -> Iterator[Step]:
    """Every step of a source, as soon as it is done. ConfigurationError when there is no such source or its settings are wrong."""
    if system == MAIL and settings.mail:
        yield from _steps_of_mail(settings, patience)
        return
    only = only_source(settings, system)
    if isinstance(only.sources[system], ApiSource):
        yield from steps_of_api(*build_sources(only, scratch, scratch))
        return
    yield from run((*outside(only, system, patience), *_inside(only, scratch)))


def outside(settings: Settings, system: str, patience: float) -> tuple[Check, ...]:
    """The steps up to a source's door: its name, its port, and who it says it is."""
    source = settings.sources[system]
    reached = reach_checks(place_of(source, settings), patience)
    return (*reached, Check(HOST_KEY, lambda: _host_key(source, patience))) if isinstance(source, SftpSource) else reached


def reachable(settings: Settings, system: str, patience: float) -> Step:
    """One quick look at whether a source is there: its name, its port, its file or folder; nobody logs in."""
    if system == MAIL and settings.mail and MAIL not in settings.sources:
        return _mail_there(settings, patience)
    return quick_step(place_of(only_source(settings, system).sources[system], settings), patience)


def headed_of(source: Source, landing: Path) -> list[Headed]:
    """The headings that a source has now: of files as they were landed, of a database as it shows them; [] where it has none."""
    if isinstance(source, DatabaseSource):
        return headed_tables(source.access, source.column_map)
    if isinstance(source, DropSource) and landing.is_dir():
        return headed_files(landing, source.column_map)
    return []


def _inside(settings: Settings, scratch: Path) -> tuple[Check, ...]:
    (source,) = build_sources(settings, scratch, scratch)
    if isinstance(source, DatabaseSource) and isinstance(source.column_map, DatabaseMap):
        return database_checks(source.access, source.column_map)
    store = getattr(source, "store", None)
    if store is not None:
        column_map = getattr(source, "column_map", None)
        return store_checks(store, column_map if isinstance(column_map, FolderMap) else None)
    return (Check(TRY, lambda: _nothing_special(source)),)


def _nothing_special(source: Source) -> Step:
    return Step(TRY, Mark.SKIPPED, "loại nguồn này chưa có bước thử riêng", f"chạy truong pull {source.system}")


def _host_key(source: SftpSource, patience: float) -> Step:
    """The key is shown for a person to compare with what the server's administrator says; it is never written by itself."""
    from connectors.stores.sftp_access import host_key_of  # noqa: PLC0415 - paramiko takes its time, and only this needs it

    shown = host_key_of(source.host, source.port, patience)
    paste = (f'host_key = "{shown}"',)
    if shown == source.host_key:
        return Step(HOST_KEY, Mark.GOOD, f"đúng khóa đã ghim {shown}")
    fix = "hỏi quản trị máy chủ (gọi điện, không qua thư) xem dấu vân tay có đúng không; CHỈ khi đúng mới dán dòng dưới vào truong.toml"
    return Step(HOST_KEY, Mark.BAD, f"máy chủ đưa khóa {shown}, khác khóa trong truong.toml", fix, paste)


def steps_of_api(source: Source) -> Iterator[Step]:
    """The API's adapter has steps of its own, name and port included."""
    from connectors.probing.api import READ, RIGHTS, probe  # noqa: PLC0415
    from connectors.rest.source import RestSource  # noqa: PLC0415 - httpx, and only this needs it

    if not isinstance(source, RestSource):
        yield _nothing_special(source)
        return
    for done in probe(source):
        bad = Mark.WARN if done.step == RIGHTS else Mark.BAD
        detail, _, fix = done.detail.partition(" → ")
        seen = _shortened(detail) if done.well and done.step == READ else detail
        yield Step(done.step[:1].upper() + done.step[1:], Mark.GOOD if done.well else bad, seen, fix)


def _shortened(fields: str) -> str:
    """The path of a resource and the first of its fields."""
    names = fields.split(", ")
    return ", ".join([*names[:SHOWN_HEADINGS], *(["…"] if len(names) > SHOWN_HEADINGS else [])])


def _steps_of_mail(settings: Settings, patience: float) -> Iterator[Step]:
    mail = settings.mail
    if mail is None or mail.imap is None:
        yield _mail_there(settings, patience)
        return
    from connectors.mail.imap import probe_imap  # noqa: PLC0415 - only this needs it

    try:
        for label, seen in probe_imap(mail.imap, settings.home):
            yield Step(label, Mark.GOOD, seen)
    except SchoolError as error:
        yield Step("Thư điện tử", Mark.BAD, f"{error.what} [{error.where}]", error.fix)


def _mail_there(settings: Settings, patience: float) -> Step:
    mail = settings.mail
    if mail is None:
        raise ConfigurationError("Chưa đặt kho thư", where="mail", fix="thêm mục [mail] vào truong.toml")
    place = place_of_mail(mail.imap, settings) if mail.imap else Place(path=settings.path(mail.maildir or ""))
    return quick_step(place, patience)
