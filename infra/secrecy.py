"""Marks of state secrets (Điều 6; rules.md PL-5): asked before anything is pulled, kept or sent.

A state secret never lies on a machine with a network. What is looked for is the stamp itself, standing
alone in capitals: MẬT, TỐI MẬT, TUYỆT MẬT, in a file's name or in its text. "mật khẩu", "BÍ MẬT",
"MẬT ĐỘ" and a pupil called NGUYỄN VĂN MẬT are none.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from infra import document_text
from infra.document_text import Unreadable, holds_none, lines_of

if TYPE_CHECKING:
    from collections.abc import Iterable


class Mark(StrEnum):
    """The three degrees, as they are stamped."""

    TOP = "TUYỆT MẬT"
    HIGH = "TỐI MẬT"
    SECRET = "MẬT"  # noqa: S105 - the word, no password


# What the night says of such a file: what happened, and what the law asks (Luật Bảo vệ bí mật nhà nước).
WHAT_TO_DO = (
    "tài liệu bí mật nhà nước không được lưu trên máy nối mạng: không mở, không chép, báo ngay hiệu trưởng; "
    "nếu không phải tài liệu mật thì ghi tên tệp vào mục [secrecy] cleared của truong.toml"
)

TELLING = "Ậ"  # stands in every mark
_MARK = re.compile(r"(?<![^\W_])(?:(TUYỆT[\s_]+MẬT)|(TỐI[\s_]+MẬT)|(MẬT))(?![^\W_])")
_SPACED_OUT = re.compile(r"\w(?: \w)+(?:  +\w(?: \w)+)*")  # M Ậ T, T Ố I  M Ậ T: how a stamp is often typed
_BEFORE, _AFTER = re.compile(r"(\S+)([^\S\n]+|[-_.])$"), re.compile(r"^([^\S\n]+|[-_.])(\S+)")
# Words that make another word of it, whatever stands between (file names use dashes).
_COMPOUND_BEFORE = frozenset(["BÍ", "BẢO", "THÂN", "CẨN", "CƠ", "ĐỘ", "HUYỀN", "NỒNG", "KÍN"])
_COMPOUND_AFTER = frozenset(["KHẨU", "ĐỘ", "MÃ", "ONG", "THIẾT", "VỤ", "THƯ", "DANH", "NGHỊ", "ƯỚC", "LỆNH", "HIỆU", "NGỌT"])


@dataclass(frozen=True, slots=True)
class Look:
    """What a file was found to be. `readable`: False where its inside could not be looked at (broken, encrypted)."""

    mark: Mark | None
    readable: bool = True


def look_at(file: Path, name: str = "", content: bytes | None = None) -> Look:
    """Look at a file's name (`name` where the file is a copy with another) and at its text (`content`: all of it, if it was read)."""
    called = name or file.name
    if found := mark_in_name(called):
        return Look(found)
    try:
        return Look(_first(lines_of(file, PurePosixPath(called).suffix, letters=TELLING, content=content)))
    except Unreadable:
        return Look(None, readable=False)


@cache
def look_version() -> str:
    """Stands for all that recognises a mark: what was found clean by other code is looked at again."""
    code = [Path(module).read_bytes() for module in (__file__, document_text.__file__)]
    return hashlib.sha256(b"".join([*code, version("pypdfium2").encode()])).hexdigest()[:16]


def bears_none(content: bytes, kind: str) -> bool:
    """Whether a file's content surely bears no mark (`kind`: its suffix in small letters); False: `look_at` must be asked."""
    return holds_none(content, kind, TELLING)


def mark_in_name(name: str) -> Mark | None:
    """The mark that a file's name or one of its folders' bears."""
    if name.isascii() or TELLING not in unicodedata.normalize("NFC", name):
        return None  # nearly every name: folders of tens of thousands are asked every night
    return _first(PurePosixPath(part).stem if part == name.rsplit("/", 1)[-1] else part for part in name.split("/"))


def mark_in_text(text: str) -> Mark | None:
    """The first mark in a text of any number of lines."""
    return _first(text.splitlines())


def _first(lines: Iterable[str]) -> Mark | None:
    return next((found for line in lines if (found := _mark_in_line(line))), None)


def _mark_in_line(line: str) -> Mark | None:
    text = unicodedata.normalize("NFC", line).strip()
    if TELLING not in text:
        return None
    if _SPACED_OUT.fullmatch(text):
        text = " ".join(word.replace(" ", "") for word in re.split(" {2,}", text))
    for match in _MARK.finditer(text):
        top, high, _ = match.groups()
        if top or high:
            return Mark.TOP if top else Mark.HIGH
        if not _is_part_of_a_word(text[: match.start()], text[match.end() :]):
            return Mark.SECRET
    return None


def _is_part_of_a_word(before: str, after: str) -> bool:
    """Whether MẬT belongs to a word or a name beside it: BÍ MẬT, MẬT KHẨU, NGUYỄN VĂN MẬT."""
    left, right = _BEFORE.search(before), _AFTER.search(after)
    return bool(left and _joins(left[1], left[2], _COMPOUND_BEFORE)) or bool(right and _joins(right[2], right[1], _COMPOUND_AFTER))


def _joins(word: str, between: str, compounds: frozenset[str]) -> bool:
    letters = re.split(r"[\W_]", word)
    nearest = letters[-1] if compounds is _COMPOUND_BEFORE else letters[0]
    # Beside a blank any word in capitals is the same phrase; a document's number (12/QĐ-UBND) is no word.
    return nearest in compounds or (between.isspace() and word.isalpha() and word.isupper() and len(word) > 1)
