"""Secrets: made once, closed to others, never half-written, refused when open or empty."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.errors import ConfigurationError
from infra.secret_files import create_secret, read_secret

if TYPE_CHECKING:
    from pathlib import Path


def test_a_secret_is_made_once_and_closed_to_others(tmp_path: Path) -> None:
    file = tmp_path / "secrets" / "restic.pass"
    create_secret(file)
    first = read_secret(file)
    create_secret(file)
    assert read_secret(file) == first
    assert len(first) >= 40
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.stat().st_nlink == 1
    assert [path.name for path in file.parent.iterdir()] == ["restic.pass"]


def test_two_secrets_are_different(tmp_path: Path) -> None:
    create_secret(tmp_path / "a")
    create_secret(tmp_path / "b")
    assert read_secret(tmp_path / "a") != read_secret(tmp_path / "b")


def test_what_a_killed_run_left_aside_is_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "x"

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("infra.secret_files.os.link", die)
        with pytest.raises(KeyboardInterrupt):
            create_secret(file)
    assert not file.exists()
    create_secret(file)
    assert read_secret(file)


@pytest.mark.parametrize(
    ("content", "mode", "told"), [(b"x\n", 0o644, "người khác đọc được"), (b"\n", 0o600, "rỗng"), (None, 0, "Không thấy")]
)
def test_a_secret_that_cannot_be_trusted_is_refused(content: bytes | None, mode: int, told: str, tmp_path: Path) -> None:
    file = tmp_path / "x"
    if content is not None:
        file.write_bytes(content)
        file.chmod(mode)
    with pytest.raises(ConfigurationError, match=told):
        read_secret(file)
