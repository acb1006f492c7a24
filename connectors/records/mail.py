"""A message of the school's mail as its headers tell: no body, no attachment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Message:
    """One message. It holds personal data (sender, subject): for plans and people, never for logs.

    `folder`: readable path, `Hộp thư đến` or `Cong-van/Phuong`; `key`: where the message lies in its store: a
    Maildir file below the root, or on a server FOLDER/UIDVALIDITY.UID;
    `received`: when the store took it in; `dated`: its own Date header, None when missing or unreadable;
    `size` in bytes; `sender`: the bare address, lower case; `flags`: Maildir letters, `F` is flagged.
    """

    folder: str
    key: str
    size: int
    received: datetime
    dated: datetime | None
    sender: str
    subject: str
    flags: str = ""
    message_id: str = ""

    @property
    def flagged(self) -> bool:
        """Whether somebody starred it."""
        return "F" in self.flags
