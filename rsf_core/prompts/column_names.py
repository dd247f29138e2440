"""The usual names of columns that hold prompts or references, in order of preference."""

from __future__ import annotations

import re

# "question" and "answer" in languages other than English
_QUESTIONS_ELSEWHERE = (
    *("frage", "aufgabe", "pregunta", "pergunta", "domanda", "vraag", "pytanie", "soru", "вопрос"),
    *("问题", "問題", "質問", "질문", "سؤال", "प्रश्न", "คำถาม"),
)
_ANSWERS_ELSEWHERE = (
    *("antwort", "lösung", "réponse", "reponse", "respuesta", "resposta", "risposta", "antwoord", "odpowiedź", "cevap"),
    *("ответ", "答案", "回答", "答え", "解答", "答", "정답", "답변", "답", "جواب", "الجواب", "उत्तर", "คำตอบ"),
)
TEXTS = (
    *("prompt", "instruction", "question", "query", "text", "problem", "input", "user", "request", "task", "content"),
    *_QUESTIONS_ELSEWHERE,
)
REFERENCES = (
    *("reference", "answer", "target", "label", "output", "completion", "response", "gold", "ground_truth", "solution"),
    *("expected", "translation", "answers", "targets", "labels", "outputs", "responses", "answerkey", "answer_key"),
    *("reference_answer", "expected_output", "expected_answer", "expected_response", "correct_answer", "best_answer"),
    *(
        "gold_answer",
        "golden_answer",
        "gold_label",
        "final_answer",
        "ideal",
        "canonical_solution",
        "summary",
        "highlights",
    ),
    *_ANSWERS_ELSEWHERE,
)
_ALONE = ("message", "conversation", "dialogue", "dialog", "turn", "chat", "sentence", "document", "article", "title")
# columns that may hold several values: the reference only if they hold one
PLURALS = ("answers", "targets", "labels", "outputs", "responses", "ideal")


def is_plural(name: str) -> bool:
    return name.strip().lower() in PLURALS


def is_known(name: str) -> bool:
    """Whether a column has a usual name for prompts or references."""
    return plainly(name) in (*TEXTS, *REFERENCES)


def is_known_alone(name: str) -> bool:
    """Whether the only column of a file has such a name, which may be in the plural or one word of several."""
    words = (plainly(name), *re.split(r"[\W_]+", plainly(name)))
    return any(is_known(one) or one in _ALONE for word in words for one in (word, word.removesuffix("s")))


def plainly(name: str) -> str:
    """The name of a column in the form that is looked up: "Reference Answer" is reference_answer."""
    return name.strip().lower().replace(" ", "_")
