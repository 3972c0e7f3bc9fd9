"""The fairseq task, registered on import: named directions, each with its own mask."""

import json
import logging
import math
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import workflow_scripts.models.fairseq.compat  # noqa: F401  (before fairseq)

# isort: split
import numpy as np
import torch
from fairseq import metrics
from fairseq.dataclass import FairseqDataclass
from fairseq.tasks import FairseqTask, register_task
from numpy.typing import NDArray

from workflow_scripts.models.fairseq.artifact import load_weights
from workflow_scripts.models.fairseq.directions import load_directions, weighted
from workflow_scripts.models.fairseq.network import build_network, fairseq_dictionary
from workflow_scripts.models.fairseq.port import FairseqPort
from workflow_scripts.models.fairseq.sampling import MultiDirectionDataset
from workflow_scripts.models.fairseq.shards import shard_of_epoch
from workflow_scripts.models.fairseq.sites import adapter_places, sites
from workflow_scripts.models.fairseq.training import criterion as _criterion  # noqa: F401  (registers it)
from workflow_scripts.models.progress_log import check_finite
from workflow_scripts.models.training.adapted import AdapterTraining
from workflow_scripts.models.training.epochs import BY_DIRECTION
from workflow_scripts.models.training.masked import MaskedTraining
from workflow_scripts.models.training.plan import data_folders, step_of
from workflow_scripts.models.training.surroundings import SelectAgain
from workflow_scripts.models.training.trained import ADAPTERS, freeze
from workflow_scripts.models.training.validation_rows import ALL, BLEU, VALIDATION, append_rows
from workflow_scripts.units.architecture import Architecture
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.vocabulary import Vocabulary

logger = logging.getLogger(__name__)


@dataclass
class NeuronspecTranslationConfig(FairseqDataclass):
    """fairseq's options of the task: a `TrainingPlan` as JSON text."""

    plan: str = field(default="{}", metadata={"help": "what to train, JSON"})


