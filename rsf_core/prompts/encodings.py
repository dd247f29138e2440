"""The encoding of a text file: recognised by its byte order mark, its zero bytes or as valid UTF-8, and guessed only after
that.

Bytes that are not valid in that encoding become `DAMAGED`, so that the row they stand in can be reported.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from pathlib import Path

DAMAGED = "\udcff"  # half a surrogate pair, which no decoder makes
_CHUNK = 1 << 20
_SAMPLE = 64 << 10
_LEAST_TO_GUESS = 8  # bytes beyond ASCII; with fewer a guess means nothing
_MARKS = (  # the longer ones first: the mark of UTF-32 begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "UTF-32", "utf-32"),
    (codecs.BOM_UTF32_BE, "UTF-32", "utf-32"),
    (codecs.BOM_UTF8, "UTF-8", "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "UTF-16", "utf-16"),
    (codecs.BOM_UTF16_BE, "UTF-16", "utf-16"),
)
_ESCAPES = (  # encodings of seven bits, whose bytes are ASCII
    (re.compile(rb"\x1b\$\)C"), "ISO-2022-KR", "iso2022-kr"),
    (re.compile(rb"\x1b(?:\$[@B]|\(J)"), "ISO-2022-JP", "iso2022-jp-2"),
    (re.compile(rb"~\{(?:[!-z][!-~])+~\}"), "HZ (Chinese)", "hz"),
)
# the encodings that a guess may name: common ones, most of which a person can choose
_GUESSED = [
    *("cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp874", "iso8859_2", "iso8859_5", "iso8859_15"),
    *("koi8_r", "cp866", "cp850", "cp852", "mac_roman", "mac_cyrillic", "cp932", "euc_jp", "cp949", "gb18030", "cp950"),
]
ENCODINGS = {  # the encodings a person can choose, by the names they see
    "UTF-8": "utf-8-sig",
    "UTF-16": "utf-16",
    "UTF-16 LE": "utf-16-le",
    "UTF-16 BE": "utf-16-be",
    "Windows-1252 (Western)": "cp1252",
    "Windows-1250 (Central Europe)": "cp1250",
    "Windows-1251 (Cyrillic)": "cp1251",
    "Windows-1253 (Greek)": "cp1253",
    "Windows-1254 (Turkish)": "cp1254",
    "ISO-8859-15": "iso8859-15",
    "Mac Roman": "mac-roman",
    "KOI8-R": "koi8-r",
    "Shift JIS": "cp932",
    "EUC-JP": "euc-jp",
    "EUC-KR": "cp949",
    "GB18030": "gb18030",
    "Big5": "cp950",
}
_LABELS = {codec.replace("-", "_"): label for label, codec in ENCODINGS.items()}
_WORD = re.compile(r"[^\W\d_]+")
_SIGN_IN_A_WORD = re.compile(r"[A-Za-z][¡-©«-¶¸¹»-¿×÷][A-Za-z]")
# letters with accents in DOS encodings (é is 0x82) are typographic signs in Windows-1252; a single one may be a missing space
_ACCENT_OF_DOS = re.compile(r"[A-Za-z][‚„†‡ˆ‰‹“”˜›][A-Za-z]")
_QUOTED = re.compile(r"[“„‚‹][^“”„‚‹›\n]{1,200}[“”›‘]")
_LEAST_OF_DOS = 4
# Windows-1254 has six Turkish letters in place of six Icelandic ones of Windows-1252; Icelandic text also has other accents
_TURKISH = re.compile("[ðþýÐÞÝ]")
_ICELANDIC = re.compile("[áéíóúæÁÉÍÓÚÆ]")
_LEAST_OF_TURKISH = 2


@dataclass(frozen=True, slots=True)
class Encoding:
    """`label` is the name a person sees; `guessed`: another encoding could read the same bytes as well."""

    label: str
    codec: str
    guessed: bool = False


UTF_8 = Encoding("UTF-8", "utf-8")


def _mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return DAMAGED, error.end


ERRORS = "rsf_damaged"
codecs.register_error(ERRORS, _mark)


def find(path: Path) -> Encoding:
    """The encoding of a text file; UTF-8 even if some of its bytes are damaged. Raises OSError."""
    with path.open("rb") as file:
        head = file.read(_SAMPLE)
    for mark, label, codec in _MARKS:
        if head.startswith(mark):
            return Encoding(label, codec)
    wide = _utf32_without_mark(head) or _utf16_without_mark(head)
    if wide is not None:
        return wide
    sample = _lines_beyond_utf8(path)
    if sample is None:
        return _seven_bits(head) or UTF_8
    text = sample.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    if sum(character > "\x7f" for character in text) - broken >= broken:
        return UTF_8  # most characters beyond ASCII are valid UTF-8: the others are damaged
    try:
        western = sample.decode("cp1252")
    except UnicodeDecodeError:
        western = ""
    if _is_turkish(western):
        return Encoding(_LABELS["cp1254"], "cp1254", guessed=True)
    if _is_western(western):
        return Encoding("Windows-1252", "cp1252", guessed=True)
    guess = _guess(sample)
    if guess is UTF_8 and western and "ÿ" not in western:  # it is not UTF-8, which was tried above
        return Encoding("Windows-1252", "cp1252", guessed=True)
    return guess


def _utf32_without_mark(head: bytes) -> Encoding | None:
    """UTF-32 if every character has a zero byte at one end, and nearly every one a second zero next to it."""
    zeros = [head[at::4].count(0) for at in range(4)]
    count = len(head) // 4
    if count < 2 or len(head) % 4 or max(zeros) < count:
        return None
    if zeros[3] == count and zeros[2] > count * 0.9 and zeros[0] <= count // 10:
        return Encoding("UTF-32 LE", "utf-32-le")
    if zeros[0] == count and zeros[1] > count * 0.9 and zeros[3] <= count // 10:
        return Encoding("UTF-32 BE", "utf-32-be")
    return None


def _seven_bits(head: bytes) -> Encoding | None:
    """An encoding of Chinese, Japanese or Korean with escape sequences, if the whole sample is valid in it."""
    if not head.isascii():
        return None
    for mark, label, codec in _ESCAPES:
        if mark.search(head):
            try:
                head[: head.rfind(b"\n") + 1].decode(codec)
            except UnicodeDecodeError:
                continue
            return Encoding(label, codec, guessed=True)
    return None


def _utf16_without_mark(head: bytes) -> Encoding | None:
    """UTF-16 if there are zero bytes on one side only: those of ASCII characters, of which every text has at least its line
    ends."""
    zeros = head[0::2].count(0), head[1::2].count(0)
    if sum(zeros) < max(2, len(head) // 200):
        return None
    if zeros[0] <= zeros[1] // 10:
        return Encoding("UTF-16 LE", "utf-16-le")
    if zeros[1] <= zeros[0] // 10:
        return Encoding("UTF-16 BE", "utf-16-be")
    return None


def _lines_beyond_utf8(path: Path) -> bytes | None:
    """None if the whole file is UTF-8, else some of its lines with bytes beyond ASCII."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        lines = bytearray()
        with path.open("rb") as file:
            while len(lines) < _SAMPLE and (line := file.readline(_CHUNK)):
                lines += line if not line.isascii() else b""
        return bytes(lines)
    return None


