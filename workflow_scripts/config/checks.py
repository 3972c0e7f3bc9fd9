"""What must hold between the sections of a config: one line, beginning with its key, for each mistake."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from typing import TYPE_CHECKING

from workflow_scripts.common.directions import pair_of, split_direction
from workflow_scripts.common.errors import nearest
from workflow_scripts.common.metric_names import ASKED, asked_name
from workflow_scripts.config.active_rule import rule_problems
from workflow_scripts.config.analyses.checks import analysis_problems
from workflow_scripts.config.attach import attach_problems
from workflow_scripts.config.base import BASELINE
from workflow_scripts.config.coverage import uncovered
from workflow_scripts.config.export import export_problems
from workflow_scripts.config.file_source import TRAIN, VALID, FilesSource, TextPart
from workflow_scripts.config.mask_checks import mask_problems
from workflow_scripts.config.model_port import port_problems
from workflow_scripts.config.sources import MtdataSource
from workflow_scripts.config.system_checks import system_problems
from workflow_scripts.config.text_checks import compared_problems, text_problems
from workflow_scripts.config.toy import ToySource

if TYPE_CHECKING:
    from workflow_scripts.config.experiment import Experiment


def problems(experiment: Experiment) -> Iterable[str]:
    """Yield every mistake that lies between sections."""
    yield from language_problems(experiment)
    yield from _source_problems(experiment)
    yield from _trained_problems(experiment)
    yield from mask_problems(experiment)
    yield from system_problems(experiment)
    yield from text_problems(experiment)
    yield from _uses_problems(experiment)
    yield from attach_problems(experiment)
    yield from port_problems(experiment)
    yield from export_problems(experiment)
    yield from rule_problems(experiment)
    yield from _evaluation_problems(experiment)
    yield from _training_problems(experiment)
    if experiment.pivot is not None or experiment.directions.train != "pivot":
        yield from uncovered(experiment.data.source, experiment.languages, experiment.pairs_of)
    if isinstance(experiment.data.source, ToySource):
        yield from _toy_problems(experiment, experiment.data.source)
    yield from analysis_problems(experiment)
    yield from compared_problems(experiment)


def language_problems(experiment: Experiment) -> Iterable[str]:
    """Yield every mistake in languages, pivot and groups."""
    known = set(experiment.languages)
    for lang in sorted({x for x in experiment.languages if experiment.languages.count(x) > 1}):
        yield f"languages: {lang!r} is listed twice"
    if experiment.pivot is not None and experiment.pivot not in known:
        yield f"pivot: {experiment.pivot!r} is not in languages{nearest(experiment.pivot, known)}"
    for grouping, groups in experiment.groups.items():
        seen: dict[str, str] = {}
        for group, members in groups.items():
            for lang in members:
                where = f"groups.{grouping}.{group}"
                if lang not in known:
                    yield f"{where}: {lang!r} is not in languages{nearest(lang, known)}"
                if lang in seen:
                    yield f"{where}: {lang!r} is already in {seen[lang]!r}"
                seen[lang] = group


def _source_problems(experiment: Experiment) -> Iterable[str]:
    source = experiment.data.source
    results = f"results/{experiment.experiment}/"
    if isinstance(source, FilesSource):
        for key in (TRAIN, VALID, *source.tests):
            for part in source.parts(key):
                if f"{posixpath.normpath(part.path)}/".startswith(results):
                    where = _key_of(key)
                    yield f"{where}: {part.path} is in the results of this experiment, {results}"
        yield from _part_problems(experiment, source)
    if isinstance(source, MtdataSource):
        for subset, datasets in source.datasets().items():
            where = _key_of(subset)
            for pair in datasets:
                for lang in split_direction(pair):
                    if lang not in experiment.languages:
                        hint = nearest(lang, experiment.languages)
                        yield f"{where}.{pair}: {lang!r} is not in languages{hint}"


def _key_of(subset: str) -> str:
    return f"data.source.{subset}" if subset in (TRAIN, VALID) else f"data.source.tests.{subset}"


def _part_problems(experiment: Experiment, source: FilesSource) -> Iterable[str]:
    known, evaluated = experiment.languages, experiment.evaluated_directions
    if not evaluated:
        return
    for subset in (TRAIN, VALID, *source.tests):
        for part in source.parts(subset):
            for lang in part.languages or []:
                if lang not in known:
                    yield f"{_key_of(subset)}: {lang!r} is not in languages{nearest(lang, known)}"
    for subset in (TRAIN, VALID):
        for pair in experiment.pairs_of(subset) if source.parts(subset) else ():
            if not source.parts_with(subset, pair):
                yield f"{_key_of(subset)}: no source has the pair {pair}"
        for part in source.parts(subset):
            for pair in map(pair_of, part.pairs or [] if isinstance(part, TextPart) else []):
                if pair not in experiment.pairs:
                    hint = nearest(pair, experiment.pairs)
                    yield f"{_key_of(subset)}: {pair!r} is not a pair of any direction{hint}"
    for name, text in source.tests.items():
        for direction in text.directions or []:
            if direction not in evaluated:
                yield f"{_key_of(name)}: {direction!r} is not evaluated{nearest(direction, evaluated)}"
        if not text.of(evaluated):
            yield f"{_key_of(name)}: it has none of the evaluated directions"
    for direction in experiment.untrained_directions:
        if not any(direction in experiment.directions_of(test) for test in experiment.testsets):
            yield f"directions.evaluate_only: no test set has {direction!r}"


def _trained_problems(experiment: Experiment) -> Iterable[str]:
    directions = experiment.directions
    if directions.train == "pivot" and experiment.pivot is None:
        yield "directions.train: 'pivot' needs the key pivot"
    for key in ("train", "evaluate_only"):
        listed = getattr(directions, key)
        if isinstance(listed, list):
            yield from _direction_problems(f"directions.{key}", listed, set(experiment.languages))
    if not experiment.train_directions:
        yield "directions.train: no direction is trained"
    for direction in experiment.untrained_directions:
        if direction in experiment.train_directions:
            yield f"directions.evaluate_only: {direction!r} is trained already"
    if directions.evaluate_only == "all" and not experiment.untrained_directions:
        yield "directions.evaluate_only: every direction is trained already; leave it out"
    yield from _zero_shot_problems(experiment)


def _zero_shot_problems(experiment: Experiment) -> Iterable[str]:
    """Yield a line for each language that an untrained direction needs units of, and no trained one has."""
    if not (experiment.train_directions and experiment.through_masks):
        return
    sides = ("from", "encoder"), ("into", "decoder")
    trained = [set(side) for side in zip(*map(split_direction, experiment.train_directions), strict=True)]
    seen: set[tuple[str, str]] = set()
    for direction in experiment.untrained_directions:
        for (word, stack), language, known in zip(sides, split_direction(direction), trained, strict=True):
            if language not in known and (word, language) not in seen:
                seen.add((word, language))
                yield (
                    f"directions.evaluate_only: no trained direction is {word} {language}, whose {stack}"
                    f" units {direction} would keep; leave it out, or train one"
                )


def _direction_problems(key: str, listed: list[str], known: set[str]) -> Iterable[str]:
    for direction in listed:
        source, target = split_direction(direction)
        for lang in (source, target):
            if lang not in known:
                yield f"{key}: {direction!r}: {lang!r} is not in languages{nearest(lang, known)}"
        if source == target:
            yield f"{key}: {direction!r} translates a language into itself"
    for direction in sorted({d for d in listed if listed.count(d) > 1}):
        yield f"{key}: {direction!r} is listed twice"


def _evaluation_problems(experiment: Experiment) -> Iterable[str]:
    for key in ("metrics", "testsets", "references"):
        listed = getattr(experiment.evaluation, key) or []
        for name in sorted({name for name in listed if listed.count(name) > 1}):
            yield f"evaluation.{key}: {asked_name(name)!r} is listed twice"
    metrics = experiment.all_metrics
    for model in experiment.evaluation.comet:
        if metrics.count(model.name) > 1 or model.name in ASKED:
            yield f"evaluation.comet: {model.name!r} is already the name of a metric; call this one otherwise"
    if experiment.evaluation.empty_references == "count":
        for key in ("comet", "likelihood"):
            if getattr(experiment.evaluation, key):
                remedy = "take evaluation.empty_references: drop"
                yield f"evaluation.{key}: says nothing of an empty reference; {remedy}"
    for lang in experiment.evaluation.tokenizers:
        if lang not in experiment.languages:
            hint = nearest(lang, experiment.languages)
            yield f"evaluation.tokenizers.{lang}: not in languages{hint}"
    for name in sorted({"all", "direction"} & set(experiment.groups)):
        yield f"groups: {name!r} is a grouping that the tables make themselves; call yours otherwise"
    decode = experiment.decode
    if decode.engine != "ctranslate2" and decode.compute_type != "float32":
        yield f"decode.compute_type: the {decode.engine} engine has float32 only, not {decode.compute_type}"
    if decode.engine not in (engines := ("ctranslate2", experiment.port)):
        what = "a model of attach.model" if experiment.attached_model else "a system of fairseq"
        yield f"decode.engine: {decode.engine} does not decode {what}; take one of {', '.join(engines)}"
    if decode.ranking == "fairseq" and experiment.attached_model:
        yield "decode.ranking: fairseq's scores are of its own models; take native"
    for test in experiment.evaluation.testsets or []:
        subsets = [name for name in experiment.subsets if name != TRAIN]
        if test not in subsets:
            hint = nearest(test, subsets)
            yield f"evaluation.testsets: no {test!r} in the source{hint}; it has {subsets}"
    yield from _report_problems(experiment)


def _report_problems(experiment: Experiment) -> Iterable[str]:
    report, systems = experiment.report, experiment.all_systems
    metric = report.sweep_metric
    if metric is not None and metric not in experiment.all_metrics:
        name, known = asked_name(metric), [asked_name(one) for one in experiment.all_metrics]
        yield f"report.sweep_metric: {name!r} is not scored{nearest(name, known)}; there are {known}"
    for name, directions in report.without.items():
        for direction in directions:
            if direction not in (known := experiment.evaluated_directions):
                yield f"report.without.{name}: {direction!r} is not evaluated{nearest(direction, known)}"
    if report.bilingual is not None and report.bilingual not in systems:
        hint = nearest(report.bilingual, systems)
        yield f"report.bilingual: no system {report.bilingual!r}{hint}; there are {list(systems)}"
    if report.published is None:
        return
    for system in report.published.systems:
        if system not in systems:
            yield f"report.published.systems: no system {system!r}{nearest(system, systems)}"
    testset, references = report.published.testset, report.published.references
    if testset is None and len(experiment.testsets) > 1:
        yield f"report.published.testset: name one of {experiment.testsets}"
    if testset is not None and testset not in experiment.testsets:
        yield f"report.published.testset: no {testset!r}{nearest(testset, experiment.testsets)}"
    if references not in experiment.evaluation.references:
        yield f"report.published.references: {references!r} is not in evaluation.references"


def _training_problems(experiment: Experiment) -> Iterable[str]:
    trainings = {"train": experiment.train, "finetune": experiment.finetune} | {
        f"systems.{one.key}.settings": experiment.training_of(name)
        for name, one in experiment.trainings.items()
        if one.system.settings.given() or one.system.each
    }
    for key, settings in trainings.items():
        decays = settings.scheduler in ("polynomial_decay", "cosine")
        if decays and settings.warmup_updates >= settings.max_updates:
            yield (
                f"{key}.warmup_updates: {settings.warmup_updates} is not below {key}.max_updates"
                f" ({settings.max_updates}), which the scheduler {settings.scheduler} needs"
            )
        elif settings.warmup_updates > settings.max_updates:
            yield (
                f"{key}.warmup_updates: {settings.warmup_updates} is beyond {key}.max_updates"
                f" ({settings.max_updates}), so that {key}.lr is never reached; lower it (a tenth:"
                f" {settings.max_updates // 10}), or raise {key}.max_updates"
            )


def _uses_problems(experiment: Experiment) -> Iterable[str]:
    if experiment.uses is None:
        return
    if experiment.uses.experiment == experiment.experiment:
        yield f"uses.experiment: {experiment.experiment!r} is this experiment itself"
    for name in experiment.uses.systems:
        if name not in experiment.all_systems:
            hint = nearest(name, experiment.all_systems)
            yield f"uses.systems: no system {name!r} here{hint}; there are {experiment.all_systems}"
    if BASELINE not in experiment.uses.systems:
        yield f"uses.systems: {BASELINE!r} is missing: the others were made from it"


def _toy_problems(experiment: Experiment, source: ToySource) -> Iterable[str]:
    made = [lang for langs in source.families.values() for lang in langs]
    key = "data.source.families"
    if experiment.pivot is None:
        yield f"{key}: the toy corpus needs the key pivot"
    for direction in experiment.train_directions:
        if experiment.pivot not in split_direction(direction):
            yield f"directions.train: only pairs with the pivot have text; {direction!r} has none"
    for lang in made:
        if lang not in experiment.languages:
            yield f"{key}: {lang!r} is not in languages{nearest(lang, experiment.languages)}"
    for lang in experiment.languages:
        if lang != experiment.pivot and lang not in made:
            yield f"{key}: language {lang!r} is in no family"
    tiers = [lang for tier in source.tiers.values() for lang in tier.languages]
    for lang in sorted(set(made) | set(tiers)):
        if tiers.count(lang) != 1 or lang not in made:
            yield f"data.source.tiers: {lang!r} must be in one family and in one tier"
