"""Prompts as the chat template renders them, with all of their text, and the ends of turns."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rsf_core import models
from rsf_core.domain import Prompt
from rsf_core.domain.errors import ModelError, PromptRefusedError
from rsf_core.models.chat import Chat
from rsf_core.models.prompting import Prompting
from tests.support.tiny_models import END, START, TEMPLATE

TURN = "{{ m['role'] }}\n"
PARTS = "{% for m in messages %}[" + TURN + "{% for p in m['content'] %}{{ p['text'] }}{% endfor %}]{% endfor %}"
BOTH = (
    "{% for m in messages %}{% if m['content'] is string %}{{ m['content'] }}{% else %}"
    "{% for p in m['content'] %}<{{ p.text }}>{% endfor %}{% endif %}{% endfor %}"
)
TRIMMED = "{% for m in messages %}{{ m['content'] | trim }}\n{% endfor %}"
ONLY_USER = "{% for m in messages %}{% if m['role'] == 'user' %}{{ m['content'] }}{% endif %}{% endfor %}"
NO_SYSTEM = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system here') }}{% endif %}" + TEMPLATE
SOME = Prompt(1, "Say {{ 7 * 7 }} <b>grün</b>\n 漢字.", system="Be  brief.")
TALK = Prompt(1, "Who am I?\n", system="Be brief.", earlier=("I am <b>Ann</b>.", "  Hello {{ Ann }}.", "漢字?", "Yes."))
LAST_ONLY = "{{ messages[-1]['content'] }}"
NO_ANSWERS = (
    "{% for m in messages %}{% if m['role'] == 'assistant' %}{{ raise_exception('no answers here') }}{% endif %}{% endfor %}"
    + TEMPLATE
)
_ANSWER = "{{ m['content'].split('</think>')[-1] if m['role'] == 'assistant' else m['content'] }}"
THINKING = "{% for m in messages %}" + _ANSWER + "\n{% endfor %}"


@pytest.fixture(scope="module")
def loaded(tiny_model: Path) -> tuple[Any, Any]:
    return models.load(tiny_model)


@pytest.fixture
def tokenizer(loaded: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(loaded[1], "chat_template", TEMPLATE)
    return loaded[1]


def rendered(tokenizer: Any, template: str, prompt: Prompt = SOME) -> str:
    tokenizer.chat_template = template
    return Chat(tokenizer).prompt(prompt)


@pytest.mark.parametrize("template", [TEMPLATE, BOTH, TRIMMED], ids=["chatml", "both", "trimmed"])
def test_a_template_is_rendered_as_transformers_does(tokenizer: Any, template: str) -> None:
    text = rendered(tokenizer, template)
    turns = [{"role": "system", "content": SOME.system}, {"role": "user", "content": SOME.text}]
    assert text == tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)


def test_a_template_that_reads_parts_gets_parts(tokenizer: Any) -> None:
    assert rendered(tokenizer, PARTS) == f"[system\n{SOME.system}][user\n{SOME.text}]"


@pytest.mark.parametrize("prompt", [Prompt(1, "  white space \n"), Prompt(1, ""), Prompt(1, "a", system=" ")])
def test_white_space_a_template_trims_is_not_missed(tokenizer: Any, prompt: Prompt) -> None:
    assert rendered(tokenizer, TRIMMED, prompt).strip() == prompt.text.strip()


@pytest.mark.parametrize(
    ("template", "prompt", "problem"),
    [
        ("fixed words", SOME, "leaves out the prompt"),
        (ONLY_USER, SOME, "takes no system turn, but leaves it out"),
        (NO_SYSTEM, SOME, "takes no system turn .*no system here.*remove the system text"),
        (
            "{% for m in messages %}{{ m['content'][:20] }}{% endfor %}",
            Prompt(1, "long " * 9),
            "leaves out the prompt that",
        ),
        ("{{ 1 / 0 }}", SOME, "ZeroDivisionError"),
        ("{% if %}", SOME, "TemplateSyntaxError"),
    ],
)
def test_a_template_that_does_not_show_what_it_is_given_is_refused(
    tokenizer: Any, template: str, prompt: Prompt, problem: str
) -> None:
    with pytest.raises(ModelError, match=problem):
        rendered(tokenizer, template, prompt)


def test_a_template_that_writes_the_date_makes_the_same_text_on_every_day(tokenizer: Any) -> None:
    dated = "{% set today = strftime_now('%d %b %Y') %}Today is {{ today }}.\n" + TEMPLATE
    assert rendered(tokenizer, dated).startswith("Today is 26 Jul 2024.\n")


@pytest.mark.parametrize("chance", ["{{ range(99999) | random }}{{ range(99999) | random }}", "{{ lipsum(2) }}"])
def test_a_template_that_leaves_its_text_to_chance_is_refused(tokenizer: Any, chance: str) -> None:
    with pytest.raises(ModelError, match="does not make the same text of the same turns twice"):
        rendered(tokenizer, chance + TEMPLATE)


def test_a_template_that_takes_no_system_turn_serves_prompts_without(tokenizer: Any) -> None:
    for template in (ONLY_USER, NO_SYSTEM):
        assert "Say a." in rendered(tokenizer, template, Prompt(1, "Say a."))


@pytest.mark.parametrize(
    ("end", "added_token"),
    [
        (END, END),
        (f"{END}\n", END),
        (f" {START}", START),  # Llama 2 puts a space before it
        ("\n### End\n", None),
        ("", None),
        (f"</turn>{END}", None),  # begins with plain text: no single token ends the turn
    ],
)
def test_the_end_of_a_turn_is_the_added_token_that_follows_it(
    tokenizer: Any, end: str, added_token: str | None
) -> None:
    tokenizer.chat_template = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}" + end + "{% endfor %}"
    expected = None if added_token is None else tokenizer.convert_tokens_to_ids(added_token)
    assert Chat(tokenizer).turn_end() == expected


def test_a_template_that_takes_no_assistant_s_turn_has_no_end_of_one(tokenizer: Any) -> None:
    for template in (ONLY_USER, "{{ messages[1].nothing.here }}" + TEMPLATE):
        tokenizer.chat_template = template
        assert Chat(tokenizer).turn_end() is None


def test_a_base_model_of_chatml_ends_with_its_turns_also_where_its_eos_is_another(
    loaded: tuple[Any, Any], tokenizer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, _ = loaded
    start, end = tokenizer.convert_tokens_to_ids([START, END])
    monkeypatch.setattr(model.generation_config, "eos_token_id", start)
    tokenizer.eos_token = START
    try:
        assert models.eos_ids(model, tokenizer) == (end, start)
        tokenizer.chat_template = None
        assert models.eos_ids(model, tokenizer) == (start,)
    finally:
        tokenizer.eos_token = END


@pytest.mark.parametrize("wrong", [258, -1, "end", [1, 10**9], True])
def test_an_end_the_model_does_not_know_is_refused(
    loaded: tuple[Any, Any], tokenizer: Any, wrong: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, _ = loaded
    monkeypatch.setattr(model.generation_config, "eos_token_id", wrong)
    with pytest.raises(ModelError, match=r"generation_config.json ends a completion with the token"):
        models.eos_ids(model, tokenizer)


def test_nothing_follows_the_prompt_of_a_causal_model_that_no_template_writes(
    loaded: tuple[Any, Any], tokenizer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tokenizer with add_eos_token appends EOS; only an encoder-decoder's input ends with it."""
    model, _ = loaded
    tokenizer.chat_template = None
    end, plain = tokenizer.eos_token_id, tuple(tokenizer(f"a{END}", add_special_tokens=False).input_ids)

    class Adding:
        chat_template = None

        def __call__(self, text: str, add_special_tokens: bool = True) -> Any:
            token_ids = tokenizer(text, add_special_tokens=False)
            if add_special_tokens:
                token_ids["input_ids"] = [0, *token_ids["input_ids"], end]
            return token_ids

    prompting = Prompting(model, Adding(), pad=end)
    assert prompting.token_ids(Prompt(1, f"a{END}")) == (0, *plain)  # an EOS in the prompt's own text stays
    assert prompting.token_ids(Prompt(1, "")) == (0,)
    monkeypatch.setattr(model.config, "is_encoder_decoder", True)
    assert Prompting(model, Adding(), pad=end).token_ids(Prompt(1, f"a{END}")) == (0, *plain, end)


