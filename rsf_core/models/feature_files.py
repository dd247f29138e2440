"""Features of candidates, the last hidden states of the base model, in .npy files of the project that are read in parts.

    features/IDENTITY-1/NAME.npy        float32 (n, width), mapped into memory when rows are read
    features/IDENTITY-1/NAME.ids.npy    int32 (n, 3): round, prompt, k of each row; written last: a segment is whole or absent

IDENTITY is that of the model. Features can be recomputed, so backups do not hold them. A damaged segment counts as absent
until it is computed again.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rsf_core.domain import parse_candidate_id, place
from rsf_core.domain.errors import StageError
from rsf_core.domain.files import writable, write_whole

FOLDER = "features"
VERSION = 1  # of the computation of features from a completion
_IDS = ".ids.npy"

log = logging.getLogger(__name__)
Places = NDArray[np.int64]  # of candidates in a round: see domain.place


@dataclass(frozen=True, slots=True)
class _Rows:
    """The features of a round: `places` in ascending order, and for each the segment, by its index in `names`, and the row."""

    names: Sequence[str]
    places: Places
    segment: NDArray[np.int32]
    row: NDArray[np.int32]


class FeatureFiles:
    """The features of one project and one model. Several threads may read; one job writes."""

    def __init__(self, project: Path, identity: str) -> None:
        self._folder = project / FOLDER / f"{identity}-{VERSION}"
        self._lock = threading.Lock()
        self._segments: dict[str, NDArray[np.int32]] = {}  # the ids of each segment, by name
        self._bad: dict[str, int] = {}  # damaged segments, by name, with the mtime (ns) of the file that was read
        self._rounds: dict[int, _Rows] = {}

    def has_segment(self, name: str) -> bool:
        self._refresh()
        return name in self._segments

    def write(self, name: str, ids: NDArray[np.int32], states: NDArray[np.float32]) -> None:
        """Write a segment: `ids` (n, 3) of round, prompt and k, `states` (n, width). Raises StoreError, OutOfSpaceError."""
        with writable(self._folder.parent):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path, array in (
            (self._folder / f"{name}.npy", np.ascontiguousarray(states, np.float32)),
            (self._folder / f"{name}{_IDS}", np.ascontiguousarray(ids, np.int32)),
        ):
            write_whole(path, partial(_save, array))

    def count(self, round_number: int) -> int:
        """How many candidates of a round have features."""
        return len(self._of(round_number).places)

    def has(self, round_number: int, places: Places) -> NDArray[np.bool_]:
        """Which of a round's candidates have features, (n,)."""
        return _find(self._of(round_number), places)[1]

    def read(self, round_number: int, places: Places) -> NDArray[np.float32]:
        """The features of a round's candidates, (n, width), in the order of `places`. Raises StageError if some have none."""
        rows = self._of(round_number)
        at, there = _find(rows, places)
        if not there.all():
            raise StageError(
                f"{int((~there).sum()):,} of {len(places):,} candidates have no features yet: compute them on the Scorers "
                "page, or with `rsf embed DIR`"
            )
        segments = rows.segment[at]
        features: NDArray[np.float32] | None = None
        for number in np.unique(segments):
            mine = segments == number
            states = self._states(rows.names[number])
            features = np.empty((len(places), states.shape[1]), np.float32) if features is None else features
            features[mine] = states[rows.row[at[mine]]]
        return np.empty((0, 0), np.float32) if features is None else features

    def of(self, candidate_ids: Sequence[str]) -> NDArray[np.float32]:
        """The features of candidates of any rounds, (n, width), in the order of `candidate_ids`. Raises StageError if some
        have none, or are not ids of candidates."""
        named = [parse_candidate_id(name) for name in candidate_ids]
        unknown = [name for name, features in zip(candidate_ids, named, strict=True) if features is None]
        if unknown:
            raise StageError(f"{unknown[0]!r} is the name of no candidate: write round.prompt.k, e.g. 1.17.3")
        ids = np.array(named, np.int64).reshape(len(named), 3)
        features: NDArray[np.float32] | None = None
        for number in np.unique(ids[:, 0]):
            mine = ids[:, 0] == number
            states = self.read(int(number), place(ids[mine, 1], ids[mine, 2]))
            features = np.empty((len(ids), states.shape[1]), np.float32) if features is None else features
            features[mine] = states
        return np.empty((0, 0), np.float32) if features is None else features

    def _of(self, round_number: int) -> _Rows:
        self._refresh()
        none = _Rows((), np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0, np.int32))
        return self._rounds.get(round_number, none)

    def _refresh(self) -> None:
        """Read the ids of new segments; known segments are not read again."""
        with self._lock:
            paths = {path.name.removesuffix(_IDS): path for path in self._folder.glob(f"*{_IDS}")}
            bad = {name for name, when in self._bad.items() if name in paths and paths[name].stat().st_mtime_ns == when}
            there = paths.keys() - bad
            if there == self._segments.keys():
                return
            self._segments = {
                name: ids for name in sorted(there) if (ids := self._segments.get(name, self._ids(name))) is not None
            }
            self._rounds = _indexed(self._segments)

    def _ids(self, name: str) -> NDArray[np.int32] | None:
        """The ids of a segment; None if it is damaged."""
        try:
            ids = np.load(self._folder / f"{name}{_IDS}")
            states = np.load(self._folder / f"{name}.npy", mmap_mode="r")
            if ids.dtype != np.int32 or states.dtype != np.float32 or ids.shape != (len(states), 3) or states.ndim != 2:
                raise ValueError(f"{ids.dtype} {ids.shape} and {states.dtype} {states.shape} do not go together")
        except (OSError, ValueError, EOFError) as error:
            log.warning("the features in %s are damaged (%s): they are computed again", self._folder / name, error)
            self._bad[name] = (self._folder / f"{name}{_IDS}").stat().st_mtime_ns
            return None
        read_ids: NDArray[np.int32] = ids
        return read_ids

    def _states(self, name: str) -> NDArray[np.float32]:
        path = self._folder / f"{name}.npy"
        try:
            states: NDArray[np.float32] = np.load(path, mmap_mode="r")
        except (OSError, ValueError, EOFError) as error:
            with self._lock:
                self._segments.pop(name, None)  # the next refresh checks it again
            raise StageError(
                f"the features in {path} are damaged ({error}): compute those that are missing again"
            ) from error
        return states


