"""Headers as people's programs write them: sender, subject, date; folder names as people read them."""

from __future__ import annotations

from datetime import datetime

import pytest

from connectors.mail.maildir import folder_name, letterhead
from infra.clock import SCHOOL_ZONE


@pytest.mark.parametrize(
    ("directory", "name"),
    [
        (".C&APQ-ng v&AQM-n.Ph&AbAe3Q-ng", "Công văn/Phường"),
        (".Cong-van.Phuong", "Cong-van/Phuong"),
        (".Thu &- tin", "Thu & tin"),
        (".hong &AP-", "hong &AP-"),
        (".L&AbA-u tr&Hu8-", "Lưu trữ"),
        (".nua &2D0-", "nua &2D0-"),
    ],
)
def test_folder_names_are_read_as_people_read_them(directory: str, name: str) -> None:
    assert folder_name(directory) == name


@pytest.mark.parametrize(
    ("header", "subject"),
    [
        (b"Subject: =?utf-8?b?Q8O0bmcgdsSDbg==?= =?utf-8?q?_h=E1=BB=8Fa?=\r\n toc\r\n\r\n", "Công văn hỏa toc"),
        ("Subject: Công văn\r\n\r\n".encode(), "Công văn"),
        (b"Subject: =?khong-co?b?Q8O0?=\r\n\r\n", "=?khong-co?b?Q8O0?="),
        (b"Subject: mot\r\nSubject: hai\r\n\r\n", "mot"),
        (b"X: y\r\n\r\n", ""),
    ],
)
def test_subjects_are_read_whoever_wrote_them(header: bytes, subject: str) -> None:
    assert letterhead(header)["subject"] == subject


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Mon, 31 May 2027 08:00:00 +0700", datetime(2027, 5, 31, 8, tzinfo=SCHOOL_ZONE)),
        ("Mon, 31 May 2027 01:00:00 GMT", datetime(2027, 5, 31, 8, tzinfo=SCHOOL_ZONE)),
        ("31 May 2027 01:00:00 -0000", datetime(2027, 5, 31, 8, tzinfo=SCHOOL_ZONE)),
        ("hom qua", None),
        ("Mon, 31 Feb 2027 08:00:00 +0700", None),
    ],
)
def test_dates_are_read_in_the_schools_zone(written: str, read: datetime | None) -> None:
    assert letterhead(f"Date: {written}\r\n\r\n".encode())["dated"] == read
