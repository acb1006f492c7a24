"""Pupils with their own system's guardians, last movement and look-alikes joined; and QLNT beside the sector database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from connectors.records import codes
from connectors.records.tables import PUPILS
from expectations.views.comparison import rung, same_class
from expectations.views.facts import is_at_school, is_listed, same_text, term_of, with_number_facts, with_phone_facts, with_text_facts
from expectations.views.keys import TABLE_KEYS
from expectations.views.scene import MAIN, PLACE, SECTOR, Scene, View
from infra.regulations import ENTRY_AGE

if TYPE_CHECKING:
    from collections.abc import Mapping

SYSTEM_AND_CODE = ["source_system", "pupil_code"]
SAME_NUMBER, SAME_PERSON = ["personal_number"], ["folded_name", "birth_date"]
NAMES_WITHOUT_MOTHER = ("05", "07")  # orphans, abandoned children: no mother's name is asked for
COMPARED = ("full_name", "birth_date", "sex", "class_name", "status", "personal_number")


def pupils(scene: Scene) -> pl.LazyFrame:
    """Each system's pupils; see the parts below for the columns they add."""
    rows = scene.table("pupils").with_columns(
        at_school=is_at_school(),
        folded_name=same_text("full_name"),
        foreign=(pl.col("ethnicity") == codes.FOREIGNER).fill_null(value=False),
        repeated_code=pl.col("pupil_code").is_not_null()
        & (pl.len().over(SYSTEM_AND_CODE) > 1)
        # Once for each code, at the last of its rows.
        & pl.struct(SYSTEM_AND_CODE).is_last_distinct(),
    )
    joined = (
        rows.join(_guardians(scene), on=SYSTEM_AND_CODE, how="left")
        .join(_last_movement(scene), on=SYSTEM_AND_CODE, how="left")
        .join(_main_policy(scene), on="pupil_code", how="left")
        .join(_next_alike(rows, SAME_NUMBER, "same_number_as"), on=[*SYSTEM_AND_CODE, *SAME_NUMBER], how="left")
        .join(_next_alike(rows, SAME_PERSON, "same_person_as"), on=[*SYSTEM_AND_CODE, *SAME_PERSON], how="left")
        .drop("folded_name")
    )
    facts = with_text_facts(with_phone_facts(with_number_facts(_with_school_facts(joined, scene))))
    return _with_shared_phone(facts, scene)


def _with_school_facts(frame: pl.LazyFrame, scene: Scene) -> pl.LazyFrame:
    """Adds what the lists and the day say: status_listed, status_term, policy_listed, mother_not_asked, years_older and the like."""
    first_grade_birth_year = scene.year.start_year - ENTRY_AGE + 1
    return frame.with_columns(
        day=pl.lit(scene.day),
        status_listed=is_listed("status", "trang_thai_hoc_sinh"),
        status_term=term_of("status_date", scene.terms),
        disability_listed=is_listed("disability", "loai_khuyet_tat"),
        policy_listed=is_listed("policy_category", "dien_chinh_sach"),
        mother_not_asked=pl.coalesce("policy_category", "main_policy").is_in(NAMES_WITHOUT_MOTHER).fill_null(value=False)
        | ~_policy_is_known(scene),
        class_grade=pl.col("class_name").str.extract("^([1-5])").cast(pl.Int64),
        right_birth_year=first_grade_birth_year - pl.col("grade"),
        years_older=first_grade_birth_year - pl.col("grade") - pl.col("birth_date").dt.year(),
    )


def _guardians(scene: Scene) -> pl.LazyFrame:
    """Adds has_guardian, has_mother, mother_without_year, has_guardian_phone of the same system."""
    named = pl.col("full_name").is_not_null()
    mother = named & (pl.col("relation") == codes.MOTHER)
    grouped = scene.table("guardians").group_by(SYSTEM_AND_CODE)
    return grouped.agg(
        has_guardian=named.any(),
        has_mother=mother.any(),
        mother_without_year=(mother & pl.col("birth_year").is_null()).any(),
        has_guardian_phone=pl.col("phone").is_not_null().any(),
    )


def _last_movement(scene: Scene) -> pl.LazyFrame:
    """Adds has_movement and last_kind: the newest movement by date, then by row."""
    grouped = scene.table("movements").group_by(SYSTEM_AND_CODE)
    return grouped.agg(has_movement=pl.lit(value=True), last_kind=pl.col("kind").sort_by("date", "source_row").last())