def _is_western(text: str) -> bool:
    """Whether text decoded as Windows-1252 looks like a language that uses it: letters with accents stand among plain ones,
    and no sign stands within a word."""
    if not text or "ÿ" in text or _SIGN_IN_A_WORD.search(text):  # ÿ is the byte FF: damage, or a mark gone astray
        return False
    words = [word for word in _WORD.findall(text) if not word.isascii()]
    accents = len(_ACCENT_OF_DOS.findall(_QUOTED.sub("", text)))
    if accents >= _LEAST_OF_DOS and accents > 2 * len(words):
        return False
    strange = sum(len(word) > 2 and sum(c > "\x7f" for c in word) > len(word) * 2 / 3 for word in words)
    return bool(strange <= len(words) / 5)


def _is_turkish(western: str) -> bool:
    """Whether text decoded as Windows-1252 was written in Windows-1254."""
    return (
        len(_TURKISH.findall(western)) >= _LEAST_OF_TURKISH and not _ICELANDIC.search(western) and _is_western(western)
    )


def _guess(sample: bytes) -> Encoding:
    if sum(byte > 0x7F for byte in sample) < _LEAST_TO_GUESS:
        return UTF_8
    from charset_normalizer import from_bytes  # slow to import, and rarely needed

    best = from_bytes(sample).best()
    # A rare encoding: take the best of the common ones instead.
    if best is not None and best.encoding not in ("ascii", "utf_8", *_GUESSED):
        best = from_bytes(sample, cp_isolation=_GUESSED).best() or best
    if best is None or best.encoding in ("ascii", "utf_8"):
        return UTF_8
    label = _LABELS.get(best.encoding, best.encoding.replace("_", "-"))
    return Encoding(label, best.encoding, guessed=True)
