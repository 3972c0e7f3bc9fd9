"""The port of Hugging Face's encoder–decoders: every method of ``models.port`` for a loaded system."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from weakref import WeakSet

import torch
from torch import Tensor, nn

from workflow_scripts.common.errors import UserError
from workflow_scripts.common.parallel_text import read_lines
from workflow_scripts.models import batching
from workflow_scripts.models.adapters import one_row
from workflow_scripts.models.gates import Gates
from workflow_scripts.models.huggingface.batches import Batch, Batches, TextTask, text_files
from workflow_scripts.models.huggingface.families import Family, activation_of, longest_of, places_of
from workflow_scripts.models.huggingface.folder import load_network, new_network, stored
from workflow_scripts.models.huggingface.forward import Forward
from workflow_scripts.models.huggingface.generation import BeamSearch
from workflow_scripts.models.huggingface.sites import adapter_places, sites
from workflow_scripts.models.huggingface.tokens import Text, text_of
from workflow_scripts.models.passes import run_split
from workflow_scripts.models.port import Ability, Call
from workflow_scripts.models.sites import sites_of, taps
from workflow_scripts.models.system_port import SystemPort
from workflow_scripts.models.weights import check_finite, read_tensors
from workflow_scripts.units.adapters import AdapterRow
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.space import VALUED, Stack, UnitSpace
from workflow_scripts.units.system import SystemFolder


class HuggingFacePort(SystemPort):
    """A model in eval mode and its tokenizer. A task is a direction, in two files of text. It writes none."""

    name = "huggingface"
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
        super().__init__(system, weights)
        self.model, self.text = model, text
        self.activation = activation_of(family, model.config)
        self.family = family
        self.sites = sites(model, places_of(family, model.config))
        self.adapter_places = adapter_places(model, places_of(family, model.config))
        self._forward = Forward(model)
        #: The gates that may lie on the model.
        self._made: WeakSet[Gates] = WeakSet()

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return self._forward.device

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

    def space(self, kinds: Collection[str] = ("ffn",)) -> UnitSpace:
        """Return the model's units of these kinds; UserError for single weights, which are not units here."""
        if other := [kind for kind in kinds if kind not in VALUED]:
            raise UserError(f"units of kind {other[0]} are not supported by the port {self.name!r}")
        return UnitSpace(site.group for site in self.sites.values() if site.group.kind in kinds)

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

    def source_text(self, direction: str, lines: Sequence[str]) -> Sequence[Sequence[int]]:
        """See ``models.port.TextPort.source_text``."""
        return self.text.text_ids(direction, lines)

    def target_text(self, direction: str, lines: Sequence[str]) -> Sequence[Sequence[int]]:
        """See ``models.port.TextPort.target_text``."""
        return self.text.target_text(lines)

    def batches(
        self, task: TextTask, max_tokens: int, *, by_source: bool = False, max_lines: int | None = None
    ) -> Batches:
        """Cut a direction into batches: sorted by length, by the source alone on request."""
        sizes = task.source_sizes, task.target_sizes
        cut = batching.by_source if by_source else batching.by_length
        made = cut(task.name, *sizes, max_tokens, self.longest, max_lines)
        return Batches(task, *made, self.text.padding, self.text.start)

    def tokens(self, batch: Batch, stack: Stack) -> Tensor:
        """See ``models.port.Port.tokens``."""
        return (batch.source if stack == "encoder" else batch.decoder_input).t()

    def real(self, batch: Batch, stack: Stack) -> Tensor:
        """See ``models.port.Port.real``: of the decoder's positions those that have a label."""
        return (batch.source_mask if stack == "encoder" else batch.labelled).t()

    def taps(self, space: UnitSpace, call: Call, *, gate: bool = False) -> AbstractContextManager[None]:
        """See ``models.sites.taps``."""
        found = sites_of(self.sites, space)
        return taps([one.at_gate() for one in found] if gate else found, call, self._forward.real)

    def intervene(
        self,
        masks: MaskTable,
        gates: Mapping[str, str] | None = None,
        means: Mapping[str, Tensor] | None = None,
    ) -> Gates:
        """See ``models.gates.Gates``."""
        made = Gates(self.model, sites_of(self.sites, masks.space), masks, gates, means)
        self._made.add(made)
        return made

    def load_weights(self, weights: Path) -> None:
        """Copy a file of weights, as ``folder.stored`` names them, into the model; UserError if it does not
        fit or is not finite."""
        tensors, own = read_tensors(weights), stored(self.model)
        if wrong := sorted(set(tensors) ^ set(own)):
            raise UserError(f"{weights}: tensor {wrong[0]} is in only one of the file and the model")
        check_finite(tensors, weights)
        with torch.no_grad():
            for name, one in own.items():
                if tensors[name].shape != one.shape:
                    found, expected = tuple(tensors[name].shape), tuple(one.shape)
                    raise UserError(f"{weights}: tensor {name} is {found}, the model needs {expected}")
                one.copy_(tensors[name])

    def adapt(self, adapter: AdapterRow) -> AbstractContextManager[Any]:
        """Lay a row of adapters on the model for a block."""
        return one_row(self.model, self.adapter_places, adapter)

    def run(
        self,
        passes: Iterable[Sequence[Batch]],
        begin: Callable[[int | None], None],
        piece_tokens: int | None = None,
    ) -> Iterator[Sequence[Batch]]:
        """See ``models.passes.run_split``. RuntimeError where the sources of a pass are not the same."""
        self.take_shared()
        return run_split(self._forward, passes, begin, piece_tokens)

    def encode(self, batch: Batch) -> Tensor:
        """Return the encoder's last states of a batch [B, S, model_dim]."""
        self.take_shared()
        self._forward.check([batch])
        return self._forward.encode(batch)

    def loss(
        self, batch: Batch, count_language_tag: bool = False, encoded: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """See ``models.port.Port.loss``."""
        self.take_shared()
        return self._forward.nll(batch, count_language_tag, encoded)

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


def load_port(system: SystemFolder, device: str) -> HuggingFacePort:
    """Load a system; UserError for missing or changed files and for weights that do not fit."""
    system.verify()
    # Where directions have their own, those of one of them.
    first = next(iter(system.own_weights.values()), system.files["weights"])
    weights = system.folder / str(first)
    model, family = load_network(system.folder, read_tensors(weights))
    text = text_of(system, family, model.config)
    return HuggingFacePort(model.to(device), family, text, system, weights)
