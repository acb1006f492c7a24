"""Mutation: flip each comparison and connective of the rules, one at a time; a test of tests/rules must fail each time.

`make mutation` tries all of them, `--sample N` a fixed draw (CI). Works in copies of the project, so a run
that is killed leaves no flipped rule behind. Prints every survivor and the score.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shlex
import shutil
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from multiprocessing import Pool, current_process
from pathlib import Path

from cosmic_ray.commands.init import init
from cosmic_ray.mutating import mutate_and_test
from cosmic_ray.work_db import WorkDB
from cosmic_ray.work_item import MutationSpec, TestOutcome

ROOT = Path(__file__).resolve().parents[2]
RULES = Path("expectations/rules")
COPIED = ("backup", "connectors", "docs", "expectations", "flows", "infra", "tests", "pyproject.toml", "README.md")
COMPARISON, CONNECTIVE = "core/ReplaceComparisonOperator_", "core/ReplaceBinaryOperator_"
# Each comparison once turned round and once moved by its border; `is` and `in` are no comparisons of values.
OPERATORS = frozenset(
    [
        f"{COMPARISON}{flip}"
        for flip in ("Eq_NotEq", "NotEq_Eq", "Lt_GtE", "Lt_LtE", "LtE_Gt", "LtE_Lt", "Gt_LtE", "Gt_GtE", "GtE_Lt", "GtE_Gt")
    ]
    + [f"{CONNECTIVE}{flip}" for flip in ("BitAnd_BitOr", "BitOr_BitAnd")]
    + ["core/ReplaceUnaryOperator_Delete_Invert"]
)
TESTS = Path("tests/rules")
# Without the slow second implementations: a rule must be pinned by its own cases.
PYTEST = "-m pytest -m 'not slow' -x -q -p no:cacheprovider -p no:xdist --no-header"
NEAREST = 3  # test files that are asked first: nearly every flip is noticed there, and all of them take ten times as long
RULE_CODE = re.compile(r'"([A-Z][A-Z0-9.]*-\d[\d./a-z]*)"')
TIMEOUT_SECONDS = 600.0
SEED = 292
WANTED = 0.9  # of the mutants must be killed


@dataclass(frozen=True, slots=True)
class Tried:
    """A mutant and how it fared."""

    place: str
    flip: str
    killed: bool
    told: str


def mutants(root: Path = ROOT) -> list[MutationSpec]:
    """Every flip of the rules, in the order of the files; paths are relative to the root."""
    here = Path.cwd()
    os.chdir(root)
    try:
        with tempfile.TemporaryDirectory() as folder:
            database = WorkDB(f"{folder}/work.sqlite", WorkDB.Mode.create)
            init(sorted(RULES.glob("*.py")), database, {})
            specs = [mutation for item in database.work_items for mutation in item.mutations]
            database.close()
    finally:
        os.chdir(here)
    chosen = [spec for spec in specs if spec.operator_name in OPERATORS]
    return sorted(chosen, key=lambda spec: (str(spec.module_path), spec.start_pos, spec.operator_name))


def _enter_copy(copies: str) -> None:
    """Each worker has a copy of the project of its own and works in it."""
    copy = Path(copies) / current_process().name
    ignored = shutil.ignore_patterns("__pycache__", ".*_cache")
    copy.mkdir()
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=ignored)
        else:
            shutil.copy2(source, copy / name)
    os.chdir(copy)


@cache
def nearest(module: Path) -> tuple[str, ...]:
    """The test files that name the rules of a module most often."""
    codes = set(RULE_CODE.findall((ROOT / module).read_text(encoding="utf-8")))
    texts = {file: file.read_text(encoding="utf-8") for file in sorted((ROOT / TESTS).glob("test_*.py"))}
    named = {file: sum(text.count(f'"{code}"') for code in codes) for file, text in texts.items()}
    found = sorted((file for file in named if named[file]), key=lambda file: -named[file])[:NEAREST]
    return tuple(str(TESTS / file.name) for file in found) or (str(TESTS),)


def _try(spec: MutationSpec) -> Tried:
    first, python = " ".join(nearest(Path(spec.module_path))), shlex.quote(sys.executable)
    # Small tables: more threads than one only get in each other's way.
    command = f"export POLARS_MAX_THREADS=1; {python} {PYTEST} {first} && {python} {PYTEST} {TESTS}"
    result = mutate_and_test([spec], shlex.join(["sh", "-c", command]), TIMEOUT_SECONDS)
    if result.test_outcome is TestOutcome.INCOMPETENT or result.test_outcome is None:
        message = f"{spec.module_path}:{spec.start_pos[0]}: could not be tried: {result.output}"
        raise RuntimeError(message)
    flip = spec.operator_name.rsplit("Operator_", 1)[-1]
    return Tried(f"{spec.module_path}:{spec.start_pos[0]}", flip, result.test_outcome is TestOutcome.KILLED, result.diff or "")


def run(chosen: list[MutationSpec], workers: int) -> list[Tried]:
    """Try mutants side by side, telling how far it got on stderr."""
    tried = []
    with tempfile.TemporaryDirectory() as copies, Pool(workers, _enter_copy, (copies,)) as pool:
        for number, one in enumerate(pool.imap_unordered(_try, chosen), start=1):
            tried.append(one)
            if not one.killed:  # at once: a run takes long, and whoever stops it has what it found
                sys.stderr.write(f"\nSURVIVED {one.place} {one.flip}\n{one.told}\n")
            sys.stderr.write(f"\r{number}/{len(chosen)}  survived {sum(not one.killed for one in tried)} ")
            sys.stderr.flush()
    sys.stderr.write("\n")
    return sorted(tried, key=lambda one: (one.place, one.flip))


def score_of(tried: list[Tried]) -> float:
    """Share of the mutants that a test noticed."""
    return sum(one.killed for one in tried) / len(tried)


def sample(count: int) -> list[MutationSpec]:
    """A draw that is the same on every machine as long as the rules are."""
    every = mutants()
    return random.Random(SEED).sample(every, min(count, len(every)))


def main() -> int:
    """Try all or a sample; 1 when the score is below the bound."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, default=0, help="how many; 0: all")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    chosen = sample(arguments.sample) if arguments.sample else mutants()
    tried = run(chosen, arguments.workers)
    score = score_of(tried)
    sys.stdout.write(f"\n{len(tried)} mutants of expectations/rules, {score:.1%} killed (bound {WANTED:.0%})\n")
    return 0 if score >= WANTED else 1


if __name__ == "__main__":
    sys.exit(main())
