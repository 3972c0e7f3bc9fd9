"""Seconds of jobs where nothing like them has run, from figures of other machines (``first_estimates.csv``).

They tell minutes from hours and weeks of CPU time; GPUs were not measured.
"""

import csv
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

from workflow_scripts.common.directions import pair_of, text_of
from workflow_scripts.config.experiment import Experiment
from workflow_scripts.config.file_source import TRAIN, VALID
from workflow_scripts.workflow.graph import PlannedJob
from workflow_scripts.workflow.plan.analysis_passes import READS, Passes
from workflow_scripts.workflow.plan.disk_plan import parameters_of
from workflow_scripts.workflow.plan.text_sizes import TextSizes
from workflow_scripts.workflow.stage_list.models import ON_TEXT

FILE = Path(__file__).with_suffix(".csv")
HOW = "first estimate"
#: A network that is so many times larger than all measured ones has no estimate.
FARTHEST = 4.0
#: The most lines of a language that the language identifier is trained on.
IDENTIFIER_LINES = 20_000
#: Items by direction of a contrastive set that is not made yet: 1,500 for the eight of the demo.
TOY_ITEMS = 190
#: Resamples of a test if the config has none: ten by level for each direction, at least these.
RESAMPLES_BY_LEVEL, FEWEST_RESAMPLES = 10, 1_000


@dataclass(frozen=True)
class Measured:
    """``seconds`` of a unit of work after ``start``, for a network of ``parameters`` (None: for all)."""

    parameters: float | None
    start: float
    seconds: float | None
    machine: str


def read_measured() -> dict[str, list[Measured]]:
    """Return what was measured by stage, the smallest network first."""
    found: dict[str, list[Measured]] = {}
    with FILE.open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle):
            size, seconds = (float(row[key]) if row[key] else None for key in ("parameters", "seconds"))
            one = Measured(size, float(row["start"]), seconds, row["machine"])
            found.setdefault(row["stage"], []).append(one)
    return {stage: sorted(rows, key=lambda one: one.parameters or 0.0) for stage, rows in found.items()}


def pace(rows: Sequence[Measured], size: float) -> float | None:
    """Return the seconds of a unit of work, interpolated by logarithms; None: the network is too large, or
    not here (of size 0)."""
    known = [(one.parameters, one.seconds) for one in rows if one.parameters and one.seconds]
    if not known:
        return rows[0].seconds
    if size == 0:
        return None
    (least, first), (most, last) = known[0], known[-1]
    if size > most * FARTHEST:
        return None
    if size <= least:
        return first * size / least
    if size >= most:
        return last * size / most
    (low, less), (high, more) = next((one, two) for one, two in pairwise(known) if size <= two[0])
    share = math.log(size / low) / math.log(high / low)
    return less * math.exp(share * math.log(more / less))


