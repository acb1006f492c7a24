"""Maps of APIs: checked on load like the others; the shipped one reads what the database's map reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from connectors.column_maps import ApiMap, DatabaseMap, load_map, read_map
from infra.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """\
kind = "api"
system = "x"
version = "1"
label = "X"
[[tables]]
to = "staff"
source = "can_bo"
path = "/can-bo"
[tables.required]
staff_code = "ma"
"""


def test_the_shipped_map_reads_the_same_fields_as_that_of_the_database() -> None:
    api, database = load_map("qlnt_api_2026"), load_map("qlnt_2026")
    assert isinstance(api, ApiMap)
    assert isinstance(database, DatabaseMap)
    for mine, theirs in zip(api.tables, database.tables, strict=True):
        assert mine.model_dump(exclude={"path"}) == theirs.model_dump()
        assert mine.path.removeprefix("/api/v1/").replace("-", "_") == theirs.source


def test_a_short_map_gets_the_usual_paging(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text(GOOD, encoding="utf-8")
    read = read_map(tmp_path / "x.toml")
    assert isinstance(read, ApiMap)
    assert (read.paging.style, read.paging.items, read.tables[0].row, read.as_of) == ("pages", "items", "", None)


@pytest.mark.parametrize(
    ("wrong", "key"),
    [
        (GOOD.replace('path = "/can-bo"', 'path = "https://evil.example"'), "tables.0.path"),
        (GOOD.replace('source = "can_bo"', 'source = "../../etc"'), "tables.0.source"),
        (GOOD.replace('path = "/can-bo"\n', ""), "tables.0.path"),
        (GOOD + '[paging]\nstyle = "guess"\n', "paging.style"),
        (GOOD + "[paging]\npage_size = 0\n", "paging.page_size"),
        (GOOD + GOOD[GOOD.index("[[tables]]") :], "hai lần"),
        (GOOD.replace('path = "/can-bo"', 'path = "/can-bo"\nonly_with = ["staff_code"]'), "only_with"),
    ],
)
def test_wrong_maps_name_file_and_key(wrong: str, key: str, tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text(wrong, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        read_map(tmp_path / "x.toml")
    assert key in caught.value.line()
    assert "x.toml" in caught.value.line()
