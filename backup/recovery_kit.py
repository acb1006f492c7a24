"""The recovery kit: a sheet for the principal's safe with which the data comes back on any machine that has restic.

It bears a second password of its own. That password is made in memory, reaches restic through a file
without a name, and is written nowhere but into the PDF.
"""

from __future__ import annotations

import io
import json
import os
import secrets
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import segno

from backup.access import LOCAL, REST, S3, SFTP, kind_of
from backup.errors import BackupError, WrongPassword
from backup.faults import public_url
from backup.keys import add_key, current_key, opens, remove_key, stored_keys
from backup.known import write_json
from infra.clock import vietnamese_date
from infra.pdf import PRIVATE, write_pdf

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from backup.repository import Repository

KIT_FILE = "recovery-kit.json"
TEMPLATE = "recovery_kit.typ"
SAFE_HOST, SAFE_USER = "tu-sat", "hieu-truong"  # how restic names the key: the principal's, in the safe
# Read off paper: no letter that looks like a digit. Thirty letters, thirty-two times: 157 bits.
LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
GROUPS, GROUP_LETTERS = 8, 4
QR_BORDER = 2  # modules of white around the code

# A private SSH key is no thing to type off paper: whoever runs the server lets the principal in.
_HOW = {
    LOCAL: "Ổ đĩa cắm vào máy: tìm thư mục này trên đĩa.",
    SFTP: "Máy chủ SFTP: cần mật khẩu hoặc khóa SSH của tài khoản trong địa chỉ (hỏi nơi quản lý máy chủ đó).",
    S3: "Kho kiểu S3: hai khóa truy cập nằm trong các lệnh ở bước 2.",
    REST: "Máy chủ REST của restic: tài khoản nằm trong lệnh ở bước 2.",
}
OWN_CERTIFICATE = " Máy chủ dùng chứng chỉ riêng: xin tệp chứng chỉ, thêm --cacert TỆP vào mỗi lệnh restic."


@dataclass(frozen=True, slots=True)
class Kit:
    """What is known of the kit, without its secret. `keys`: repository's name -> id of the safe's key; `tried`: days, newest last."""

    made: date
    keys: Mapping[str, str]
    tried: tuple[date, ...] = ()

    def missing(self, repositories: Sequence[Repository]) -> list[str]:
        """Names of repositories that this kit does not open."""
        return [repository.name for repository in repositories if repository.name not in self.keys]

    @property
    def last_tried(self) -> date:
        """When somebody last had it in hand: the newest try, else the day it was made."""
        return max((self.made, *self.tried))


@dataclass(frozen=True, slots=True)
class Sheet:
    """What the sheet tells beside key and places. `proven`: in words, the last day a restore was proved.

    `dumps`: databases whose dumps are streamed, so that each lies in a snapshot of its own.
    """

    school: str
    day: date
    proven: str
    dumps: tuple[str, ...] = ()


def make_kit(repositories: Sequence[Repository], file: Path, sheet: Sheet) -> Kit:
    """Write the PDF (readable by its owner only), and let its password open every repository; an older kit's no longer does.

    BackupError when a repository cannot be reached: then nothing is changed and no PDF is left.
    """
    password = new_password()
    with _nameless_file(password) as secret, _taken_back_unless_done() as added:
        for repository in repositories:
            added[repository.name] = repository, _let_in(repository, secret)
        write_pdf(file, _template(), kit_page(repositories, password, sheet), PRIVATE)
        kit = Kit(sheet.day, {name: key for name, (_, key) in added.items()})
        _save(repositories[0].state, kit)
        added.clear()
    for repository in repositories:
        _shut_out_older(repository, kit.keys[repository.name])
    return kit


@contextmanager
def _taken_back_unless_done() -> Iterator[dict[str, tuple[Repository, str]]]:
    """Keys that were let in and whose paper was not written are on no paper: they go again. Done is who empties the list."""
    added: dict[str, tuple[Repository, str]] = {}
    try:
        yield added
    finally:
        for repository, key in added.values():
            with suppress(BackupError):  # what went wrong first is what a person must hear
                remove_key(repository, key)


def new_password() -> str:
    """A random password that a person can copy from paper."""
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(GROUP_LETTERS)) for _ in range(GROUPS))


