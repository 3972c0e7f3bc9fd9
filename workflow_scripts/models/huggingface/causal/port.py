"""The port of causal language models, for analysis alone: a task is the text of one language."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from workflow_scripts.common.checked_options import is_list_of_texts
from workflow_scripts.common.errors import UserError
from workflow_scripts.common.parallel_text import read_lines
from workflow_scripts.models import batching
from workflow_scripts.models.huggingface.causal.batches import CausalBatches, LanguageTask
from workflow_scripts.models.huggingface.causal.families import causal_family
from workflow_scripts.models.huggingface.causal.forward import CausalForward
from workflow_scripts.models.huggingface.causal.texts import AROUND, CausalText
from workflow_scripts.models.huggingface.families import Family
from workflow_scripts.models.huggingface.folder import load_network
from workflow_scripts.models.huggingface.network_port import NetworkPort
from workflow_scripts.models.port import Ability
from workflow_scripts.models.weights import read_tensors
from workflow_scripts.units.adapters import AdapterRow
from workflow_scripts.units.description import DESCRIPTION
from workflow_scripts.units.system import SystemFolder


class CausalPort(NetworkPort):
    """A causal language model in eval mode and its tokenizer. It writes no text."""

    abilities: frozenset[Ability] = frozenset({"text"})

    def __init__(
        self,
        model: nn.Module,
        family: Family,
        text: CausalText,
        system: SystemFolder | None = None,
        weights: Path | None = None,
    ) -> None:
        """``system``: what the model is of, with the file that its ``weights`` are from, if it has some."""
        super().__init__(model, family, CausalForward(model), system, weights)
        self.text = text

    @property
    def symbols(self) -> int:
        """How many rows the embedding has."""
        return self.text.rows

    @property
    def marks(self) -> frozenset[int]:
        """The ids of what is put around texts."""
        return self.text.marks

    @property
    def unknown(self) -> int:
        """The id of text that has none."""
        return self.text.unknown

    def task(self, data: Path, subset: str, name: str) -> LanguageTask:
        """Open the text of one language of a subset, the file ``SUBSET/de.txt`` of a folder, a text a line;
        UserError for a direction, or a file that is missing or not text."""
        if "-" in name:
            raise UserError(
                f"{name}: a causal language model reads the text of one language, and translates nothing;"
                f" name a language, such as {name.partition('-')[2]}"
            )
        path = data / subset / f"{name}.txt"
        if not path.is_file():
            raise UserError(f"{path}: no such file, for {subset} of {name}")
        if not (lines := read_lines(path)):
            raise UserError(f"{path}: has no lines")
        return LanguageTask(name, self.text.ids(lines), [path])

    def pairs(
        self, name: str, languages: tuple[str, str], pairs: Sequence[tuple[Sequence[int], Sequence[int]]]
    ) -> LanguageTask:
        """Return given sentences, the targets of pairs, as a text: an id behind each gives its last piece a
        label."""
        return LanguageTask(name, [self.text.sentence([*ids, self.text.last]) for _, ids in pairs])

    def pieces(self, words: Sequence[str]) -> Sequence[Sequence[int]]:
        """See ``models.port.WordsPort.pieces``."""
        return self.text.pieces(words)

    def source_text(self, name: str, lines: Sequence[str]) -> Sequence[Sequence[int]]:
        """See ``models.port.TextPort.source_text``: a language model has one side, its text."""
        return self.text.plain(lines)

    def adapt(self, adapter: AdapterRow) -> AbstractContextManager[Any]:
        """Refuse adapters, which nothing trains here (UserError)."""
        raise UserError(f"{adapter.file}: a causal language model has no adapters here: nothing is trained")

    def batches(
        self, task: LanguageTask, max_tokens: int, *, by_source: bool = False, max_lines: int | None = None
    ) -> CausalBatches:
        """Cut a text into batches, sorted by length. Texts over the model's positions, and those without a
        label, are skipped."""
        sizes = task.sizes
        cut = batching.by_source if by_source else batching.by_length
        longest = self.model.config.max_position_embeddings
        made, skipped = cut(task.name, sizes, sizes, max_tokens, longest, max_lines)
        read = [lines[sizes[lines] > 0] for lines in made]
        skipped += sum(map(len, made)) - sum(map(len, read))
        if not any(map(len, read)):
            raise UserError(f"{task.name}: no line has a token to predict: one alone, and nothing before it")
        return CausalBatches(task, [lines for lines in read if len(lines)], skipped)


def open_causal(folder: Path, tensors: dict[str, Tensor] | None = None) -> CausalPort:
    """Return the port of a model's folder, as the library or a hub has it, on the CPU. ``tensors``: the
    folder's weights, where they were read. UserError as ``load_network`` and ``CausalText``."""
    model, family = load_network(folder, tensors, find=causal_family)
    return CausalPort(model, family, CausalText(folder, _rows(model)))


def load_causal(system: SystemFolder, device: str) -> CausalPort:
    """Load a system whose files were verified; UserError for weights that do not fit."""
    for name in AROUND:
        if not is_list_of_texts(system.text.get(name)):
            raise UserError(
                f"{system.folder / DESCRIPTION}: text.{name} is not a list of tokens; make the system again"
            )
    weights = system.weights
    model, family = load_network(system.folder, read_tensors(weights), find=causal_family)
    text = CausalText(system.folder, _rows(model), system.text)
    return CausalPort(model.to(device), family, text, system, weights)


def _rows(model: nn.Module) -> int:
    rows: int = model.get_input_embeddings().num_embeddings
    return rows
