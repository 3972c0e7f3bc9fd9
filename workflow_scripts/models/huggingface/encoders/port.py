"""The port of encoders with heads of tasks: every method of ``models.port`` that such a model can have."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from workflow_scripts.common.checked_options import named_once
from workflow_scripts.common.errors import UserError, nearest
from workflow_scripts.common.labelled_examples import Examples
from workflow_scripts.common.task_metrics import METRICS, SPEARMAN
from workflow_scripts.models import batching
from workflow_scripts.models.gates import Gates
from workflow_scripts.models.huggingface.encoders.batches import Batch, Batches
from workflow_scripts.models.huggingface.encoders.families import EncoderFamily
from workflow_scripts.models.huggingface.encoders.folder import load_encoder, read_specs, save_encoder
from workflow_scripts.models.huggingface.encoders.network import Encoder
from workflow_scripts.models.huggingface.encoders.tasks import ExampleTask, TaskSpec
from workflow_scripts.models.huggingface.encoders.text import Text
from workflow_scripts.models.huggingface.unit_port import UnitPort
from workflow_scripts.models.port import Ability, Laid, Measure
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.space import Stack
from workflow_scripts.units.system import SystemFolder

logger = logging.getLogger(__name__)

#: What ``system.json`` says of an encoder's text: the positions of the longest example.
LONGEST = "longest"


class EncoderPort(UnitPort):
    """An encoder in eval mode, with a head for each of its tasks. Its units are of the stack ``encoder``."""

    model: Encoder
    family: EncoderFamily
    abilities: frozenset[Ability] = frozenset({"metric", "text"})

    def __init__(
        self,
        network: Encoder,
        family: EncoderFamily,
        text: Text,
        tasks: Sequence[TaskSpec],
        folder: Path,
    ) -> None:
        """``folder``: what it was loaded from."""
        super().__init__(network, family)
        self.text = text
        self.tasks = {one.name: one for one in tasks}
        self._folder = folder
        #: Which positions of what it read last are text, bool [S, B].
        self._real = torch.empty(0)

    @property
    def symbols(self) -> int:
        """How many rows the embedding has."""
        return int(self.model.config.vocab_size)

    @property
    def marks(self) -> frozenset[int]:
        """The ids of markers, mask and padding."""
        return self.text.marks

    @property
    def unknown(self) -> int:
        """The id of text that has none."""
        return self.text.unknown

    def read(self, stack: Stack) -> Tensor:
        """See ``UnitPort.read``."""
        return self._real

    def spec(self, name: str) -> TaskSpec:
        """Return a task; UserError for one that it has no head for."""
        if name not in self.tasks:
            raise UserError(
                f"{self._folder}: no head for task {name!r}; there are {', '.join(self.tasks)}"
                f"{nearest(name, self.tasks)}"
            )
        return self.tasks[name]

    def task(self, data: Path, subset: str, name: str) -> ExampleTask:
        """Open the file ``SUBSET/TASK.jsonl`` of a folder (``Examples.write``); UserError: it is missing, or
        has labels that the task has not."""
        path = data / subset / f"{name}.jsonl"
        if not path.is_file():
            raise UserError(f"{path}: no such file, for {subset} of {name}")
        return self.examples(name, Examples.read(path), [path])

    def examples(self, name: str, examples: Examples, files: Sequence[Path] = ()) -> ExampleTask:
        """Return given examples as a task; UserError as ``task``."""
        spec = self.spec(name)
        gold = spec.gold(examples)
        ids, types, cut = self.text.encode(examples.texts)
        if cut:
            logger.warning(f"{name}: {cut} of {len(ids)} examples are cut at {self.text.longest} positions")
        return ExampleTask(spec, ids, types, gold, cut, files)

    def pairs(
        self, name: str, languages: tuple[str, str], pairs: Sequence[tuple[Sequence[int], Sequence[int]]]
    ) -> ExampleTask:
        """Return given texts, ids without markers, as a task without labels; targets are not read."""
        ids = [self.text.surrounded(source) for source, _ in pairs]
        return ExampleTask(TaskSpec(name, metric=SPEARMAN), ids, None, np.zeros(len(ids)))

    def pieces(self, words: Sequence[str]) -> Sequence[Sequence[int]]:
        """See ``models.port.WordsPort.pieces``."""
        return self.text.pieces(words)

    def source_text(self, name: str, lines: Sequence[str]) -> Sequence[Sequence[int]]:
        """See ``models.port.TextPort.source_text``: the same for every task."""
        return self.text.plain(lines)

    def batches(
        self, task: ExampleTask, max_tokens: int, *, by_source: bool = False, max_lines: int | None = None
    ) -> Batches:
        """Cut a task into batches, sorted by length: by source or not is the same here."""
        sizes = task.sizes, task.sizes
        made = batching.by_length(task.name, *sizes, max_tokens, self.text.longest, max_lines)
        return Batches(task, *made, self.text.padding)

    def tokens(self, batch: Batch, stack: Stack) -> Tensor:
        """See ``models.port.Port.tokens``; nothing is in the decoder, which is not there."""
        return batch.ids.t() if stack == "encoder" else batch.ids.new_empty(0, len(batch))

    def real(self, batch: Batch, stack: Stack) -> Tensor:
        """See ``models.port.Port.real``."""
        return batch.mask.t() if stack == "encoder" else batch.mask.new_empty(0, len(batch))

    def direction(self, name: str, masks: Path | None = None) -> AbstractContextManager[None]:
        """Return what the model has for a task: nothing, or the row of its name in a file of masks."""
        if masks is None:
            return Laid(nullcontext)
        return Laid(partial(_using, self.intervene(MaskTable.read(masks)), name))

    def states(self, batch: Batch) -> Tensor:
        """Return the last states of a batch [B, S, C]."""
        mask = batch.mask.to(self.device)
        self._real = mask.t()
        types = None if batch.types is None else batch.types.to(self.device)
        return self.model.states(batch.ids.to(self.device), mask, types)

    def encode(self, batch: Batch) -> Tensor:
        """Return the last states of a batch [B, S, C]; RuntimeError in training mode."""
        if self.model.training:
            raise RuntimeError("the model is in training mode: dropout would change what is measured")
        return self.states(batch)

    def run(
        self,
        passes: Iterable[Sequence[Batch]],
        begin: Callable[[int | None], None],
        piece_tokens: int | None = None,
    ) -> Iterator[Sequence[Batch]]:
        """Run forward passes without gradients, yielding after each; nothing is decoded."""
        for together in passes:
            begin(None)
            with torch.inference_mode():
                self.encode(together[0])
            yield together

    def outputs(self, batch: Batch, encoded: Tensor | None = None) -> Tensor:
        """Return what the task's head says of each example [B, outputs]; UserError: there is no such head."""
        self.spec(batch.name)
        found: Tensor = self.model.heads[batch.name](self.encode(batch) if encoded is None else encoded)
        return found

    def loss(
        self, batch: Batch, count_language_tag: bool = False, encoded: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Return the loss of each example [B]: -log p of its class in nats, or the squared error of its
        number. And a count of 1 for each [B]."""
        losses = losses_of(self.outputs(batch, encoded), batch.gold.to(self.device))
        return losses, torch.ones_like(losses, dtype=torch.int64)

    def measure(self, batches: Batches) -> Measure:
        """See ``models.port.MeasuringPort.measure``."""
        gold, given = [], []
        for batch in batches:
            with torch.inference_mode():
                found = self.outputs(batch)
            given.append(found[:, 0].double() if found.shape[1] == 1 else found.argmax(dim=1))
            gold.append(batch.gold)
        metric = batches.task.spec.metric
        sides = (torch.cat(one).cpu().numpy() for one in (gold, given))
        return Measure(metric, METRICS[metric](*sides), sum(map(len, gold)))

    def save(self, out: Path) -> None:
        """Write the model with its heads to a folder, which ``open_encoder`` and the library read."""
        save_encoder(self.model, self.family, [*self.tasks.values()], self._folder, out)


@contextmanager
def _using(gates: Gates, row: str) -> Iterator[None]:
    with gates.use(row):
        yield


def losses_of(outputs: Tensor, gold: Tensor) -> Tensor:
    """Return the loss of each example [B] of a head's outputs [B, outputs]."""
    if outputs.shape[1] == 1:
        return (outputs[:, 0] - gold).square()
    return F.cross_entropy(outputs, gold, reduction="none")


def open_encoder(
    folder: Path, tasks: Sequence[TaskSpec], *, longest: int | None = None, seed: int = 1, device: str = "cpu"
) -> EncoderPort:
    """Return the port of an encoder's folder, as the library or a hub has it, or as it was saved.

    ``tasks``: those that it has a head for, or gets a new one, drawn by the ``seed``; none: for probes alone.
    ``longest``: positions of a text, by default all that the model has. UserError as ``load_encoder`` and
    ``Text``, and for two tasks of a name.
    """
    named_once("tasks", [one.name for one in tasks])
    network, family = load_encoder(folder, tasks, seed)
    text = Text(folder, family, network.config, longest)
    return EncoderPort(network.to(device), family, text, tasks, folder)


def load_encoder_system(system: SystemFolder, device: str) -> EncoderPort:
    """Load a system whose files were verified, with its heads; UserError for weights that do not fit."""
    longest = system.text.get(LONGEST)
    return open_encoder(system.folder, read_specs(system.folder), longest=longest, device=device)
