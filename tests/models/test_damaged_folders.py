"""A damaged or hostile model folder is refused with a readable sentence, reading only its small files, and stays as it is."""

from __future__ import annotations

import hashlib
import resource
import shutil
import sys
from pathlib import Path

import pytest

from rsf_core import models
from rsf_core.domain import Prompt
from rsf_core.domain.errors import ModelError
from rsf_core.models import chat, rendering
from rsf_core.proposals.local import LocalProposal
from tests.support.damaged_models import Damage, damages

PROMPT = Prompt(1, "Say something.", system="Be brief.")
ALL = list(damages())


def whole(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def memory() -> int:
    """The peak memory of this process, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


@pytest.mark.parametrize(("what", "damage"), ALL, ids=[what for what, _ in ALL])
def test_a_damaged_folder_is_refused_in_words_and_left_as_it_is(
    what: str, damage: Damage, tiny_model: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(tiny_model, tmp_path / "model")
    damage(folder)
    before, peak = whole(folder), memory()
    with pytest.raises(ModelError) as refused:
        LocalProposal(models.resolve(str(folder))).prompt_token_ids(PROMPT)
    assert len(str(refused.value)) > 20
    assert whole(folder) == before
    assert memory() - peak < 2**29


def test_there_are_a_hundred_of_them_and_the_whole_folder_is_taken(tiny_model: Path) -> None:
    assert len(ALL) > 100 and len({what for what, _ in ALL}) == len(ALL)
    assert LocalProposal(models.resolve(str(tiny_model))).prompt_token_ids(PROMPT)


@pytest.mark.parametrize(
    "template",
    [
        "{% for a in range(90000) %}{% for b in range(90000) %}{% endfor %}{% endfor %}",
        "{{ 10 ** (10 ** 10) }}",
    ],
)
def test_a_template_without_end_is_ended_and_the_next_is_rendered(
    template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rendering, "CPU_SECONDS", 1)
    rendering._renderer.stop()  # a renderer gets its limit at its start
    try:
        with pytest.raises(ModelError, match="did not end in time"):
            rendering.render(template, [{"role": "user", "content": "a"}], {}, True)
        assert rendering.render("{{ messages[0].content }}", [{"role": "user", "content": "a"}], {}, True) == "a"
    finally:
        rendering._renderer.stop()


def test_a_template_that_ends_its_process_is_named() -> None:
    error = ModelError(rendering._why(-11))
    assert "exit status -11" in str(error) and "chat template" in chat._WHERE
