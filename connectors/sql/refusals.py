"""What a database's errors mean to a person. The driver's own text is left out: it may quote a row or an address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from connectors.errors import SourceRefused, SourceUnreachable

if TYPE_CHECKING:
    from sqlalchemy.exc import SQLAlchemyError

    from connectors.errors import SourceError

TOO_SLOW = ("Cơ sở dữ liệu trả lời quá lâu nên đã ngừng đọc", "chạy lại lúc hệ thống rảnh")
LOCKED = ("Bảng đang bị chương trình khác khóa", "đợi chương trình đó xong, rồi chạy lại")
NO_RIGHT = ("Tài khoản không có quyền đọc bảng", "nhờ quản trị cấp quyền SELECT cho tài khoản chỉ đọc")
LOST = ("Mất kết nối với cơ sở dữ liệu giữa chừng", "xem máy chủ và mạng, rồi chạy lại")
BROKEN = "chép lại tệp từ hệ thống nguồn rồi chạy lại"
# SQLSTATE of PostgreSQL, names of SQLite, numbers of MariaDB and MySQL -> what it means, what to do.
REFUSALS = {
    "57014": TOO_SLOW,
    "55P03": LOCKED,
    "42501": NO_RIGHT,
    "SQLITE_NOTADB": ("Tệp không phải là cơ sở dữ liệu SQLite, hoặc đã hỏng", BROKEN),
    "SQLITE_CORRUPT": ("Cơ sở dữ liệu SQLite bị hỏng", BROKEN),
    "SQLITE_BUSY": ("Cơ sở dữ liệu đang bị chương trình khác khóa", "đóng chương trình đó hoặc đợi nó xong, rồi chạy lại"),
    "SQLITE_CANTOPEN": ("Không mở được cơ sở dữ liệu", "xem quyền đọc tệp và thư mục chứa nó, rồi chạy lại"),
    "1969": TOO_SLOW,
    "3024": TOO_SLOW,
    "1205": LOCKED,
    "1142": NO_RIGHT,
    "1143": NO_RIGHT,
    "1044": NO_RIGHT,
}
# The server ends the connection, or it is gone.
GONE = ("57P01", "57P02", "57P03", "2006", "2013", "1927", "1053")


def refusal(error: SQLAlchemyError, where: str) -> SourceError:
    """The typed error of what SQLAlchemy raised."""
    code = _code_of(error)
    if code in GONE or (isinstance(error, DBAPIError) and error.connection_invalidated):
        return SourceUnreachable(LOST[0], where=where, fix=LOST[1])
    return refused_by_code(code, where)


def refused_by_code(code: str, where: str) -> SourceError:
    """The typed error of a database's own code."""
    what, fix = REFUSALS.get(code, (f"Cơ sở dữ liệu từ chối đọc ({code})", "xem hệ thống nguồn có mở được bình thường không, rồi chạy lại"))
    return SourceRefused(what, where=where, fix=fix)


def _code_of(error: SQLAlchemyError) -> str:
    origin = getattr(error, "orig", None)
    number = origin.args[0] if origin is not None and origin.args else None
    # PyMySQL's number says more than its SQLSTATE.
    code = number if isinstance(number, int) else getattr(origin, "sqlstate", None) or getattr(origin, "sqlite_errorname", None)
    return str(code or type(origin or error).__name__)
