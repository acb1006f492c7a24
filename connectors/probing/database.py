"""The steps of `truong connect --test` inside a database: log in, what the account may do, the headings of the mapped tables."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import inspect
from sqlalchemy.exc import SQLAlchemyError

from connectors.headings import Header, known_headings
from connectors.probing.steps import Check, Mark, Step
from connectors.renames import Headed
from connectors.sql.refusals import refusal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import Connection

    from connectors.column_maps import DatabaseMap
    from connectors.sql.access import Access

SHOWN_HEADINGS = 5
LOOPBACK = ("127.0.0.1", "::1", "localhost")
LOG_IN, RIGHTS, HEADINGS = "Đăng nhập", "Quyền", "Tiêu đề"
# What would change a table; on a server each is asked of the server itself, nothing is tried.
POSTGRESQL_ASKED = """
SELECT privilege FROM unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'SELECT']) AS asked(privilege)
WHERE has_table_privilege(to_regclass(quote_ident(%(table)s)), privilege)
   OR (privilege IN ('INSERT', 'UPDATE', 'SELECT') AND has_any_column_privilege(to_regclass(quote_ident(%(table)s)), privilege))
"""
MARIADB_WRITES = ("ALL PRIVILEGES", "INSERT", "UPDATE", "DELETE", "DROP", "ALTER", "CREATE")
MARIADB_GRANT = re.compile(r"GRANT (?P<rights>.+?) ON (?:TABLE )?(?P<place>\S+) TO ")
READ_ONLY_FIX = (
    "nhờ quản trị cấp tài khoản chỉ có quyền SELECT trên các bảng này (chương trình luôn mở chỉ để đọc, nhưng tài khoản thì không)"
)


def database_checks(access: Access, column_map: DatabaseMap) -> tuple[Check, ...]:
    """Log-in, rights and headings of a database, after its machine was reached."""
    return (
        Check(LOG_IN, lambda: _log_in(access)),
        Check(RIGHTS, lambda: _rights(access, column_map), vital=False),
        Check(HEADINGS, lambda: _headings(access, column_map), vital=False),
    )


def headed_tables(access: Access, column_map: DatabaseMap) -> list[Headed]:
    """The columns of every mapped table that is there, with the maps that read it."""
    with _connected(access) as connection:
        inspector, found = inspect(connection), []
        for source in dict.fromkeys(table.source for table in column_map.tables):
            if inspector.has_table(source):
                readers = tuple(table for table in column_map.tables if table.source == source)
                names = tuple(str(entry["name"]) for entry in inspector.get_columns(source))
                found.append(Headed(Header(names, f"bảng “{source}”", known_headings(readers)), readers))
        return found


@contextmanager
def _connected(access: Access) -> Iterator[Connection]:
    try:
        with access.engine() as engine, access.read_only(engine) as connection:
            yield connection
    except SQLAlchemyError as error:
        # Drivers quote what they stumble over: the error that travels on must not.
        raise refusal(error, access.where) from None


def _log_in(access: Access) -> Step:
    with _connected(access) as connection:
        if access.is_sqlite:
            connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar()
            return Step(LOG_IN, Mark.GOOD, "mở được tệp, chỉ để đọc")
        secured = _is_secured(connection, postgresql=access.is_postgresql)
    who = f"vào được bằng tài khoản {access.url.username or '(của máy)'}, giao dịch chỉ đọc"
    if secured or (access.url.host or "") in (*LOOPBACK, "") or (access.url.host or "").startswith("/"):
        return Step(LOG_IN, Mark.GOOD, who + (", có mã hóa TLS" if secured else ""))
    return Step(LOG_IN, Mark.WARN, f"{who}; đường truyền KHÔNG mã hóa", "nhờ quản trị máy chủ bật TLS")


def _is_secured(connection: Connection, *, postgresql: bool) -> bool:
    if postgresql:
        return bool(connection.exec_driver_sql("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").scalar())
    told = connection.exec_driver_sql("SHOW SESSION STATUS LIKE 'Ssl_cipher'").first()
    return bool(told and told[1])


def _rights(access: Access, column_map: DatabaseMap) -> Step:
    tables = list(dict.fromkeys(table.source for table in column_map.tables))
    if access.is_sqlite:
        return _rights_of_file(Path(access.url.database or ""))
    with _connected(access) as connection:
        held = _postgresql_rights(connection, tables) if access.is_postgresql else _mariadb_rights(connection, tables)
    return _judged(held)


def _rights_of_file(file: Path) -> Step:
    """Only told: whoever copies the file here must be able to write it."""
    can = "tài khoản chạy chương trình ghi được tệp này" if os.access(file, os.W_OK) else "tệp này không ghi được"
    return Step(RIGHTS, Mark.GOOD, f"{can}; chương trình luôn mở chỉ để đọc")


def _judged(held: Mapping[str, Sequence[str]]) -> Step:
    """`held`: table -> rights that the account has on it."""
    closed = [table for table, rights in held.items() if "SELECT" not in rights]
    open_to = {table: writes for table, rights in held.items() if (writes := [right for right in rights if right != "SELECT"])}
    if closed:
        fix = "nhờ quản trị cấp quyền SELECT trên các bảng đó cho tài khoản chỉ đọc; nếu bảng đã đổi tên thì sửa bản đồ cột"
        return Step(RIGHTS, Mark.BAD, f"không đọc được bảng {', '.join(closed)}", fix)
    if open_to:
        rights = ", ".join(dict.fromkeys(right for writes in open_to.values() for right in writes))
        return Step(RIGHTS, Mark.WARN, f"tài khoản này GHI được ({rights}) vào bảng {', '.join(open_to)}", READ_ONLY_FIX)
    return Step(RIGHTS, Mark.GOOD, f"chỉ đọc được, trên cả {len(held)} bảng")


def _postgresql_rights(connection: Connection, tables: Sequence[str]) -> dict[str, list[str]]:
    return {table: list(connection.exec_driver_sql(POSTGRESQL_ASKED, {"table": table}).scalars()) for table in tables}


def _mariadb_rights(connection: Connection, tables: Sequence[str]) -> dict[str, list[str]]:
    """Out of the account's own grants, those of its roles included."""
    database = str(connection.exec_driver_sql("SELECT DATABASE()").scalar())
    lines = [str(row[0]) for row in connection.exec_driver_sql("SHOW GRANTS")]
    grants = [match.groupdict() for line in lines if (match := MARIADB_GRANT.match(line))]
    held = {table: [grant["rights"] for grant in grants if _is_about(grant["place"], database, table)] for table in tables}
    return {table: _mariadb_words(", ".join(rights)) for table, rights in held.items()}


