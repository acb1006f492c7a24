"""PDF pages from Typst templates: Vietnamese letters from the fonts that come with it, no system package, no network.

What a page tells goes in as data, never as template text: whatever a name or an address holds, it is only shown.
"""

from __future__ import annotations

import json
import os
import unicodedata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PRIVATE, PUBLIC = 0o600, 0o644


def write_pdf(file: Path, template: str, values: Mapping[str, Any], mode: int = PUBLIC) -> Path:
    """Write a page from a Typst template that reads `sys.inputs.values` (JSON); aside first, then renamed.

    The same template and values give the same bytes. `mode` holds from the first byte on: a page with a
    secret is never readable by others, not even while it is written.
    """
    content = pdf_bytes(template, values)
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_name(f".{file.name}.{os.getpid()}")
    # A kill may have left one under the same number of a process, which O_EXCL would refuse.
    aside.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        return aside.replace(file)
    finally:
        aside.unlink(missing_ok=True)


def pdf_bytes(template: str, values: Mapping[str, Any]) -> bytes:
    """The page itself. Letters are composed (NFC): one decomposed string would make the whole PDF unsearchable."""
    import typst  # noqa: PLC0415 - thirty megabytes that only a page needs

    told = unicodedata.normalize("NFC", json.dumps(dict(values), ensure_ascii=False, default=str))
    # Only the fonts of the wheel: those of a machine would give other bytes on each.
    made: bytes = typst.compile(template.encode(), format="pdf", ignore_system_fonts=True, sys_inputs={"values": told})
    return made
