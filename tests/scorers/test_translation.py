"""chrF agrees with sacrebleu's, is between 0 and 1, and reports a prompt without a reference."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu import sentence_chrf

from rsf_core.domain import Finish, Prompt
from rsf_core.domain.errors import ScorerError
from rsf_core.scorers.base import Scored
from tests.support import scoring

PROMPT = Prompt(7, "Translate: The cat sleeps.", "Le chat dort.")


def score(completion: str, prompt: Prompt = PROMPT) -> float:
    return scoring.scores("chrf", [Scored(prompt, completion, 3, Finish.EOS)])[0]


@given(st.text(max_size=60))
def test_it_is_chrf_as_the_field_measures_it(completion):
    assert score(completion) == pytest.approx(
        sentence_chrf(unicodedata.normalize("NFC", completion), ["Le chat dort."]).score / 100
    )
    assert 0.0 <= score(completion) <= 1.0


def test_the_nearer_the_higher():
    assert score("Le chat dort.") == 1.0
    assert 1.0 > score("Le chien dort.") > score("The cat sleeps.") > score("") == 0.0


def test_it_is_what_its_definition_gives():
    """chrF2 (Popović 2015) by hand: "aab" against "ab", with mean precision and recall over the orders that both have."""
    precision, recall = (2 / 3 + 1 / 2) / 2, (2 / 2 + 1 / 1) / 2  # 1-grams a, b; the 2-gram ab
    score_given = score("aab", Prompt(7, "Translate: ba", "ab"))
    assert score_given == pytest.approx(5 * precision * recall / (4 * precision + recall))


@pytest.mark.parametrize("completion", ["Le cafe\u0301 est ferme\u0301.", "Le café est fermé."])
@pytest.mark.parametrize("reference", ["Le cafe\u0301 est ferme\u0301.", "Le café est fermé."])
def test_the_unicode_form_of_either_side_does_not_count(completion, reference):
    assert score(completion, Prompt(7, "Translate", reference)) == 1.0


def test_a_prompt_without_a_reference_is_named():
    with pytest.raises(ScorerError, match=r"needs a text as the reference, and there is none \(prompt 9\)"):
        score("Bonjour", Prompt(9, "Hello"))