def _policy_is_known(scene: Scene) -> pl.Expr:
    """Whether the row's own system, or the school's own, tells policy categories at all: else nobody knows who is an orphan."""
    telling = [system for system in scene.snapshot.sources if scene.snapshot.delivers(system, PUPILS.name, ["policy_category"])]
    return pl.lit(value=MAIN in telling) | pl.col("source_system").is_in(telling)


def _main_policy(scene: Scene) -> pl.LazyFrame:
    """Adds main_policy: the school's own policy category, for systems that deliver none."""
    return (
        scene.main("pupils")
        .filter(pl.col("pupil_code").is_not_null())
        .group_by("pupil_code")
        .agg(main_policy=pl.col("policy_category").first())
    )


def _next_alike(rows: pl.LazyFrame, same: list[str], name: str) -> pl.LazyFrame:
    """Per system, the next other pupil code (by code) among rows that are alike in `same`: pairs, each told once."""
    present = pl.all_horizontal(pl.col(column).is_not_null() for column in ["pupil_code", *same])
    ordered = rows.filter(present).select(*SYSTEM_AND_CODE, *same).unique().sort("pupil_code")
    following = ordered.with_columns(pl.col("pupil_code").shift(-1).over(["source_system", *same]).alias(name))
    return following.filter(pl.col(name).is_not_null())


def _with_shared_phone(frame: pl.LazyFrame, scene: Scene) -> pl.LazyFrame:
    """Adds phone_pupils (pupils at school of this system with the same valid phone) and limit_shared_phone."""
    sharing = pl.col("at_school") & (pl.col("phone_is_mobile") | pl.col("phone_is_landline"))
    counted = frame.filter(sharing).group_by("source_system", "contact_phone").agg(phone_pupils=pl.col("pupil_code").n_unique())
    return frame.join(counted, on=["source_system", "contact_phone"], how="left").with_columns(
        limit_shared_phone=pl.lit(scene.limits.shared_phone_pupils)
    )


def reconciliation(scene: Scene) -> pl.LazyFrame:
    """Pupil codes of QLNT and the sector database side by side (`_csdl` columns); empty unless both have rows."""
    here, there = _one_row_per_code(scene, MAIN, ""), _one_row_per_code(scene, SECTOR, f"_{SECTOR}")
    joined = here.join(there, left_on="pupil_code", right_on=f"pupil_code_{SECTOR}", how="full", coalesce=True)
    places = [pl.coalesce(column, f"{column}_{SECTOR}").alias(column) for column in PLACE if column != "source_system"]
    known = joined.with_columns(
        is_in_main=pl.col("source_system").is_not_null(), is_in_sector=pl.col(f"source_system_{SECTOR}").is_not_null()
    )
    both = known.filter(pl.col("is_in_main").any() & pl.col("is_in_sector").any())
    return both.with_columns(
        *places,
        source_system=pl.lit(f"{MAIN}×{SECTOR}"),
        known_class=pl.coalesce("class_name", f"class_name_{SECTOR}"),
        name_rung=rung("full_name", f"full_name_{SECTOR}"),
        same_class=same_class("class_name") == same_class(f"class_name_{SECTOR}"),
        status_group=_status_group("status"),
        status_group_csdl=_status_group(f"status_{SECTOR}"),
    )


def _one_row_per_code(scene: Scene, system: str, suffix: str) -> pl.LazyFrame:
    rows = scene.table("pupils").filter((pl.col("source_system") == system) & pl.col("pupil_code").is_not_null())
    columns = ["pupil_code", *COMPARED, *PLACE]
    return rows.unique("pupil_code", keep="first", maintain_order=True).select(pl.col(columns).name.suffix(suffix))


def _status_group(column: str) -> pl.Expr:
    """The group of a status (rules.md HS-6); null when the code is not in the list."""
    groups = dict.fromkeys(codes.AT_SCHOOL, "đang học") | dict.fromkeys(codes.MOVED_OUT, "đã chuyển đi")
    groups |= dict.fromkeys(codes.DROPPED_OUT, "đã thôi học")
    return pl.col(column).replace_strict(groups, default=None, return_dtype=pl.String)


PUPIL_KEY = TABLE_KEYS[PUPILS.name]
VIEWS: Mapping[str, View] = {
    "pupils": View(build=pupils, key=PUPIL_KEY, class_name="class_name"),
    "reconciliation": View(build=reconciliation, key=pl.col("pupil_code"), class_name="known_class", joint=(MAIN, SECTOR)),
}
