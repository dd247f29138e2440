"""The card of an export: what it holds and how it was made, in Markdown with a YAML header that the hub reads. Pure.

Names come from people and models, so each is written as code, which Markdown shows as it is. JSON strings are valid YAML.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from rsf_core.acceptance.bands import Rates
from rsf_core.domain import Scope
from rsf_core.domain.questions import QuestionKind
from rsf_core.domain.words import in_percent, plural
from rsf_core.project.exporting.answered import AnsweredVersion
from rsf_core.project.exporting.finished import guide_file
from rsf_core.project.exporting.request import Format, Pairing, Request, Shape, What
from rsf_core.project.exporting.rounds import Counted
from rsf_core.project.exporting.schemas import MEANINGS
from rsf_core.review.agreement import Agreement
from rsf_core.sampling.intervals import Interval
from rsf_core.store.records import CuratedRecord, RoundCounts, ThresholdRecord
from rsf_core.store.review_records import GuideVersion

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_TITLES = {
    What.SFT: "accepted completions",
    What.PREFERENCE: "preference pairs",
    What.LABELS: "completions with labels",
    What.ALL: "all candidates",
}
_TRAINERS = {What.SFT: "SFTTrainer", What.PREFERENCE: "DPOTrainer", What.LABELS: "KTOTrainer"}


@dataclass(frozen=True, slots=True)
class Facts:
    """What a card is written from. `laws` are the sampling settings that the round's candidates were drawn with, `reviewers`
    is how many candidates each has decided, `guide` the newest version of the guide, `by_guide` how many effective opinions
    were given under each version (0: before there was one), `questions` those that people answered besides deciding. `parts`
    are the facts of each round of an export over all rounds."""

    project: str
    task: str
    request: Request
    schema: pa.Schema
    files: Sequence[tuple[str, int]]
    round_number: int
    model_id: str
    model_name: str
    laws: Sequence[str]
    target: Mapping[str, Any] | None
    threshold: ThresholdRecord | None
    counts: RoundCounts
    rates: Rates
    curated: CuratedRecord | None
    counted: Counted
    reviewers: Mapping[str, int]
    agreement: Agreement | None
    guide: GuideVersion | None
    by_guide: Mapping[int, int]
    questions: Sequence[AnsweredVersion]
    parts: Sequence[Facts] = ()

    @property
    def rows(self) -> int:
        return sum(rows for _, rows in self.files)


def card(facts: Facts) -> str:
    """The whole card; the same facts give the same text."""
    title = f"{facts.project}: {_TITLES[facts.request.what]}"
    return "\n".join(
        [
            *_head(facts, title),
            f"# {code(facts.project)}: {_TITLES[facts.request.what]}",
            "",
            f"{plural(facts.rows, 'row')} from {plural(facts.counted.prompts, 'prompt')} of {_rounds(facts)} of a",
            f"project of RSF Studio (task {code(facts.task)}): rejection-sampling fine-tuning with people in the loop.",
            "",
            *_what(facts),
            *(line for part in facts.parts or (facts,) for line in _of_round(part, bool(facts.parts))),
            "## Columns",
            "",
            "| column | what it is |",
            "|---|---|",
            *(f"| `{name}` | {MEANINGS[name].replace('|', chr(92) + '|')} |" for name in facts.schema.names),
            "",
            *_loading(facts),
        ]
    )


def _rounds(facts: Facts) -> str:
    numbers = ", ".join(str(part.round_number) for part in facts.parts)
    return f"{'rounds' if facts.parts[1:] else 'round'} {numbers or facts.round_number}"


def _of_round(facts: Facts, one_of_several: bool) -> Iterator[str]:
    """How the rows of a round were made, and who reviewed them."""
    if one_of_several:
        yield f"## Round {facts.round_number}: {plural(facts.counted.rows, 'row')}"
        yield ""
    level = "###" if one_of_several else "##"
    yield f"{level} How it was made"
    yield ""
    yield from _origin(facts)
    yield ""
    yield f"{level} Who reviewed"
    yield ""
    yield from _reviewed(facts)
    yield ""
    yield from _questions(facts, level)


def code(text: str) -> str:
    """`text` on one line as code, which Markdown shows as it is, whatever it contains."""
    line = " ".join(text.split()) or " "
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", line)), default=0))
    space = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{space}{line}{space}{fence}"


def _head(facts: Facts, title: str) -> Iterator[str]:
    rows = facts.rows
    yield "---"
    yield f"pretty_name: {json.dumps(title)}"
    yield "task_categories:\n- text-generation"
    yield f"size_categories:\n- {next((name for limit, name in _SIZES if rows < limit), '1M<n<10M')}"
    yield "tags:\n- rejection-sampling\n- rsf-studio"
    yield "configs:\n- config_name: default\n  data_files:\n  - split: train"
    yield "    path: " + ("data/train-*.parquet" if facts.request.format is Format.DATASETS else facts.files[0][0])
    yield "dataset_info:\n  features:"
    for field in facts.schema:
        lists_are_text = facts.request.format is Format.CSV and pa.types.is_list(field.type)
        yield f"  - name: {field.name}"
        yield from _feature(pa.string() if lists_are_text else field.type, "    ")
    yield "---\n"  # no `splits`: they need the size in bytes of the Arrow table that `datasets` makes, unknown here


def _feature(kind: pa.DataType, indent: str) -> Iterator[str]:
    """A column's type as `datasets` writes it."""
    if not pa.types.is_list(kind):
        yield f"{indent}dtype: {_dtype(kind)}"
    elif pa.types.is_struct(kind.value_type):
        yield f"{indent}list:"
        for field in kind.value_type:
            yield f"{indent}- name: {field.name}"
            yield f"{indent}  dtype: {_dtype(field.type)}"
    else:
        yield f"{indent}list: {_dtype(kind.value_type)}"