class FirstEstimates:
    """Seconds of an experiment's jobs, from its config and text; on GPUs only of jobs without a network."""

    def __init__(self, experiment: Experiment, results: Path, on_cpu: bool = True) -> None:
        self._experiment, self._on_cpu = experiment, on_cpu
        self.text = TextSizes(experiment, results)
        self._measured = read_measured()

    @cached_property
    def _parameters(self) -> int:
        return parameters_of(self._experiment)

    def training(self, stage: str, updates: int, tokens: int) -> float | None:
        """Return the seconds of so many updates of so many padded tokens; None: unknown."""
        one = pace(self._measured[stage], self._parameters) if self._on_cpu else None
        return None if one is None else one * updates * tokens / 1000

    def depends_on_text(self, stage: str) -> bool:
        """Tell whether a stage takes longer the more text there is."""
        return any(one.seconds is not None for one in self._measured.get(stage, ()))

    def of(self, job: PlannedJob) -> float | None:
        """Return the seconds of a job other than a training; None: unknown."""
        rows = self._measured.get(job.stage)
        if rows is None or (rows[0].parameters and not self._on_cpu):
            return None
        if rows[0].seconds is None:
            return rows[0].start
        one, work = pace(rows, self._parameters), self._work(job)
        if one is None or work is None:
            return None
        if job.stage == "score" and "ter" in {
            metric.lower() for metric in self._experiment.evaluation.metrics
        }:
            one += self._measured["score_ter"][0].seconds or 0.0
        return rows[0].start + one * work / 1000

    def _work(self, job: PlannedJob) -> float | None:
        """Return a job's sentences, each as often as it is read."""
        experiment, text, given = self._experiment, self.text, job.wildcards
        if job.stage in READS:
            return self._sentences(READS[job.stage](experiment, job))
        directions = experiment.directions_of(given.get("testset", ""))
        match job.stage:
            case "generate_toy" | "train_subwords" | "train_identifier" | "write_card":
                both = text.of_pairs(TRAIN, experiment.train_pairs)
                if both is None:
                    return None
                most = {
                    "train_subwords": experiment.subwords.sample_sentences,
                    "train_identifier": IDENTIFIER_LINES * len(experiment.languages),
                }
                return min(2 * both, most.get(job.stage, math.inf))
            case "prepare_text":
                return text.sentences(given["subset"], pair_of(f"{given['one']}-{given['two']}"))
            case "vary_text" | "transliterate":
                return text.sentences(given["varied"], pair_of(f"{given['one']}-{given['two']}"))
            case "take_text":
                return text.sentences(given["subset"], given["lang"])
            case "rebuild_references":
                return text.sentences(given["testset"], given["pair"])
            case "binarise":
                return text.sentences(given["subset"], given["pair"])
            case "randomise_tokens":
                return text.sentences(given["varied"], given["pair"])
            case "score_magnitude" | "score_importance":
                return text.sentences(given.get("text", VALID), text_of(given["direction"]))
            case "count_activations":
                by = job.rule.removeprefix("count_activations").removesuffix(ON_TEXT).removeprefix("_")
                counted = experiment.counted_together[by] if by else [given["direction"]]
                return self._counted(given.get("text", VALID), counted)
            case "stability":
                subset = experiment.masks.named[given["maskset"]].text
                return text.of_directions(subset, experiment.train_directions)
            case "decode":
                return text.sentences(given["testset"], text_of(given["direction"]))
            case "score_contrastive":
                return self._items(Path(experiment.evaluation.contrastive[given["contrast"]]))
            case "score" | "score_ceiling" | "round_trip" | "identify" | "score_likelihood":
                return text.of_directions(given["testset"], directions)
            case "compare":
                number = text.of_directions(given["testset"], directions)
                return None if number is None else number * self._resamples(len(directions)) / 1000
        return None

    def _counted(self, subset: str, directions: Sequence[str]) -> int | None:
        """Return the sentences of directions; half of one is its source, which is encoded once for all."""
        sources = {direction.partition("-")[0]: direction for direction in directions}
        both = [self.text.of_directions(subset, ones) for ones in (directions, sources.values())]
        return None if None in both else sum(one or 0 for one in both) // 2

    def _items(self, file: Path) -> int:
        if file.is_file():
            return max(0, file.read_bytes().count(b"\n") - 1)
        return TOY_ITEMS * len(self._experiment.evaluated_directions)

    def _sentences(self, every: Iterable[Passes]) -> int | None:
        """Return the sentences of all passes; None where the text, or what is read, is not known."""
        known, total = False, 0
        for one in every:
            known = True
            numbers = [self.text.sentences(one.text, text_of(direction)) for direction in one.directions]
            if None in numbers:
                return None
            total += one.times * sum(min(number or 0, one.most) for number in numbers)
        return total if known else None

    def _resamples(self, tests: int) -> float:
        asked = self._experiment.evaluation.significance
        if asked is None:
            return 0.0
        number = asked.resamples or max(FEWEST_RESAMPLES, RESAMPLES_BY_LEVEL * tests / asked.level)
        return 2 * number
