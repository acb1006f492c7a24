"""Gradebooks under Thông tư 27/2020: subjects of a class, levels and scores, and the result that Điều 9.2 draws from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.demo.dice import chance, weighted
from connectors.demo.people import Role
from connectors.records.codes import COMBINED_SUBJECTS, compulsory_subjects, tested_times, traits
from infra.regulations import TT27_FIRST_YEAR

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from random import Random

    from connectors.demo.enrolment import ClassPlan
    from connectors.demo.people import Pupil

T, H, C = "T", "H", "C"
GOOD, FAIR, WEAK = "T", "Đ", "C"  # levels of qualities and competences (Điều 7.2)
# Usual practice (rules.md TT27-7.1g): T from 7, H from 5, C below 5.
T_FROM, H_FROM = 7, 5
TEST_FLOORS = {"HTXS": 9, "HTT": 7, "HT": 5}  # Điều 9.2: lowest final test of each result
MATHS, COMPUTING_COMPETENCE = "TO", "TTO"
VIETNAMESE = "TV"
SAME_AS_MATHS = {T: GOOD, H: FAIR, C: WEAK}  # rules.md TT27-7.3
SCORES = {
    "HTXS": {10: 6, 9: 5},
    "HTT": {7: 2, 8: 5, 9: 4, 10: 1},
    "HT": {5: 2, 6: 3, 7: 4, 8: 3, 9: 1},
    "CHT": {3: 1, 4: 2, 5: 3, 6: 2},
}
BEST_ALWAYS = ("HTXS", "HTT")
LOWEST_BEFORE = 1  # score before Thông tư 27: Thông tư 22/2016 forbade 0


def reached(grade: int, start_year: int) -> bool:
    """Whether Thông tư 27/2020 had reached a grade in the school year that starts then (rules.md TT27-0.2)."""
    return grade <= start_year - TT27_FIRST_YEAR + 1


def subjects_of(plan: ClassPlan) -> tuple[str, ...]:
    """Columns of a class's gradebook: compulsory subjects (split or whole), and English where it is chosen in grades 1 and 2."""
    codes = compulsory_subjects(plan.grade)
    if plan.combined_columns:
        for whole, parts in COMBINED_SUBJECTS.items():
            codes = (*(code for code in codes if code not in parts), *([whole] if set(parts) & set(codes) else []))
    return (*codes, "NN1") if plan.elective_english else codes


def traits_of(grade: int) -> tuple[str, ...]:
    """Qualities and competences assessed in a grade."""
    return tuple(code for code, trait in traits().items() if grade in trait.grades)


def drawn_mark(rng: Random, strength: str, *, tested: bool) -> tuple[str, int | None]:
    """A level, and a score where there is a test; they agree with each other."""
    if not tested:
        return (T if strength in BEST_ALWAYS else _untested_level(rng, strength)), None
    score = weighted(rng, SCORES[strength])
    return _level_of(rng, score, strength), score


def _level_of(rng: Random, score: int, strength: str) -> str:
    if score < H_FROM:
        return C
    if score < T_FROM:
        return H
    return T if strength in BEST_ALWAYS or score > T_FROM + 1 or chance(rng, 0.5) else H


def _untested_level(rng: Random, strength: str) -> str:
    return weighted(rng, {T: 4.0, H: 5.0} if strength == "HT" else {T: 1.0, H: 6.0})


def special_mark(pupil: Pupil, subject: str, time: str, last_tested: str) -> tuple[str, int] | None:
    """The mark of a pupil whose case is special, where it differs from the drawn one."""
    if subject != VIETNAMESE or time not in tested_times(subject, pupil.grade):
        return None
    if pupil.role is Role.INCLUSIVE:
        return T, H_FROM  # marked against a personal plan: the level need not fit the score (rules.md TT27-9.8)
    if pupil.role is Role.ZERO and time != last_tested:
        return C, H_FROM - 1  # weak all year: a fall from a good mark would ask for a second look (Điều 16.1b)
    if pupil.strength != "CHT" or time != last_tested:
        return None
    return (C, 0) if pupil.role is Role.ZERO else (C, H_FROM - 1)


def drawn_trait(rng: Random, strength: str, maths_level: str | None, trait: str) -> str:
    """A level of a quality or competence; computing follows the maths level."""
    if trait == COMPUTING_COMPETENCE and maths_level:
        return SAME_AS_MATHS[maths_level]
    if strength in BEST_ALWAYS:
        return GOOD
    return weighted(rng, {GOOD: 5.0, FAIR: 5.0})


def overall(levels: Collection[str], trait_levels: Collection[str], tests: Iterable[int]) -> str:
    """The year's result by Điều 9.2, from final levels and final tests."""
    lowest = min(tests, default=10)
    if set(levels) == {T} and set(trait_levels) == {GOOD}:
        best = next((result for result in ("HTXS", "HTT") if lowest >= TEST_FLOORS[result]), "")
        if best:
            return best
    passed = C not in levels and WEAK not in trait_levels and lowest >= TEST_FLOORS["HT"]
    return "HT" if passed else "CHT"


def written_score(rng: Random, score: int | None) -> str | None:
    """A score as it is delivered: mostly `9`, at times `9.0` or `9,0` (still the integer 9, rules.md TT27-7.1e)."""
    if score is None or not chance(rng, 0.015):
        return None if score is None else str(score)
    return f"{score}.0" if chance(rng, 0.5) else f"{score},0"
