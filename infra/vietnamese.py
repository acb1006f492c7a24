"""Numbers and sizes as people here write them."""

from __future__ import annotations

KILO = 1000  # decimal units, as disks are sold


def number(count: float) -> str:
    """A count with thousands points: 12.345."""
    return f"{count:,.0f}".replace(",", ".")


def decimal(value: float, places: int = 1) -> str:
    """A number with a decimal comma: 3,5."""
    return f"{value:.{places}f}".replace(".", ",")


def size(count: float) -> str:
    """Bytes for people: 12,3 MB."""
    for unit in ("B", "KB", "MB"):
        if count < KILO:
            return f"{count:.0f} B" if unit == "B" else f"{decimal(count)} {unit}"
        count /= KILO
    return f"{decimal(count)} GB"
