"""The port of fairseq's Transformer: every method of ``models.port`` for a loaded system."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from workflow_scripts.common.errors import UserError
from workflow_scripts.models.adapters import one_row
from workflow_scripts.models.fairseq.batches import (
    Batch,
    Batches,
    IdSequences,
    direction_dataset,
    make_batches,
    source_batches,
)
from workflow_scripts.models.fairseq.directions import DirectionData
from workflow_scripts.models.fairseq.forward import NetworkSteps, encode, teacher_forced_nll
from workflow_scripts.models.fairseq.gates import Gates
from workflow_scripts.models.fairseq.lean import LeanNetwork, LeanSteps
from workflow_scripts.models.fairseq.sites import adapter_places, sites, taps
from workflow_scripts.models.fairseq.tensors import fitting, tensor_shapes
from workflow_scripts.models.passes import Steps, run_split
from workflow_scripts.models.port import Ability, Call
from workflow_scripts.models.system_port import SystemPort
from workflow_scripts.models.weights import read_tensors
from workflow_scripts.units.activity import Activation
from workflow_scripts.units.adapters import AdapterRow
from workflow_scripts.units.architecture import Architecture
from workflow_scripts.units.description import DESCRIPTION
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.space import Stack, UnitGroup, UnitSpace, model_space
from workflow_scripts.units.system import SystemFolder
from workflow_scripts.units.vocabulary import EOS, PAD, UNKNOWN, Vocabulary

if TYPE_CHECKING:
    from workflow_scripts.models.fairseq.network import Network


class FairseqPort(SystemPort):
    """A network in eval mode and its vocabulary. A task is a direction, in ``fairseq-preprocess`` files.

    Of a system the network is made when something needs it, and fairseq is imported then. Until then packed
    taps on FFN neurons read its weights with ``lean``: masks and adapters are laid on the network alone.
    """

    name = "fairseq"
    abilities: frozenset[Ability] = frozenset({"generate"})
    activation = Activation()

    def __init__(
        self,
        network: "Network | Architecture",
        vocabulary: Vocabulary,
        system: SystemFolder | None = None,
        device: str = "cpu",
    ) -> None:
        """Take a network, with its weights; or without, and the system that has them; or its architecture, to
        be made on ``device``."""
        super().__init__(system)
        self.vocabulary = vocabulary
        self._shape = network if isinstance(network, Architecture) else None
        self._network = None if isinstance(network, Architecture) else network
        self._device = torch.device(device)
        self._unread: Path | None = None
        self._lean: LeanNetwork | None = None
        self._packed: tuple[UnitSpace, Call] | None = None

    @property
    def network(self) -> "Network":
        """The network, with the weights that are to be used now."""
        if self._network is None:
            from workflow_scripts.models.fairseq.artifact import empty_network

            assert self._shape is not None and self._system is not None
            self._network = empty_network(self._shape, self.symbols).to(self._device)
            self._lean = None
            if not (self._system.own_weights or self._system.adapter_rows):
                self.take_shared()
        if self._unread is not None:
            from workflow_scripts.models.fairseq import artifact

            artifact.load_weights(self._network, self._unread)
            self._unread = None
        return self._network

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        return self._device if self._network is None else next(self._network.parameters()).device

    @property
    def symbols(self) -> int:
        """How many symbols the dictionary has."""
        return len(self.vocabulary)

    @property
    def marks(self) -> frozenset[int]:
        """The ids of ``</s>``, padding and the tags of languages."""
        tags = (self.vocabulary.language_id(language) for language in self.vocabulary.languages)
        return frozenset((EOS, PAD, *tags))

    @property
    def unknown(self) -> int:
        """The id of text that has none."""
        return UNKNOWN

    def space(self, kinds: Collection[str] = ("ffn",)) -> UnitSpace:
        """Return the network's units of these kinds."""
        if self._shape is not None:
            return model_space(self._shape.to_dict(), kinds)
        groups = [site.group for site in sites(self.network).values()]
        return UnitSpace(group for group in groups if group.kind in kinds)

    def task(self, data: Path, subset: str, name: str) -> DirectionData:
        """Open one direction of a subset; UserError if its files are missing, damaged or do not fit."""
        return direction_dataset(data, subset, name, self.vocabulary)

    def pairs(
        self, name: str, languages: tuple[str, str], pairs: Sequence[tuple[Sequence[int], Sequence[int]]]
    ) -> DirectionData:
        """Return given sentences, ids without ``</s>``, as a direction."""
        source, target = (IdSequences([(*ids, EOS) for ids in side]) for side in zip(*pairs, strict=True))
        tags = [self.vocabulary.language_id(language) for language in languages]
        return DirectionData(name, source, target, tags[0], tags[1])

    def batches(
        self, task: DirectionData, max_tokens: int, *, by_source: bool = False, max_lines: int | None = None
    ) -> Batches:
        """Cut a direction into batches: sorted by length, by the source alone on request."""
        longest = self._shape.max_positions if self._shape else min(self.network.max_positions())
        if by_source:
            return source_batches(task, max_tokens, longest, max_lines)
        return make_batches(task, max_tokens, max_positions=longest, max_lines=max_lines)

    def tokens(self, batch: Batch, stack: Stack) -> Tensor:
        """See ``models.port.Port.tokens``."""
        return (batch.source if stack == "encoder" else batch.decoder_input).t()

    def real(self, batch: Batch, stack: Stack) -> Tensor:
        """See ``models.port.Port.real``."""
        return self.tokens(batch, stack).ne(PAD)

    def taps(
        self, space: UnitSpace, call: Call, *, gate: bool = False, packed: bool = False
    ) -> AbstractContextManager[None]:
        """See ``models.port.Port.taps``. No FFN is gated here."""
        if packed and self._network is None and all(group.kind == "ffn" for group in space.groups):
            return self._packed_taps(space, call)
        return taps(self.network, space, call)

    @contextmanager
    def _packed_taps(self, space: UnitSpace, call: Call) -> Iterator[None]:
        silent = {group.key for group in space.groups}

        def tap(group: UnitGroup, values: Tensor, real: Tensor) -> None:
            silent.discard(group.key)
            call(group, values, real)

        self._packed = space, tap
        try:
            yield
        finally:
            self._packed = None
        if silent:
            raise RuntimeError(f"taps never fired in: {', '.join(sorted(silent))}")

    def _steps(self) -> Steps:
        if self._packed is None:
            return NetworkSteps(self.network)
        if self._network is not None:
            raise RuntimeError("packed taps would miss what was laid on the network in their block")
        if self._lean is None:
            assert self._shape is not None and self._weights is not None
            needed = tensor_shapes(self._shape, self.symbols)
            tensors = fitting(read_tensors(self._weights), *needed, self._weights)
            floats = {name: one.float() for name, one in tensors.items()}
            self._lean = LeanNetwork(floats, self._shape, self._device)
        return LeanSteps(self._lean, *self._packed)

    def intervene(
        self,
        masks: MaskTable,
        gates: Mapping[str, str] | None = None,
        means: Mapping[str, Tensor] | None = None,
    ) -> Gates:
        """See ``Gates``."""
        return Gates(self.network, masks, gates, means)

    def load_weights(self, weights: Path) -> None:
        """See ``artifact.load_weights``: they are read when they are used."""
        self._unread, self._lean = weights, None

    def adapt(self, adapter: AdapterRow) -> AbstractContextManager[Any]:
        """Lay a row of adapters on the network for a block."""
        return one_row(self.network, adapter_places(self.network), adapter)

    def run(
        self,
        passes: Iterable[Sequence[Batch]],
        begin: Callable[[int | None], None],
        piece_tokens: int | None = None,
    ) -> Iterator[Sequence[Batch]]:
        """See ``models.passes.run_split``. Raises RuntimeError in training mode, UserError for tokens outside
        the vocabulary."""
        self.take_shared()
        return run_split(self._steps(), passes, begin, piece_tokens)

    def encode(self, batch: Batch) -> Any:
        """See ``forward.encode``."""
        self.take_shared()
        return encode(self.network, batch)

    def loss(
        self, batch: Batch, count_language_tag: bool = False, encoded: Any = None
    ) -> tuple[Tensor, Tensor]:
        """See ``forward.teacher_forced_nll``."""
        self.take_shared()
        return teacher_forced_nll(self.network, batch, count_language_tag, encoded)

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
        """Search with fairseq's generator; see ``BeamSearch``."""
        from workflow_scripts.models.fairseq.generation import BeamSearch

        self.take_shared()
        assert prefix is not None, "a target begins with its language's token here"
        search = BeamSearch(self.network, self.vocabulary, beam, length_penalty, max_length)
        return search.search(sources, prefix, batch_tokens)


def load_port(system: SystemFolder, device: str) -> FairseqPort:
    """Open a system; UserError for missing or changed files. Weights are read when they are used, with
    UserError for those that do not fit."""
    system.verify()
    try:
        architecture = Architecture.from_dict(system.architecture)
    except UserError as error:
        raise UserError(f"{system.folder / DESCRIPTION}: {error}; export the system again") from None
    vocabulary = Vocabulary.read(system.dictionary, system.languages)
    return FairseqPort(architecture, vocabulary, system, device)
