"""The house's style figures beside their budget: `python tests/architecture/style.py`. Prints; test_style.py asserts."""

from __future__ import annotations

import ast
import statistics
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("flows", "connectors", "expectations", "backup", "infra")
MEDIAN_LINES, P90_LINES, LONG_LINES, LONG_SHARE = 8, 25, 40, 2.0
FILE_LINES, HARD_FILE_LINES, PARAMETERS = 300, 500, 5
BROAD = {None, "Exception", "BaseException"}


@dataclass
class Figures:
    """What was counted over all rooms."""

    lengths: list[int] = field(default_factory=list)
    long_functions: list[str] = field(default_factory=list)
    long_files: list[str] = field(default_factory=list)
    wide: list[str] = field(default_factory=list)
    unannotated: list[str] = field(default_factory=list)
    broad_excepts: list[str] = field(default_factory=list)
    prints: list[str] = field(default_factory=list)
    code_lines: int = 0
    comments: int = 0

    @property
    def long_share(self) -> float:
        return 100 * len(self.long_functions) / max(1, len(self.lengths))

    @property
    def p90(self) -> int:
        return sorted(self.lengths)[int(0.9 * (len(self.lengths) - 1))]


Function = ast.FunctionDef | ast.AsyncFunctionDef


def body_lines(function: Function) -> int:
    """Lines of a function without decorators and docstring."""
    docstring = 0
    if ast.get_docstring(function) is not None:
        first = function.body[0]
        docstring = (first.end_lineno or first.lineno) - first.lineno + 1
    return (function.end_lineno or function.lineno) - function.lineno + 1 - docstring


def _count_function(figures: Figures, node: Function, where: str) -> None:
    arguments = [a for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs) if a.arg not in {"self", "cls"}]
    figures.lengths.append(body_lines(node))
    if figures.lengths[-1] > LONG_LINES:
        figures.long_functions.append(where)
    if len(arguments) > PARAMETERS:
        figures.wide.append(where)
    if node.returns is None or any(argument.annotation is None for argument in arguments):
        figures.unannotated.append(where)


def _count_file(figures: Figures, path: Path) -> None:
    name, lines = path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8").splitlines()
    if len(lines) > FILE_LINES:
        figures.long_files.append(f"{name} ({len(lines)})")
    figures.code_lines += sum(1 for line in lines if line.strip() and not line.strip().startswith("#"))
    figures.comments += sum(1 for line in lines if "# " in line and "# noqa" not in line and "# type:" not in line)
    for node in ast.walk(ast.parse("\n".join(lines))):
        where = f"{name}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, Function):
            _count_function(figures, node, f"{where} {node.name}")
        elif (
            isinstance(node, ast.ExceptHandler)
            and getattr(node.type, "id", None) in BROAD
            and not isinstance(node.type, ast.Tuple | ast.Attribute)
        ):
            figures.broad_excepts.append(where)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
            figures.prints.append(where)


def measure() -> Figures:
    """Count every Python file of the rooms."""
    figures = Figures()
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            _count_file(figures, path)
    return figures


def main() -> None:
    figures = measure()
    print(
        f"functions {len(figures.lengths)}: median {statistics.median(figures.lengths):g} (<= {MEDIAN_LINES}), "
        f"p90 {figures.p90} (<= {P90_LINES}), over {LONG_LINES} lines {figures.long_share:.1f} % (< {LONG_SHARE:g}); "
        f"code lines {figures.code_lines}, comments {100 * figures.comments / max(1, figures.code_lines):.1f} per 100"
    )
    for title, found in (
        (f"files over {FILE_LINES} lines", figures.long_files),
        (f"over {PARAMETERS} parameters", figures.wide),
        ("not fully annotated", figures.unannotated),
        ("broad excepts", [where for where in figures.broad_excepts if not where.startswith("flows/")]),
    ):
        print(f"{title}: {len(found)}" + (": " + ", ".join(found[:6]) if found else ""))


if __name__ == "__main__":
    main()
