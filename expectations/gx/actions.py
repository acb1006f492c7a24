"""What a checkpoint does once its results are stored: build the pages, then prove that they are there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from great_expectations.checkpoint.actions import DataDocsAction, ValidationAction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from great_expectations.checkpoint.checkpoint import CheckpointResult


class BuildPages(DataDocsAction):
    """Builds the whole site once. Great Expectations' own action builds its index anew for every table."""

    type: Literal["truong_build_pages"] = "truong_build_pages"

    def run(self, checkpoint_result: CheckpointResult, action_context: Any = None) -> dict[str, Any]:  # noqa: ANN401, ARG002 - their interface
        self._build_data_docs()
        return {"suites": len(checkpoint_result.run_results)}


class ProvePages(ValidationAction):
    """Great Expectations only logs a page that it could not build: a missing or empty one is an error here."""

    type: Literal["truong_prove_pages"] = "truong_prove_pages"
    site: str

    def run(self, checkpoint_result: CheckpointResult, action_context: Any = None) -> dict[str, Any]:  # noqa: ANN401, ARG002 - their interface
        """RuntimeError for a page that is not there."""
        suites = [result.suite_name for result in checkpoint_result.run_results.values()]
        return {"pages": _prove(Path(self.site), suites)}


def _prove(site: Path, suites: Sequence[str]) -> int:
    expected = [site / "index.html", *(site / "expectations" / f"{suite}.html" for suite in suites)]
    results = [page for suite in suites for page in (site / "validations" / suite).rglob("*.html")]
    empty = [page.name for page in (*expected, *results) if not page.is_file() or page.stat().st_size == 0]
    if empty or len(results) != len(suites):
        message = f"Data Docs were not built: {empty or 'validation results missing'}"
        raise RuntimeError(message)
    return len(expected) + len(results)
