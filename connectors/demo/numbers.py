"""Numbers that people carry: personal numbers (ID-2, ID-3), ministry codes (ID-1), passports and phones (DT-1)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connectors.demo.dice import chance
from connectors.records.codes import FEMALE, reference

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date
    from random import Random

CITY = "079"
CENTURY_OF_DIGIT_ZERO = 19  # digit 4 is 0/1 for people born 1900-1999 (NĐ 137/2015 Điều 13)
YEARS_PER_CENTURY = 100
LANDLINE_OF_THE_CITY = "028"
MAINLY = 0.8  # of the pupils were registered at birth in the city


@dataclass(slots=True)
class Numbers:
    """Gives out numbers, none of them twice."""

    rng: Random
    taken: set[str] = field(default_factory=set)

    def personal(self, birth: date, sex: str) -> str:
        """A 12-digit personal number: province of birth registration, century and sex, year, six random digits."""
        return self._new(lambda: f"{self._province()}{century_and_sex(birth.year, sex)}{birth:%y}{self.rng.randrange(10**6):06d}")

    def passport(self) -> str:
        """A passport number, for foreign pupils."""
        return self._new(lambda: f"M{self.rng.randrange(10**7, 10**8)}")

    def identity_card(self) -> str:
        """A 9-digit identity card number as issued before 2016 (ID-7)."""
        return self._new(lambda: f"02{self.rng.randrange(10**7):07d}")

    def pupil_code(self) -> str:
        """The ministry's 10-digit code; its structure is not published."""
        return self._new(lambda: f"79{self.rng.randrange(10**8):08d}")

    def mobile(self) -> str:
        """A mobile number with a prefix in use."""
        return self._new(lambda: f"{self.rng.choice(_prefixes())}{self.rng.randrange(10**7):07d}")

    def landline(self) -> str:
        """A landline of the city (028 and 8 digits)."""
        return self._new(lambda: f"{LANDLINE_OF_THE_CITY}3{self.rng.randrange(10**7):07d}")

    def _province(self) -> str:
        return CITY if chance(self.rng, MAINLY) else self.rng.choice(tuple(reference()["ma_tinh_dinh_danh"]))

    def _new(self, make: Callable[[], str]) -> str:
        while (number := make()) in self.taken:
            pass
        self.taken.add(number)
        return number


def century_and_sex(year: int, sex: str) -> int:
    """Digit 4 of a personal number."""
    return 2 * (year // YEARS_PER_CENTURY - CENTURY_OF_DIGIT_ZERO) + (sex == FEMALE)


def _prefixes() -> tuple[str, ...]:
    return tuple(prefix for prefixes in reference()["dau_so_di_dong"].values() for prefix in prefixes)


def written_phone(rng: Random, number: str) -> str:
    """A phone as people type it: mostly plain, some with dots, blanks, +84."""
    if not chance(rng, 0.12) or len(number) > len("0908123456"):
        return number
    first, second, third = number[:4], number[4:7], number[7:]
    ways = (f"{first}.{second}.{third}", f"{first} {second} {third}", f"+84 {first[1:]} {second} {third}", f"{first}-{second}-{third}")
    return rng.choice(ways)
