"""Names for the private list: who a finding is about, and who can put it right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from expectations.report.coverage import main_system
from expectations.rule import Owner

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connectors.records.snapshot import Snapshot

NAMES_SHOWN_TOGETHER = " ↔ "  # the two records of a duplicate pair


@dataclass(frozen=True, slots=True)
class People:
    """Look-ups from the snapshot. `names`: pupil or staff code -> name ('' when it is missing).

    `unnumbered`: `file#sheet#row` -> name, for records without a code. `homerooms`: class -> teacher's
    name; `teachers`: (class, subject) -> teacher's name; `account_owners`: `system|username` -> staff code.
    """

    names: Mapping[str, str]
    unnumbered: Mapping[str, str]
    homerooms: Mapping[str, str]
    teachers: Mapping[tuple[str, str], str]
    account_owners: Mapping[str, str]

    def codes(self, finding: Mapping[str, Any]) -> list[str]:
        """Codes of the people whom a finding is about."""
        if finding["table"] == "accounts":
            owner = self.account_owners.get(finding["key"], "")
            return [owner] if owner else []
        return [part for part in finding["key"].split("|") if part in self.names]

    def who(self, finding: Mapping[str, Any]) -> str:
        """Their names; empty for a finding on a class or a table."""
        if finding["key"] in self.unnumbered:
            return self.unnumbered[finding["key"]]
        return NAMES_SHOWN_TOGETHER.join(name for code in self.codes(finding) if (name := self.names.get(code, "")))

    def helper(self, finding: Mapping[str, Any]) -> str:
        """Name of the teacher who owns a finding; empty where the owner is an office, not a teacher."""
        class_name = finding["class_name"] or ""
        if finding["owner"] == Owner.SUBJECT_TEACHER:
            parts = finding["key"].split("|")
            subject = parts[1] if finding["table"] == "marks" and len(parts) > 1 else ""
            return self.teachers.get((class_name, subject), self.homerooms.get(class_name, ""))
        return self.homerooms.get(class_name, "") if finding["owner"] == Owner.HOMEROOM else ""


def read_people(snapshot: Snapshot) -> People:
    pupils, staff = _named(snapshot, "pupils", "pupil_code"), _named(snapshot, "staff", "staff_code")
    staff_names = dict(staff.select("code", "full_name").iter_rows())
    return People(
        names=_names(pupils) | _names(staff),
        unnumbered=_unnumbered(pupils) | _unnumbered(staff),
        homerooms=_joined(snapshot, "classes", "homeroom_code", staff_names),
        teachers=_teachers(snapshot, staff_names),
        account_owners=_account_owners(snapshot),
    )


def _named(snapshot: Snapshot, table: str, code: str) -> pl.DataFrame:
    """Code, name and place of every person; the school's own book first, so that its spelling wins."""
    place = pl.concat_str(["source_file", "source_sheet", pl.col("source_row").cast(pl.String)], separator="#").alias("place")
    other = (pl.col("source_system") != main_system(snapshot)).alias("other")
    rows = snapshot.scan(table).select(pl.col(code).alias("code"), "full_name", place, other, "source_row")
    return rows.sort("other", "source_row", maintain_order=True).collect()


def _names(people: pl.DataFrame) -> dict[str, str]:
    named = people.drop_nulls("code").with_columns(pl.col("full_name").fill_null(""))
    missing_last = named.sort(pl.col("full_name") == "", maintain_order=True)
    return dict(missing_last.unique("code", keep="first", maintain_order=True).select("code", "full_name").iter_rows())


def _unnumbered(people: pl.DataFrame) -> dict[str, str]:
    nameless = people.filter(pl.col("code").is_null() & pl.col("place").is_not_null())
    return {place: name or "" for place, name in nameless.select("place", "full_name").iter_rows()}


def _joined(snapshot: Snapshot, table: str, code: str, names: Mapping[str, str]) -> dict[str, str]:
    rows = snapshot.scan(table).select("class_name", code).drop_nulls().collect()
    return {class_name: names[staff] for class_name, staff in rows.iter_rows() if names.get(staff)}


def _teachers(snapshot: Snapshot, names: Mapping[str, str]) -> dict[tuple[str, str], str]:
    rows = snapshot.scan("assignments").select("class_name", "subject", "staff_code").drop_nulls().collect()
    return {(class_name, subject): names[staff] for class_name, subject, staff in rows.iter_rows() if names.get(staff)}


def _account_owners(snapshot: Snapshot) -> dict[str, str]:
    rows = snapshot.scan("accounts").select("account_system", "username", "owner_code").drop_nulls().collect()
    return {f"{system}|{username}": owner for system, username, owner in rows.iter_rows()}
