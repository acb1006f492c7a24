from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow  # a process for each command
MODULES = (
    "expectations.gx", "expectations.gx.validation", "expectations.gx.parity", "expectations.gx.scan", "expectations.gx.quiet",
    "expectations.report.write", "flows.checking",
)  # fmt: skip
# Verbs that do not write Great Expectations' results, with whatever they end on without a home.
COMMANDS = (
    ["--help"], ["check", "--help"], ["rules", "list"], ["rules", "explain", "ID-1"], ["status"], ["sources", "--json"], ["backup"],
    ["snapshots"], ["report"], ["export"], ["doctor"],
)  # fmt: skip
PROGRAM = """
import contextlib, io, sys
from flows.cli.main import main
with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
    main({arguments!r})
print("great_expectations" in sys.modules)
"""


def in_a_new_process(program: str, folder: str | None = None) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("GX_", "DO_NOT"))}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment, cwd=folder)
    return done.stdout.strip()


def test_importing_our_modules_does_not_import_great_expectations() -> None:
    imports = ", ".join(MODULES)
    assert in_a_new_process(f"import {imports}, sys; print('great_expectations' in sys.modules)") == "False"


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_a_command_that_does_not_need_it_does_not_pay_for_it(arguments: list[str], tmp_path: os.PathLike[str]) -> None:
    assert in_a_new_process(PROGRAM.format(arguments=arguments), str(tmp_path)) == "False"


def test_the_test_above_would_see_it() -> None:
    assert in_a_new_process("from expectations.gx import store; import sys; print('great_expectations' in sys.modules)") == "True"


def test_telemetry_is_off_before_the_import() -> None:
    program = (
        "import os; from expectations.gx.quiet import keep_quiet; keep_quiet();"
        "print(os.environ['GX_ANALYTICS_ENABLED'], os.environ['DO_NOT_TRACK'])"
    )
    assert in_a_new_process(program) == "False 1"