@register_task("neuronspec_translation", dataclass=NeuronspecTranslationConfig)
class NeuronspecTranslationTask(FairseqTask):
    """fairseq's task interface over a plan; see the module's docstring."""

    #: Makes masks again where the method says so; set before a training.
    select_again: SelectAgain

    def __init__(self, cfg: Any) -> None:
        super().__init__(cfg)
        plan: dict[str, Any] = json.loads(cfg.plan)
        self.plan = plan
        self.settings: dict[str, Any] = plan["settings"]
        self.directions: list[str] = plan["directions"]
        self.folder = Path(plan["folder"])
        self.vocabulary = Vocabulary.read(plan["dictionary"], plan["languages"])
        self.dictionary = fairseq_dictionary(self.vocabulary)
        self.masked: MaskedTraining | None = None
        self.adapted: AdapterTraining | None = None
        self.train_folder: str | None = None

    @property
    def source_dictionary(self) -> Any:
        """The vocabulary in fairseq's form; one for both sides."""
        return self.dictionary

    target_dictionary = source_dictionary

    def max_positions(self) -> tuple[int, int]:
        """Return the longest (source, target) that is trained on: one that the model and a batch can hold."""
        most = min(int(self.plan["architecture"]["max_positions"]), int(self.settings["max_tokens"]))
        return most, most

    def has_sharded_data(self, split: str) -> bool:
        """Tell whether each epoch needs `load_dataset`; asked by fairseq."""
        return split == "train" and len(data_folders(self.plan["data_bin"])) > 1

    def load_dataset(self, split: str, combine: bool = False, epoch: int = 1, **kwargs: Any) -> None:
        """Open all directions of a subset; only `train` is sampled and shuffled, from the epoch's shard."""
        settings, training = self.settings, split == "train"
        folder = shard_of_epoch(self.plan["data_bin"], epoch if training else 1)
        if split in self.datasets and (not training or folder == self.train_folder):
            return
        if training:
            self.train_folder = folder
            if self.has_sharded_data(split):
                logger.info(f"epoch {epoch} reads {folder}")
        # Of validation every sentence counts once.
        sources = (self.plan.get("sources") or []) if training else []
        number = data_folders(self.plan["data_bin"]).index(folder)
        tokens = {language: self.vocabulary.language_id(language) for language in self.plan["languages"]}
        self.datasets[split] = dataset = MultiDirectionDataset(
            weighted(
                load_directions(folder, split, self.directions, tokens), sources[number] if sources else {}
            ),
            pad=self.dictionary.pad(),
            eos=self.dictionary.eos(),
            seed=int(self.plan["seed"]),
            sampler=settings["sampler"] if training else BY_DIRECTION,
            temperature=settings["temperature"],
            sampling=settings.get("sampling"),
            virtual_epoch_size=settings["virtual_epoch_size"],
            shuffle=training,
        )
        if not training:
            dataset.check_each(split, self.max_positions()[0])

    def build_model(self, cfg: Any, from_checkpoint: bool = False) -> Any:
        """Build the network, with the parent's weights in a fine-tune, and its gates if it is masked."""
        network = build_network(Architecture.from_dict(self.plan["architecture"]), len(self.dictionary))
        if self.plan["initial_weights"] is not None:
            load_weights(network, self.plan["initial_weights"])
        method = self.plan["method"]
        places, there = adapter_places(network), sites(network)
        freeze(network, there, places, method)
        if ADAPTERS in method:
            self.adapted = AdapterTraining(network, places, method[ADAPTERS]["rows"], self.directions)
        if self.plan["masks"] is not None:
            masks = MaskTable.read(self.plan["masks"])
            slices = step_of(self.plan["settings"]) != "reference"
            self.masked = MaskedTraining(network, there, masks, self.directions, method, slices)
        return network

    def begin_update(self, updates: int) -> None:
        """Called by the trainer before the batches of an update, after so many."""
        if self.masked is not None:
            self.masked.begin_update(updates, self._select_masks)
        if self.adapted is not None:
            self.adapted.begin_update()

    def _lay(self, number: int) -> None:
        """Lay the masks and the adapters of a batch's direction on the network."""
        if self.masked is not None:
            self.masked.select(number)
        if self.adapted is not None:
            self.adapted.select(number)

    def _check_laid(self) -> None:
        if self.masked is not None:
            self.masked.gates.check_fired()
        if self.adapted is not None:
            self.adapted.adapters.check_fired()

    def _select_masks(self, network: Any, masks: MaskTable) -> tuple[NDArray[np.bool_], dict[str, Any]]:
        port = FairseqPort(network, self.vocabulary)
        return self.select_again(port, masks, shard_of_epoch(self.plan["data_bin"], 1), self.directions)

    def masks_in_use(self) -> dict[str, Any]:
        """Return what a checkpoint says of masks that change while the training runs, else nothing."""
        state = None if self.masked is None else self.masked.state()
        return {} if state is None else {"masks": state}

    def take_masks(self, extra_state: dict[str, Any]) -> None:
        """Go on with the masks of a checkpoint, if it has some."""
        if self.masked is not None:
            self.masked.load(extra_state.get("masks"))

    def train_step(
        self,
        sample: dict[str, Any],
        model: Any,
        criterion: Any,
        optimizer: Any,
        update_num: int,
        ignore_grad: bool = False,
    ) -> tuple[Any, Any, dict[str, Any]]:
        """One forward and backward pass under the mask of the batch's direction."""
        self._lay(sample["direction"])
        result: tuple[Any, Any, dict[str, Any]] = super().train_step(
            sample, model, criterion, optimizer, update_num, ignore_grad
        )
        self._check_laid()
        for laid in (self.masked, self.adapted):
            if laid is not None and not ignore_grad:
                laid.learn(sample["direction"])
        return result

    def optimizer_step(self, optimizer: Any, model: Any, update_num: int) -> None:
        """fairseq's step, which leaves alone what masks and adapters hold."""
        with ExitStack() as held:
            for laid in (self.masked, self.adapted):
                if laid is not None:
                    held.enter_context(laid.holding(optimizer))
            super().optimizer_step(optimizer, model, update_num)

    def valid_step(
        self, sample: dict[str, Any], model: Any, criterion: Any
    ) -> tuple[Any, Any, dict[str, Any]]:
        """fairseq's step under the mask of the batch's direction; its sums also by direction."""
        self._lay(sample["direction"])
        loss, sample_size, output = super().valid_step(sample, model, criterion)
        self._check_laid()
        # Every process must report the same keys, for their sums are gathered in one tensor.
        for number, direction in enumerate(self.directions):
            own = number == sample["direction"]
            for key in ("loss", "nll_loss", "ntokens"):
                # A zero of the same kind: numbers and tensors are summed up apart, by their order.
                output[f"{key}/{direction}"] = output[key] if own else output[key] * 0
        return loss, sample_size, output

    def reduce_metrics(self, logging_outputs: list[dict[str, Any]], criterion: Any) -> None:
        """Gather what the steps returned into fairseq's meters."""
        super().reduce_metrics(logging_outputs, criterion)
        if logging_outputs and f"loss/{self.directions[0]}" in logging_outputs[0]:
            for direction in self.directions:
                for key in ("loss", "nll_loss", "ntokens"):
                    total = sum(float(output[f"{key}/{direction}"]) for output in logging_outputs)
                    metrics.log_scalar_sum(f"{key}/{direction}", total)

    def post_validate(self, model: Any, stats: dict[str, Any], agg: Any) -> None:
        """Called by fairseq after each validation: write the losses by direction, in bits per token."""
        update = int(stats["num_updates"])
        sums = {
            direction: {key: agg[f"{key}/{direction}"].sum for key in ("loss", "nll_loss", "ntokens")}
            for direction in self.directions
        }
        rows: list[tuple[Any, ...]] = []
        for direction, values in sums.items():
            tokens = int(values["ntokens"])
            loss, nll = (values[key] / max(tokens, 1) / math.log(2) for key in ("loss", "nll_loss"))
            rows.append((update, direction, f"{loss:.4f}", f"{nll:.4f}", tokens))
            # TensorBoard gets the mean, not the sums that were gathered.
            stats[f"loss/{direction}"] = loss
            del stats[f"nll_loss/{direction}"], stats[f"ntokens/{direction}"]
        tokens = sum(int(values["ntokens"]) for values in sums.values())
        loss, nll = (
            sum(values[key] for values in sums.values()) / max(tokens, 1) / math.log(2)
            for key in ("loss", "nll_loss")
        )
        rows.append((update, ALL, f"{loss:.4f}", f"{nll:.4f}", tokens))
        # Compared with NaN, no later loss would be the best.
        check_finite(loss, f"the validation loss at update {update}")
        named = " ".join(f"{direction} {loss}" for _, direction, loss, _, _ in rows[:-1])
        best = f" (best {stats['best_loss']:.3f})" if "best_loss" in stats else ""
        logger.info(f"validation at update {update}: loss {loss:.3f}{best} | {named}")
        if torch.distributed.is_initialized() and torch.distributed.get_rank() != 0:
            return
        append_rows(self.folder / VALIDATION, rows)
        if self.settings["valid_bleu"]:
            self._write_valid_bleu(model, stats, update)

    def _write_valid_bleu(self, model: Any, stats: dict[str, Any], update: int) -> None:
        from workflow_scripts.models.fairseq.training.validation_bleu import validation_bleu

        scores = {}
        for number, direction in enumerate(self.directions):
            self._lay(number)
            scores[direction] = validation_bleu(self, model, number)
            stats[f"bleu/{direction}"] = scores[direction]
        named = " ".join(f"{direction} {score:.1f}" for direction, score in scores.items())
        mean = sum(scores.values()) / len(scores)
        logger.info(f"validation BLEU at update {update}: mean {mean:.2f} | {named}")
        rows = [(update, direction, f"{score:.2f}") for direction, score in [*scores.items(), (ALL, mean)]]
        append_rows(self.folder / BLEU, rows)
