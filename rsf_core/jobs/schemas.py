"""The columns of each kind of segment and the table they go to. A segment with other columns is damaged."""

from __future__ import annotations

from typing import TypeAlias

import pyarrow as pa

_INTS = pa.list_(pa.int32())

CANDIDATES = pa.schema(
    [
        ("candidate_id", pa.string()),
        ("round", pa.int32()),
        ("prompt_id", pa.int32()),
        ("k", pa.int32()),
        ("completion", pa.string()),
        ("prompt_token_ids", _INTS),
        ("token_ids", _INTS),
        ("finish", pa.string()),
        ("log_q", pa.float64()),
        ("log_model", pa.float64()),
        ("u", pa.float64()),
        ("sampling", pa.string()),
        ("model_id", pa.string()),
        ("job_id", pa.string()),
    ]
)

# Each row has either a score or the reason why there is none.
SCORES = pa.schema(
    [
        ("candidate_id", pa.string()),
        ("round", pa.int32()),
        ("scorer", pa.string()),
        ("score", pa.float64()),
        ("job_id", pa.string()),
        ("reason", pa.string()),
    ]
)

ADDED = ("reason",)  # columns that segments of earlier versions lack: read as null

EVALUATION_SAMPLES = pa.schema(
    [
        ("evaluation_key", pa.string()),
        ("model_id", pa.string()),
        ("prompt_id", pa.int32()),
        ("k", pa.int32()),
        ("completion", pa.string()),
        ("token_count", pa.int32()),
        ("finish", pa.string()),
        ("log_q", pa.float64()),
        ("log_base", pa.float64()),
        ("log_reference", pa.float64()),
        ("scores", pa.map_(pa.string(), pa.float64())),
        ("job_id", pa.string()),
    ]
)

# The base's completions, with their tokens, and each other model's KL on them, without tokens.
GAUGE_SAMPLES = pa.schema(
    [
        ("gauge_key", pa.string()),
        ("model_id", pa.string()),
        ("prompt_id", pa.int32()),
        ("prompt_token_ids", _INTS),
        ("token_ids", _INTS),
        ("token_count", pa.int32()),
        ("kl", pa.float64()),
        ("job_id", pa.string()),
    ]
)

TRIALS = pa.schema(
    [
        ("job_id", pa.string()),
        ("model_id", pa.string()),
        ("k", pa.int32()),
        ("completion", pa.string()),
        ("finish", pa.string()),
        ("token_count", pa.int32()),
    ]
)

# The columns of a job's inputs that determine which rows its segments must hold.
INPUT_COLUMNS = ("candidate_id", "prompt_id", "first_k", "missing")

Place: TypeAlias = tuple[str, pa.Schema]  # a table and its columns

DRAWN: Place = ("candidates", CANDIDATES)
SCORED: Place = ("scores", SCORES)
COMPARED: Place = ("evaluation_samples", EVALUATION_SAMPLES)
GAUGED: Place = ("gauge_samples", GAUGE_SAMPLES)
TRIED: Place = ("trials", TRIALS)
