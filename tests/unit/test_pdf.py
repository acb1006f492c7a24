"""A page is data shown by a template: the same every time, composed letters, closed to others where it holds a secret."""

from __future__ import annotations

import stat
import unicodedata
from typing import TYPE_CHECKING

import pytest

from infra.pdf import PRIVATE, pdf_bytes, write_pdf
from tests.integration.pdf_reading import text_of

if TYPE_CHECKING:
    from pathlib import Path

TEMPLATE = '#let told = json(bytes(sys.inputs.values))\n#set text(font: "Libertinus Serif")\n#told.name'
NASTY = '#panic("x") $ \\ " Trường Tiểu học Ặỹ'


def test_what_is_told_is_only_shown_and_can_be_searched(tmp_path: Path) -> None:
    file = write_pdf(tmp_path / "trang" / "a.pdf", TEMPLATE, {"name": unicodedata.normalize("NFD", NASTY)})
    assert NASTY in text_of(file)
    assert [path.name for path in file.parent.iterdir()] == ["a.pdf"]


def test_the_same_values_give_the_same_bytes() -> None:
    assert pdf_bytes(TEMPLATE, {"name": "Nhà trường"}) == pdf_bytes(TEMPLATE, {"name": "Nhà trường"})


def test_a_page_with_a_secret_is_closed_and_a_failed_one_leaves_nothing(tmp_path: Path) -> None:
    file = write_pdf(tmp_path / "a.pdf", TEMPLATE, {"name": "x"}, PRIVATE)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    (tmp_path / "day").mkdir()
    with pytest.raises(IsADirectoryError):
        write_pdf(tmp_path / "day", TEMPLATE, {"name": "x"}, PRIVATE)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.pdf", "day"]
