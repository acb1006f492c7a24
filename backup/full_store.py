"""A store on a server that takes no more, by what restic says of it: full as a fact, or as the likeliest cause.

Of such a store we cannot see the disk. Measured on 0.18.0 and 0.19.1, which retry what follows for a quarter of an hour
where nothing else is said:

- SFTP: OpenSSH answers a full disk and a quota with a bare "Failure". restic itself then asks how much room there is, says
  "sftp: no space left on device" if there is none, and gives up at once; of a quota it knows nothing and goes on trying.
  Other servers (rclone's) say in their answer that there is no space, or that a quota is used up. ProFTPD's quota lets a file
  be written and deletes it when it is closed: restic finds nothing to rename, and gives up.
- REST: restic's own server answers 507 (disk or quota, since its 0.11; 0.19 gives up, 0.18 tries on). rclone's answers 500,
  which may be anything.
- S3: restic shows the server's sentence, not its code; where the sentence is empty, the code. Full is what MinIO
  (XMinioStorageFull, its bucket quota, and an error 500 that names the disk), Ceph (QuotaExceeded), Garage, OpenStack's
  Swift and Backblaze say; "Internal Error" (rclone, and any other server in trouble) may be anything.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

_SENTENCES = (
    r"no space (?:left )?on", "not enough space", "insufficient storage", r"minimum free (?:disk|drive) threshold", r"quota ?exceeded",
    "quota is reached", "exceeds quota", "storage cap exceeded",
)  # fmt: skip
_FULL = re.compile(
    rf"sftp: no space left on device|unexpected HTTP response \(507\)|(?:sftp: \"|client\.PutObject: ).*(?:{'|'.join(_SENTENCES)})",
    re.IGNORECASE,
)
# What a full store may say, and one that is in some other trouble, too. Of one that is merely busy or away (429, 502, 503) nothing here.
_REFUSED = re.compile(
    r"Save\(<[^>]+>\).*?: (?:Rename [^:]*-restic-temp-[^:]*: (?P<gone>file does not exist)"
    r"|(?P<why>\"?[^:]*\"? ?\(SSH_FX_FAILURE\)|unexpected HTTP response \((?:413|500)\).*"
    r"|client\.PutObject: (?:Internal Error|We encountered an internal error).*))"
)
_SAVED = re.compile(r"Save\((?P<file><[^>]+>)\)")
_TRIES_AGAIN = re.compile(r"returned error, retrying after")
REFUSED_TIMES = 4  # that a store has said in a row that it is full, whichever of the packs under way: seconds
# That one file was refused without a reason: restic waits longer each time, so this is about a minute, as long as a server may be silent.
TRIED_TIMES = 7


def keeps_refusing(complaints: Sequence[Mapping[str, Any]]) -> bool:
    """Whether restic's last words are all that its store is full, or that it refuses one and the same file again and again."""
    last = [_text(one) for one in complaints[-REFUSED_TIMES:]]
    if len(last) < REFUSED_TIMES:
        return False
    if all(_FULL.search(text) for text in last):
        return True
    return all(_refused(text) for text in last) and max(_tries(complaints).values(), default=0) >= TRIED_TIMES


def gave_up(complaints: Sequence[Mapping[str, Any]]) -> bool:
    """Whether restic said that it tries no more because the store is full or refuses what it is sent."""
    return any(_refused(text) and not _TRIES_AGAIN.search(text) for text in map(_text, complaints))


def said_full(complaints: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the last refusal says that the store is full; one without a reason leaves it open."""
    refusals = [text for text in map(_text, complaints) if _refused(text)]
    return bool(refusals) and _FULL.search(refusals[-1]) is not None


def reason_of(complaints: Sequence[Mapping[str, Any]]) -> str:
    """The server's own words in the last refusal; empty when there are none."""
    found = [match["why"] or match["gone"] for text in map(_text, complaints) if (match := _REFUSED.search(text))]
    return " ".join(found[-1].split()) if found else ""


def of_a_server(text: str) -> bool:
    """Whether these words speak of a server's disk, not of one of this machine."""
    return _FULL.search(text) is not None


def _refused(text: str) -> bool:
    return _FULL.search(text) is not None or _REFUSED.search(text) is not None


def _tries(complaints: Sequence[Mapping[str, Any]]) -> Counter[str]:
    return Counter(match["file"] for text in map(_text, complaints) if _refused(text) and (match := _SAVED.search(text)))


def _text(complaint: Mapping[str, Any]) -> str:
    return str(complaint.get("message") or complaint.get("error") or "")