def test_a_token_beyond_the_embeddings_is_named(loaded: tuple[Any, Any]) -> None:
    class Beyond:
        chat_template = None

        def __call__(self, text: str, add_special_tokens: bool = True) -> Any:
            return SimpleNamespace(input_ids=[3, 258])

        def convert_ids_to_tokens(self, token: int) -> str:
            return "<|new|>"

    with pytest.raises(ModelError, match=r"token 258 \('<\|new\|>'\), and the model has embeddings for 258 tokens"):
        Prompting(loaded[0], Beyond(), pad=1).token_ids(Prompt(1, "a"))


# -- conversations -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("template", [TEMPLATE, BOTH, TRIMMED], ids=["chatml", "both", "trimmed"])
def test_a_conversation_is_rendered_as_transformers_renders_its_messages(tokenizer: Any, template: str) -> None:
    text = rendered(tokenizer, template, TALK)
    roles = ["system", "user", "assistant", "user", "assistant", "user"]
    texts = [TALK.system, *TALK.earlier, TALK.text]
    turns = [{"role": role, "content": content} for role, content in zip(roles, texts, strict=True)]
    assert text == tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)


def test_the_turns_of_a_template_that_reads_parts_are_parts(tokenizer: Any) -> None:
    prompt = Prompt(1, "c", earlier=("a", "b"))
    assert rendered(tokenizer, PARTS, prompt) == "[user\na][assistant\nb][user\nc]"


@pytest.mark.parametrize(
    ("template", "prompt", "problem"),
    [
        (LAST_ONLY, Prompt(1, "c", earlier=("a", "b")), "leaves out a turn of the user that begins 'a'"),
        (NO_ANSWERS, TALK, "no answers here"),
        (THINKING, Prompt(1, "c", earlier=("</think>x", "b")), None),
        (THINKING, Prompt(1, "c", earlier=("a", "<think>hm</think>b")), None),
        (THINKING + "{{ 1 / 0 if messages|length > 2 }}", Prompt(1, "c", earlier=("a", "b")), "ZeroDivisionError"),
    ],
)
def test_a_template_shows_every_turn_but_what_an_assistant_thought_or_refuses_the_prompt(
    tokenizer: Any, template: str, prompt: Prompt, problem: str | None
) -> None:
    if problem is None:
        assert "b" in rendered(tokenizer, template, prompt)
        return
    with pytest.raises(PromptRefusedError, match=problem):
        rendered(tokenizer, template, prompt)
    assert "Say" in rendered(tokenizer, template, Prompt(1, "Say a."))  # plain prompts are accepted
