"""What columns are called that hold prompts or references, in the order in which they are preferred."""

from __future__ import annotations

import re

# a question and an answer in languages whose speakers put them above their columns
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
# what may hold several values: the reference only where it holds one
PLURALS = ("answers", "targets", "labels", "outputs", "responses", "ideal")


def is_plural(name: str) -> bool:
    return name.strip().lower() in PLURALS


def is_known(name: str) -> bool:
    """Whether a column is called as those of prompts or of references are."""
    return plainly(name) in (*TEXTS, *REFERENCES)


def is_known_alone(name: str) -> bool:
    """Whether the only column of a file is called as such a column is: also by the word for several of them."""
    words = (plainly(name), *re.split(r"[\W_]+", plainly(name)))
    return any(is_known(one) or one in _ALONE for word in words for one in (word, word.removesuffix("s")))


def plainly(name: str) -> str:
    """The name of a column as it is looked for: "Reference Answer" is reference_answer."""
    return name.strip().lower().replace(" ", "_")
