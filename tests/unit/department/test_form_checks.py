"""Every consistency check of the form fails once, with row codes and both numbers."""

from __future__ import annotations

import pytest

from connectors.department.checks import failing_checks


def pupils(total: int, female: int = 0, minority: int = 0, both: int = 0) -> tuple[int, ...]:
    block = (total, female, minority, both)
    return (*block, *block, 0, 0, 0, 0)


def classes(number: int) -> tuple[int, ...]:
    return (number, number, 0)


def agreeing() -> dict[str, tuple[int, ...]]:
    """Two pupils in each grade at the right age; one of lớp 1 is new, disabled; five classes."""
    values = {"27": classes(5), **{str(code): classes(1) for code in range(28, 33)}, "33": classes(5), "36": classes(0)}
    values |= {"37": pupils(10), "38": pupils(10), "39": pupils(0), "45": pupils(0), "51": pupils(0)}
    values |= {str(code): pupils(2) for code in (*range(40, 45), *range(46, 51), *range(52, 57))}
    values |= {"57": pupils(1), "58": pupils(0), "61": pupils(1), "62": pupils(1)}
    return values | {str(code): pupils(0) for code in range(63, 67)}


def test_agreeing_numbers_are_silent() -> None:
    assert failing_checks(agreeing()) == ()


def test_nothing_counted_is_nothing_to_check() -> None:
    assert failing_checks({}) == ()


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"44": pupils(1)}, "Kiểm tra 1, cột 1, 5: mã 37 = 10 khác mã 40+…+44 = 9"),
        ({"51": pupils(1)}, "Kiểm tra 1, cột 1, 5: mã 37 = 10 khác mã 45+…+51 = 11"),
        ({"39": pupils(2, 1)}, "Kiểm tra 1, cột 2, 6: mã 37 = 0 khác mã 38+39 = 1"),
        ({"28": classes(2)}, "Kiểm tra 2, cột 1, 2: mã 27 = 5 khác mã 28+…+32 = 6"),
        ({"33": classes(6)}, "Kiểm tra 2, cột 1, 2: mã 33 = 6 lớn hơn mã 27 = 5"),
        ({"34": classes(6)}, "Kiểm tra 2, cột 1, 2: mã 34 = 6 lớn hơn mã 27 = 5"),
        ({"35": classes(6)}, "Kiểm tra 2, cột 1, 2: mã 35 = 6 lớn hơn mã 27 = 5"),
        ({"36": classes(6)}, "Kiểm tra 2, cột 1, 2: mã 36 = 6 lớn hơn mã 27 = 5"),
        ({"58": pupils(1, 2)}, "Kiểm tra 3, mã 58: cột 2 = 2 lớn hơn cột 1 = 1"),
        ({"58": pupils(1, 0, 2)}, "Kiểm tra 3, mã 58: cột 3 = 2 lớn hơn cột 1 = 1"),
        ({"58": pupils(2, 0, 1, 1)}, "Kiểm tra 3, mã 58: cột 4 = 1 lớn hơn cột 2 = 0"),
        ({"58": pupils(2, 1, 0, 1)}, "Kiểm tra 3, mã 58: cột 8 = 1 lớn hơn cột 7 = 0"),
        ({"58": pupils(1, 1, 1, 0)}, "Kiểm tra 3, mã 58: cột 2 + cột 3 − cột 4 = 2 lớn hơn cột 1 = 1"),
        ({"58": (1, *pupils(0)[1:])}, "Kiểm tra 3, mã 58: cột 1 = 1 khác cột 5 + cột 9 = 0"),
        ({"36": (1, 0, 0)}, "Kiểm tra 3, mã 36: cột 1 = 1 khác cột 2 + cột 3 = 0"),
        *(({str(51 + n): pupils(3)}, f"Kiểm tra 4, cột 1, 5: mã {51 + n} = 3 lớn hơn mã {39 + n} = 2") for n in range(1, 6)),
        *(({str(51 + n): pupils(3)}, f"Kiểm tra 4, cột 1, 5: mã {51 + n} = 3 lớn hơn mã {45 + n} = 2") for n in range(1, 6)),
        ({"57": pupils(3)}, "Kiểm tra 5, cột 1, 5: mã 57 = 3 lớn hơn mã 40 = 2"),
        ({"58": pupils(11)}, "Kiểm tra 5, cột 1, 5: mã 58 = 11 lớn hơn mã 37 = 10"),
        ({"61": pupils(6), "67": pupils(5)}, "Kiểm tra 5, cột 1, 5: mã 61+67 = 11 lớn hơn mã 37 = 10"),
        ({"61": pupils(11)}, "Kiểm tra 5, cột 1, 5: mã 61+67 = 11 lớn hơn mã 37 = 10"),
        ({"66": pupils(1)}, "Kiểm tra 5, cột 1, 5: mã 62+…+66 = 2 lớn hơn mã 61 = 1"),
        ({"67": pupils(0), "70": pupils(1)}, "Kiểm tra 5, cột 1, 5: mã 68+…+72 = 1 lớn hơn mã 67 = 0"),
    ],
)
def test_each_check_fails_with_both_numbers(changed: dict[str, tuple[int, ...]], line: str) -> None:
    assert line in failing_checks(agreeing() | changed)


def test_other_disability_is_no_failure() -> None:
    assert failing_checks(agreeing() | {"62": pupils(0)}) == ()


def test_a_blank_row_is_not_asked() -> None:
    values = agreeing()
    del values["44"], values["61"]
    assert failing_checks(values) == ()
