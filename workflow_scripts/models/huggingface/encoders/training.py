"""Training of an encoder on several tasks, each with a head of its own: a small loop in one process.

A batch is of one task. The losses of an update's batches are summed and divided by its examples. How often a
task is drawn, the learning rate, the steps of Adam and what masks hold still are code that trainings share.
"""

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from typing import Any, NoReturn

import numpy as np
import torch
from numpy.typing import NDArray

from workflow_scripts.common.errors import UserError
from workflow_scripts.common.sampling_rules import PROPORTIONAL, check_sampling
from workflow_scripts.models.huggingface.encoders.batches import batch_of
from workflow_scripts.models.huggingface.encoders.port import EncoderPort, losses_of
from workflow_scripts.models.huggingface.encoders.tasks import ExampleTask
from workflow_scripts.models.huggingface.training.optimiser import Optimiser
from workflow_scripts.models.progress_log import check_finite
from workflow_scripts.models.training.drawing import draw
from workflow_scripts.models.training.epochs import Epochs
from workflow_scripts.models.training.grouping import Integers
from workflow_scripts.models.training.masked import MaskedTraining
from workflow_scripts.units.mask_table import MaskTable

#: What masks do in a training: units that a task does not keep compute as before and do not learn from it,
#: nor do they move on by what they learned before.
METHOD = {"train": "gradients", "momentum": "own"}


@dataclass(frozen=True)
class TrainingSettings:
    """How an encoder is trained. ``max_updates``: of ``batches`` batches of ``examples`` examples each.
    ``scheduler``: of ``models.training.schedule``. ``sampling``: how often a task is drawn, a rule of
    ``common.sampling_rules``. ``seed``: of the order of examples and of dropout. UserError for a number below
    1 and an unknown rule."""

    max_updates: int
    lr: float = 2e-5
    examples: int = 32
    batches: int = 1
    warmup_updates: int = 0
    scheduler: str = "polynomial_decay"
    weight_decay: float = 0.0
    clip_norm: float = 1.0
    adam_betas: tuple[float, float] = (0.9, 0.999)
    adam_eps: float = 1e-8
    sampling: str = PROPORTIONAL
    seed: int = 1

    def __post_init__(self) -> None:
        for name in ("max_updates", "examples", "batches"):
            if getattr(self, name) < 1:
                raise UserError(f"{name} is {getattr(self, name)}, not at least 1")
        check_sampling(self.sampling)


@dataclass(frozen=True)
class TaskLines:
    """A task's examples as ``Epochs`` draws them; a text is its source and its target."""

    task: ExampleTask
    sources: Sequence[tuple[int, float]] = ()

    @property
    def name(self) -> str:
        """The task's name."""
        return self.task.name

    @property
    def weight(self) -> float:
        """How many examples there are."""
        return len(self)

    @property
    def source_sizes(self) -> NDArray[np.int32]:
        """Positions of each example."""
        return self.task.sizes.astype(np.int32)

    target_sizes = source_sizes

    def draw(self, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """See ``drawing.draw``."""
        return draw(len(self), count, rng)

    def __len__(self) -> int:
        return len(self.task.ids)


class Training:
    """A training of a port's network, in place; it goes on where the last ``run`` ended. Nothing of it is
    written."""

    def __init__(self, port: EncoderPort, tasks: Sequence[ExampleTask], settings: TrainingSettings) -> None:
        """``tasks``: the examples to learn from. UserError: a task without any, or no task."""
        if not tasks:
            raise UserError("no task to train on")
        self.settings, self.updates = settings, 0
        self._port = port
        self._epochs = Epochs([TaskLines(one) for one in tasks], settings.seed, sampling=settings.sampling)
        self._optimiser = Optimiser(port.model.parameters(), asdict(settings), scaled=False, fused=False)
        self._batches = self._drawn()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            self._random = torch.random.get_rng_state()

    def run(self, until: int, masks: MaskTable | None = None) -> list[float]:
        """Train to so many updates in all; return the mean loss of an example in each further one.

        ``masks``: a row for each task, of the units that learn from it (``METHOD``). The network is in eval
        mode afterwards. UserError: a task without a row, a loss that is not finite.
        """
        port, names = self._port, [one.name for one in self._epochs.directions]
        masked = None
        if masks is not None:
            masked = MaskedTraining(port.model, port.sites, masks, names, METHOD, slices=False)
        found = []
        with torch.random.fork_rng(devices=[]), torch.enable_grad():
            torch.random.set_rng_state(self._random)
            port.model.train()
            try:
                while self.updates < until:
                    found.append(self._update(masked))
            finally:
                port.model.eval()
                if masked is not None:
                    masked.gates.clear()
                self._optimiser.adam.zero_grad()
            self._random = torch.random.get_rng_state()
        return found

    def _update(self, masked: MaskedTraining | None) -> float:
        self._optimiser.adam.zero_grad()
        if masked is not None:
            masked.begin_update(self.updates, _never)
        total, examples = 0.0, 0
        for _ in range(self.settings.batches):
            number, lines = next(self._batches)
            batch = batch_of(
                self._epochs.directions[number].task, lines.astype(np.int64), self._port.text.padding
            )
            if masked is not None:
                masked.select(number)
                masked.learn(number)
            outputs = self._port.outputs(batch, self._port.states(batch))
            loss = losses_of(outputs, batch.gold.to(self._port.device)).sum()
            check_finite(float(loss.detach()), f"the loss after update {self.updates}")
            loss.backward()
            total, examples = total + float(loss.detach()), examples + len(batch)
        # The gates stay until here: what a pass computed under them is needed for its gradients.
        holding = (lambda _: nullcontext()) if masked is None else masked.holding
        self._optimiser.step(self.updates, examples, holding)
        self.updates += 1
        return total / examples

    def _drawn(self) -> Iterator[tuple[int, Integers]]:
        """Yield the task's number and the examples of each batch, epoch after epoch, each in an order that
        the seed draws."""
        epoch, size = 0, self.settings.examples
        while True:
            epoch += 1
            self._epochs.set_epoch(epoch)
            order = np.random.default_rng([self.settings.seed, epoch, 1])
            found: list[tuple[int, Integers]] = []
            for number, group in enumerate(self._epochs.groups(self._epochs.ordered_indices())):
                lines = order.permutation(group - self._epochs.offsets[number])
                found += [(number, lines[start : start + size]) for start in range(0, len(lines), size)]
            yield from (found[one] for one in order.permutation(len(found)))


def _never(*_: Any) -> NoReturn:
    raise RuntimeError("these masks are not made again")


def train_tasks(port: EncoderPort, tasks: Sequence[ExampleTask], settings: TrainingSettings) -> list[float]:
    """Train a port's network on tasks, in place; return the mean loss of an example in each update. UserError
    as ``Training``."""
    return Training(port, tasks, settings).run(settings.max_updates)
