"""One update of each way to train, beside one of plain fairseq, in turn in one process.

``envs/bin/run-in fairseq tests.bench.bench_training [--pairs 7] [--updates 1] [--threads 2] [--ways NAME …]``
(a quarter of an hour on two idle cores). Plain fairseq is its own trainer, criterion and Transformer
(512/2048, 6+6 layers, vocabulary 8,000) on the same batches of two directions; masks keep 70 % of the units
at random. A pair is the processor seconds of ``--updates`` updates of both, one after the other; the ratio is
the median of all pairs, beside the lowest and the highest. The table is one for docs/reference/benchmarks.md.
"""

import argparse
import logging
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import workflow_scripts.models.fairseq.compat  # noqa: F401  (before fairseq)

# isort: split
import numpy as np
import torch
from fairseq import metrics, options
from fairseq.dataclass.utils import convert_namespace_to_omegaconf
from fairseq.models.transformer import TransformerModelBase
from fairseq.tasks import setup_task
from fairseq.trainer import Trainer

from tests.training_settings import training_settings
from workflow_scripts.data.mmap_format import write_dataset
from workflow_scripts.models.fairseq.network import fairseq_config
from workflow_scripts.models.fairseq.training.fairseq_run import fairseq_arguments
from workflow_scripts.models.fairseq.training.trainer import NeuronspecTrainer
from workflow_scripts.models.progress_log import ProgressLog
from workflow_scripts.models.training.plan import TrainingPlan
from workflow_scripts.models.training.slices import SliceWatch
from workflow_scripts.models.training.surroundings import never
from workflow_scripts.units.architecture import Architecture
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.space import model_space

ARCHITECTURE = Architecture(encoder_layers=6, decoder_layers=6, model_dim=512, ffn_dim=2048, heads=8)
WORDS = 8000
DIRECTIONS = ("xx-yy", "yy-xx")
MAX_TOKENS = 2000
KEPT = 0.7
ROWS = {direction: direction for direction in DIRECTIONS}
#: File of masks, if any, and the method.
WAYS: dict[str, tuple[str | None, dict[str, Any]]] = {
    "continued": (None, {}),
    "ns": ("ffn", {}),
    "removal": ("removed", {}),
    "train_only": ("ffn", {"train": "gradients"}),
    "own": ("ffn", {"momentum": "own"}),
    "ffn_only": (None, {"parameters": "ffn"}),
    "random_subset": ("ffn", {"train": "gradients", "parameters": "ffn"}),
    "lora": (None, {"adapters": {"kind": "lora", "size": 8, "rows": ROWS}}),
    "adapter": (None, {"adapters": {"kind": "bottleneck", "size": 64, "rows": ROWS}}),
    "lass": ("weight", {}),
}


def write_world(folder: Path, sentences: int, seed: int = 0) -> None:
    """Write text of both directions, a dictionary, and masks of each kind of units."""
    rng = np.random.default_rng(seed)
    lengths = np.clip(rng.lognormal(np.log(23), 0.45, sentences).round(), 3, 100).astype(int)
    for language in ("xx", "yy"):
        lines = [[*rng.integers(4, WORDS, length).tolist(), 2] for length in lengths]
        for subset in ("train", "valid"):
            write_dataset(folder / f"{subset}.xx-yy.{language}", lines, WORDS + 4)
    (folder / "dict.txt").write_text("".join(f"p{number} 1\n" for number in range(WORDS)), encoding="utf-8")
    for kind in ("ffn", "weight"):
        space = model_space(ARCHITECTURE.to_dict(), [kind])
        keep = rng.random((len(DIRECTIONS), space.size)) < KEPT
        masks = MaskTable(DIRECTIONS, keep, space, {})
        masks.write(folder / f"{kind}.npz")
        if kind == "ffn":
            MaskTable(DIRECTIONS, masks.bits, space, {"gate": {"ffn": "zero"}}).write(folder / "removed.npz")


def config_of(
    folder: Path, masks: str | None, method: dict[str, Any], criterion: str | None, max_tokens: int
) -> Any:
    """Return fairseq's configuration; ``criterion``: another one than ours."""
    plan = TrainingPlan(
        system="bench",
        seed=1,
        languages=["xx", "yy"],
        directions=list(DIRECTIONS),
        architecture=ARCHITECTURE.to_dict(),
        settings=training_settings(
            sampler="by_direction",
            max_tokens=max_tokens,
            warmup_updates=10,
            # Its optimiser is fairseq's own.
            step="fast" if criterion is None else "reference",
        ),
        text={},
        data_bin=str(folder),
        dictionary=str(folder / "dict.txt"),
        subwords="",
        folder=str(folder / "training"),
        masks=None if masks is None else str(folder / f"{masks}.npz"),
        method=method,
    )
    words = fairseq_arguments(plan, 1, 0)
    if criterion is not None:
        words = [f"--criterion={criterion}" if word.startswith("--criterion") else word for word in words]
    parser = options.get_training_parser()
    return convert_namespace_to_omegaconf(options.parse_args_and_arch(parser, input_args=words))


def plain_trainer(folder: Path, max_tokens: int = MAX_TOKENS) -> tuple[Trainer, Any]:
    """fairseq's own, and its task."""
    config = config_of(folder, None, {}, "label_smoothed_cross_entropy", max_tokens)
    task = setup_task(config.task)
    network = TransformerModelBase.build_model(fairseq_config(ARCHITECTURE), task)
    return Trainer(config, task, network, task.build_criterion(config.criterion)), task


def our_trainer(
    folder: Path, masks: str | None, method: dict[str, Any], max_tokens: int = MAX_TOKENS
) -> NeuronspecTrainer:
    config = config_of(folder, masks, method, None, max_tokens)
    task = setup_task(config.task)
    network, criterion = task.build_model(config.model), task.build_criterion(config.criterion)
    watch, progress = SliceWatch(never), ProgressLog(10**6, 10**6)
    return NeuronspecTrainer(config, task, network, criterion, "", progress, watch, lambda _: None)


def seconds(trainer: Trainer, samples: Sequence[Any]) -> float:
    begin = time.process_time()
    for sample in samples:
        trainer.train_step([sample])
    return time.process_time() - begin


def trained(trainer: Trainer) -> int:
    """The parameters that have a gradient."""
    return sum(one.numel() for one in trainer.get_model().parameters() if one.requires_grad)


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench_training", description=__doc__.partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--updates", type=int, default=1, help="of each half of a pair")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    logging.disable(logging.INFO)
    metrics.reset()
    with tempfile.TemporaryDirectory(prefix="neuronspec-bench-") as name:
        folder = Path(name)
        write_world(folder, 400)
        plain, task = plain_trainer(folder)
        task.load_dataset("train")
        batches = plain.get_train_iterator(1).next_epoch_itr(shuffle=True)
        samples = [next(batches) for _ in range(arguments.updates)]
        seconds(plain, samples)  # makes the optimiser's state
        print("| way | CPU s an update | × plain fairseq, median (lowest to highest) | trained, M |")
        print("|---|--:|--:|--:|")
        for way in arguments.ways:
            trainer = our_trainer(folder, *WAYS[way])
            seconds(trainer, samples)
            pairs = [(seconds(plain, samples), seconds(trainer, samples)) for _ in range(arguments.pairs)]
            ratios = sorted(own / other for other, own in pairs)
            own = statistics.median(own for _, own in pairs) / arguments.updates
            print(
                f"| {way} | {own:.2f} | {statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
                f" | {trained(trainer) / 1e6:.1f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
