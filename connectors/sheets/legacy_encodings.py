"""Text in the codes from before Unicode (TCVN3 with ABC fonts, VNI): recognised by whether it reads as Vietnamese.

Such text is stored as Latin letters and signs which only the old font shows as Vietnamese: `NguyÔn V¨n`,
`Nguyeãn Vaên`. Unicode would keep the signs. Here they are named; whoever owns the file converts it, or the
map says that it may be converted here, and then only what can be turned back without loss.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

from connectors.errors import SourceRefused

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

FAMILIES: Mapping[str, str] = {"TCVN3": "TCVN3 (phông .VnTime, ABC)", "VNI": "VNI (phông VNI-Times)"}
SAVE_ANEW = "dùng Unikey (Ctrl+Shift+F6) hoặc Word chuyển sang Unicode, lưu lại (CSV thì chọn “CSV UTF-8”) rồi chép đè tệp này"
MOSTLY = 0.6  # share of the telling words that must be Vietnamese
FEWEST_WORDS = 2  # that tell an old code in a column of Unicode text

_TCVN3_LETTERS = {
    0xA1: "ĂÂÊÔƠƯĐăâêôơưđ", 0xB5: "àảãáạ", 0xBB: "ằẳẵắ", 0xC6: "ặầẩẫấậ", 0xCC: "è", 0xCE: "ẻẽéẹềểễếệìỉ", 0xDC: "ĩíịò",
    0xE1: "ỏõóọồổỗốộờởỡớợù", 0xF1: "ủũúụừửữứựỳỷỹýỵ",
}  # fmt: skip
_VNI_TONES = {"\u0300": "ø", "\u0301": "ù", "\u0309": "û", "\u0303": "õ", "\u0323": "ï"}
_VNI_HATS = {"\u0302": dict(zip("\u0300\u0301\u0309\u0303\u0323", "àáåãä", strict=True)) | {"": "â"}} | {
    "\u0306": dict(zip("\u0300\u0301\u0309\u0303\u0323", "èéúüë", strict=True)) | {"": "ê"}
}
_VNI_ALONE = {"ì": "ì", "í": "í", "ỉ": "æ", "ĩ": "ó", "ị": "ò", "ơ": "ô", "ư": "ö", "ỵ": "î", "đ": "ñ"}
LOST = "\ufffd"  # a sign that the old code does not have

# Rhymes of Vietnamese without their tone. A word that is none of them is no Vietnamese word.
_RHYMES = (
    "a ac ach ai am an ang anh ao ap at au ay ăc ăm ăn ăng ăp ăt âc âm ân âng âp ât âu ây e ec em en eng eo ep et ê êch êm ên ênh "
    "êp êt êu i ia ich iêc iêm iên iêng iêp iêt iêu im in inh ip it iu o oa oac oach oai oam oan oang oanh oao oat oay oăc oăm oăn "
    "oăng oăt oc oe oen oeo oet oi om on ong op ot ô ôc ôi ôm ôn ông ôp ôt ơ ơi ơm ơn ơp ơt u ua uân uâng uât uây uc uê uêch uênh "
    "ui um un ung uôc uôi uôm uôn uông uôt uơ up ut uy uya uych uyên uyêt uynh uyt uyu ư ưa ưc ưi ưm ưng ưt ưu ươc ươi ươm ươn "
    "ương ươp ươt ươu y yêm yên yêng yêt yêu uai uan uang uanh uay ue uen uet uôc uăn uăng uăt"
)
_SYLLABLE = re.compile(
    rf"(?:ngh?|nh|gh|gi|kh|ph|th|tr|ch|q|[bcdđghklmnprstvx])?(?:{'|'.join(sorted(_RHYMES.split(), key=len, reverse=True))})"
)
_TONES = re.compile("[\u0300\u0301\u0303\u0309\u0323]")
_BETWEEN_WORDS = re.compile(r"[\x00-\x40\x5b-\x60\x7b-\xa0]+")
# Signs and pairs of letters that Vietnamese in Unicode never has, in Rust's and Python's syntax alike.
SUSPECT = (
    "[\u00a1-\u00bf\u00c4-\u00c7\u00cb\u00ce\u00cf\u00d1\u00d6-\u00d8\u00db\u00dc\u00de\u00df\u00e4-\u00e7\u00eb\u00ee-\u00f1\u00f6-\u00f8\u00fb\u00fc\u00fe\u00ff]"
    "|[aAeE][\u00c0-\u00ff]"
)


@cache
def _table(family: str) -> dict[str, str]:
    """Unicode letter -> how the old code writes it, as Latin-1 characters."""
    if family == "TCVN3":
        return {letter: chr(start + place) for start, letters in _TCVN3_LETTERS.items() for place, letter in enumerate(letters)}
    lower = _VNI_ALONE | {letter: written for letter in _vowels() if (written := _vni(letter)) and letter not in _VNI_ALONE}
    return lower | {letter.upper(): written.upper() for letter, written in lower.items()}


def _vowels() -> list[str]:
    plain = ["a", "ă", "â", "e", "ê", "o", "ô", "ơ", "u", "ư", "y"]
    toned = [unicodedata.normalize("NFC", vowel + tone) for vowel in plain for tone in _VNI_TONES]
    return [*(vowel for vowel in plain if vowel in "ăâêô"), *toned]


def _vni(letter: str) -> str:
    """`ấ` -> `aá`, `ờ` -> `ôø`: the letter below, and one sign for what stands on it."""
    marks = unicodedata.normalize("NFD", letter)
    tone = next((mark for mark in marks if mark in _VNI_TONES), "")
    rest = unicodedata.normalize("NFC", marks.replace(tone, "") if tone else marks)
    hat = next((mark for mark in unicodedata.normalize("NFD", rest) if mark in _VNI_HATS), "")
    if hat:
        return unicodedata.normalize("NFD", rest)[0] + _VNI_HATS[hat][tone]
    return _VNI_ALONE.get(rest, rest) + _VNI_TONES[tone]


@cache
def _reading(family: str) -> tuple[re.Pattern[str], dict[str, str]]:
    signs = {written: letter for letter, written in _table(family).items()}
    return re.compile("|".join(map(re.escape, sorted(signs, key=len, reverse=True))) + "|[\u0080-\uffff]"), signs


def to_unicode(text: str, family: str) -> str:
    """Old text (as Latin-1 characters) in Unicode; what the code does not have becomes U+FFFD."""
    pattern, signs = _reading(family)
    return pattern.sub(lambda match: signs.get(match.group(), LOST), text)


def from_unicode(text: str, family: str) -> str:
    """The way back, to prove that nothing was lost."""
    return "".join(_table(family).get(letter, letter) for letter in text)


def converted(text: str, family: str, where: str) -> str:
    """Text in Unicode. SourceRefused when it cannot be turned back to what was delivered."""
    read = to_unicode(text, family)
    if LOST in read or from_unicode(read, family) != text:
        raise SourceRefused(f"Có chữ không chuyển được từ {FAMILIES[family]} sang Unicode mà không mất", where=where, fix=SAVE_ANEW)
    return re.sub(r"\w+", _one_case, read)


def _one_case(word: re.Match[str]) -> str:
    # Capital letters with a tone are lower ones in a font of capitals: NGUYễN is shown as NGUYỄN.
    text = word.group()
    plain = [letter for letter in text if letter.isascii() and letter.isalpha()]
    return text.upper() if len(plain) > 1 and all(map(str.isupper, plain)) else text


def refused(family: str, where: str) -> SourceRefused:
    """The error of text in an old code."""
    return SourceRefused(f"Chữ trong tệp dùng bảng mã cũ {FAMILIES[family]}, không phải Unicode", where=where, fix=SAVE_ANEW)


def may_be_old_code(text: str) -> bool:
    """A quick look that most sheets pass: no sign of U+00A0–U+00BF, no `a` or `e` before a letter of U+00C0–U+00FF."""
    if text.isascii():
        return False
    content = text.encode("utf-8", "surrogatepass")
    return any(sign in content for sign in (b"\xc2", b"a\xc3", b"e\xc3", b"A\xc3", b"E\xc3"))


def family_of(texts: Iterable[str]) -> str | None:
    """The old code of Unicode cells which only make sense in it; None for Vietnamese in Unicode and everything else."""
    words = _telling("\n".join(texts))
    if not words:
        return None
    shares = {family: sum(_is_vietnamese(to_unicode(word, family).lower()) for word in words) for family in FAMILIES}
    family = max(shares, key=lambda name: shares[name])
    read_as_it_is = sum(_is_vietnamese(word) for word in words)
    believed = shares[family] >= max(FEWEST_WORDS, MOSTLY * len(words)) and shares[family] > read_as_it_is
    return family if believed else None


def code_of(content: bytes) -> str | None:
    """`cp1258`, `TCVN3` or `VNI`: the code in which bytes that are not UTF-8 read as Vietnamese; None when in none."""
    words = _telling(content.decode("latin-1"))
    readings = {"cp1258": [_as_windows(word) for word in words]}
    readings |= {family: [to_unicode(word, family).lower() for word in words] for family in FAMILIES}
    shares = {code: sum(map(_is_vietnamese, read)) / max(1, len(read)) for code, read in readings.items()}
    best = max(shares, key=lambda code: shares[code])
    return best if shares[best] >= MOSTLY else None


def _telling(text: str) -> Sequence[str]:
    """Different words with a letter or sign beyond ASCII; few enough to look at each."""
    return list(dict.fromkeys(word for word in _BETWEEN_WORDS.split(text[:200_000]) if not word.isascii()))[:1000]


def _as_windows(word: str) -> str:
    try:
        return word.encode("latin-1").decode("cp1258")
    except UnicodeDecodeError:
        return LOST


def _is_vietnamese(word: str) -> bool:
    """Whether a word is written as a Vietnamese syllable: rhyme, at most one tone, capitals first or everywhere."""
    marks = unicodedata.normalize("NFD", word)
    plain = unicodedata.normalize("NFC", _TONES.sub("", marks))
    one_tone = len(_TONES.findall(marks)) <= 1
    cased = word.isupper() or word[1:] == word[1:].lower()
    return one_tone and cased and _SYLLABLE.fullmatch(plain.lower()) is not None