def _is_about(place: str, database: str, table: str) -> bool:
    """Whether a grant's place (`db`.`table`, `db`.*, *.*; % and _ in the database's name are patterns) holds a table."""
    in_database, _, in_table = place.replace("`", "").rpartition(".")
    pattern = re.sub(r"(?<!\\)%", "*", re.sub(r"(?<!\\)_", "?", in_database)).replace("\\", "")
    return fnmatchcase(database, pattern) and in_table in ("*", table)


def _mariadb_words(rights: str) -> list[str]:
    """The rights that matter here; a grant on single columns counts as one on the table."""
    named = {re.sub(r"\s*\(.*", "", part).strip() for part in re.sub(r"\([^)]*\)", "", rights).split(",")}
    reads = ["SELECT"] if named & {"SELECT", "ALL PRIVILEGES"} else []
    return [*reads, *(right for right in MARIADB_WRITES if right in named)]


def _headings(access: Access, column_map: DatabaseMap) -> Step:
    headed = headed_tables(access, column_map)
    here = {table.to for sheet in headed for table in sheet.tables}
    if lost := sorted({table.source for table in column_map.tables if table.to not in here}):
        fix = "xem lại phiên bản hệ thống nguồn và quyền đọc; nếu bảng đã đổi tên thì sửa bản đồ cột"
        return Step(HEADINGS, Mark.BAD, f"không thấy bảng {', '.join(lost)}", fix, heading_lines(headed))
    for sheet in headed:
        for table in sheet.tables:
            sheet.header.columns(table)  # SourceChanged names what is lost and what it may be called now
    return Step(HEADINGS, Mark.GOOD, f"đủ cột cần đọc ở {len(headed)} bảng", lines=heading_lines(headed))


def heading_lines(headed: Sequence[Headed]) -> tuple[str, ...]:
    """The first headings of each sheet or table; never a value."""
    return tuple(f"{sheet.header.where}: {', '.join(_first(sheet.header.headings))}" for sheet in headed)


def _first(headings: Sequence[str]) -> list[str]:
    named = [heading for heading in headings if heading.strip()]
    return [*named[:SHOWN_HEADINGS], *(["…"] if len(named) > SHOWN_HEADINGS else [])]
