"""What looks like a mistake and is none stands in the clean rows themselves."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from connectors.demo.rows import GuardianRow, MarkRow, MovementRow, PupilRow
    from connectors.demo.school import School

T = TypeVar("T")
MOVED_IN, MOVED_OUT = {"02", "06", "10"}, {"04", "08", "11"}


def grouped(rows: Iterable[T], key: Callable[[T], object]) -> dict[object, list[T]]:
    groups: dict[object, list[T]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return groups


def plain_phone(written: str | None) -> str:
    first = (written or "").partition(" / ")[0].replace("+84 ", "0")
    return "".join(letter for letter in first if letter.isdigit())


def guardians(school: School) -> dict[object, list[GuardianRow]]:
    return grouped(school.qlnt.guardians, lambda row: row.pupil_code)


def movements(school: School) -> dict[object, list[MovementRow]]:
    return grouped(school.qlnt.movements, lambda row: row.pupil_code)


def households(school: School) -> list[list[PupilRow]]:
    """Pupils who have the same parents and the same phone."""
    parents = guardians(school)

    def household(row: PupilRow) -> tuple[object, ...]:
        return plain_phone(row.contact_phone), *(parent.full_name for parent in parents.get(row.pupil_code, []))

    return [rows for rows in grouped(school.qlnt.pupils, household).values() if len(rows) > 1]


def test_twins_share_birth_date_and_parents_and_nothing_else(school: School) -> None:
    twins = [rows for rows in households(school) if len({row.birth_date for row in rows}) == 1]
    assert len(twins) >= 2
    for first, second in twins:
        assert first.grade == second.grade
        assert first.full_name != second.full_name
        assert first.personal_number != second.personal_number


def test_brothers_and_sisters_in_several_grades_share_one_phone(school: School) -> None:
    siblings = [rows for rows in households(school) if len({row.grade for row in rows}) > 1]
    assert len(siblings) >= 10
    assert max(len(rows) for rows in siblings) >= 3


def test_no_two_pupils_have_the_same_name_and_birth_date(school: School) -> None:
    assert len({(row.full_name, row.birth_date) for row in school.qlnt.pupils}) == len(school.qlnt.pupils)


def test_a_test_was_taken_again_and_the_last_attempt_is_better(school: School) -> None:
    cells = grouped(school.qlnt.marks, lambda row: (row.pupil_code, row.subject, row.time))
    again = [sorted(rows, key=lambda row: row.attempt) for rows in cells.values() if len(rows) > 1]
    assert again
    for first, second in again:
        assert ((first.level, first.score), (second.level, second.score)) == (("C", "4"), ("H", "6"))
        assert (first.attempt, second.attempt) == (1, 2)
        assert first.entered_at < second.entered_at


def test_a_score_of_0_is_a_score(school: School) -> None:
    zero = [row for row in school.qlnt.marks if row.score == "0"]
    assert zero
    assert {row.level for row in zero} == {"C"}


def test_whole_scores_are_sometimes_written_with_a_decimal(school: School) -> None:
    written: list[MarkRow] = [row for row in school.qlnt.marks if row.score and not row.score.isdigit()]
    assert {(row.score or "")[-2:] for row in written} == {".0", ",0"}


def test_a_good_year_without_a_title(school: School) -> None:
    assert any(row.result == "HTT" and row.reward is None for row in school.qlnt.year_results)
    assert any(row.result == "HTT" and row.reward == "HSTB" for row in school.qlnt.year_results)


def test_a_pupil_who_did_not_complete_is_promoted_by_the_principals_decision(school: School) -> None:
    failed = [row for row in school.qlnt.year_results if row.result == "CHT"]
    assert any(row.promoted and row.principal_decision and not row.completed for row in failed)
    assert any(not row.promoted and row.principal_decision is None for row in failed)


def test_a_foreign_pupil_has_a_passport_and_no_personal_number(school: School) -> None:
    foreign = [row for row in school.qlnt.pupils if row.nationality != "Việt Nam"]
    assert foreign
    for row in foreign:
        assert row.ethnicity == "55"
        assert row.personal_number
        assert not row.personal_number.isdigit()


def test_a_pupil_moved_in_and_out_again(school: School) -> None:
    kinds = [[row.kind for row in rows] for rows in movements(school).values() if len(rows) > 1]
    assert any(set(some) & MOVED_IN and some[-1] in MOVED_OUT for some in kinds)
    assert any(some[-1] in {"03", "07"} for some in kinds), "nobody dropped out and came back"


def test_who_moved_has_the_status_of_the_last_movement(school: School) -> None:
    by_pupil = movements(school)
    for row in school.qlnt.pupils:
        last = by_pupil[row.pupil_code][-1] if row.pupil_code in by_pupil else None
        assert (row.status, row.status_date) == ((last.kind, last.date) if last else ("01", None))


def test_pupils_with_a_disability_are_here_and_some_are_not_assessed(school: School) -> None:
    disabled = [row for row in school.qlnt.pupils if row.disability]
    excused = {row.pupil_code for row in disabled if row.not_assessed}
    assert len(disabled) >= 5
    assert excused
    assert not excused & {row.pupil_code for row in (*school.qlnt.marks, *school.qlnt.traits, *school.qlnt.year_results)}
    assert all(len(rows) <= 2 for rows in grouped(disabled, lambda row: row.class_name).values())


def test_an_inclusive_pupils_level_does_not_fit_the_score(school: School) -> None:
    disabled = {row.pupil_code for row in school.qlnt.pupils if row.disability}
    unlike = {row.pupil_code for row in school.qlnt.marks if row.level == "T" and row.score == "5"}
    assert unlike
    assert unlike <= disabled


def test_an_orphan_has_a_guardian_here_and_parents_in_the_sector_database(school: School) -> None:
    alone = {code for code, rows in guardians(school).items() if {row.relation for row in rows} == {"người giám hộ"}}
    sector = [row for row in school.csdl.pupils if row.pupil_code in alone]
    assert any(row.father or row.mother for row in sector if row.father_job != "Hưu trí")


def test_who_has_no_phone_of_its_own_has_a_parents_phone(school: School) -> None:
    phoneless = [row.pupil_code for row in school.qlnt.pupils if row.contact_phone is None]
    assert phoneless
    assert all(any(row.phone for row in guardians(school)[code]) for code in phoneless)


def test_the_systems_write_the_same_name_with_other_tones_or_in_capitals(school: School) -> None:
    pairs = [(own.full_name or "", other.full_name or "") for own, other in zip(school.qlnt.pupils, school.csdl.pupils, strict=True)]
    differing = [(own, other) for own, other in pairs if own != other]
    assert any(other.isupper() for _, other in differing)
    assert any(own.casefold() != other.casefold() for own, other in differing)
    assert all(letters(own) == letters(other) for own, other in pairs)


def letters(name: str) -> list[str]:
    """Letters and tones of each word, wherever the tone stands."""
    return ["".join(sorted(unicodedata.normalize("NFD", word))) for word in name.casefold().split()]


def test_one_third_grade_keeps_combined_gradebook_columns(school: School) -> None:
    whole = {row.class_name for row in school.qlnt.marks if row.subject in {"THCN", "NT"}}
    parts = {row.class_name for row in school.qlnt.marks if row.subject in {"TH", "CN", "AN", "MT"}}
    assert len(whole) == 1
    assert not whole & parts
