"""A PDF as a person sees it: its text, and the QR codes on its pages as a phone reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pypdfium2
import zxingcpp

if TYPE_CHECKING:
    from pathlib import Path

DOTS_AN_INCH = 200


def text_of(file: Path) -> str:
    with pypdfium2.PdfDocument(file) as document:
        return "\n".join(page.get_textpage().get_text_range() for page in document).replace("\r\n", "\n")


def pages_of(file: Path) -> int:
    with pypdfium2.PdfDocument(file) as document:
        return len(document)


def codes_of(file: Path) -> list[str]:
    with pypdfium2.PdfDocument(file) as document:
        pictures = [page.render(scale=DOTS_AN_INCH / 72, grayscale=True).to_numpy() for page in document]
    return [found.text for picture in pictures for found in zxingcpp.read_barcodes(picture.squeeze())]