def _dtype(kind: pa.DataType) -> str:
    return {pa.string(): "string", pa.float64(): "float64", pa.int64(): "int64", pa.bool_(): "bool"}[kind]


def _what(facts: Facts) -> Iterator[str]:
    request, counted = facts.request, facts.counted
    if facts.parts:
        yield from _over_rounds(facts)
    if request.what is What.SFT and facts.parts:
        for part in facts.parts:
            if part.curated is not None:
                yield f"- Round {part.round_number}: the curated set {code(part.curated.curated_id)}, frozen by "
                yield f"  {code(part.curated.author)}; its content has the SHA-256 `{part.curated.content_hash}`."
    elif request.what is What.SFT and facts.curated is not None:
        yield f"The curated set {code(facts.curated.curated_id)}, frozen by {code(facts.curated.author)}; its content has the "
        yield f"SHA-256 `{facts.curated.content_hash}`."
    elif request.what is What.PREFERENCE:
        yield {
            Pairing.REWARD: "For each prompt, the accepted completion with the highest reward is paired with the "
            "rejected one with the lowest, the next with the next. If the accepted one does not have the higher "
            "reward, the pair counts only if people decided one of the two.",
            Pairing.RANDOM: "For each prompt, accepted and rejected completions are paired at random, each once (seed "
            f"{request.seed}).",
            Pairing.ALL: "For each prompt, every accepted completion is paired with every rejected one.",
            Pairing.COMPARED: "People compared two completions of a prompt, or ranked several, which counts as all "
            "their pairs: “chosen” is the one that most of the people who compared the two prefer. A pair that was "
            f"only ranked, among K, has the weight 3/(K + 1). {plural(counted.tied, 'pair')} without a majority, ties "
            "among them, are left out.",
        }[request.pairing]
    elif request.what is What.LABELS:
        yield f"{plural(counted.accepted, 'completion')} accepted, {counted.rejected:,} rejected."
    else:
        yield "Every candidate as drawn, whatever its decision."
    yield ""
    if request.what is What.LABELS or (request.what is What.PREFERENCE and request.pairing is not Pairing.COMPARED):
        yield f"Left out of {plural(counted.candidates, 'candidate')}:"
        yield ""
        yield f"- {counted.undecided:,} without a decision"
        yield f"- {counted.truncated:,} that the token limit ended and no person decided"
        yield f"- {counted.near_held_out:,} of train prompts that nearly repeat a held-out one"
        yield f"- {counted.repeated:,} that equal another completion of their prompt; people decide before the rule"
        yield f"- {plural(counted.contradictory, 'text')} that people have both accepted and rejected"
        yield ""


def _over_rounds(facts: Facts) -> Iterator[str]:
    yield "One set over all rounds, the oldest first; the column `round` names that of each row. Every round has its own"
    yield "model, target and M, so a text that was drawn in several stands in each with what was decided there, and rewards"
    yield "of two rounds may be of two targets." + (
        " Pairs are of one round each." if facts.request.what is What.PREFERENCE else ""
    )
    yield ""


