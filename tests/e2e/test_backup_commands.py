"""`truong backup …` on a school with a second disk: copies, the plan that must be seen, damage that is found and healed."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.e2e.running import Done, truong
from tests.integration.cheap_keys import cheapen

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = """
[backup.keep]
daily = 7

[[backup.copies]]
name = "dia-hai"
repository = "dia-hai"
password_file = "secrets/dia-hai.pass"

[[backup.copies]]
name = "dia-roi"
repository = "dia-roi"
password_file = "secrets/dia-roi.pass"
removable = true
"""


def _run(home: Path, *arguments: str) -> Done:
    return truong(*arguments, "--config", home / "truong.toml")


@pytest.fixture
def with_copies(own_home: Path) -> Path:
    file = own_home / "truong.toml"
    file.write_text(file.read_text(encoding="utf-8") + SETTINGS, encoding="utf-8")
    for name in ("dia-hai", "dia-roi"):
        password = own_home / "secrets" / f"{name}.pass"
        password.write_text(f"mat-khau-{name}\n", encoding="utf-8")
        password.chmod(0o600)
    return own_home


def test_a_second_disk_from_the_first_copy_to_the_repair(with_copies: Path) -> None:
    home = with_copies
    never = _run(home, "backup", "run")
    assert (never.code, "truong backup prepare dia-roi" in never.out) == (13, True)
    cheapen(home / "dia-hai", home / "secrets" / "dia-hai.pass")
    assert _run(home, "backup", "prepare", "dia-roi").code == 0
    cheapen(home / "dia-roi", home / "secrets" / "dia-roi.pass")
    good = _run(home, "backup", "run", "--json")
    assert (good.code, json.loads(good.out)["problems"]) == (0, [])
    listed = json.loads(_run(home, "snapshots", "--json").out)["repositories"]
    assert [repository["name"] for repository in listed] == ["tai-cho", "dia-hai", "dia-roi"]
    assert all(repository["snapshots"] for repository in listed)

    plan = json.loads(_run(home, "backup", "plan", "--json").out)
    refused = _run(home, "backup", "plan", "--accept", "00000000")
    assert (refused.code, plan["code"] in refused.err) == (10, True)
    seen = _run(home, "backup", "plan", "--accept", plan["code"])
    assert (seen.code, "Kho «dia-hai»: giữ" in seen.out) == (0, True)

    packs = [file for file in (home / "data/backups/restic/data").rglob("*") if file.is_file()]
    max(packs, key=lambda file: file.stat().st_size).unlink()
    broken = _run(home, "backup", "check")
    assert (broken.code, "truong backup repair tai-cho" in broken.out) == (13, True)
    healed = _run(home, "backup", "repair", "tai-cho")
    assert (healed.code, "đã lấy lại từ «dia-hai»" in healed.out) == (0, True)
    assert _run(home, "backup", "check", "tai-cho").code == 0


def test_something_listed_that_is_not_there_is_one_clear_line(own_home: Path) -> None:
    file = own_home / "truong.toml"
    file.write_text(file.read_text(encoding="utf-8") + '\n[backup.folders]\nwebsite = "o-cung/web"\n', encoding="utf-8")
    done = _run(own_home, "backup", "run")
    assert done.code == 13
    assert done.err.strip().splitlines()[-1].startswith("Lỗi: Chưa sao lưu: không thấy «website»")
    shutil.rmtree(own_home / "data" / "backups" / "restic")
    assert _run(own_home, "backup", "check", "khong-co").code == 10
