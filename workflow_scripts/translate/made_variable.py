"""Matrices of a CTranslate2 specification that are made when they are asked for, so that it holds none."""

from collections.abc import Callable

import numpy as np
from ctranslate2.specs.model_spec import NumpyVariable, Variable
from numpy.typing import ArrayLike, NDArray


class MadeVariable(Variable):  # type: ignore[misc]  # the library has no types
    """A float32 variable of a specification that is made anew each time that it is read."""

    def __init__(self, shape: tuple[int, ...], make: Callable[[], ArrayLike]) -> None:
        """``make``: returns the values, of ``shape``."""
        self._shape = shape
        self._make = make

    @property
    def shape(self) -> tuple[int, ...]:
        """See ``Variable``."""
        return self._shape

    @property
    def dtype(self) -> str:
        """See ``Variable``."""
        return "float32"

    def numpy(self) -> NDArray[np.float32]:
        """Return the values, float32 of ``shape``, its rows one after another in memory."""
        return np.ascontiguousarray(self._make(), dtype=np.float32)

    def num_bytes(self) -> int:
        """See ``Variable``."""
        return int(np.prod(self._shape)) * np.dtype(np.float32).itemsize

    def to_bytes(self) -> memoryview:
        """Return the values as they are in memory."""
        return self.numpy().data

    def _to(self, dtype: str) -> Variable:
        converted: Variable = NumpyVariable(self.numpy()).to(dtype)
        return converted

    def _equal(self, other: Variable) -> bool:
        # Values are not compared: that would make every pair of matrices.
        return self is other
