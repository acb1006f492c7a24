"""Data Docs pages in Vietnamese that ask no server for anything.

Great Expectations' own pages load styles, scripts and a logo from the network and would show values.
Its site builder takes other renderers and views by name (the project's settings name these): a
renderer gives the content of a page, the view makes it HTML.
"""

from __future__ import annotations

import json
import unicodedata
from datetime import date
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from expectations.rule import Severity
from infra.clock import vietnamese_date

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuite
    from great_expectations.data_context.data_context.abstract_data_context import AbstractDataContext

TEMPLATE = "data_docs.html.j2"
# Pages of results lie four folders below the site (validations/SUITE/RUN/TIME/), those of suites one.
HOME_FROM_RESULT, HOME_FROM_SUITE = "../../../../index.html", "../index.html"
TITLES = {Severity.STOP: "Dừng", Severity.BLOCK: "Chặn", Severity.REVIEW: "Xem kỹ", Severity.REMIND: "Nhắc"}


class OfflineView:
    """Makes a page of its content: one HTML file with its style inside."""

    def render(self, document: dict[str, Any], **_: object) -> str:
        environment = Environment(
            loader=PackageLoader("expectations.gx"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )
        return unicodedata.normalize("NFC", environment.get_template(TEMPLATE).render(document))


class ResultPage:
    """One table's validation result: every rule with what it examined and found."""

    def render(self, result: Any) -> dict[str, Any]:  # noqa: ANN401 - an ExpectationSuiteValidationResult with our own meta
        return {
            "kind": "result",
            "title": result.meta["table"],
            "run": _night(result.meta["run_id"]["run_name"]),
            "home": HOME_FROM_RESULT,
            "suite": f"../../../../expectations/{result.suite_name}.html",
            "totals": totals_of(result),
            "rules": [_rule_of_result(entry) for entry in result.results],
        }


class SuitePage:
    """One table's suite: what is expected of it."""

    def render(self, suite: ExpectationSuite) -> dict[str, Any]:
        rules = [_words(entry.configuration.meta) | {"how": _how(entry.configuration.to_json_dict())} for entry in suite.expectations]
        return {
            "kind": "suite",
            "title": suite.meta["table"],
            "home": HOME_FROM_SUITE,
            "rules": sorted(rules, key=lambda rule: rule["code"]),
        }


class IndexPage:
    """The first page: every table of the night."""

    def __init__(self, data_context: AbstractDataContext) -> None:
        self._context = data_context

    def render(self, links: dict[str, Any]) -> dict[str, Any]:
        results = [
            {"link": link["filepath"], "name": link["expectation_suite_name"], "run": _night(link["run_name"]), **self._totals(link)}
            for link in links.get("validations_links", [])
        ]
        return {"kind": "index", "title": "Kết quả kiểm tra dữ liệu", "results": sorted(results, key=lambda entry: entry["label"])}

    def _totals(self, link: dict[str, Any]) -> dict[str, Any]:
        result: Any = self._context.get_validation_result(
            expectation_suite_name=link["expectation_suite_name"], run_id=link["run_id"], batch_identifier=link["batch_identifier"]
        )
        return {"label": result.meta["table"], "suite": link["expectation_suite_filepath"], "totals": totals_of(result)}


def totals_of(result: Any) -> dict[str, Any]:  # noqa: ANN401 - as above
    """How many rules hold, do not hold, could not be decided; `state` is grey when nothing was examined."""
    statistics = result.statistics
    bad, good = statistics["unsuccessful_expectations"], statistics["successful_expectations"]
    state = "bad" if bad else "good"
    return {"good": good, "bad": bad, "none": result.meta["not_evaluated"], "state": state if bad or good else "none"}


def _rule_of_result(entry: Any) -> dict[str, Any]:  # noqa: ANN401 - an ExpectationValidationResult with our own meta
    state = "none" if entry.success is None else "good" if entry.success else "bad"
    found = {"state": state, "examined": entry.result["element_count"], "broken": entry.result["unexpected_count"]}
    return _words(entry.expectation_config.meta) | found


def _night(run_name: str) -> str:
    """A run is named after its day."""
    return vietnamese_date(date.fromisoformat(run_name))


def _words(meta: dict[str, Any]) -> dict[str, Any]:
    """A rule's own words."""
    words = {name: meta[name] for name in ("message", "article", "fix", "owner")}
    return words | {"code": meta["rule"], "severity": TITLES[Severity(meta["severity"])]}


def _how(configuration: dict[str, Any]) -> str:
    """The expectation's type and arguments, as Great Expectations stores them."""
    arguments = {name: value for name, value in configuration["kwargs"].items() if name != "batch_id"}
    return f"{configuration['type']} {json.dumps(arguments, ensure_ascii=False, sort_keys=True)}"
