"""The prompts of a project: added, retired, put back and replaced, never changed or deleted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Unpack

import numpy as np
import pyarrow as pa

from rsf_core.domain import Prompt, Split
from rsf_core.domain.access import checks_name
from rsf_core.domain.turns import Turns
from rsf_core.store.database import Database, utc_now
from rsf_core.store.kept import Kept
from rsf_core.store.records import NO_ROOM, Fit, PromptFilters, PromptPage, PromptRecord, Room, Window

NewPrompt = tuple[str, str | None, str | None, Split] | tuple[str, str | None, str | None, Split, Turns]
IN_USE = ("prompts", "prompt_events")  # the tables that determine which prompts are in use
_GIVEN = ["text", "system", "reference", "split", "earlier"]
_SHOWN = 300  # characters of a text in a list


class Prompts:
    def __init__(self, database: Database, kept: Kept) -> None:
        self._db, self._kept = database, kept

    def all(self, split: Split | None = None, retired: bool = False) -> list[Prompt]:
        """The prompts in use, by number; with `retired` also those that are no longer in use."""
        return [Prompt.from_row(row) for row in self._db.rows("prompts", {"split": split, "retired": retired})]

    def entries(self) -> pa.Table:
        """Every prompt there is or was, by number: prompt_id, text, split, system, earlier, whether it is out of use
        (`former`), and the `reference_key` of its reference (prompts/placing.py), null without one."""
        return self._db.arrow("prompt_entries")

    def counts(self) -> dict[Split, int]:
        """How many prompts of each split are in use."""
        return {Split(row["split"]): row["count"] for row in self._kept.rows("prompt_counts", IN_USE)}

    def with_reference(self) -> int:
        return sum(row["with_reference"] for row in self._kept.rows("prompt_counts", IN_USE))

    def references(self) -> Iterator[tuple[int, str | None]]:
        """The number and the reference of each prompt in use that is not sealed, by number."""
        rows = self._db.arrow("prompt_references")
        return zip(rows["prompt_id"].to_pylist(), rows["reference"].to_pylist(), strict=True)

    def version(self) -> tuple[int, int]:
        """Differs whenever prompts do; the second number whenever one was retired, replaced or put back."""
        row = self._kept.rows("prompts_version", IN_USE)[0]
        return row["prompt_id"], row["seq"]

    def page(
        self,
        limit: int,
        offset: int = 0,
        room: Room = NO_ROOM,
        **filters: Unpack[PromptFilters],
    ) -> PromptPage:
        """A part of the list, by number; the filter `fit` is about `room`."""
        chosen = {name: filters.get(name) or None for name in ("split", "text", "fit")}
        chosen |= {"retired": filters.get("retired"), **asdict(room)}
        rows = self._db.rows("prompt_page", {**chosen, "limit": limit, "offset": offset, "shown": _SHOWN})
        totals = [row.pop("total") for row in rows]
        rows = [row for row in rows if row["prompt_id"] is not None]  # a page past the end has the total alone
        ids = [row["prompt_id"] for row in rows]
        fits = {row["prompt_id"]: row for row in self._db.rows("prompt_fit", {"prompt_ids": ids, **asdict(room)})}
        records = tuple(_record(row | fits.get(row["prompt_id"], {})) for row in rows)
        return PromptPage(totals[0], records)

    def by_id(self, prompt_ids: Sequence[int]) -> list[PromptRecord]:
        """Those that exist, with their whole texts."""
        return [_record(row) for row in self._db.rows("prompt_state", {"prompt_ids": list(prompt_ids)})]

    def add(self, prompts: Iterable[NewPrompt], source: str) -> list[int]:
        """Add `(text, system, reference, split)` rows, with or without the earlier turns at the end. Returns their numbers."""
        with self._db.transaction("saving prompts"):
            first = self._db.rows("next_prompt_id")[0]["prompt_id"]
            now = utc_now()
            rows = [
                {
                    "prompt_id": first + i,
                    "text": text,
                    "system": system,
                    "reference": reference,
                    "split": str(split),
                    "earlier": list(earlier[0]) if earlier and earlier[0] else None,
                    "source": source,
                    "created_at": now,
                }
                for i, (text, system, reference, split, *earlier) in enumerate(prompts)
            ]
            self._db.insert("prompts", rows)
            return list(range(first, first + len(rows)))

    def add_rows(self, rows: Iterable[pa.RecordBatch], source: str) -> range:
        """Add the rows of a file: text, system, reference, split, earlier. Returns their numbers. Part by part, in one
        transaction."""
        with self._db.transaction("saving prompts"):
            first = end = int(self._db.rows("next_prompt_id")[0]["prompt_id"])
            now = utc_now()
            for batch in rows:
                part = pa.table(batch).select(_GIVEN)
                numbers = pa.array(np.arange(end, end + len(part), dtype=np.int32))
                end += len(part)
                for name, values in (
                    ("prompt_id", numbers),
                    ("source", pa.repeat(source, len(part))),
                    ("created_at", pa.repeat(pa.scalar(now), len(part))),
                ):
                    part = part.append_column(name, values)
                self._db.append("prompts", part)
            return range(first, end)

    @checks_name
    def say(self, prompt_ids: Sequence[int], action: str, author: str, replaced_by: int | None = None) -> None:
        """Append an event, "retire", "replace" or "restore", for each of these prompts."""
        row = {"action": action, "replaced_by": replaced_by, "author": author, "created_at": utc_now()}
        with self._db.transaction("saving what becomes of prompts"):
            self._db.insert("prompt_events", [{"prompt_id": prompt_id} | row for prompt_id in prompt_ids])

    # -- how long they are for the model -------------------------------------------------------------------------------

    def fits(self, room: Room) -> dict[Fit, int]:
        """How many prompts in use have which fit in `room`."""
        return {Fit(row["fit"]): row["count"] for row in self._db.rows("prompt_fits", asdict(room))}

    def windows(self) -> list[Window]:
        """The room of each model that prompts were counted for, the newest first."""
        return [Window(**row) for row in self._kept.rows("prompt_windows", ("prompt_windows",))]

    def say_lengths(self, window: Window, prompt_ids: Sequence[int], lengths: pa.Table) -> None:
        """Append how long these prompts are for a model, in the order of `lengths`: tokens, refused."""
        with self._db.transaction("saving the lengths of prompts"):
            if next((known for known in self.windows() if known.name == window.name), None) != window:
                self._db.insert("prompt_windows", [asdict(window)])
            table = lengths.select(["tokens", "refused"])
            table = table.append_column("prompt_id", pa.array(prompt_ids, pa.int32()))
            self._db.append(
                "prompt_lengths", table.append_column("model", pa.repeat(pa.scalar(window.model), len(prompt_ids)))
            )

    def copy_lengths(self, places: Mapping[int, int]) -> None:
        """Copy the lengths of prompts to those with the same texts that replace them; `places`: the new number by the old."""
        rows = self._db.rows("prompt_lengths_of", {"prompt_ids": list(places)})
        with self._db.transaction("saving the lengths of prompts"):
            self._db.insert("prompt_lengths", [row | {"prompt_id": places[row["prompt_id"]]} for row in rows])


def _record(row: dict[str, Any]) -> PromptRecord:
    fit = {"fit": Fit(row["fit"])} if "fit" in row else {}
    return PromptRecord(**row | {"split": Split(row["split"]), "earlier": tuple(row["earlier"] or ())} | fit)
