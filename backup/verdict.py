"""A verdict on a repository: what was asked, whether it is as it must be, in Vietnamese and with what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from infra.clock import now

if TYPE_CHECKING:
    from datetime import datetime


class Topic(StrEnum):
    """What a repository is asked, in the words of the report."""

    REACH = "không mở được kho"
    AGE = "bản mới nhất"
    PARTIAL = "chưa trọn vẹn"
    PARTS = "thiếu phần"
    SIZE = "hụt dữ liệu"
    COUNT = "số bản"
    CHECK = "kiểm tra kho"
    READ = "đọc lại dữ liệu"
    DRILL = "diễn tập"
    DISK = "đĩa cắm ngoài"
    ROOM = "sắp đầy"
    LOCK = "khóa xóa"
    MARKED = "tệp mang dấu mật"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One answer. `good`: True, False (red), None (not decidable yet: grey)."""

    topic: Topic
    good: bool | None
    told: str
    fix: str = ""


def fine(topic: Topic, told: str) -> Verdict:
    """As it must be."""
    return Verdict(topic, good=True, told=told)


def bad(topic: Topic, told: str, fix: str) -> Verdict:
    """Wrong: red, with what to do."""
    return Verdict(topic, good=False, told=told, fix=fix)


def not_yet(topic: Topic, told: str, fix: str) -> Verdict:
    """Not decidable yet: grey."""
    return Verdict(topic, good=None, told=told, fix=fix)


def days_ago(moment: datetime) -> int:
    """Whole days since a moment."""
    return (now() - moment).days
