"""Whether a text is a single sentence, by rules that take linear time.

A stop ends a sentence unless it belongs to a number (4.50), an abbreviation or initials (Dr. Smith, J. K. Rowling, U.S. Army)
or a quotation after which the sentence continues ("Really?" she asked). If an abbreviation could also end the sentence ("in
the U.S. It …"), a next word that mostly begins sentences decides. "…" and "..." end a sentence only before a capital letter.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import takewhile

from rsf_core.domain.text import plain

_LATIN_STOPS = ".!?"
# of Chinese and Japanese, Hindi, Arabic and Urdu, Armenian, Amharic, Burmese, Khmer, Tibetan, Mongolian
_STOPS = ".!?。！？｡।॥؟۔։።፧။។៕།᠃‼⁇⁈⁉‽"
_CLOSERS = "\"')]}»›」』】〉》）］*_~`"
_STOP = re.compile(rf"[{re.escape(_STOPS)}]++|(?<=[\u0370-\u03ff\u1f00-\u1fff]);")  # ; asks in Greek
_CLOSING = re.compile(rf"(?: \"(?=[ ,;:]|$))?[{re.escape(_CLOSERS)}]*+")  # in French a space stands before »
_WORD_BEFORE = re.compile(r"[^\W\d_](?:[\w.'-]{0,23})$")
_SPACED = re.compile(r"(?<!\w)[^\W\d]\. [^\W\d]$")
_ORDINAL = re.compile(r"(?<!\w)([^\W\d_]+) \d{1,3}$")
_BEFORE_ORDINALS = frozenset(["der", "dem", "vom", "zum", "zur", "beim"])  # not English words
_COUNTED = frozenset([
    *("januar", "februar", "märz", "april", "mai", "juni", "juli", "august", "september", "oktober", "november"),
    *("dezember", "jänner", "jahrhundert", "jh", "kapitel", "platz", "klasse", "teil", "geburtstag"),
    "weltkrieg",
])  # fmt: skip
_AFTER_ORDINALS = frozenset([  # words of languages that write "1." for "1st"; none is an English word
    *("fejezet", "kötet", "rész", "emelet", "hely", "místo", "miesto", "mjesto", "díl", "diel", "kapitola", "patro", "ročník"),
    *("století", "kolo", "sınıf", "bölüm", "miejsce", "klasa", "razred", "kerta", "luokka", "plass", "plads", "etasje"),
])  # fmt: skip
# Letters that hardly occur in English texts, not even in names.
_FOREIGN = re.compile("[åæøßðþÅÆØÐÞ\u0100-\u024f\u0400-\u052f]")
_NEAR = 100  # characters on both sides
_RAISED_FOOTNOTE = re.compile(rf"(?<=[{re.escape(_STOPS + _CLOSERS)}”’])[⁰¹²³⁴⁵⁶⁷⁸⁹]{{1,3}}")  # good.¹
_FOOTNOTES = re.compile(r"(?:\s?\[\d{1,3}\])++")  # good.[2]
_WIDE_STOP = re.compile("(?<=[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3])．")
_SIGNS_BETWEEN = re.compile(r"[^\w\s.,:;/\\@#&%=+*?!'\"()\[\]{}<>~`|^$-]+")  # emoji, dashes
# Text after a quotation that continues the sentence in scripts without capitals: a Japanese or Korean particle, or a verb of
# saying.
_SAID = re.compile(
    r"\s?(?:然后|就|便|并|と|って|は|が|を|の|に|も|で|하고|라고|이라고|라며|라는)|[^.。!?:,\"「『]{0,12}?[说說问問道喊叫答想言聞尋][^:\"「『]{0,6}[。.!?,]"
)
_KING = re.compile(r"(?<!\w)(?!(?:War|Part|Rocky|Chapter|Volume|Book|Act)\b)[^\W\d_a-z][^\W\d_]+ [IVXLC]{2,7}$")
_OF_A_KING = frozenset(
    ["war", "ist", "hat", "hatte", "wurde", "wird", "starb", "regierte", "lebte", "kam", "von", "und", "byl"]
)
_OPENED = {'"': '"', "「": "」", "『": "』"}
_SHORT_VERBS = frozenset(["है", "हैं", "हूँ", "था", "थी", "थे", "हो"])
_NEXT = re.compile(r"\w+(?:'\w+)?")
_LINE_BREAK = re.compile(r"[\n\r\v\f\x85\u2028\u2029]")
_LIST_MARK = re.compile(r"(?:\d{1,3}|[a-zA-Z])[.)]\s+")

_GOES_ON = frozenset([
    "dr", "mr", "mrs", "ms", "mx", "prof", "rev", "hon", "gen", "col", "maj", "capt", "cpt", "lt", "sgt", "cmdr",
    "adm", "gov", "sen", "rep", "pres", "st", "mt", "ft", "mme", "mlle", "msgr", "e.g", "i.e", "eg", "ie", "vs",
    "cf", "viz", "approx", "ca", "c.f", "no", "nos", "nr", "vol", "fig", "figs", "eq", "sec", "ch", "pp", "p", "art",
    "al", "sra", "srta", "dra", "dña", "pág", "págs", "núm", "ej", "aprox", "str", "bzw", "evtl",
    "ggf", "inkl", "exkl", "vgl", "sog", "hrsg", "jur", "rer", "dott", "avv", "dhr", "mevr",
    "т.е", "т.к", "напр", "см", "ул", "г-н", "mm", "ee", "ing", "fa", "bspw", "op",
    "bijv", "np", "tzn", "tzw", "hab", "např", "tj", "tzv", "pl", "f.eks", "esim", "bl.a", "t.ex", "κ", "డా", "డాక్టర్",
])  # fmt: skip
"""Abbreviations that are always followed by something."""
_MAY_END = frozenset([
    "etc", "inc", "ltd", "co", "corp", "llc", "plc", "bros", "jr", "sr", "esq", "a.m", "p.m", "pm", "u.s", "u.k",
    "u.n", "e.u", "u.s.a", "d.c", "ph.d", "m.d", "b.a", "m.a", "b.sc", "m.sc", "bc", "b.c", "a.d", "ave", "blvd",
    "rd", "dept", "sq", "tel", "ext", "jan", "feb", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec",
    "hrn", "ud", "uds", "usw", "med", "dipl", "sig", "geb", "z.b", "u.a", "d.h", "z.t", "o.ä", "u.s.w",
    "p.ej", "ecc", "м.б", "т.д", "т.п", "др", "руб", "коп", "г", "гг", "тыс", "млн", "млрд", "uu", "ee.uu", "j.-c", "av",
    "std", "sek", "stb", "itd", "atd", "osv",
    "mon", "tue", "wed", "thu", "fri", "hr", "hrs", "oz", "lb", "lbs", "ft", "yr",
])  # fmt: skip
"""Abbreviations that may also end a sentence."""
_BEGINS = frozenset([
    "the", "a", "an", "it", "its", "i", "i'm", "i've", "i'd", "he", "she", "we", "you", "they", "this", "that",
    "these", "those", "there", "here", "my", "our", "your", "his", "her", "their", "but", "and", "or", "so", "if",
    "when", "while", "although", "however", "in", "on", "at", "for", "with", "as", "after", "before", "what", "who",
    "where", "why", "how", "yes", "no", "not", "one", "all", "every", "overall", "everything", "nothing", "would",
    "will", "can", "could", "great", "good", "please", "thanks", "then", "also", "it's", "that's", "there's",
    "we'll", "he's", "she's", "they're",
    "es", "er", "sie", "ich", "wir", "der", "die", "das", "ein", "eine", "dann", "aber", "auch",
    "il", "elle", "je", "nous", "vous", "le", "la", "les", "un", "une", "mais", "puis", "c'est",
    "el", "los", "las", "yo", "ella", "pero", "una", "después", "это", "он", "она", "мы", "но", "и",
])  # fmt: skip
"""Words that begin a sentence far more often than they are capitalised inside one."""


def is_one_sentence(text: str) -> bool:
    """Whether `text` is one sentence on one line that ends with a stop; quotation marks, brackets and emoji may follow it."""
    text = _RAISED_FOOTNOTE.sub("", text).strip()
    if text.endswith("．"):  # its full stop, and not the mark between the parts of a name
        text = _WIDE_STOP.sub("。", text)
    text = plain(text).strip()
    if _LINE_BREAK.search(text):
        return False
    mark = _LIST_MARK.match(text)
    start = mark.end() if mark is not None else 0
    following = _NEXT.search(text, start)
    if following is None:
        return False
    first_word = following.start()
    for stop in _STOP.finditer(text, start):
        after = _CLOSING.match(text, stop.end())
        end = after.end() if after is not None else stop.end()
        quoted = end > stop.end()
        if (notes := _FOOTNOTES.match(text, end)) is not None:
            end = notes.end()
        if following is not None and following.start() < end:
            following = _NEXT.search(text, end)
        if following is None:  # nothing but emoji or signs
            return stop.start() > first_word
        if stop.start() > first_word and _ends_here(text, stop, end, quoted, following):
            return False
    return False


def _ends_here(text: str, stop: re.Match[str], end: int, quoted: bool, following: re.Match[str]) -> bool:
    """Whether a sentence ends at `stop`, given the word `following` after it; `end` is the position after closing quotes and
    footnotes."""
    spaced = text[end : end + 1].isspace()
    capital = not following[0][0].islower()
    caseless = _is_caseless(following[0][0])
    if quoted and caseless and following.start() - end <= 1:
        if following.start() == end and text.find(_OPENED.get(text[0], "\n"), 1) == end - 1:
            return False  # “好。”他点点头。
        return text[end - 1] not in "》〉" and _SAID.match(text, end) is None
    if set(stop[0]) - set(_LATIN_STOPS):  # no space follows these in most scripts
        return True
    if quoted and not capital:
        return False  # "Really?" she asked
    if not spaced and (
        text[end : end + 1] in ("¡", "¿") or (capital and _SIGNS_BETWEEN.fullmatch(text, end, following.start()))
    ):
        spaced = True  # Es bueno.¡Sí! · I love it.😀You too.
    if stop[0] != ".":
        dots = set(stop[0]) == {"."}
        if not spaced and end == following.start():
            word = following[0]
            if dots:
                return word[0].isupper() and word != "I" and text[stop.start() - 1].isalpha()
            return capital and word[0].isalpha() and (len(word) > 1 or not word.isascii())
        return capital and following[0] != "I" if dots else True
    if not spaced:
        return _glued(text, stop.start(), following, end)
    return not _is_abbreviation(text, stop.start(), following)


def _glued(text: str, stop: int, following: re.Match[str], end: int) -> bool:
    """ "It was good.It was bad": two words of a language, the second with a capital, or "good.5 stars"; not 4.50, example.com
    or U.S."""
    before = _word_before(text, stop)
    word = following[0]
    if end != following.start():
        return False
    if _is_caseless(text[stop - 1]) and _is_caseless(word[0]):
        return _parts_words(text, stop, end)
    if not before or "." in before:
        return False
    if word.isdigit():  # but not Fig.5, v.5
        short = len(before) < 3 or before.casefold() in _GOES_ON | _MAY_END
        alone = text[max(0, stop - len(before) - 1) : stop - len(before)].isspace() or stop == len(before)
        return before.islower() and alone and not short and text[following.end() : following.end() + 1].isspace()
    return len(before) > 1 and before[-1].islower() and word[0].isupper() and (word[1:].islower() or word in ("I", "A"))


def _parts_words(text: str, stop: int, end: int) -> bool:
    """Whether a stop between letters of a script without capitals separates two sentences: not in "ד.נ.", "कि.मी" or
    "哈利.波特"."""
    before, behind = _letters(text[max(0, stop - 24) : stop][::-1])[::-1], _letters(text[end : end + 24])
    if "." in before or _base_letters(behind) < 2:
        return False
    if _is_chinese(before[-1]) and not text.endswith("."):
        return False
    fewest = 2 if "\uac00" <= before[-1] <= "\ud7a3" else 3  # Korean abbreviates nothing with a stop
    return _base_letters(before) >= fewest or before in _SHORT_VERBS


def _letters(text: str) -> str:
    """The start of `text` that consists of letters with their marks, and stops between them."""
    return "".join(takewhile(lambda sign: sign == "." or unicodedata.category(sign)[0] in "LM", text))


def _base_letters(word: str) -> int:
    return sum(letter.isalpha() for letter in word)


def _is_chinese(letter: str) -> bool:
    """Whether a letter is Chinese or Japanese."""
    return "\u3040" <= letter <= "\u30ff" or "\u3400" <= letter <= "\u9fff"


def _is_caseless(letter: str) -> bool:
    """Whether it is a letter or mark of a script without capitals."""
    return unicodedata.category(letter)[0] in "LM" and letter.lower() == letter.upper()


def _is_abbreviation(text: str, stop: int, following: re.Match[str]) -> bool:
    before = _word_before(text, stop)
    if not before:
        return _is_ordinal(text, stop, following)
    name, follows = before.casefold(), following[0]
    if len(before) == len(follows) == 1 and text[following.end() : following.end() + 1] == ".":
        return not _is_chinese(before)  # z. B., p. m.
    if follows[0].islower() and len(before) == 1 and before.islower() and _is_foreign(text, stop):
        return True  # w 1999 r. było
    if follows[0].islower() and _KING.search(text[max(0, stop - 32) : stop]):
        return follows in _OF_A_KING or _is_foreign(text, stop)  # Ludwig XIV. war
    if follows[0].islower() and _SPACED.search(text[max(0, stop - 5) : stop]):
        return True  # d. h. so
    if name.endswith("str") and follows.isdigit():
        return True  # Hauptstr. 5
    if name in _GOES_ON and not (name in ("no", "st", "art", "al", "p", "ch") and _begins(follows)):
        return name not in ("no", "art", "sec", "p", "ch") or not follows[0].islower()
    initial = len(before) == 1 and before.isupper()
    if name in _MAY_END or initial or ("." in before and all(len(part) <= 2 for part in before.split("."))):
        return not _begins(follows)
    return False


def _is_ordinal(text: str, stop: int, following: re.Match[str]) -> bool:
    """Whether the stop is part of an ordinal: "Am 3. Mai", "der 2. Versuch", "je to 1. místo". The word after or before it
    decides, or a small letter after it if the text is not English. "I am 25. Call me" and "I give it a 10. loved it" are not
    ordinals."""
    match = _ORDINAL.search(text[max(0, stop - 24) : stop])
    if match is None or _begins(following[0]):
        return False
    if following[0][0].islower() and following[0] not in _BEGINS and _is_foreign(text, stop):
        return True
    if following[0] in ("Tag", "Stock"):  # also English words
        return match[1] in ("Am", "Im", "im") or match[1].casefold() in _BEFORE_ORDINALS
    word = following[0].casefold()
    return word in _COUNTED or word in _AFTER_ORDINALS or match[1].casefold() in _BEFORE_ORDINALS


def _is_foreign(text: str, at: int) -> bool:
    """Whether the text around a position is in a language other than English."""
    return _FOREIGN.search(text, max(0, at - _NEAR), at + _NEAR) is not None


def _begins(word: str) -> bool:
    return word[0].isupper() and word.casefold() in _BEGINS


def _word_before(text: str, at: int) -> str:
    match = _WORD_BEFORE.search(text[max(0, at - 24) : at])
    return match[0] if match is not None else ""
