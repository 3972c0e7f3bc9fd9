"""Every job that an experiment's workflow consists of, with the files it makes, from the config alone.

What: rule by rule, the outputs, log and benchmark that Snakemake would have each job make, so that status,
manifest and verify know what belongs to an experiment without Snakemake and without its lock.
Inputs: the resolved config. Outputs: ``ExpectedJob``s in the order of the pipeline.
The graph of rules/*.smk is written down a second time here; tests/workflow/test_expected.py holds the two
against each other. Source: none; docs/architecture.md, "Files".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from workflow_scripts.config.base import BASELINE
from workflow_scripts.config.experiment import Experiment
from workflow_scripts.config.file_source import FilesSource
from workflow_scripts.config.masks import ALL_UNITS
from workflow_scripts.config.toy import ToySource
from workflow_scripts.table_names import (
    ALWAYS,
    CAUTIONS,
    CONTRASTIVE,
    FORMATS,
    LIKELIHOOD,
    OF_TESTS,
    PUBLISHED,
    UNIT_FORMATS,
    UNITS,
)

#: What every system folder holds (docs/architecture.md).
SYSTEM_FILES = ("system.json", "model.safetensors", "spm.model", "dict.txt")
#: What a toy corpus's contrastive set is called in `evaluation.contrastive`, below the experiment's folder.
TOY_CONTRAST = "data/contrastive/toy.tsv"
#: Stages that are several rules, by language, system, kind of score or test set: each name begins with it.
COUNT_ENCODER, USE_SYSTEM, COMPARE, _ = SPREAD = ("count_encoder", "use_system", "compare", "round_trip")


@dataclass(frozen=True, slots=True)
class ExpectedJob:
    """One job; its paths are relative to ``results/{experiment}``.

    ``name``: the wildcards as the log's name has them. ``training``: a trainer's undeclared folder.
    """

    rule: str
    name: str
    outputs: tuple[str, ...]
    training: str | None = None

    @property
    def stage(self) -> str:
        """The module that it runs: the name of its log folder."""
        return next((stage for stage in SPREAD if self.rule.startswith(f"{stage}_")), self.rule)

    @property
    def log(self) -> str:
        """Where its messages go."""
        return f"logs/{self.stage}/{self.name}.log"

    @property
    def benchmark(self) -> str:
        """Where Snakemake writes its seconds and memory."""
        return f"benchmarks/{self.stage}/{self.name}.tsv"


def _job(rule: str, name: str, *outputs: str, training: str | None = None) -> ExpectedJob:
    return ExpectedJob(rule, name, outputs, training)


def expected_jobs(experiment: Experiment) -> list[ExpectedJob]:
    """Return every job of an experiment, stage after stage."""
    parts = (_text, _used, _baseline, _masks, _finetuned, _analyses, _translations, _evaluation, _report)
    return [job for part in parts for job in part(experiment)]


def _sides(experiment: Experiment) -> Iterator[tuple[str, str, str]]:
    """Yield (subset, pair, language) of all text."""
    for subset in experiment.subsets:
        for pair in experiment.pairs_of(subset):
            for lang in pair.split("-"):
                yield subset, pair, lang


def _text(experiment: Experiment) -> Iterator[ExpectedJob]:
    source = experiment.data.source
    if isinstance(source, ToySource):
        made = source.outputs("data", experiment.train_pairs, experiment.languages)
        yield _job("generate_toy", "toy", *made)
        if f"results/{experiment.experiment}/{TOY_CONTRAST}" in experiment.evaluation.contrastive.values():
            yield _job("generate_contrastive", "toy", TOY_CONTRAST)
    elif not isinstance(source, FilesSource) and (fetched := source.downloads("data", experiment.languages)):
        yield _job("download_corpus", "corpus", *fetched)
    for model in experiment.evaluation.comet:
        if model.model is not None:
            yield _job("fetch_comet", model.name, f"data/comet/{model.name}.json")
    sides = list(_sides(experiment))
    for subset, pair in dict.fromkeys((subset, pair) for subset, pair, _ in sides):
        texts = [f"data/text/{subset}/{pair}.{lang}.txt" for lang in pair.split("-")]
        yield _job("prepare_text", f"{subset}/{pair}", *texts, f"data/text/{subset}/{pair}.json")
    vocabulary = "use_vocabulary" if experiment.used else "train_subwords"
    yield _job(vocabulary, "spm", "data/subwords/spm.model", "data/subwords/dict.txt")
    shards = [f"shard{n}/" for n in range(experiment.data.shards)] if experiment.data.shards > 1 else []
    for side in map(".".join, sides):
        files = [f"{shard}{side}.{end}" for end in ("bin", "idx") for shard in shards or [""]]
        files += [f"{shard}{side}.json" for shard in [*shards, ""]]
        yield _job("binarise", side.replace(".", "/", 1), *(f"data/bin/{file}" for file in files))
    yield _job("write_card", "card", "data/card.json", "data/card.md")
    for rule, testset in (
        (rule, one) for rule, testsets in experiment.round_trips.items() for one in testsets
    ):
        texts = [f"data/round_trip/{testset}/{side}.txt" for side in experiment.target_sides(testset)]
        yield _job(rule, testset, *texts, f"data/round_trip/{testset}.json")
        yield _job("score_ceiling", testset, f"data/ceiling/{testset}.json")
    if "paper" in experiment.evaluation.references:
        for testset in experiment.testsets:
            for side in experiment.target_sides(testset):
                yield _job("rebuild_references", f"{testset}/{side}", f"data/references/{testset}.{side}.txt")


def _system(name: str, seed: int, *more: str) -> list[str]:
    return [f"systems/{name}/s{seed}/{file}" for file in (*SYSTEM_FILES, *more)]


def use_system_rule(system: str) -> str:
    """Return the name of the rule that takes a system of another experiment."""
    return USE_SYSTEM + "_" + re.sub(r"\W", "_", system)


def _used(experiment: Experiment) -> Iterator[ExpectedJob]:
    for name in experiment.used:
        rule = use_system_rule(name)
        masks = ["masks.npz"] if name in experiment.masked else []
        for seed in experiment.train.seeds:
            yield _job(rule, f"{name}.s{seed}", *_system(name, seed, *masks))


def _baseline(experiment: Experiment) -> Iterator[ExpectedJob]:
    for seed in experiment.train.seeds if BASELINE not in experiment.used else ():
        folder = f"training/{BASELINE}/s{seed}"
        yield _job("train_baseline", f"s{seed}", *_system(BASELINE, seed), training=folder)


def _masks(experiment: Experiment) -> Iterator[ExpectedJob]:
    """Yield what counts, then what selects: trained directions together, the others each by itself.

    Masks of trained directions are for fine-tuning and analyses; those of the others are for decoding.
    """
    trained, rows = _selected(experiment), _rows(experiment)
    others = experiment.directions.evaluate_only
    by_score = [masks for masks in rows if experiment.masks.named[masks].one.like is None]
    directions = {*(others if by_score else ()), *(experiment.train_directions if trained else ())}
    counted = [(f"{COUNT_ENCODER}_{n}", n, group) for n, group in experiment.counted_together.items()]
    counted += [("count_activations", direction, [direction]) for direction in experiment.counted_alone]
    for seed in experiment.train.seeds:
        for rule, name, group in counted:
            if directions.issuperset(group):
                files = [f"activations/{BASELINE}/s{seed}/valid/{direction}.npz" for direction in group]
                yield _job(rule, f"{BASELINE}/s{seed}/{name}", *files)
    for seed in experiment.train.seeds:
        for row in [*trained, *(f"{masks}/{direction}" for masks in rows for direction in others)]:
            yield _job("select_masks", f"{BASELINE}/s{seed}/{row}", f"masks/{BASELINE}/s{seed}/{row}.npz")


def _selected(experiment: Experiment) -> list[str]:
    """Return the mask sets of trained directions that are selected here.

    Those of systems and of analyses, those of ``masks.sets``, and what any of these is made of.
    """
    analysed = (experiment.analysis.mask_control_k, experiment.analysis.overlap_k)
    named = experiment.masks.named
    found = [masks for name, masks in experiment.masked.items() if name not in experiment.used]
    found += [
        *(f"k{k}" for k in analysed if k),
        *(name for name in named if named[name].key in experiment.masks.sets),
    ]
    found += [like for masks in _rows(experiment) if (like := _whole(experiment, masks))]
    for masks in found:
        if (like := named[masks].one.like) is not None and like not in found:
            found.append(like)
    return list(dict.fromkeys(found))


def _whole(experiment: Experiment, masks: str) -> str | None:
    """Return the mask set all of whose rows a row of this set is made of, if it is."""
    one = experiment.masks.named[masks].one
    return one.like if one.of_several_rows else None


def _rows(experiment: Experiment) -> list[str]:
    """Return the mask sets that have a row of their own for each direction that is only evaluated."""
    if not experiment.directions.evaluate_only:
        return []
    found = list(dict.fromkeys(experiment.masked.values()))
    for masks in found:
        one = experiment.masks.named[masks].one
        if one.like is not None and not one.of_several_rows and one.like not in found:
            found.append(one.like)
    return found


def _finetuned(experiment: Experiment) -> Iterator[ExpectedJob]:
    for seed in experiment.train.seeds:
        for name in (name for name in experiment.finetuned if name not in experiment.used):
            files, folder = _system(name, seed, "masks.npz"), f"training/{name}/s{seed}"
            yield _job("finetune", f"{name}.s{seed}", *files, training=folder)
        for name in (name for name in experiment.untrained if name not in experiment.used):
            yield _job("use_masks", f"{name}.s{seed}", *_system(name, seed, "masks.npz"))


def _analyses(experiment: Experiment) -> Iterator[ExpectedJob]:
    for seed in experiment.train.seeds:
        for rule, k, suffixes in (
            ("mask_control", experiment.analysis.mask_control_k, ("json",)),
            ("overlap", experiment.analysis.overlap_k, ("json", "csv", "md")),
        ):
            if k:
                stem = f"analysis/{rule}/{BASELINE}/s{seed}/k{k}"
                yield _job(rule, f"{BASELINE}.s{seed}.k{k}", *(f"{stem}.{suffix}" for suffix in suffixes))


def _translations(experiment: Experiment) -> Iterator[ExpectedJob]:
    for place in _places(experiment, experiment.testsets):
        for direction in experiment.directions_of(place.rpartition("/")[2]):
            yield _job("decode", f"{place}.{direction}", f"translations/{place}/{direction}.txt")


def _evaluation(experiment: Experiment) -> Iterator[ExpectedJob]:
    """Yield what measures hypotheses, then what measures systems on text that is given."""
    evaluation = experiment.evaluation
    if evaluation.off_target:
        yield _job("train_identifier", "identifier", "identifier/model.npz", "identifier/accuracy.json")
    for place in _places(experiment, experiment.testsets):
        for profile in evaluation.references:
            one = f"{place}.{profile}"
            yield _job("score", one, f"scores/{one}.json", f"scores/{one}.segments.npz")
            compared = evaluation.significance and not place.startswith(f"{BASELINE}/")
            if compared:
                yield _job(COMPARE, one, f"significance/{one}.json")
            for name in (f"{one}.{model.name}" for model in evaluation.comet):
                yield _job("comet", name, f"comet/{name}.json", f"comet/{name}.segments.npz")
                if compared:
                    yield _job(f"{COMPARE}_comet", name, f"significance/{name}.json")
        if evaluation.off_target:
            yield _job("identify", place, f"off_target/{place}.json")
        if evaluation.likelihood:
            yield _job("likelihood", place, *(f"likelihoods/{place}.{end}" for end in ("json", "npz")))
    for place in _places(experiment, evaluation.contrastive):
        yield _job("contrastive", place, *(f"contrastive/{place}.{end}" for end in ("json", "npz")))


def _places(experiment: Experiment, sets: Iterable[str]) -> Iterator[str]:
    """Yield the name of every job of a system, seed and set of text."""
    for system in experiment.all_systems:
        for seed in experiment.train.seeds:
            yield from (f"{system}/s{seed}/{name}" for name in sets)


def tables_of(experiment: Experiment) -> list[str]:
    """Return the names of an experiment's tables, in the order in which they are written."""
    evaluation = experiment.evaluation
    asked = {
        LIKELIHOOD: evaluation.likelihood,
        CONTRASTIVE: evaluation.contrastive,
        PUBLISHED: experiment.report.published,
    }
    tests = OF_TESTS if evaluation.significance else ()
    return [*ALWAYS, *tests, *(name for name, wanted in asked.items() if wanted)]


