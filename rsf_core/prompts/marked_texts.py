"""Conversations written as one text, with the marks of a chat template or the names of the speakers between the turns.

    ChatML        <|im_start|>user\\n…<|im_end|>
    Zephyr, Phi   <|user|>\\n…</s>   or <|end|>
    Gemma         <start_of_turn>user\\n…<end_of_turn>
    Llama 3       <|start_header_id|>user<|end_header_id|>\\n\\n…<|eot_id|>
    Llama 2       <s>[INST] <<SYS>>…<</SYS>> … [/INST] … </s>
    Anthropic HH  \\n\\nHuman: …\\n\\nAssistant: …
    Alpaca        ### Instruction:\\n… ### Input:\\n… ### Response:\\n…

A text counts only if it is marked from beginning to end. Every pattern runs in linear time: it splits the text and never
backtracks.
"""

from __future__ import annotations

import re

_CHATML = re.compile(r"\s*<\|im_start\|>(\w+)[ \t]*\n")
_BEGIN = "<|im_start|>"
_CHATML_END = "<|im_end|>"
_ASKS = "<|im_start|>assistant"
_STARTS = (
    re.compile(r"<\|(system|user|assistant)\|>[ \t]*\n?"),
    re.compile(r"<start_of_turn>(user|model|system)[ \t]*\n"),
    re.compile(r"<\|start_header_id\|>(system|user|assistant)<\|end_header_id\|>\s?\n?\n?"),
)
_ENDS = ("</s>", "<|end|>", "<|endoftext|>", "<end_of_turn>", "<|eot_id|>", "<|end_of_text|>")
_OPENING = re.compile(r"^\s*(?:<s>|<bos>|<\|begin_of_text\|>)?\s*")
_INST = re.compile(r"\[(/?)INST\]")
_SYS = re.compile(r"\s*<<SYS>>(.*?)<</SYS>>\s*", re.DOTALL)
_HUMAN = re.compile(r"(?:^|\n\n)(Human|Assistant|H|A):[ \t]?")
_HEADS = re.compile(r"^### ?(Instruction|Input|Response):?[ \t]*$", re.MULTILINE)

Turn = dict[str, str]


def turns(text: str) -> list[Turn] | None:
    """The turns of a marked text, each with `role` and `content`; None for any other text."""
    plain = text[:400].lstrip()
    if plain.startswith(_BEGIN):
        return chatml(text)
    if plain.startswith(("<|", "<start_of_turn>", "<bos>", "<s>", "[INST]")):
        return next((marked for start in _STARTS if (marked := _marked(text, start))), None) or _llama2(text)
    if plain.startswith(("Human:", "H:")) and text.startswith("\n\n"):
        return _spoken(text)
    if "### " in text[:1000]:
        return _alpaca(text)
    return None


def chatml(text: str) -> list[Turn] | None:
    """The same for ChatML alone, whose marks nobody writes by chance."""
    if not text.lstrip().startswith(_BEGIN):
        return None
    marked = text.strip().removesuffix(_ASKS)  # the cue for the answer
    turns_read, at = [], 0
    while (start := _CHATML.match(marked, at)) is not None:
        end = marked.find(_CHATML_END, start.end())
        if end < 0:
            return None
        turns_read.append({"role": start[1], "content": marked[start.end() : end]})
        at = end + len(_CHATML_END)
    return None if marked[at:].strip() else turns_read


def _marked(text: str, start: re.Pattern[str]) -> list[Turn] | None:
    text = _OPENING.sub("", text, count=1)
    pieces = start.split(text)
    if len(pieces) < 3 or pieces[0].strip():
        return None
    first = start.search(text)
    if first is not None and not first[0].endswith("\n") and not any(end in text for end in _ENDS):
        return None  # the text only mentions a mark
    marked = [
        {"role": role, "content": _content(content)} for role, content in zip(pieces[1::2], pieces[2::2], strict=True)
    ]
    return _without_cue(marked)


def _llama2(text: str) -> list[Turn] | None:
    text = _OPENING.sub("", text, count=1)
    pieces = _INST.split(text)
    marks = pieces[1::2]
    if not marks or pieces[0].strip() or marks != ["", "/"] * (len(marks) // 2):
        return None
    marked: list[Turn] = []
    for number, content in enumerate(pieces[2::2]):
        if number == 0 and (system := _SYS.match(content)) is not None:
            marked.append({"role": "system", "content": system[1].strip()})
            content = content[system.end() :]
        content = content.strip().removesuffix("<s>").rstrip()
        marked.append({"role": "assistant" if number % 2 else "user", "content": _content(content)})
    return _without_cue(marked)


def _spoken(text: str) -> list[Turn] | None:
    pieces = _HUMAN.split(text)
    marked = [
        {"role": "user" if who.startswith("H") else "assistant", "content": content.strip()}
        for who, content in zip(pieces[1::2], pieces[2::2], strict=True)
    ]
    roles = [turn["role"] for turn in marked]
    alternate = all(role == ("user", "assistant")[at % 2] for at, role in enumerate(roles))
    return _without_cue(marked) if len(marked) > 1 and alternate else None


def _alpaca(text: str) -> list[Turn] | None:
    pieces = _HEADS.split(text)
    named = {name: content.strip() for name, content in zip(pieces[1::2], pieces[2::2], strict=True)}
    answer = named.get("Response")
    if not named.get("Instruction") or len(named) != len(pieces) // 2:
        return None
    if not answer or not (pieces[0].strip() or "Below is").startswith("Below is"):
        return None  # without an answer the text may be meant literally, for a base model
    parts = [named["Instruction"], named.get("Input", "")]
    marked = [{"role": "user", "content": "\n\n".join(part for part in parts if part)}]
    return _without_cue([*marked, {"role": "assistant", "content": _content(answer)}])


def _content(turn: str) -> str:
    """The content of a turn, without the marks of its end."""
    end = len(turn.rstrip())
    while turn.endswith(_ENDS, 0, end):
        end = turn.rfind("<", 0, end)
        while end and turn[end - 1].isspace():
            end -= 1
    return turn[:end].lstrip()


def _without_cue(marked: list[Turn]) -> list[Turn]:
    """The turns without an empty turn of the assistant at the end, which is the cue for the answer."""
    last = marked[-1]
    return marked[:-1] if last["role"] in ("assistant", "model") and not last["content"] and len(marked) > 1 else marked
