"""The port of Hugging Face's encoder–decoders: every method of ``models.port`` for a loaded system."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from torch import Tensor, nn

from workflow_scripts.common.directions import split_direction
from workflow_scripts.common.errors import UserError
from workflow_scripts.common.parallel_text import read_lines
from workflow_scripts.models import batching
from workflow_scripts.models.huggingface.batches import Batches, TextTask
from workflow_scripts.models.huggingface.causal.families import FAMILIES as CAUSAL
from workflow_scripts.models.huggingface.causal.port import CausalPort, load_causal
from workflow_scripts.models.huggingface.families import Family
from workflow_scripts.models.huggingface.folder import load_network
from workflow_scripts.models.huggingface.forward import Forward
from workflow_scripts.models.huggingface.network_port import NetworkPort
from workflow_scripts.models.huggingface.tokens import Text
from workflow_scripts.models.port import Ability
from workflow_scripts.models.weights import read_tensors
from workflow_scripts.units.system import DESCRIPTION, SystemFolder

#: Of a model whose positions are relative, and have no end.
LONGEST = 1024


class HuggingFacePort(NetworkPort):
    """A model in eval mode and its tokenizer. A task is a direction, in two files of text. It writes none."""

    abilities: frozenset[Ability] = frozenset({"text"})

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

    @property
    def symbols(self) -> int:
        """How many rows the larger embedding has."""
        return self.text.rows

    @property
    def marks(self) -> frozenset[int]:
        """The ids of ``</s>``, padding and the tags of languages."""
        return self.text.marks

    @property
    def unknown(self) -> int:
        """The id of text that has none."""
        return self.text.unknown

    def task(self, data: Path, subset: str, name: str) -> TextTask:
        """Open one direction of a subset, the files ``SUBSET/de-en.de.txt`` and ``….en.txt`` of a folder,
        which may have the pair's name the other way round; UserError if one is missing, not text or has other
        lines than the other."""
        sides = split_direction(name)
        pairs = ("-".join(one) for one in (sides, reversed(sides)))
        either = [[data / subset / f"{pair}.{language}.txt" for language in sides] for pair in pairs]
        files = next((one for one in either if all(path.is_file() for path in one)), None)
        if files is None:
            missing = next(path for path in either[0] if not path.is_file())
            raise UserError(f"{missing}: no such file, for {subset} of {name}")
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
        found: int = getattr(self.model.config, "max_position_embeddings", LONGEST)
        return found

    @property
    def tagged(self) -> bool:
        """Whether a target begins with its language's tag."""
        return self.text.tagged

    def pieces(self, words: Sequence[str]) -> Sequence[Sequence[int]]:
        """See ``models.port.WordsPort.pieces``: of a source."""
        return self.text.pieces(words)

    def source_text(self, direction: str, lines: Sequence[str]) -> Sequence[Sequence[int]]:
        """See ``models.port.TextPort.source_text``."""
        return self.text.source_text(direction, lines)

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


def open_port(
    folder: Path,
    tags: Mapping[str, str | None],
    prefixes: Mapping[str, str] | None = None,
    tensors: Mapping[str, Tensor] | None = None,
) -> HuggingFacePort:
    """Return the port of a model's folder, as the library or a hub has it, on the CPU. ``tags``: language ->
    its token, None for none. ``prefixes``: direction -> text before a source. ``tensors``: the folder's
    weights, where they were read. UserError as ``load_network`` and ``Text``."""
    model, family = load_network(folder, tensors)
    return HuggingFacePort(model, family, _text(folder, model, family, tags, prefixes or {}))


def load_port(system: SystemFolder, device: str) -> HuggingFacePort | CausalPort:
    """Load a system, by its family; UserError for missing or changed files and for weights that do not
    fit."""
    system.verify()
    if system.architecture.get("family") in CAUSAL:
        return load_causal(system, device)
    for key in ("tags", "prefixes"):
        if not isinstance(system.text.get(key, {}), dict):
            raise UserError(
                f"{system.folder / DESCRIPTION}: text.{key} is not an object; make the system again"
            )
    first = next(iter(system.own_weights.values()), None)
    weights = system.weights if first is None else system.folder / first
    model, family = load_network(system.folder, read_tensors(weights))
    tags, prefixes = system.text.get("tags", {}), system.text.get("prefixes", {})
    text = _text(system.folder, model, family, tags, prefixes)
    return HuggingFacePort(model.to(device), family, text, system, weights)


def _text(
    folder: Path,
    model: nn.Module,
    family: Family,
    tags: Mapping[str, str | None],
    prefixes: Mapping[str, str],
) -> Text:
    rows = {
        "encoder": model.get_encoder().get_input_embeddings().num_embeddings,
        "decoder": model.get_decoder().get_input_embeddings().num_embeddings,
    }
    return Text(folder, family, model.config, rows, tags, prefixes)
