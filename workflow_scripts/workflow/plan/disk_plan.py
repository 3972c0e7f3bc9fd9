"""Whether the disk has room for what a run will write: trainings, systems, text and what probes read.

Hypotheses, tables and logs are small and not counted. docs/how-to/disk.md works out the published setting.
"""

import shutil
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workflow_scripts.common.directions import pair_of
from workflow_scripts.config.analyses.probe_checks import probed_directions
from workflow_scripts.config.base import BASELINE
from workflow_scripts.config.experiment import Experiment
from workflow_scripts.config.score_checks import known_space
from workflow_scripts.units.adapters import adapter_parameters
from workflow_scripts.units.space import STACKS
from workflow_scripts.units.training_files import checkpoints_of, size_of
from workflow_scripts.units.vocabulary import Vocabulary
from workflow_scripts.workflow.graph import PlannedJob
from workflow_scripts.workflow.plan.text_sizes import BYTES_OF_A_LINE, PACKED, TEXT_OF_PACKED, TextSizes
from workflow_scripts.workflow.plan.training_code import TRAINING_RULES
from workflow_scripts.workflow.run.clean_training import readable
from workflow_scripts.workflow.run.earlier_training import earlier_training, system_of, training_folder

FLOAT = 4
#: A checkpoint holds the weights and Adam's two moments of what is trained, in float32.
CHECKPOINT_FLOATS = 3
#: `checkpoint_best.pt` and `checkpoint_last.pt`, beside the interval checkpoints.
BEST_AND_LAST = 2
#: Binarised bytes for a byte of text, at most: Multi30k has 0.69, the demo 0.86. Tokens take two bytes in a
#: vocabulary of up to 65,500, else four.
BINARY_OF_TEXT, SMALL_VOCABULARY = 1, 65_500
#: Symbols that the SentencePiece model does not count: it has three of the four special ones.
OTHER_SYMBOLS = 1
#: Words of a line of `BYTES_OF_A_LINE`; values of units for probes are float16.
WORDS_OF_A_LINE, HALF = 20, 2


@dataclass(frozen=True)
class Need:
    """Bytes that a plan will add to folders of the results, each by its name."""

    training: int
    systems: int
    data: int
    #: Text of unknown size is to be fetched, too.
    unknown_text: bool = False
    #: Values of units for probes.
    analysis: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.training + self.systems + self.data + self.analysis


def parameters(architecture: Mapping[str, Any], symbols: int) -> int:
    """Return the parameters of a Transformer with a vocabulary of ``symbols`` (sinusoidal positions)."""
    dim, ffn = architecture["model_dim"], architecture["ffn_dim"]
    attention, norm = 4 * (dim * dim + dim), 2 * dim
    feed_forward = 2 * dim * ffn + ffn + dim
    encoder = architecture["encoder_layers"] * (attention + feed_forward + 2 * norm)
    decoder = architecture["decoder_layers"] * (2 * attention + feed_forward + 3 * norm)
    final_norms = 2 * norm if architecture["pre_norm"] else 0
    if architecture["share_all_embeddings"]:
        embeddings = 1
    else:
        embeddings = 2 if architecture["share_decoder_embeddings"] else 3
    return int(encoder + decoder + final_norms + embeddings * symbols * dim)


def parameters_of(experiment: Experiment) -> int:
    """Return the parameters of an experiment's model; where only its checkpoint says them, at most these."""
    if (model := experiment.attached_model) is not None:
        return size_of(Path(model.model)) // FLOAT
    if experiment.checkpoints is not None and not experiment.known_architecture:
        return size_of(Path(experiment.checkpoints.checkpoint)) // FLOAT
    return parameters(experiment.model.architecture(), symbols_of(experiment))


def symbols_of(experiment: Experiment) -> int:
    """Return the symbols of an experiment's vocabulary, language tokens included."""
    if experiment.checkpoints is not None and Path(experiment.checkpoints.dictionary).is_file():
        return len(Vocabulary.read(experiment.checkpoints.dictionary, experiment.languages))
    return experiment.subwords.vocab_size + OTHER_SYMBOLS + len(experiment.languages)


def adapters_of(experiment: Experiment, name: str) -> int:
    """Return the parameters of a system's adapters; 0 where only a checkpoint says the model's sizes."""
    method = {} if name == BASELINE else experiment.method_of(name)
    if "adapters" not in method or known_space(experiment) is None:
        return 0
    adapters = method["adapters"]
    rows = len(set(adapters["rows"].values()))
    return adapter_parameters(experiment.known_architecture, adapters["kind"], adapters["size"], rows)


def values_of(experiment: Experiment, job: PlannedJob) -> int:
    """Return the bytes of the values that a job of ``collect_units`` writes, for as many sentences as the
    config asks for; 0 where only a checkpoint says the model's sizes."""
    probes = experiment.analysis.probes
    if probes is None or (space := known_space(experiment, probes.units)) is None:
        return 0
    stack = job.wildcards["stack"]
    directions = probed_directions(experiment, probes, job.wildcards["system"], stack)
    units = space.part(stacks=[name for name in STACKS if name == stack]).size
    return HALF * units * WORDS_OF_A_LINE * probes.sentences * len(directions)


