"""A repository's key made cheap to try: restic takes a fifth of a second of scrypt for every command, and the tests give thousands.

Only the cost of guessing the password changes (restic's design document, "Keys, Encryption and MAC"): restic itself is the real one.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.poly1305 import Poly1305

if TYPE_CHECKING:
    from pathlib import Path

CHEAP = {"N": 2, "r": 8, "p": 1}
MAC_BYTES = IV_BYTES = 16


def cheapen(repository: Path, password_file: Path) -> None:
    """Replace the only key of a repository in a folder by one for the same password that opens it at once."""
    (file,) = (repository / "keys").iterdir()
    key = json.loads(file.read_bytes())
    password = password_file.read_text(encoding="utf-8").strip().encode()
    master = _opened(base64.b64decode(key["data"]), _derived(password, key))
    key |= CHEAP
    key["data"] = base64.b64encode(_sealed(master, _derived(password, key))).decode()
    content = json.dumps(key).encode()
    (repository / "keys" / hashlib.sha256(content).hexdigest()).write_bytes(content)
    file.chmod(0o600)
    file.unlink()


def put_snapshot(repository: Path, password_file: Path, snapshot: dict[str, object]) -> str:
    """Write a snapshot as restic would have on another day: its clock cannot be turned from outside. Returns its id."""
    (file,) = (repository / "keys").iterdir()
    key = json.loads(file.read_bytes())
    password = password_file.read_text(encoding="utf-8").strip().encode()
    master = json.loads(_opened(base64.b64decode(key["data"]), _derived(password, key)))
    secret = b"".join(base64.b64decode(part) for part in (master["encrypt"], master["mac"]["k"], master["mac"]["r"]))
    content = _sealed(json.dumps(snapshot).encode(), secret)
    name = hashlib.sha256(content).hexdigest()
    (repository / "snapshots" / name).write_bytes(content)
    return name


def _derived(password: bytes, key: dict[str, object]) -> bytes:
    salt, cost = base64.b64decode(str(key["salt"])), {name: int(str(key[name])) for name in ("N", "r", "p")}
    return hashlib.scrypt(password, salt=salt, n=cost["N"], r=cost["r"], p=cost["p"], dklen=64, maxmem=1 << 28)


def _opened(sealed: bytes, secret: bytes) -> bytes:
    iv, ciphertext, mac = sealed[:IV_BYTES], sealed[IV_BYTES:-MAC_BYTES], sealed[-MAC_BYTES:]
    assert _mac(ciphertext, iv, secret) == mac
    return _counter_mode(ciphertext, iv, secret)


def _sealed(plain: bytes, secret: bytes) -> bytes:
    iv = os.urandom(IV_BYTES)
    ciphertext = _counter_mode(plain, iv, secret)
    return iv + ciphertext + _mac(ciphertext, iv, secret)


def _counter_mode(text: bytes, iv: bytes, secret: bytes) -> bytes:
    return Cipher(algorithms.AES(secret[:32]), modes.CTR(iv)).encryptor().update(text)


def _mac(ciphertext: bytes, iv: bytes, secret: bytes) -> bytes:
    """Poly1305-AES: the nonce, encrypted with the key's second part, is the one-time half."""
    once = Cipher(algorithms.AES(secret[32:48]), modes.ECB()).encryptor().update(iv)  # noqa: S305 - one block, as Poly1305-AES has it
    return Poly1305.generate_tag(secret[48:64] + once, ciphertext)
