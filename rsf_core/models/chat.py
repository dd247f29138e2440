"""How the chat template of a tokenizer renders a prompt, and the token that ends its turns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rsf_core.domain import Prompt
from rsf_core.domain.errors import ModelError, PromptRefusedError
from rsf_core.domain.turns import messages, with_roles
from rsf_core.models.rendering import render

# words that occur in no template
_SYSTEM, _USER, _ASSISTANT = "Zyqsystemzyq", "Zyquserzyq", "Zyqassistantzyq"
_WHERE = "the chat template of the model (chat_template in tokenizer_config.json, or chat_template.jinja)"

Content = Callable[[str], Any]


def _as_text(text: str) -> Any:
    return text


def _as_parts(text: str) -> Any:
    return [{"type": "text", "text": text}]


class Chat:
    """The chat template of a tokenizer. Raises ModelError if it cannot be chosen or is not text; the methods raise ModelError
    if it leaves out every prompt."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        try:
            self._template = tokenizer.get_chat_template()
        except ValueError as error:
            raise ModelError(f"{_WHERE} cannot be chosen: {str(error)[:200]}") from error
        if not isinstance(self._template, str):
            raise ModelError(f"{_WHERE} is not text but a {type(self._template).__name__}")
        self._names = {
            name: value for name, value in tokenizer.special_tokens_map.items() if isinstance(value, str | list)
        }
        self._content: dict[bool, Content] = {}

    def prompt(self, prompt: Prompt) -> str:
        """The rendered turns of `prompt`, up to where the completion begins. Raises PromptRefusedError if the template refuses
        this prompt, ModelError if it refuses every prompt."""
        content = self._content_for(bool(prompt.system))
        rendered = self._render(_turns(content, prompt.system, prompt.text, prompt.earlier), completion_follows=True)
        self._require(rendered, prompt)
        return rendered

    def conversation(self, prompt: Prompt, completion: str) -> str:
        """The rendered turns of `prompt`, with `completion` as the assistant's last turn, ended. Raises as `prompt` does, and
        PromptRefusedError if the template leaves out the completion."""
        content = self._content_for(bool(prompt.system))
        turns = _turns(content, prompt.system, prompt.text, prompt.earlier)
        turns.append({"role": "assistant", "content": content(completion)})
        rendered = self._render(turns, completion_follows=False)
        self._require(rendered, prompt, completion)
        return rendered

    def _require(self, rendered: str, prompt: Prompt, completion: str = "") -> None:
        """Raises PromptRefusedError if the rendered text lacks the system text or the content of a turn."""
        texts = [(prompt.text, "the prompt"), (prompt.system or "", "the system text")]
        for role, text in [*with_roles(prompt.earlier), ("assistant", completion)]:
            # templates of reasoning models leave out the assistant's thoughts
            texts.append((text.rpartition("</think>")[2] if role == "assistant" else text, f"a turn of the {role}"))
        for text, turn in texts:
            if not _holds(rendered, text):
                raise PromptRefusedError(
                    f"{_WHERE} leaves out {turn} that begins {text.strip()[:60]!r}: correct the template, or change the text"
                )

    def turn_end(self) -> int | None:
        """The added token that ends an assistant's turn; None if plain text ends it, or nothing."""
        try:
            content = self._content_for(False)
            turns = [*_turns(content, None, _USER), {"role": "assistant", "content": content(_ASSISTANT)}]
            rendered = self._render(turns, completion_follows=False)
        except ModelError:
            # the template takes no assistant's turn; if it takes no prompt either, `prompt` reports that
            return None
        _, mark, tail = rendered.rpartition(_ASSISTANT)
        tail = tail.lstrip()
        starts = [
            (len(token.content), number)
            for number, token in self._tokenizer.added_tokens_decoder.items()
            if token.content and tail.startswith(token.content)
        ]
        return max(starts)[1] if mark and starts else None

    def _content_for(self, with_system: bool) -> Content:
        """How the template reads the content of a turn: as a text or as a list of parts. Determined once."""
        if with_system not in self._content:
            self._content[with_system] = self._find_content(with_system)
        return self._content[with_system]

    def _find_content(self, with_system: bool) -> Content:
        system = _SYSTEM if with_system else None
        problems = []
        for content in (_as_text, _as_parts):
            try:
                rendered = self._render(_turns(content, system, _USER), completion_follows=True)
            except PromptRefusedError as error:
                problems.append(error)
                continue
            if _USER in rendered and (system is None or system in rendered):
                if self._render(_turns(content, system, _USER), completion_follows=True) != rendered:
                    raise ModelError(
                        f"{_WHERE} does not make the same text of the same turns twice, so what is drawn from could not be "
                        "judged: correct the template, or use another model"
                    )
                return content
        if with_system:
            self._content_for(False)  # raises if the system turn is not the cause
            reason = f" (it says: {str(problems[0]).partition(': ')[2]})" if problems else ", but leaves it out"
            raise PromptRefusedError(
                f"{_WHERE} takes no system turn{reason}: remove the system text of the prompts, or use another model"
            ) from (problems[0] if problems else None)
        if problems:
            raise ModelError(str(problems[0])) from problems[0]
        raise ModelError(f"{_WHERE} leaves out the prompt: correct the template, or use another model")

    def _render(self, turns: list[dict[str, Any]], completion_follows: bool) -> str:
        try:
            return render(self._template, turns, self._names, completion_follows)
        except ModelError as error:
            raise type(error)(f"{_WHERE} fails: {error}. Correct the template, or use another model") from error


def _turns(content: Content, system: str | None, text: str, earlier: Sequence[str] = ()) -> list[dict[str, Any]]:
    return [message | {"content": content(message["content"])} for message in messages(text, system, earlier)]


def _holds(rendered: str, text: str) -> bool:
    """Whether the rendered text contains `text`, apart from white space, which templates trim."""
    return text.strip() in rendered or "".join(text.split()) in "".join(rendered.split())
