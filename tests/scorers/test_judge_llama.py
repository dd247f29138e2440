"""A judge behind a real llama.cpp server with the embedded model: the protocol, the grammar, the counts, the stored answers
and stopping at once. The opinions of a model of 135M parameters are not tested."""

from __future__ import annotations

from pathlib import Path

import pytest

from rsf_core.domain import Finish, Prompt
from rsf_core.models import library
from rsf_core.scorers import host, kept_answers, registry
from rsf_core.scorers.base import NoScore, Scored
from rsf_core.scorers.host import Host, Stopped
from tests.support import llama_server


@pytest.mark.real_model
def test_a_llama_server_judges_is_asked_once_and_lets_go(tmp_path: Path) -> None:
    plain = Scored(Prompt(1, "And?"), "Thank you.", 3, Finish.EOS)
    talk = Scored(Prompt(2, "And?", system="Be brief.", earlier=("Hello.", "Hi.")), "Go away.", 3, Finish.EOS)
    with llama_server.serving(library._gguf()) as address:
        options = 'model="m", rubric="Is it polite?", seconds=120.0, at_once=1, max_tokens=64'
        name = f'llm_judge(endpoint="{address}/v1", {options})'
        with host.hosted(Host(name, tmp_path)):
            scores = registry.score(name, [plain, talk])
            for score in scores:  # the grammar allows only a score on the scale, and white space around it
                assert 1 <= score <= 10 if isinstance(score, float) else "cut off after 64 tokens" in score.reason
            spent = kept_answers.spent(tmp_path)[name]
            assert spent.requests == 2 and spent.prompt_tokens > 300 and 2 <= spent.answer_tokens <= 128
            repeat = registry.score(name, [plain, talk])
            assert list(map(str, repeat)) == list(map(str, scores)) and kept_answers.spent(tmp_path)[name] == spent
        longer = name.replace("max_tokens=64", "max_tokens=1500, structured=false")
        with host.hosted(Host(longer, tmp_path, stopping=lambda: True)), pytest.raises(Stopped):
            registry.score(longer, [plain])
        (refused,) = registry.score(name, [Scored(Prompt(1, "And?"), "word " * 9_000, 9, Finish.EOS)])
        assert isinstance(refused, NoScore) and "refuses this question (400" in refused.reason
