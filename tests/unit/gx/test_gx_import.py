from __future__ import annotations

import os
import subprocess
import sys

MODULES = ("expectations.gx", "expectations.gx.validation", "expectations.gx.parity", "expectations.gx.quiet", "expectations.report.write")


def in_a_new_process(program: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("GX_", "DO_NOT"))}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
    return done.stdout.strip()


def test_importing_our_modules_does_not_import_great_expectations() -> None:
    imports = ", ".join(MODULES)
    assert in_a_new_process(f"import {imports}, sys; print('great_expectations' in sys.modules)") == "False"


def test_telemetry_is_off_before_the_import() -> None:
    program = (
        "import os; from expectations.gx.quiet import keep_quiet; keep_quiet();"
        "print(os.environ['GX_ANALYTICS_ENABLED'], os.environ['DO_NOT_TRACK'])"
    )
    assert in_a_new_process(program) == "False 1"
