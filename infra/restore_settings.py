"""Where a restored database dump may be loaded to see that it is one: `[[scratch]]` in truong.toml."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - pydantic reads it

from pydantic import Field

from infra.source_settings import Section


class ScratchServer(Section):
    """A server that is not the school's own, whose account may create and drop databases; nothing stays on it."""

    url: str = Field(
        pattern=r"^(postgresql|mariadb|mysql)(\+\w+)?://",
        description="postgresql://user@host hoặc mariadb://user@host, không chứa mật khẩu",
    )
    password_file: Path | None = None
