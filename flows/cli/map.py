"""`truong map FILE`: proposes a column map for an unknown file, to read, correct and paste."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from flows.cli.common import print_json, print_lines
from infra.errors import ConfigurationError, ExitCode

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from connectors.column_maps.propose import SheetProposal

# Those that a shipped map reads files of; written out, because every verb would pay for importing the maps.
SYSTEMS = ("qlnt", "csdl", "staff", "temis", "lms", "accounts", "health")


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`map`."""
    verb = verbs.add_parser("map", help="đề xuất bản đồ cột cho một tệp lạ (chỉ in tên cột và số lượng)")
    verb.add_argument("file", type=Path, metavar="TỆP", help="tệp .xlsx, .xls, .csv hoặc .txt")
    verb.add_argument("--system", choices=SYSTEMS, help="hệ thống đã xuất tệp này")
    verb.add_argument("--json", action="store_true", help="in kết quả cho máy đọc")
    verb.set_defaults(run=_map)


def _map(arguments: argparse.Namespace) -> int:
    from connectors.column_maps.propose import as_toml, propose  # noqa: PLC0415 - heavy
    from connectors.sheets.workbook import read_grids  # noqa: PLC0415 - heavy

    file: Path = arguments.file
    if not file.is_file():
        raise ConfigurationError("Không thấy tệp", where=str(file), fix="kiểm tra lại đường dẫn rồi chạy lại")
    proposals = propose(read_grids(file), file, arguments.system)
    toml = as_toml(proposals, file, arguments.system or "qlnt")
    if arguments.json:
        print_json({"file": file.name, "sheets": [_as_json(proposal) for proposal in proposals], "toml": toml})
    else:
        print_lines(_lines(file, proposals))
        print_lines(["", "# ---- Bản đồ cột đề xuất: đọc lại, sửa, lưu thành tệp .toml ----", toml.rstrip()])
    return ExitCode.OK


def _as_json(proposal: SheetProposal) -> dict[str, object]:
    matches = [{"column": match.column, "heading": match.heading, "how": match.how, "filled": match.filled} for match in proposal.matches]
    about = {"sheet": proposal.sheet, "header_row": proposal.header_row, "rows": proposal.rows, "table": proposal.table}
    return {**about, "columns": matches, "missing": proposal.missing, "left_over": proposal.left_over}


def _lines(file: Path, proposals: Sequence[SheetProposal]) -> Iterator[str]:
    from connectors.records.tables import TABLES  # noqa: PLC0415 - heavy

    for proposal in proposals:
        table = TABLES[proposal.table]
        sheet = f", trang “{proposal.sheet}”" if proposal.sheet else ""
        yield f"# {file.name}{sheet}: {table.label}; tiêu đề ở dòng {proposal.header_row}, {proposal.rows} dòng bên dưới"
        for match in proposal.matches:
            yield f"#   {match.column:<18} ← “{match.heading}” (theo {match.how}, {match.filled} ô có giá trị)"
        for part in proposal.others:
            yield f"#   {part.to:<18} ← {', '.join(names[0] for names in part.headings.values())}"
        if proposal.missing:
            yield f"#   thiếu: {', '.join(f'{table.label_of(name)} ({name})' for name in proposal.missing)}"
        if proposal.left_over:
            yield f"#   chưa dùng: {', '.join(f'“{heading}”' for heading in proposal.left_over)}"
