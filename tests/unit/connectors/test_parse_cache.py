"""What the cache of parsed files hashes of our own code."""

from __future__ import annotations

import subprocess
import sys

from connectors.files.parse_cache import READ_BY


def test_every_package_that_reads_a_file_is_hashed() -> None:
    # A room that is forgotten here would leave what its older code read in use after an update.
    code = "import sys, connectors.files.reading; print(*(name for name in sys.modules if name.split('.')[0] == 'connectors'))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    packages = {name if name in READ_BY else name.rpartition(".")[0] for name in loaded}
    assert "connectors.sheets" in packages
    assert packages <= set(READ_BY)
