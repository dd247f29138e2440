"""The columns of an export: they depend on what is exported and its shape, not on what a project holds."""

from __future__ import annotations

import pyarrow as pa

from rsf_core.project.exporting.request import Shape, What

MESSAGES = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
_SFT = [
    ("weight", pa.float64()),
    ("candidate_id", pa.string()),
    ("decided_by", pa.string()),
    ("acceptance_prob", pa.float64()),
    ("prompt_token_ids", pa.list_(pa.int64())),
    ("token_ids", pa.list_(pa.int64())),
]
_PREFERENCE = [
    ("chosen_reward", pa.float64()),
    ("rejected_reward", pa.float64()),
    ("chosen_id", pa.string()),
    ("rejected_id", pa.string()),
    ("chosen_by", pa.string()),
    ("rejected_by", pa.string()),
    ("weight", pa.float64()),
]
_LABELS = [
    ("label", pa.bool_()),
    ("reward", pa.float64()),
    ("candidate_id", pa.string()),
    ("decided_by", pa.string()),
]
_ALL = [
    ("reference", pa.string()),
    ("candidate_id", pa.string()),
    ("round", pa.int64()),
    ("prompt_id", pa.int64()),
    ("k", pa.int64()),
    ("model_id", pa.string()),
    ("sampling", pa.string()),
    ("finish", pa.string()),
    ("token_count", pa.int64()),
    ("log_q", pa.float64()),
    ("log_model", pa.float64()),
    ("u", pa.float64()),
    ("scores", pa.list_(pa.struct([("scorer", pa.string()), ("score", pa.float64())]))),
    ("reward", pa.float64()),
    ("log_ratio", pa.float64()),
    ("critical_log_m", pa.float64()),
    ("log_m", pa.float64()),
    ("acceptance_prob", pa.float64()),
    ("decision", pa.string()),
    ("override", pa.string()),
    ("accepted", pa.bool_()),
    ("decided_by", pa.string()),
    (
        "opinions",
        pa.list_(
            pa.struct(
                [("reviewer", pa.string()), ("action", pa.string()), ("final", pa.bool_()), ("guide", pa.int64())]
            )
        ),
    ),
    (
        "answers",
        pa.list_(
            pa.struct(
                [
                    ("reviewer", pa.string()),
                    ("question", pa.string()),
                    ("version", pa.int64()),
                    ("kind", pa.string()),
                    ("value", pa.string()),
                    ("number", pa.float64()),
                ]
            )
        ),
    ),
    (
        "rankings",
        pa.list_(
            pa.struct(
                [("reviewer", pa.string()), ("place", pa.int64()), ("candidates", pa.int64()), ("guide", pa.int64())]
            )
        ),
    ),
    ("edit", pa.string()),
    ("note", pa.string()),
    ("flagged", pa.bool_()),
    ("tags", pa.string()),
    ("source", pa.string()),
    ("stated_log_q", pa.float64()),
    ("prompt_token_ids", pa.list_(pa.int64())),
    ("token_ids", pa.list_(pa.int64())),
]
_FURTHER = {What.SFT: _SFT, What.PREFERENCE: _PREFERENCE, What.LABELS: _LABELS, What.ALL: _ALL}
_ANSWERS = {What.PREFERENCE: ("chosen", "rejected")}

MEANINGS = {
    "messages": "the whole conversation: system prompt (if any), prompt, completion",
    "system": "the system prompt; empty if there is none",
    "prompt": "what the model was asked; plain: the turns of a conversation below one another, each behind who speaks",
    "completion": "the model's completion; for sft and labels in its edited form, if it was edited and is accepted",
    "chosen": "an accepted completion of the prompt, in its edited form if it was edited; compared: the one that "
    "people prefer, as drawn",
    "rejected": "a rejected completion of the same prompt; compared: the other one",
    "chosen_reward": "the target's Σ weight·score of the candidate as drawn",
    "rejected_reward": "the same of the rejected one",
    "chosen_id": "the candidate: round.prompt.k",
    "rejected_id": "the candidate: round.prompt.k",
    "chosen_by": "who accepted it: the rule, or people's names; compared: who prefers it",
    "rejected_by": "who rejected it; compared: who prefers the other one",
    "label": "true where it is accepted, false where it is rejected",
    "weight": "sft: max(1, P/(M·q)) where the set is weighted, else 1; preference: 1, and 3/(K + 1) for a pair that "
    "people only ranked among K candidates, because the pairs of a ranking are not independent",
    "candidate_id": "the candidate: round.prompt.k",
    "decided_by": "the rule, or the names of the people who decided it",
    "acceptance_prob": "min(1, P/(M·q)) of the completion as drawn; 0 if it was truncated",
    "prompt_token_ids": "the prompt as the model read it",
    "token_ids": "the completion as it was drawn; empty if it was edited (sft)",
    "reference": "the prompt's reference answer, if there is one",
    "round": "the round that drew it",
    "prompt_id": "the number of the prompt in the project",
    "k": "which completion of its prompt, from 0",
    "model_id": "the proposal q, by its name in the project",
    "sampling": "the sampling settings, as JSON",
    "finish": "eos where the model ended it, length where the token limit did",
    "token_count": "tokens of the completion, with the end",
    "log_q": "log q(completion | prompt) of the law it was drawn by, in nats",
    "log_model": "the same of the model at temperature 1, in nats",
    "u": "the uniform random number of its decision, which never changes",
    "scores": "each scorer's score",
    "reward": "Σ weight·score of the target; empty where a score is missing",
    "log_ratio": "log P/q in nats, up to a constant; empty where a constraint fails (P = 0) or it is not scored",
    "critical_log_m": "the rule accepts it below this log M; empty if P = 0 or it is not scored",
    "log_m": "the log M it was compared with: the round's, plus its prompt's scale if M is relative to it",
    "decision": "the rule's decision: accepted, rejected or truncated; empty if it is not scored",
    "override": "people's effective override: accept or reject",
    "accepted": "the effective decision: the override, else the rule's",
    "opinions": "each reviewer's last decision; final settles a disagreement; guide is the version of the guide in "
    "use, 0 if there was none",
    "answers": "each reviewer's last answers to the project's questions, by name and version: value as text (spans "
    "as JSON with offsets in code points of the completion); number is the answer's value, if it has one",
    "rankings": "its place in each reviewer's ranking, and among how many candidates of its prompt; 1 is the best, "
    "and equal places are ties; guide as in opinions",
    "edit": "the completion as a person edited it",
    "note": "a reviewer's note",
    "flagged": "whether a reviewer flagged it",
    "tags": "tags, separated by commas",
    "source": "where the completion was made; empty if the model q drew it",
    "stated_log_q": "for one made elsewhere: the log-probability stated in its file, in nats; nothing is computed "
    "from it",
}


_ROUND = ("round", pa.int64())


def schema(what: What, shape: Shape, all_rounds: bool = False) -> pa.Schema:
    """The columns in their order: texts first, then numbers and the origin of each row; with `all_rounds` also its round."""
    answers = _ANSWERS.get(what, ("completion",))
    if shape is Shape.MESSAGES:
        texts = [("messages", MESSAGES)]
    elif shape is Shape.PLAIN:
        texts = [(name, pa.string()) for name in ("system", "prompt", *answers)]
    else:
        texts = [(name, MESSAGES) for name in ("prompt", *answers)]
    further = [*_FURTHER[what], *([_ROUND] if all_rounds and _ROUND not in _FURTHER[what] else [])]
    return pa.schema([*texts, *further])
