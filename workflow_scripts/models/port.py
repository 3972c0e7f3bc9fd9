"""What the stages ask of a model, whichever library runs it, and the loading of a system."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workflow_scripts.common.errors import UserError
from workflow_scripts.models.port_modules import check_port, port_module
from workflow_scripts.units.activity import Activation
from workflow_scripts.units.description import DEFAULT_PORT
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.space import Stack, UnitGroup, UnitSpace
from workflow_scripts.units.system import SystemFolder

#: What a port may be able to do beside what each can.
Ability = Literal["generate", "metric", "text"]

#: call(group, values [T, B, units, width], real [T, B]): a group's values in one forward pass, on the model's
#: device, and which positions are not padding. It must not change them; it may keep their gradient.
Call = Callable[[UnitGroup, Tensor, Tensor], None]


class Task(Protocol):
    """What a model is measured on: a direction, or a data set of another name."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def files(self) -> Sequence[Path]:
        """The files of the source, then as many of the target; none for given sentences."""


class Batches(Protocol):
    """The batches of one task, made on each iteration."""

    #: Lines that are longer than the model or a batch can hold.
    skipped: int

    @property
    def lines(self) -> Sequence[NDArray[np.int64]]:
        """The line numbers of each batch."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Any]: ...


class Intervention(Protocol):
    """Mask rows that can be laid on a model; each block ends with a check that every gate was used."""

    def use(self, row: str, stack: Stack | None = None) -> AbstractContextManager[Any]:
        """Lay one row on the model for the block; ``stack``: on this one alone, the other stays whole."""

    def left_out(self, row: str, stack: Stack) -> bytes:
        """Return what a row leaves out of a stack, equal for rows that leave out the same; none: empty."""

    def use_rows(self, rows: Sequence[str]) -> AbstractContextManager[Any]:
        """Lay one row per sentence on the model for the block, in the order of the batch."""


class Laid(AbstractContextManager[None]):
    """A context that may be entered again and again: each time a new one of ``make``."""

    def __init__(self, make: Callable[[], AbstractContextManager[None]]) -> None:
        self._make = make

    def __enter__(self) -> None:
        self._open = self._make()
        self._open.__enter__()

    def __exit__(self, *error: Any) -> bool | None:
        return self._open.__exit__(*error)


class Port(Protocol):
    """A loaded model."""

    name: str
    abilities: frozenset[Ability]

    @property
    def device(self) -> torch.device:
        """Where the model is."""

    @property
    def activation(self) -> Activation:
        """What its FFN neurons compute."""

    @property
    def symbols(self) -> int:
        """How many ids its vocabularies have."""

    @property
    def marks(self) -> frozenset[int]:
        """The ids that stand for no text: ``</s>``, padding, tags of its languages."""

    @property
    def unknown(self) -> int:
        """The id of text that has none."""

    def space(self, kinds: Collection[str] = ("ffn",)) -> UnitSpace:
        """Return the model's units of these kinds."""

    def task(self, data: Path, subset: str, name: str) -> Task:
        """Open a task of a data folder; UserError if it does not fit the model."""

    def pairs(
        self, name: str, languages: tuple[str, str], pairs: Sequence[tuple[Sequence[int], Sequence[int]]]
    ) -> Task:
        """Return given sentences, ids without ``</s>``, as a task."""

    def batches(
        self, task: Any, max_tokens: int, *, by_source: bool = False, max_lines: int | None = None
    ) -> Batches:
        """Cut a task into batches of at most ``max_tokens`` positions, padding included; ``by_source``: by
        the source alone, the same for tasks with one source. ``max_lines``: use the first so many lines."""

    def tokens(self, batch: Any, stack: Stack) -> Tensor:
        """Return the ids that a stack reads at each position, int64 [T, B], padding among them: markers and
        all that the model adds. A decoder's state at a position has read the ids up to it."""

    def real(self, batch: Any, stack: Stack) -> Tensor:
        """Return which of these positions are text, bool [T, B]: False at padding."""

    def taps(
        self, space: UnitSpace, call: Call, *, gate: bool = False, packed: bool = False
    ) -> AbstractContextManager[None]:
        """Call ``call`` for each group in each pass of the block; RuntimeError if a group was never seen.
        ``gate``: of gated FFN neurons give the activated value of the gate, not that of the neuron: of masks
        laid with ``scale`` or ``mean`` it is the one before them. ``packed``: positions may come in another
        order and number than those of the batch, B = 1, as long as each real one comes once."""

    def intervene(
        self,
        masks: MaskTable,
        gates: Mapping[str, str] | None = None,
        means: Mapping[str, Tensor] | None = None,
    ) -> Intervention:
        """Prepare to lay rows of ``masks`` on the model. ``gates``: kind of unit to kind of gate, where the
        masks' own are not meant. ``means``: group key to [units, width], for gates ``mean``. UserError for a
        gate that the port cannot lay."""

    def direction(self, name: str, masks: Path | None = None) -> AbstractContextManager[None]:
        """Return what the system has for a direction, as a context to enter any number of times: in its block
        the model has the direction's own weights, its row of adapters and its masks, and each is checked to
        have been used. ``masks``: mask file of a direction that a masked system was not trained in. UserError
        where the system lacks something."""

    def run(
        self,
        passes: Iterable[Sequence[Any]],
        begin: Callable[[int | None], None],
        piece_tokens: int | None = None,
    ) -> Iterator[Sequence[Any]]:
        """Run forward passes without loss and gradients, yielding after each.

        ``passes``: for each, one batch of every task; their source is the same and encoded once. ``begin``:
        called with the number of the task that is decoded next, with None before the source is encoded.
        ``piece_tokens``: decode in pieces of at most so many positions.
        """

    def encode(self, batch: Any) -> Any:
        """Return the encoder's output of a batch, for ``loss`` of the same batch."""

    def loss(
        self, batch: Any, count_language_tag: bool = False, encoded: Any = None
    ) -> tuple[Tensor, Tensor]:
        """Return the sum of -log p in nats and the number of tokens, of each sentence of a batch.
        ``encoded``: the output of ``encode``, so that the encoder does not run again."""