def _origin(facts: Facts) -> Iterator[str]:
    yield f"- **Proposal q**: {code(facts.model_id)}, {code(facts.model_name)}"
    for law in facts.laws:
        yield f"- **Sampling**: {code(_settings(law))}"
    if facts.target is not None:
        yield f"- **Target P**: {code(json.dumps(facts.target, ensure_ascii=False, sort_keys=True))}"
    threshold = facts.threshold
    if threshold is not None:
        curated = facts.curated
        log_m, scope = (threshold.log_m, threshold.scope) if curated is None else (curated.log_m, curated.scope)
        relative = "relative to each prompt's scale" if scope is Scope.PROMPT else "the same for all prompts"
        yield f"- **M**: log M = {log_m:.6g} nats, {relative}"
        if curated is None or curated.log_m == threshold.log_m:
            yield f"- **M was chosen by**: {code(threshold.author)} ({code(threshold.reason)})"
    automatic, effective, overridden = facts.rates.automatic, facts.rates.effective, facts.counts.overridden
    violated, which = facts.counts.violated, "P/q > M"
    if facts.curated is not None:
        summary = facts.curated.summary
        automatic, effective = summary.get("rate_automatic", math.nan), summary.get("rate_effective", math.nan)
        overridden, violated = summary.get("overridden", overridden), summary.get("bound_violated", violated)
        if "violated" in summary:  # a set of an earlier version
            violated, which = summary["violated"], "P/q > M, truncated ones too"
    yield f"- **Acceptance rate**: {_share(automatic)} by the rule alone, {_share(effective)} with overrides"
    yield (f"- **Overridden by people**: {plural(overridden, 'candidate')}; **bound violated** ({which}): {violated:,}")
    if overridden:
        yield "- With overrides the accepted are no longer an exact draw from P, so both rates are given"


def _reviewed(facts: Facts) -> Iterator[str]:
    if not facts.reviewers:
        yield "Nobody has decided a candidate of this round; the rule decided all of them."
        return
    for name, decided in sorted(facts.reviewers.items()):
        yield f"- {code(name)}: {plural(decided, 'candidate')}"
    yield from _guide(facts)
    agreement = facts.agreement
    if agreement is None:
        return
    yield ""
    audit = agreement.audit
    for name, share in (("people accept", audit.precision), ("the rule accepts", audit.recall)):
        other = "the rule accepts" if name == "people accept" else "people accept"
        if share is not None:
            yield f"- Of what {other}, {name} {_interval(share)} (a random sample, {plural(audit.total, 'candidate')})"
    for pair in agreement.pairs:
        kappa = "not defined" if pair.kappa is None else f"{pair.kappa:.3f}"
        yield f"- {code(pair.first)} and {code(pair.second)}: the same of {pair.same:,} of {pair.both:,}; Cohen's κ {kappa}"
    if agreement.alpha is not None:
        yield f"- Krippendorff's α of all reviewers: {agreement.alpha:.3f}"


def _guide(facts: Facts) -> Iterator[str]:
    """The versions of the guide by which reviewers decided."""
    if facts.guide is None:
        return
    digest = hashlib.sha256(facts.guide.text.encode()).hexdigest()
    yield ""
    yield f"- **Guide**: version {facts.guide.version} is the newest, by {code(facts.guide.author)}: "
    yield f"  `{guide_file(facts.guide.version)}`; its text has the SHA-256 `{digest}`"
    for version, words in sorted(facts.by_guide.items()):
        yield f"- Decided {f'by version {version}' if version else 'before there was a guide'}: {plural(words, 'opinion')}"


def _questions(facts: Facts, level: str) -> Iterator[str]:
    """The questions that reviewers answered besides deciding; nothing if there are no answers."""
    if not facts.questions:
        return
    yield f"{level} What they were asked"
    yield ""
    for one in facts.questions:
        question = one.asked.question
        options = f", {', '.join(map(code, question.options))}" if question.options else ""
        points = f", 1 to {question.points}" if question.kind is QuestionKind.RATING else ""
        yield f"- {code(question.name)} (version {one.asked.version}; {question.kind}{points}{options}): {code(question.text)}"
        yield f"  {plural(one.answers, 'answer')}"
    yield ""


def _loading(facts: Facts) -> Iterator[str]:
    yield "## How to load it"
    yield ""
    yield "```python"
    yield "from datasets import load_dataset"
    yield ""
    yield 'rows = load_dataset("PATH OF THIS FOLDER", split="train")'
    yield "```"
    if facts.request.what in _TRAINERS and facts.request.format is not Format.CSV:
        yield ""
        yield f"TRL's `{_TRAINERS[facts.request.what]}` takes these rows as they are."
        if facts.request.shaped is Shape.PLAIN:
            yield "Texts are not put into a chat template; the system prompt has its own column."
    if facts.request.format is Format.CSV:
        yield ""
        yield "A text that a spreadsheet would take for a formula (it begins with =, +, -, @, a tab or a line end) has an"
        yield "apostrophe in front, and so has a text with apostrophes before such a sign: take one away to have the text as"
        yield "it was. Lists are JSON. The file is UTF-8 with a byte-order mark, which Excel needs."
    yield ""


def _settings(law: str) -> str:
    """Sampling settings on one line; text that is not settings stays as it is."""
    try:
        values = json.loads(law)
    except ValueError:
        return law
    return ", ".join(f"{name} {value}" for name, value in sorted(values.items())) if isinstance(values, dict) else law


def _share(value: float) -> str:
    return "not known" if math.isnan(value) else in_percent(value, 1)


def _interval(interval: Interval) -> str:
    return f"{in_percent(interval.value, 1)} [{in_percent(interval.low, 1)}, {in_percent(interval.high, 1)}]"
