"""Arrays that grow together at their end."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


class Columns:
    """Named columns of one length. A view taken before an append keeps what it showed."""

    def __init__(self, **types: DTypeLike) -> None:
        self._arrays: dict[str, NDArray[Any]] = {name: np.empty(0, kind) for name, kind in types.items()}
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self._arrays[name][: self._length]

    def append(self, **rows: Any) -> None:
        """Add rows: an array or a sequence for each column."""
        end = self._length + len(next(iter(rows.values())))
        for name, values in rows.items():
            array = self._arrays[name]
            if len(array) < end:
                self._arrays[name] = np.empty(max(end, 2 * len(array)), array.dtype)
                self._arrays[name][: self._length] = array[: self._length]
            self._arrays[name][self._length : end] = values
        self._length = end
