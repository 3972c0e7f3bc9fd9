"""The port of Hugging Face's encoder–decoders: every method of ``models.port`` for a loaded system."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from weakref import WeakSet

from torch import Tensor, nn

from workflow_scripts.common.errors import UserError
from workflow_scripts.common.parallel_text import read_lines
from workflow_scripts.models import batching
from workflow_scripts.models.adapters import one_row
from workflow_scripts.models.gates import Gates
from workflow_scripts.models.huggingface.batches import Batches, TextTask, text_files
from workflow_scripts.models.huggingface.causal.port import CausalPort, load_causal
from workflow_scripts.models.huggingface.codec import Codec
from workflow_scripts.models.huggingface.encoders.families import ENCODERS
from workflow_scripts.models.huggingface.encoders.port import EncoderPort, load_encoder_system
from workflow_scripts.models.huggingface.families import CAUSAL, Family, longest_of, places_of
from workflow_scripts.models.huggingface.folder import load_network, new_network
from workflow_scripts.models.huggingface.forward import Forward
from workflow_scripts.models.huggingface.generation import BeamSearch
from workflow_scripts.models.huggingface.network_port import NetworkPort
from workflow_scripts.models.huggingface.sites import adapter_places
from workflow_scripts.models.huggingface.tokens import Text, text_of
from workflow_scripts.models.port import Ability
from workflow_scripts.models.weights import read_tensors
from workflow_scripts.units.adapters import AdapterRow
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.system import SystemFolder


class HuggingFacePort(NetworkPort):
    """A model in eval mode and its tokenizer. A task is a direction, in two files of text."""

    abilities: frozenset[Ability] = frozenset({"generate", "text"})

    def __init__(
        self,
        model: nn.Module,
        family: Family,
        text: Text,
        system: SystemFolder | None = None,
        weights: Path | None = None,
    ) -> None:
        """``system``: what the model is of, with the file that its ``weights`` are from, if it has some."""
        super().__init__(model, family, Forward(model), system, weights)
        self.text = text
        self.adapter_places = adapter_places(model, places_of(family, model.config))
        #: The gates that may lie on the model.
        self._made: WeakSet[Gates] = WeakSet()

    @property
    def symbols(self) -> int:
        """How many rows the larger embedding has."""
        return self.text.rows

    @property
    def marks(self) -> frozenset[int]:
        """The ids of ``</s>``, padding and the tags of languages."""
        return self.text.markers

    @property
    def unknown(self) -> int:
        """The id of text that has none."""
        return self.text.unknown

    def task(self, data: Path, subset: str, name: str) -> TextTask:
        """Open one direction of a subset, the files ``SUBSET/de-en.de.txt`` and ``….en.txt`` of a folder,
        which may have the pair's name the other way round; UserError if one is missing, not text or has other
        lines than the other."""
        files = text_files(data, subset, name)
        sources, targets = (read_lines(path) for path in files)
        if len(sources) != len(targets):
            raise UserError(f"{files[0]} has {len(sources)} lines, but {files[1]} {len(targets)}")
        if not sources:
            raise UserError(f"{files[0]}: has no lines")
        return TextTask(
            name,
            self.text.source_ids(name, sources),
            self.text.target_ids(name, targets),
            self.text.tagged,
            files,
        )

    def pairs(
        self, name: str, languages: tuple[str, str], pairs: Sequence[tuple[Sequence[int], Sequence[int]]]
    ) -> TextTask:
        """Return given sentences, ids without ``</s>``, as a direction."""
        direction, (sources, targets) = "-".join(languages), zip(*pairs, strict=True)
        return TextTask(
            name,
            [self.text.source(direction, ids) for ids in sources],
            [self.text.target(direction, ids) for ids in targets],
            self.text.tagged,
        )

    @property
    def longest(self) -> int:
        """The positions of the longest sequence that it reads, tag and ``</s>`` among them."""
        return longest_of(self.model.config)

    @property
    def tagged(self) -> bool:
        """Whether a target begins with its language's tag."""
        return self.text.tagged

    def pieces(self, words: Sequence[str]) -> Sequence[Sequence[int]]:
        """See ``models.port.WordsPort.pieces``: of a source."""
        return self.text.pieces(words)

    def source_text(self, direction: str, lines: Sequence[str]) -> Sequence[Sequence[int]]:
        """See ``models.port.TextPort.source_text``."""
        return self.text.text_ids(direction, lines)

    def target_text(self, direction: str, lines: Sequence[str]) -> Sequence[Sequence[int]]:
        """See ``models.port.TextPort.target_text``."""
        return self.text.target_text(lines)

    def codec(self, direction: str) -> Codec:
        """See ``models.port.TextPort.codec``."""
        return Codec(self.text, self.model.config, direction)

    def batches(
        self, task: TextTask, max_tokens: int, *, by_source: bool = False, max_lines: int | None = None
    ) -> Batches:
        """Cut a direction into batches: sorted by length, by the source alone on request."""
        sizes = task.source_sizes, task.target_sizes
        cut = batching.by_source if by_source else batching.by_length
        made = cut(task.name, *sizes, max_tokens, self.longest, max_lines)
        return Batches(task, *made, self.text.padding, self.text.start)

    def intervene(
        self,
        masks: MaskTable,
        gates: Mapping[str, str] | None = None,
        means: Mapping[str, Tensor] | None = None,
    ) -> Gates:
        """See ``models.gates.Gates``."""
        made = super().intervene(masks, gates, means)
        self._made.add(made)
        return made

    def adapt(self, adapter: AdapterRow) -> AbstractContextManager[Any]:
        """Lay a row of adapters on the model for a block."""
        return one_row(self.model, self.adapter_places, adapter)

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
        """Search with the library's generator; see ``BeamSearch``. Where each sentence has a mask row of its
        own, all of them have to be one batch."""
        self.take_shared()
        search = BeamSearch(self.model, self.text, beam, length_penalty, max_length)
        return search.search(sources, prefix, batch_tokens, self._made)


def open_port(
    folder: Path,
    tags: Mapping[str, str | None],
    prefixes: Mapping[str, str] | None = None,
    tensors: Mapping[str, Tensor] | None = None,
    changes: Mapping[str, Any] | None = None,
    seed: int | None = None,
) -> HuggingFacePort:
    """Return the port of a model's folder, as the library or a hub has it, on the CPU. ``tags``: language ->
    its token, None for none. ``prefixes``: direction -> text before a source. ``tensors``: the folder's
    weights, where they were read; ``seed``: draw them. ``changes``: of the configuration. UserError as
    ``load_network`` and ``Text``."""
    if seed is None:
        model, family = load_network(folder, tensors, changes)
    else:
        model, family = new_network(folder, seed, changes)
    return HuggingFacePort(model, family, Text(folder, family, model.config, tags, prefixes or {}))


def load_port(system: SystemFolder, device: str) -> HuggingFacePort | CausalPort | EncoderPort:
    """Load a system, by its family; UserError for missing or changed files and for weights that do not
    fit."""
    system.verify()
    if system.architecture.get("family") in ENCODERS:
        return load_encoder_system(system, device)
    if system.architecture.get("family") in CAUSAL:
        return load_causal(system, device)
    # Where directions have their own, those of one of them.
    first = next(iter(system.own_weights.values()), system.files["weights"])
    weights = system.folder / str(first)
    model, family = load_network(system.folder, read_tensors(weights))
    text = text_of(system, family, model.config)
    return HuggingFacePort(model.to(device), family, text, system, weights)