def _indexed(segments: Mapping[str, NDArray[np.int32]]) -> dict[int, _Rows]:
    """The rows by round, from the ids of each segment. If a candidate occurs twice, its first row counts."""
    if not segments:
        return {}
    names, sizes = tuple(segments), [len(segment) for segment in segments.values()]
    ids = np.concatenate(list(segments.values()))
    number = np.repeat(np.arange(len(segments), dtype=np.int32), sizes)
    row = np.concatenate([np.arange(size, dtype=np.int32) for size in sizes])
    index = {}
    for round_number in np.unique(ids[:, 0]):
        mine = np.flatnonzero(ids[:, 0] == round_number)
        places, first = np.unique(place(ids[mine, 1].astype(np.int64), ids[mine, 2]), return_index=True)
        index[int(round_number)] = _Rows(names, places, number[mine[first]], row[mine[first]])
    return index


def _find(rows: _Rows, places: Places) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """The index of each of `places` in `rows`, and whether it is there at all; both (n,)."""
    if not len(rows.places):
        return np.zeros(len(places), np.intp), np.zeros(len(places), np.bool_)
    at = np.minimum(np.searchsorted(rows.places, places), len(rows.places) - 1)
    return at, rows.places[at] == places


def _save(array: NDArray[np.int32] | NDArray[np.float32], path: Path) -> None:
    with path.open("wb") as file:  # given a name, numpy would append .npy to it
        np.save(file, array)
