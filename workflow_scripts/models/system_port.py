"""What a system has for a direction, laid on a port's network: weights of its own, adapters, masks."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from torch import Tensor

from workflow_scripts.models.port import Intervention, Laid
from workflow_scripts.units.adapters import AdapterRow
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.system import SystemFolder


class SystemPort(ABC):
    """A port of a system, or of a network alone. Of a system with other weights for some directions the
    network is one direction's at a time."""

    def __init__(self, system: SystemFolder | None, weights: Path | None = None) -> None:
        """``weights``: the file that the network has its weights from, if it has some."""
        self._system = system
        self._weights = weights
        self._inside = False

    @abstractmethod
    def intervene(
        self,
        masks: MaskTable,
        gates: Mapping[str, str] | None = None,
        means: Mapping[str, Tensor] | None = None,
    ) -> Intervention:
        """See ``models.port.Port.intervene``."""

    @abstractmethod
    def load_weights(self, weights: Path) -> None:
        """Copy a file of weights into the network; UserError if it does not fit."""

    @abstractmethod
    def adapt(self, adapter: AdapterRow) -> AbstractContextManager[Any]:
        """Lay a row of adapters on the network for a block."""

    def direction(self, name: str, masks: Path | None = None) -> AbstractContextManager[None]:
        """See ``models.port.Port.direction``."""
        if self._system is None:
            raise RuntimeError("a port without a system has nothing for a direction")
        system = self._system if masks is None else self._system.with_masks(masks, name)
        table, weights = system.masks_of(name), system.weights_of(name)
        parts: list[Callable[[], AbstractContextManager[Any]]] = []
        if (adapter := system.adapter_of(name)) is not None:
            parts.append(partial(self.adapt, adapter))
        if table is not None:
            parts.append(partial(self.intervene(table).use, name))
        return Laid(partial(self._lay, weights, parts))

    @contextmanager
    def _lay(
        self, weights: Path, parts: Sequence[Callable[[], AbstractContextManager[Any]]]
    ) -> Iterator[None]:
        self._take(weights)
        with ExitStack() as stack:
            for part in parts:
                stack.enter_context(part())
            self._inside = True
            try:
                yield
            finally:
                self._inside = False

    def _take(self, weights: Path) -> None:
        if weights != self._weights:
            self.load_weights(weights)
            self._weights = weights

    def take_shared(self) -> None:
        """Load the weights of all directions; UserError where some have their own. Nothing in a block of
        ``direction``, which has loaded its own."""
        if self._system is not None and not self._inside:
            self._take(self._system.weights)
