"""What columns are called that hold prompts or references, in the order in which they are preferred."""

TEXTS = ("prompt", "instruction", "question", "query", "text", "problem", "input", "user", "request", "task", "content")
REFERENCES = (
    *("reference", "answer", "target", "label", "output", "completion", "response", "gold", "ground_truth", "solution"),
    *("expected", "translation", "answers", "targets", "labels", "outputs", "responses", "answerkey", "answer_key"),
)
# what may hold several values: the reference only where it holds one
PLURALS = ("answers", "targets", "labels", "outputs", "responses")


def is_plural(name: str) -> bool:
    return name.strip().lower() in PLURALS


def is_known(name: str) -> bool:
    """Whether a column is called as those of prompts or of references are."""
    return name.strip().lower().replace(" ", "_") in (*TEXTS, *REFERENCES)
