"""What the supervision of trainings asks of a port's loop, which is its module ``training.loop``."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, cast

from workflow_scripts.models.port_modules import module_of
from workflow_scripts.models.training.plan import TrainingPlan
from workflow_scripts.models.training.surroundings import Surroundings
from workflow_scripts.units.description import DEFAULT_PORT
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.system import SystemFolder


class Loop(Protocol):
    """The training loop of a port."""

    #: Whether it starts a process for each GPU by itself.
    STARTS_PROCESSES: bool
    #: Whether a batch of several directions can have a mask for each sentence.
    MASKS_BY_SENTENCE: bool

    def of_baseline(
        self, architecture: Mapping[str, Any], languages: Sequence[str], text: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return what the plan of a baseline says of its ``architecture`` and ``text``; UserError for an
        architecture that the port cannot build."""

    def of_parent(self, parent: SystemFolder) -> dict[str, Any]:
        """Return what the plan of a fine-tuning says of the parent's vocabulary or model."""

    def check(self, plan: TrainingPlan) -> TrainingPlan:
        """Check all that a training will read, and return the plan with what the data says of it. UserError
        for a file that is missing, damaged or of another model, and for settings that the port lacks."""

    def training_files(self, plan: TrainingPlan) -> dict[str, Path]:
        """Return what a training reads, by the name below its folder."""

    def validation_files(self, plan: TrainingPlan) -> dict[str, tuple[Path, ...]]:
        """Return the files of each direction that masks are made again by."""

    def model_identity(self, plan: TrainingPlan) -> dict[str, Any]:
        """Return what the fingerprint says of the model beside its architecture and weights."""

    def run(self, plan: TrainingPlan, surroundings: Surroundings) -> None:
        """Train until ``max_updates``, or until patience is spent. Raises SliceEnded if time is up or SIGTERM
        came before that (the checkpoint is written); UserError from whichever process it came."""

    def write_weights(
        self, plan: TrainingPlan, best: Mapping[str, Any], masks: MaskTable | None, out: Path
    ) -> None:
        """Write the weights of a checkpoint, and its adapters, as a system has them. ``masks``: those of the
        whole training, None where it had none or others by and by."""

    def write_rest(self, plan: TrainingPlan, out: Path) -> dict[str, Any]:
        """Write what else a system of the port has beside weights and masks; return what ``system.json`` says
        of it, as arguments of ``SystemFolder.write``."""


def loop_of(port: str) -> Loop:
    """Return the loop of a port; UserError where its library is not in this environment."""
    if port == DEFAULT_PORT:
        from workflow_scripts.models.fairseq.training import loop

        return cast(Loop, loop)
    return cast(Loop, module_of(port, "training.loop", "the port", "train"))