def need_of(experiment: Experiment, results: Path, jobs: Iterable[PlannedJob], at_once: int) -> Need:
    """Return the bytes that jobs will add below ``results``; ``at_once``: trainings that run at once."""
    symbols = symbols_of(experiment)
    weights = FLOAT * parameters_of(experiment)
    kept, passing, systems, values = 0, [], 0, 0
    prepared, to_prepare = 0, set[str]()
    text, raw, unknown = TextSizes(experiment, results), 0, False
    texts: list[tuple[PlannedJob, str]] = []
    jobs = list(jobs)
    made = {file for job in jobs for file in job.outputs}
    for job in jobs:
        if job.rule in TRAINING_RULES:
            name, settings = system_of(experiment, job)
            seed = f"s{job.wildcards['seed']}"
            adapters = FLOAT * adapters_of(experiment, name)
            trained = CHECKPOINT_FLOATS * (adapters or weights)
            checkpoint = trained + (weights if adapters else 0)
            missing = _checkpoints(experiment, checkpoint, results, job, made)
            if settings.keep_optimizer:
                kept += missing
            else:
                passing.append(missing)
            systems += max(0, weights + adapters - size_of(results / "systems" / name / seed))
        elif job.rule == "train_encoder":
            systems += max(0, weights - _there(job))
        elif job.rule == "prepare_text":
            size = sum(map(_text_of, job.inputs))
            if not size:
                one, two = job.wildcards["one"], job.wildcards["two"]
                lines = text.sentences(job.wildcards["subset"], pair_of(f"{one}-{two}"))
                unknown |= lines is None
                size = 2 * BYTES_OF_A_LINE * (lines or 0)
                raw += size
            prepared += max(0, size - _there(job))
            to_prepare.update(job.outputs)
        elif job.rule == "collect_units":
            values += max(0, values_of(experiment, job) - _there(job))
        elif job.rule == "binarise":
            texts.extend((job, file) for file in job.inputs if file.endswith(".txt"))
    # Text that is not prepared yet was counted from its source.
    binarised = sum(
        max(0, size_of(Path(file)) - _there(job)) for job, file in texts if file not in to_prepare
    )
    binary = BINARY_OF_TEXT * (1 if symbols <= SMALL_VOCABULARY else 2)
    running = sorted(passing, reverse=True)[:at_once]
    data = raw + prepared + binary * (prepared + binarised)
    return Need(kept + sum(running), systems, data, unknown, values)


def _checkpoints(
    experiment: Experiment, checkpoint: int, results: Path, job: PlannedJob, made: Collection[str]
) -> int:
    _, settings = system_of(experiment, job)
    earlier = earlier_training(experiment, results, job, made)
    whole = (settings.keep_checkpoints + BEST_AND_LAST) * checkpoint
    if earlier and not (earlier.updates and earlier.sure):
        return whole  # the old training is kept aside, or may be
    if earlier and not earlier.left:
        return 0  # its system is only exported again
    return max(0, whole - sum(map(size_of, checkpoints_of(training_folder(results, job)))))


def _text_of(file: str) -> int:
    path = Path(file)
    return size_of(path) * (TEXT_OF_PACKED if path.suffix in PACKED else 1)


def _there(job: PlannedJob) -> int:
    return sum(size_of(Path(file)) for file in job.outputs)


def free_bytes(folder: Path) -> tuple[int, int]:
    """Return (disk, its free bytes) for a folder that need not be there yet."""
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    return there.stat().st_dev, shutil.disk_usage(there).free


def too_small(experiment: Experiment, results: Path, jobs: Sequence[PlannedJob], at_once: int) -> str | None:
    """Return one line if a disk of ``results`` does not hold what ``jobs`` will write, else None."""
    need = need_of(experiment, results, jobs, at_once)
    wanted: dict[int, int] = {}
    free: dict[int, int] = {}
    for name in ("training", "systems", "data", "analysis"):
        # Any of these folders may be a link to another disk.
        disk, free[disk] = free_bytes(results / name)
        wanted[disk] = wanted.get(disk, 0) + getattr(need, name)
    short = [disk for disk in wanted if wanted[disk] > free[disk]]
    if not short:
        return None
    update = {"keep_optimizer": False}
    frugal = experiment.model_copy(
        update={key: getattr(experiment, key).model_copy(update=update) for key in ("train", "finetune")}
    )
    less = need_of(frugal, results, jobs, at_once).total
    advice = "fewer seeds, systems or masks.k need less"
    text = f"text {readable(need.data)}"
    if need.analysis:
        text += f", values of units {readable(need.analysis)}"
        advice = "fewer seeds, systems, masks.k or analysis.probes.sentences need less"
    if less < need.total:
        advice = f"train.keep_optimizer and finetune.keep_optimizer false make it {readable(less)}; " + advice
    return (
        f"disk too small for the plan: {results} will need about {readable(wanted[short[0]])} more (trainings"
        f" {readable(need.training)}, systems {readable(need.systems)}, {text}), but"
        f" {readable(free[short[0]])} are free; {advice}; make clean-training shows what can be deleted"
    )
