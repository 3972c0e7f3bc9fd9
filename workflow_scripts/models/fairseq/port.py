"""The port of fairseq's Transformer: every method of ``models.port`` for a loaded system."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from workflow_scripts.models.adapters import one_row
from workflow_scripts.models.fairseq.artifact import empty_network, load_weights
from workflow_scripts.models.fairseq.batches import (
    Batch,
    Batches,
    IdSequences,
    direction_dataset,
    make_batches,
    source_batches,
)
from workflow_scripts.models.fairseq.forward import encode, run_split, teacher_forced_nll
from workflow_scripts.models.fairseq.gates import Gates
from workflow_scripts.models.fairseq.generation import BeamSearch
from workflow_scripts.models.fairseq.network import Network
from workflow_scripts.models.fairseq.sampling import DirectionData
from workflow_scripts.models.fairseq.sites import adapter_places, sites, taps
from workflow_scripts.models.port import Ability, Call
from workflow_scripts.models.system_port import SystemPort
from workflow_scripts.units.activity import Activation
from workflow_scripts.units.adapters import AdapterRow
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.space import Stack, UnitSpace
from workflow_scripts.units.system import SystemFolder
from workflow_scripts.units.vocabulary import EOS, PAD, UNKNOWN, Vocabulary


class FairseqPort(SystemPort):
    """A network in eval mode and its vocabulary. A task is a direction, in ``fairseq-preprocess`` files."""

    name = "fairseq"
    abilities: frozenset[Ability] = frozenset({"generate"})
    activation = Activation()

    def __init__(self, network: Network, vocabulary: Vocabulary, system: SystemFolder | None = None) -> None:
        """Take a network, with its weights; or without, and the system that has them."""
        super().__init__(system)
        self.network, self.vocabulary = network, vocabulary

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        return next(self.network.parameters()).device

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
        longest = min(self.network.max_positions())
        if by_source:
            return source_batches(task, max_tokens, longest, max_lines)
        return make_batches(task, max_tokens, max_positions=longest, max_lines=max_lines)

    def tokens(self, batch: Batch, stack: Stack) -> Tensor:
        """See ``models.port.Port.tokens``."""
        return (batch.source if stack == "encoder" else batch.decoder_input).t()

    def real(self, batch: Batch, stack: Stack) -> Tensor:
        """See ``models.port.Port.real``."""
        return self.tokens(batch, stack).ne(PAD)

    def taps(self, space: UnitSpace, call: Call, *, gate: bool = False) -> AbstractContextManager[None]:
        """See ``sites.taps``. No FFN is gated here."""
        return taps(self.network, space, call)

    def intervene(
        self,
        masks: MaskTable,
        gates: Mapping[str, str] | None = None,
        means: Mapping[str, Tensor] | None = None,
    ) -> Gates:
        """See ``Gates``."""
        return Gates(self.network, masks, gates, means)

    def load_weights(self, weights: Path) -> None:
        """See ``artifact.load_weights``."""
        load_weights(self.network, weights)

    def adapt(self, adapter: AdapterRow) -> AbstractContextManager[Any]:
        """Lay a row of adapters on the network for a block."""
        return one_row(self.network, adapter_places(self.network), adapter)

    def run(
        self,
        passes: Iterable[Sequence[Batch]],
        begin: Callable[[int | None], None],
        piece_tokens: int | None = None,
    ) -> Iterator[Sequence[Batch]]:
        """See ``forward.run_split``."""
        self.take_shared()
        return run_split(self.network, passes, begin, piece_tokens)

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
        self.take_shared()
        assert prefix is not None, "a target begins with its language's token here"
        search = BeamSearch(self.network, self.vocabulary, beam, length_penalty, max_length)
        return search.search(sources, prefix, batch_tokens)


def load_port(system: SystemFolder, device: str) -> FairseqPort:
    """Load a system; UserError for missing or changed files and for weights that do not fit. Weights that are
    not of all directions are read when a direction is used."""
    vocabulary = Vocabulary.read(system.dictionary, system.languages)
    port = FairseqPort(empty_network(system).to(device), vocabulary, system)
    if not (system.own_weights or system.adapter_rows):
        port.take_shared()
    return port
