"""The learn job: learns a scorer from people's decisions and evaluates it; takes seconds once the features exist."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from rsf_core import models
from rsf_core.domain import place
from rsf_core.domain.errors import StageError
from rsf_core.domain.results import JobResult
from rsf_core.domain.specs import LearnSpec
from rsf_core.jobs.work.embed import ids_of
from rsf_core.jobs.work.loading import locate, placed, report, report_base
from rsf_core.jobs.worker import JobContext
from rsf_core.learning.decided import Compared, Decided, FeatureRows
from rsf_core.learning.taste import Learned, learn
from rsf_core.models.feature_files import FeatureFiles
from rsf_core.prompts.near_duplicates import near_duplicate_pairs
from rsf_core.proposals import making

AT_ONCE = 256  # candidates between two checks for a cancellation
_READ = ["round", "prompt_id", "k", "prompt_token_ids", "token_ids"]  # of candidates whose features are computed


def run(context: JobContext[LearnSpec]) -> None:
    spec, rows = context.spec, context.input("decided")
    folder = locate(context, spec.model)
    report_base(context, spec.model, folder)
    identity = models.identity(folder)
    files = FeatureFiles(context.project, identity)
    _embed_missing(context, files, [rows, *([context.input("candidates")] if spec.pairs else [])])
    alike = _alike([rows, *([context.input("candidates")] if spec.pairs else [])])
    compared = _compared(context, files, alike) if spec.pairs else None
    hidden = _features(files, rows)
    context.check_cancelled()
    context.progress(message="learning from the decisions")
    decided = Decided(
        hidden,
        _scores(rows, spec),
        spec.others,
        rows["accepted"].to_numpy(zero_copy_only=False),
        _prompts(rows, alike),
        rows["rule"].to_numpy().astype(np.float64),
        rows["audit"].to_numpy(zero_copy_only=False),
    )
    try:
        learned = learn(decided, spec.rate, compared=compared)
    except ValueError as error:
        raise StageError(f"{error}: decide some more on the Review page") from error
    report(context, JobResult(taste=_body(learned, spec, identity, rows)))


def _alike(tables: Sequence[pa.Table]) -> dict[int, int]:
    """Maps each prompt of `tables` to the first prompt of its group of near-duplicates (connected components): they count as
    one in folds and intervals, because a model that has seen one of them has seen the others. Empty if the tables have no
    texts, as in a job that an earlier version began."""
    if any("prompt" not in table.column_names for table in tables):
        return {}
    texts: dict[int, str] = {}
    for table in tables:
        texts |= dict(zip(table["prompt_id"].to_pylist(), table["prompt"].to_pylist(), strict=True))
    numbers = sorted(texts)
    pairs = np.array(near_duplicate_pairs([texts[number] for number in numbers]), np.int64).reshape(-1, 2)
    joined = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(numbers), len(numbers)))
    group = connected_components(joined, directed=False)[1]
    first = np.unique(group, return_index=True)[1]
    return {number: numbers[first[of]] for number, of in zip(numbers, group.tolist(), strict=True)}


def _prompts(rows: pa.Table, alike: Mapping[int, int]) -> NDArray[np.int64]:
    return np.array([alike.get(number, number) for number in rows["prompt_id"].to_pylist()], np.int64)


def _compared(context: JobContext[LearnSpec], files: FeatureFiles, alike: Mapping[int, int]) -> Compared:
    """People's verdicts on two candidates: `compared` has rows of `candidates`, and no weights if the job was begun before
    there were rankings."""
    shown, words = context.input("candidates"), context.input("compared")
    hidden, scores = _features(files, shown), _scores(shown, context.spec)
    left, right = (words[side].to_numpy().astype(np.int64) for side in ("left", "right"))
    return Compared(
        FeatureRows(hidden[left], scores[left]),
        FeatureRows(hidden[right], scores[right]),
        words["preferred"].to_numpy().astype(np.float64),
        _prompts(shown, alike)[left],
        words["weight"].to_numpy().astype(np.float64) if "weight" in words.column_names else np.ones(words.num_rows),
    )


def _scores(rows: pa.Table, spec: LearnSpec) -> NDArray[np.float64]:
    return np.array(rows["scores"].to_pylist(), np.float64).reshape(rows.num_rows, len(spec.others))


def _embed_missing(context: JobContext[LearnSpec], files: FeatureFiles, tables: Sequence[pa.Table]) -> None:
    """Compute the features of the candidates of `tables` that have none, each once: one may be in several."""
    rows = pa.concat_tables([table.select(_READ) for table in tables])
    _, first = np.unique(ids_of(rows), axis=0, return_index=True)
    rows = rows.take(np.sort(first))
    lacking = rows.filter(pa.array(~_has(files, rows)))
    if not lacking.num_rows:
        return
    context.progress(message="loading the model")
    model = making.loaded(locate(context, context.spec.model), placed(context))
    context.start_counting(0, lacking.num_rows, "candidates", "computing features")
    for unit, start in enumerate(range(0, lacking.num_rows, AT_ONCE)):
        context.check_cancelled()
        part = lacking.slice(start, AT_ONCE)
        pairs = list(zip(part["prompt_token_ids"].to_pylist(), part["token_ids"].to_pylist(), strict=True))
        name = f"{context.spool.folder.name}-{start}-{unit:04d}-{lacking.num_rows}"
        files.write(name, ids_of(part), model.hidden_states(pairs))
        context.progress(start + part.num_rows)


def _has(files: FeatureFiles, rows: pa.Table) -> NDArray[np.bool_]:
    ids, present = ids_of(rows).astype(np.int64), np.zeros(rows.num_rows, np.bool_)
    for number in np.unique(ids[:, 0]):
        mine = ids[:, 0] == number
        present[mine] = files.has(int(number), place(ids[mine, 1], ids[mine, 2]))
    return present


def _features(files: FeatureFiles, rows: pa.Table) -> NDArray[np.float32]:
    return files.of([".".join(map(str, row)) for row in ids_of(rows).tolist()])


def _body(learned: Learned, spec: LearnSpec, identity: str, rows: pa.Table) -> dict[str, object]:
    """What is stored of the learned scorer, as JSON."""
    linear, report_ = learned.linear, learned.report
    others = zip(spec.others, linear.others, linear.means, linear.deviations, strict=True)
    names = [".".join(map(str, row)) for row in ids_of(rows).tolist()]
    return {
        "version": spec.taste,
        "author": spec.author,
        "identity": identity,
        "hidden": linear.hidden.tolist(),
        "others": [
            {"name": name, "weight": float(weight), "mean": float(mean), "deviation": float(deviation)}
            for name, weight, mean, deviation in others
        ],
        "intercept": linear.intercept,
        "report": asdict(report_),
        "out_of_fold": dict(zip(names, np.round(learned.out_of_fold, 4).tolist(), strict=True)),
    }