class GeneratingPort(Port, Protocol):
    """A port with the ability ``generate``."""

    def generate(
        self,
        sources: Sequence[Sequence[int]],
        prefix: int | None,
        *,
        beam: int,
        length_penalty: float,
        max_length: int,
        batch_tokens: int,
    ) -> Iterator[list[int]]:
        """Yield the best hypothesis of each source, in order, as ids: ``prefix`` first, if targets begin with
        one, without ``</s>``. ``max_length``: most tokens, ``prefix`` among them. ``batch_tokens``: source
        tokens in a batch, padding included."""


@dataclass(frozen=True)
class Measure:
    """What a task's metric says, NaN where it is undefined; ``n``: of how many examples."""

    metric: str
    value: float
    n: int


class MeasuringPort(Port, Protocol):
    """A port with the ability ``metric``: each task has a metric of its own, which rises with quality."""

    def measure(self, batches: Any) -> Measure:
        """Return the metric of a task, of all examples of its batches."""


class WordsPort(Port, Protocol):
    """A port whose model brings a tokenizer, and says which pieces are of which word."""

    def pieces(self, words: Sequence[str]) -> Sequence[Sequence[int]]:
        """Return the ids of each word of a text, in which blanks part them; UserError: one has none."""


class TextIds(Protocol):
    """What makes ids of lines of text."""

    @property
    def longest(self) -> int:
        """The positions of the longest sequence that the model reads, tag and ``</s>`` among them."""

    @property
    def tagged(self) -> bool:
        """Whether a target begins with its language's tag."""

    def source_text(self, direction: str, lines: Sequence[str]) -> Sequence[Sequence[int]]:
        """Return the ids of lines of source text, as ``Port.pairs`` takes them."""

    def target_text(self, direction: str, lines: Sequence[str]) -> Sequence[Sequence[int]]:
        """Return the ids of lines of target text, as ``Port.pairs`` takes them."""


class TextPort(Port, TextIds, Protocol):
    """A port with the ability ``text``: its model brings the tokenizer of its text."""

    def codec(self, direction: str) -> Any:
        """Return a direction's text in and out for decoding, see ``translate.codecs.Codec``."""


def load(system: SystemFolder, device: str | None = None) -> Port:
    """Return a system's model in eval mode, loaded by the port that its ``system.json`` names. ``device``: by
    default the GPU where there is one. UserError for an unknown port or files that do not fit."""
    check_port(system)
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    if system.port != DEFAULT_PORT:
        return cast(Port, port_module(system, "port").load_port(system, device))
    from workflow_scripts.models.fairseq.port import load_port

    return load_port(system, device)


def generating(port: Port, what: str) -> GeneratingPort:
    """Return the port if it can generate; UserError naming ``what`` needs it if not."""
    if "generate" not in port.abilities:
        raise UserError(f"{what} needs a model that writes text; those of the port {port.name!r} do not")
    return cast(GeneratingPort, port)


def measuring(port: Port, what: str) -> MeasuringPort:
    """Return the port if its tasks have metrics; UserError naming ``what`` needs it if not."""
    if "metric" not in port.abilities:
        raise UserError(f"{what} needs tasks with metrics; those of the port {port.name!r} have none")
    return cast(MeasuringPort, port)
