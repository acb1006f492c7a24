"""Column maps are data that is checked on load: a wrong one is one line naming the file and the key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from connectors.column_maps import DatabaseMap, FolderMap, load_map, map_names, read_map
from connectors.records.codes import reference
from infra.errors import ConfigurationError, ExitCode

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """\
kind = "folder"
system = "x"
version = "1"
label = "X"
[[files]]
names = ["a*"]
[[files.tables]]
to = "staff"
[files.tables.required]
staff_code = "Mã cán bộ"
"""


def test_shipped_maps_load() -> None:
    kinds = {name: type(load_map(name)) for name in map_names()}
    expected = {"csdl_2025": FolderMap, "qlnt_2026": DatabaseMap, "staff_2026": FolderMap, "marks_files_2025": FolderMap}
    assert expected.items() <= kinds.items()


def test_sector_headings_are_those_of_the_reference() -> None:
    csdl = load_map("csdl_2025")
    assert isinstance(csdl, FolderMap)
    lists = {"DanhSachHocSinh*": "cot_xuat_danh_sach_hoc_sinh", "SucKhoe*": "cot_xuat_suc_khoe"}
    for file_map in csdl.files:
        usual = {names[0] for table in file_map.tables for names in table.required.values()}
        assert usual <= set(reference()[lists[file_map.names[0]]])


@pytest.mark.parametrize(
    ("wrong", "key"),
    [
        (GOOD.replace('staff_code = "Mã cán bộ"', 'staff_cod = "Mã cán bộ"'), "files.0.tables.0"),
        (GOOD.replace('to = "staff"', 'to = "nobody"'), "files.0.tables.0"),
        (GOOD.replace('version = "1"', "version = 1"), "version"),
        (GOOD + "\n[surprise]\na = 1\n", "surprise"),
        (GOOD.replace('label = "X"', ""), "label"),
        (GOOD.replace('kind = "folder"', 'kind = "fax"'), "kind"),
        (GOOD.replace('"Mã cán bộ"', "[]"), "files.0.tables.0.required.staff_code"),
        (GOOD + '[files.tables.optional]\nstaff_code = "Mã"\n', "hai lần"),
        (GOOD.replace('staff_code = "Mã cán bộ"', 'full_name = "Họ tên"'), "khóa"),
        (GOOD + "= broken", "line"),
        (GOOD + '[files.tables.from_sheet]\nstatus = "(?P<v>"\n', "biểu thức"),
        (GOOD + '[files.tables.from_sheet]\nstatus = ".*"\n', "(?P<v>…)"),
        (GOOD + '[files.tables.from_sheet]\nstaff_code = "(?P<v>.)"\n', "hai lần"),
        (GOOD + '[files.tables.from_cell.status]\ncolumn = "nobody"\npattern = "(?P<v>.)"\n', "nobody"),
        (GOOD.replace('names = ["a*"]', 'names = ["a*"]\ncode_list = "xa"'), "code_list"),
        (GOOD.replace('names = ["a*"]', 'names = ["a*"]\nlegacy = "VISCII"'), "legacy"),
    ],
)
def test_wrong_maps_name_file_and_key(wrong: str, key: str, tmp_path: Path) -> None:
    file = tmp_path / "moi_2027.toml"
    file.write_text(wrong, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        read_map(file)
    assert key in caught.value.line()
    assert "moi_2027.toml" in caught.value.line()
    assert caught.value.exit_code == ExitCode.CONFIGURATION


@pytest.mark.parametrize("name", ["qlnt_1999", "../../../etc/passwd", "", "__init__"])
def test_unknown_map_is_a_configuration_error_that_lists_the_known(name: str) -> None:
    with pytest.raises(ConfigurationError, match="qlnt_2026"):
        load_map(name)