def known_kit(state: Path) -> Kit | None:
    """The kit that was made last, or None (`state`: the repositories' folder of known.json)."""
    file = state / KIT_FILE
    if not file.exists():
        return None
    values: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return Kit(date.fromisoformat(values["made"]), values["keys"], tuple(map(date.fromisoformat, values["tried"])))


def note_tried(state: Path, kit: Kit, day: date) -> Kit:
    """Write down that somebody restored with the paper on a day."""
    tried = replace(kit, tried=(*kit.tried, day))
    _save(state, tried)
    return tried


def require_opens(repositories: Sequence[Repository], password: str) -> None:
    """That a password read off the paper opens every repository. WrongPassword names the one that it does not."""
    with _nameless_file(password.strip()) as secret:
        for repository in repositories:
            if not opens(replace(repository, password_file=secret)):
                raise WrongPassword(
                    f"Khóa vừa gõ không mở được kho «{repository.name}»",
                    where=public_url(repository.url),
                    fix="gõ lại cho đúng tờ giấy; nếu vẫn không được thì lập bộ mới: truong recovery-kit --renew",
                )


def _let_in(repository: Repository, secret: Path) -> str:
    """The id of the new key, seen to open the repository."""
    add_key(repository, secret, SAFE_USER, SAFE_HOST)
    if (ours := current_key(replace(repository, password_file=secret))) is None:
        raise BackupError("Khóa mới không mở được kho", where=repository.name, fix="chạy lại `truong recovery-kit`")
    return ours.id


def _shut_out_older(repository: Repository, newest: str) -> None:
    if repository.terms.append_only:
        return  # it lets nothing be taken away from here, which is its purpose
    for key in stored_keys(repository):
        if (key.host, key.user) == (SAFE_HOST, SAFE_USER) and key.id != newest:
            remove_key(repository, key.id)


@contextmanager
def _nameless_file(text: str) -> Iterator[Path]:
    """A file that is in no folder and only we and our children can open; it is gone with us, however we end."""
    descriptor = os.memfd_create("khoa", os.MFD_CLOEXEC)
    try:
        os.fchmod(descriptor, PRIVATE)
        os.write(descriptor, f"{text}\n".encode())
        yield Path(f"/proc/{os.getpid()}/fd/{descriptor}")
    finally:
        os.close(descriptor)


def kit_page(repositories: Sequence[Repository], password: str, sheet: Sheet) -> dict[str, Any]:
    """What the template shows."""
    code = io.BytesIO()
    segno.make(password, error="m").save(code, kind="svg", border=QR_BORDER)
    return {
        "school": sheet.school,
        "made": vietnamese_date(sheet.day),
        "proven": sheet.proven,
        "dumps": list(sheet.dumps),
        "key": password,
        "qr": code.getvalue().decode(),
        "places": [_place(repository) for repository in repositories],
    }


def _place(repository: Repository) -> dict[str, Any]:
    """Where a repository is and what to type to reach it; an account of a store is as secret as the key, and as needed."""
    url, kind = repository.url, kind_of(repository.url)
    account = dict(repository.access.environment(url))
    if kind == REST and account:
        # Debian 12's restic reads the account from the address only.
        user, password = (quote(value, safe="") for value in account.values())
        url, account = url.replace("://", f"://{user}:{password}@", 1), {}
    if kind == S3 and repository.access.region:
        account["AWS_DEFAULT_REGION"] = repository.access.region
    return {
        "name": repository.name,
        "url": public_url(repository.url),
        "how": _HOW.get(kind, "") + (OWN_CERTIFICATE if repository.access.ca_file else ""),
        "commands": [_export(name, value) for name, value in {**account, "RESTIC_REPOSITORY": url}.items()],
    }


def _export(name: str, value: str) -> str:
    escaped = value.replace("'", "'\\''")
    return f"export {name}='{escaped}'"


def _template() -> str:
    return files("backup").joinpath("pages", TEMPLATE).read_text(encoding="utf-8")


def _save(state: Path, kit: Kit) -> None:
    values = asdict(kit)
    write_json(state / KIT_FILE, {**values, "made": kit.made.isoformat(), "tried": [day.isoformat() for day in kit.tried]})
