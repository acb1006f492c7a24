"""`truong rules`: what is checked, in words."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from flows.cli.common import print_json, print_lines
from infra.errors import ConfigurationError, ExitCode

if TYPE_CHECKING:
    import argparse

    from expectations.rule import Rule

PUBLIC_FIELDS = ("code", "article", "table", "severity", "message", "fix", "owner")


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`rules list`, `rules explain CODE`, `rules coverage`, `rules docs`."""
    rules = verbs.add_parser("rules", help="các quy tắc kiểm tra")
    what = rules.add_subparsers(title="Việc", metavar="VIỆC", required=True)
    listing = what.add_parser("list", help="liệt kê mọi quy tắc")
    listing.add_argument("--json", action="store_true", help="in kết quả cho máy đọc")
    listing.set_defaults(run=_list)
    explain = what.add_parser("explain", help="giải thích một quy tắc")
    explain.add_argument("code", metavar="MÃ", help="mã quy tắc, ví dụ TT27-9.9")
    explain.add_argument("--json", action="store_true", help="in kết quả cho máy đọc")
    explain.set_defaults(run=_explain)
    covered = what.add_parser("coverage", help="mỗi mục của quy định: quy tắc nào kiểm, hoặc vì sao dữ liệu không kiểm được")
    covered.add_argument("--json", action="store_true", help="in kết quả cho máy đọc")
    covered.set_defaults(run=_coverage)
    docs = what.add_parser("docs", help="ghi sổ tay các quy tắc (docs/rules.md)")
    docs.add_argument("--out", type=Path, default=Path("docs/rules.md"), metavar="TỆP", help="tệp ghi ra (mặc định: %(default)s)")
    docs.set_defaults(run=_docs)


def _list(arguments: argparse.Namespace) -> int:
    from expectations.rules import all_rules  # noqa: PLC0415 - heavy

    rules = [{name: str(getattr(rule, name)) for name in PUBLIC_FIELDS} for rule in all_rules()]
    if arguments.json:
        print_json(rules)
    else:
        print_lines(f"{rule['code']:<12} {rule['severity']:<8} {rule['message']}" for rule in rules)
        print_lines([f"({len(rules)} quy tắc)"])
    return ExitCode.OK


def _explain(arguments: argparse.Namespace) -> int:
    from expectations.rules import all_rules  # noqa: PLC0415 - heavy

    rule = next((rule for rule in all_rules() if rule.code.casefold() == arguments.code.casefold()), None)
    if rule is None:
        raise ConfigurationError(f"Không có quy tắc «{arguments.code}»", fix="xem `truong rules list`")
    if arguments.json:
        print_json(_explained(rule))
        return ExitCode.OK
    labels = ("Mã", "Căn cứ", "Bảng", "Mức", "Sai gì", "Sửa thế nào", "Ai sửa")
    print_lines(f"{label}: {getattr(rule, name)}" for label, name in zip(labels, PUBLIC_FIELDS, strict=True))
    return ExitCode.OK


def _explained(rule: Rule) -> dict[str, object]:
    """Everything a machine may ask about a rule; its condition as Polars tells it."""
    public: dict[str, object] = {name: str(getattr(rule, name)) for name in PUBLIC_FIELDS}
    expectation = {"type": rule.native.type, "arguments": dict(rule.native.arguments), "where": rule.native.where} if rule.native else None
    more = {"column": rule.column, "view": rule.view, "needs": list(rule.needs), "condition": str(rule.condition)}
    return {**public, **more, "severity_stated": rule.stated, "native_expectation": expectation}


def _coverage(arguments: argparse.Namespace) -> int:
    from expectations.coverage import SOURCE, coverage  # noqa: PLC0415 - heavy
    from expectations.rules import all_rules  # noqa: PLC0415

    numbers = coverage(rule.code for rule in all_rules())
    if arguments.json:
        print_json([{"number": entry.number, "rules": list(entry.rules), "reason": entry.reason} for entry in numbers])
    else:
        print_lines(f"{entry.number:<10} {', '.join(entry.rules) or f'({entry.reason})'}" for entry in numbers)
        decided = sum(1 for entry in numbers if entry.rules)
        print_lines([f"({decided}/{len(numbers)} mục có quy tắc kiểm; nguồn: {SOURCE})"])
    return ExitCode.OK


def _docs(arguments: argparse.Namespace) -> int:
    from expectations.handbook import handbook  # noqa: PLC0415 - heavy
    from expectations.rules import all_rules  # noqa: PLC0415

    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(handbook(all_rules()), encoding="utf-8")
    print_lines([f"Đã ghi {len(all_rules())} quy tắc vào {arguments.out}"])
    return ExitCode.OK
