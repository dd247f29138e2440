"""Names of environment variables are distinguished by form alone from keys entered in their place."""

from __future__ import annotations

import random
import string

import pytest

from rsf_core.scorers import key_names

HEX, BASE36, BASE62 = "0123456789abcdef", string.ascii_lowercase + string.digits, string.ascii_letters + string.digits


@pytest.mark.parametrize(
    "name",
    [
        *("OPENAI_API_KEY", "openai_api_key", "judge_key", "judgeKey", "myKeyForTheLlmAtHome", "K", "_x", "x"),
        *("HF_TOKEN", "hf_token", "hf_api_key", "HUGGING_FACE_HUB_TOKEN", "MY_KEY_2", "KEY2024PRODUCTION_EU_WEST_1"),
        *("AZURE_OPENAI_KEY_EU1", "MYCOMPANYPRODUCTIONOPENAIAPIKEYVALUE", "key_of_the_endpoint_of_my_judge_at_home_v2"),
        *("GH_TOKEN", "gh_token", "SK_KEY", "K8S_V1_KEY", "internationalisation", "K" * 200),
        "OpenAiKeyOfTheJudgeForThisProject",
    ],
)  # fmt: skip
def test_a_name_is_one_in_capitals_and_in_small_letters(name: str) -> None:
    assert key_names.is_name(name)


@pytest.mark.parametrize(
    "key",
    [
        *("sk-abc", "sk-proj-abcDEF", "hf_abcDEF123", "hf_secretSECRET", "gsk_small", "ghp_16C7e42F292c6912E7", "sk_live_51H"),
        *("Bearer X", "1KEY", "", "a b", "K" * 201, "schlüssel", "KEY\n", "AKIAIOSFODNN7EXAMPLE"),
        "AIzaSyA1234567890abcdefgh_XYZ",
        *("d41d8cd98f00b204e9800998ecf8427e", "D41D8CD98F00B204E9800998ECF8427E", "xai_a", "glpat_x1", "r8_Ab1"),
        *("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9", "a" * 40, "github_pat_11ABCDEFG0", "nvapi_abc"),
    ],
)  # fmt: skip
def test_what_looks_like_a_key_is_not_a_name(key: str) -> None:
    assert not key_names.is_name(key)


@pytest.mark.parametrize(
    ("letters", "length"),
    [(HEX, 32), (HEX.upper(), 32), (HEX, 40), (BASE36, 36), (BASE62, 32), (BASE62, 48)],
)
def test_random_keys_of_the_usual_lengths_are_found(letters: str, length: int) -> None:
    drawn = random.Random(length)
    keys = [letters[10] + "".join(drawn.choices(letters, k=length - 1)) for _ in range(500)]
    assert sum(map(key_names.is_name, keys)) <= 25, "19 of 20 at least"
