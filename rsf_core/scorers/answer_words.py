"""Words around numbers: those that announce an answer, in a dozen languages, and those that stand for zeros."""

from __future__ import annotations

import re

_ELSEWHERE = (
    "antwort|réponse|respuesta|resposta|risposta|antwoord|odpowiedź|ответ|svaret|cevap|jawaban(?:nya)?|đáp án|الجواب"
)
PHRASE = re.compile(
    r"(?:\banswer\b[^.:=\n\d]{0,80}?(?::|=|\b(?:is|was|be|equals|comes to)\b(?!\s+(?:not|n't)\b))"
    r"|(?:答案|答え)\s*(?:是|为|為|は|:)|정?답[은는:]|उत्तर\s*:"
    rf"|\b(?:{_ELSEWHERE})\b[^.:=\n\d]{{0,80}}?"
    r"(?::|=|\b(?:ist|lautet|est|es|é|è|is|är|er|to|là|adalah|это|هو)\b(?!\s+(?:nicht|pas|no|non|não|не)\b)))",
    re.IGNORECASE,
)
IS_ANSWER = re.compile(
    r"[*$)\s]{0,4}(?:[^\W\d]{1,12}\s)?is\s(?:the|my|our)\s(?:[^\W\d]{1,12}\s)?answer\b", re.IGNORECASE
)
"""The text after a number that marks it as the answer: "42 apples is the final answer"."""
SCALE = re.compile(
    r"(?:[ -]?|\s{0,3}\{\s?)(?:(hundred|thousand|lakh|crore|million|billion|trillion)\b(?!-)|([万萬亿億])(?!\d))",
    re.IGNORECASE,
)
ZEROS = {
    "hundred": "2",
    "thousand": "3",
    "lakh": "5",
    "million": "6",
    "crore": "7",
    "billion": "9",
    "trillion": "12",
    "万": "4",
    "萬": "4",
    "亿": "8",
    "億": "8",
}