def unit_masks(experiment: Experiment) -> dict[str, str]:
    """Return the mask sets whose units are tabulated, with where each lies; `{seed}` stands for the seed.

    Those that the experiment selects for its trainings and analyses, and those of systems that it takes from
    another one, which lie in the system. A set that keeps every unit says nothing.
    """
    selected = [masks for masks in _selected(experiment) if masks != ALL_UNITS]
    used = {masks: name for name, masks in experiment.masked.items() if name in experiment.used}
    return {
        masks: f"systems/{name}/s{{seed}}/masks.npz" for masks, name in used.items() if masks != ALL_UNITS
    } | {masks: f"masks/{BASELINE}/s{{seed}}/{masks}.npz" for masks in selected}


def _report(experiment: Experiment) -> Iterator[ExpectedJob]:
    files = [f"tables/{table}.{ending}" for table in tables_of(experiment) for ending in FORMATS]
    yield _job("tabulate", "tables", *files, f"tables/{CAUTIONS}")
    if unit_masks(experiment):
        yield _job("tabulate_units", "units", *(f"tables/{UNITS}.{ending}" for ending in UNIT_FORMATS))
    if {BASELINE, *experiment.finetuned} - set(experiment.used):
        yield _job("plot_training", "training", "figures/training.png")
    for sweep in experiment.sweeps:
        yield _job("plot_sweep", sweep, f"figures/sweep_{sweep}.png")
    for testset in experiment.testsets if experiment.evaluation.off_target else ():
        yield _job("plot_off_target", testset, f"figures/off_target_{testset}.png")
