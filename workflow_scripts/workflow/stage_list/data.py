"""Stages of text: from a source to checked, normalised, binarised sets."""

from collections.abc import Iterator, Sequence
from typing import Any

from workflow_scripts.common.directions import pair_of
from workflow_scripts.config.experiment import Experiment
from workflow_scripts.config.file_source import FilesSource
from workflow_scripts.config.texts import RANDOM_TOKENS, SHUFFLED_WORDS, TRANSLITERATIONS
from workflow_scripts.config.toy import ToySource
from workflow_scripts.workflow.needed_texts import binarised_texts, varied_texts
from workflow_scripts.workflow.stage import Stage, Wildcards, each, once

#: A toy corpus's contrastive set: a name for `evaluation.contrastive`, below the experiment's folder.
TOY_CONTRAST = "data/contrastive/toy.tsv"
MODEL, DICTIONARY = "data/subwords/spm.model", "data/subwords/dict.txt"
VOCABULARY = {"model": MODEL, "dictionary": DICTIONARY}
PAIR_OF_VARIED = {
    "one": "data/text/{varied}/{one}-{two}.{one}.txt",
    "two": "data/text/{varied}/{one}-{two}.{two}.txt",
    "stats": "data/text/{varied}/{one}-{two}.json",
}


def shards(experiment: Experiment) -> list[str]:
    """Return the folders of training text below data/bin, with their slash: one for each shard."""
    number = experiment.data.shards
    return [f"shard{n}/" for n in range(number)] if number > 1 else [""]


def read_by_training(experiment: Experiment, directions: Sequence[str]) -> list[str]:
    """Return the binarised files that a training in these directions reads, below `data/bin/`; validation
    text is in the first shard alone."""
    return [
        f"{shard}{subset}.{pair}.{lang}.{ending}"
        for number, shard in enumerate(shards(experiment))
        for subset in (("train", "valid") if number == 0 else ("train",))
        for pair in dict.fromkeys(map(pair_of, directions))
        for lang in pair.split("-")
        for ending in ("bin", "idx")
    ]


def downloads(experiment: Experiment) -> list[str]:
    """Return what a source downloads; own files and the toy corpus download nothing."""
    source = experiment.data.source
    if isinstance(source, ToySource | FilesSource):
        return []
    return list(source.downloads("data", experiment.languages))


def with_ceilings(experiment: Experiment) -> list[str]:
    """Return the test sets of which it is known what their way through subwords and back leaves."""
    return experiment.testsets if experiment.is_binarised else []


def _sides(subset: str, pairs: list[str]) -> Iterator[dict[str, str]]:
    for pair in pairs:
        for lang in pair.split("-"):
            yield {"subset": subset, "pair": pair, "lang": lang}


def sides(experiment: Experiment) -> Iterator[dict[str, str]]:
    """Yield subset, pair and language of all text that is binarised."""
    if not experiment.is_binarised:
        return
    for subset in experiment.subsets:
        yield from _sides(subset, experiment.pairs_of(subset))
    varied = varied_texts(experiment)
    for text in binarised_texts(experiment):
        yield from _sides(text, varied[text])


def varied(experiment: Experiment, *changes: str | None) -> Iterator[dict[str, str]]:
    """Yield name, pair and both languages of the texts that are made by one of these changes."""
    for name, pairs in varied_texts(experiment).items():
        if experiment.varied_texts[name].change in changes:
            for pair in pairs:
                one, two = pair.split("-")
                yield {"varied": name, "pair": pair, "one": one, "two": two}


def _random_sides(experiment: Experiment) -> Iterator[dict[str, str]]:
    for one in varied(experiment, RANDOM_TOKENS):
        yield from ({**one, "lang": lang} for lang in (one["one"], one["two"]))


def pairs(experiment: Experiment) -> Iterator[dict[str, str]]:
    """Yield subset and both languages of every pair's text."""
    for subset in experiment.subsets:
        for pair in experiment.pairs_of(subset):
            one, two = pair.split("-")
            yield {"subset": subset, "one": one, "two": two}


def _toy_files(experiment: Experiment, _: Wildcards) -> list[str]:
    source = experiment.data.source
    assert isinstance(source, ToySource)
    return list(source.outputs("data", experiment.train_pairs, experiment.languages))


def _toy_contrast(experiment: Experiment) -> list[dict[str, Any]]:
    toy = isinstance(experiment.data.source, ToySource)
    named = f"results/{experiment.experiment}/{TOY_CONTRAST}" in experiment.evaluation.contrastive.values()
    return [{}] if toy and named else []


def _rebuilt(experiment: Experiment) -> Iterator[dict[str, str]]:
    for testset in experiment.testsets if "paper" in experiment.evaluation.references else ():
        for side in experiment.target_sides(testset):
            pair, lang = side.split(".")
            yield {"testset": testset, "pair": pair, "lang": lang}


def _round_trip_rule(experiment: Experiment, wildcards: Wildcards) -> str:
    found = experiment.round_trips.items()
    return next(rule for rule, testsets in found if wildcards["testset"] in testsets)


STAGES = (
    Stage(
        "data.generate_toy",
        "text",
        log="toy",
        files={"files": _toy_files},
        jobs=lambda e: [{}] if isinstance(e.data.source, ToySource) else [],
    ),
    Stage(
        "data.generate_contrastive",
        "text",
        log="toy",
        files={"readings": TOY_CONTRAST},
        jobs=_toy_contrast,
    ),
    Stage(
        "data.download_corpus",
        "text",
        log="corpus",
        files={"files": lambda e, _: downloads(e)},
        jobs=lambda e: [{}] if downloads(e) else [],
        fetches=True,
    ),
    Stage(
        "evaluate.comet.fetch_comet",
        "comet",
        log="{comet}",
        files={"fetched": "data/comet/{comet}.json"},
        jobs=lambda e: each(comet=[m.name for m in e.evaluation.comet if m.model is not None]),
        fetches=True,
    ),
    Stage(
        "data.prepare_text",
        "text",
        log="{subset}/{one}-{two}",
        files={
            "one": "data/text/{subset}/{one}-{two}.{one}.txt",
            "two": "data/text/{subset}/{one}-{two}.{two}.txt",
            "stats": "data/text/{subset}/{one}-{two}.json",
        },
        jobs=pairs,
    ),
    Stage(
        "data.vary_text",
        "text",
        log="{varied}/{one}-{two}",
        files=PAIR_OF_VARIED,
        jobs=lambda e: varied(e, None, SHUFFLED_WORDS),
    ),
    Stage(
        "data.transliterate",
        "scripts",
        log="{varied}/{one}-{two}",
        files=PAIR_OF_VARIED,
        jobs=lambda e: varied(e, *TRANSLITERATIONS),
    ),
    Stage(
        "data.randomise_tokens",
        "text",
        log="{varied}/{pair}.{lang}",
        files={
            ending: lambda e, _, ending=ending: [
                f"data/bin/{shards(e)[0]}{{varied}}.{{pair}}.{{lang}}.{ending}"
            ]
            for ending in ("bin", "idx")
        }
        | {"stats": "data/bin/{varied}.{pair}.{lang}.json"},
        jobs=_random_sides,
    ),
    Stage(
        "data.train_subwords",
        "text",
        log="spm",
        files=VOCABULARY,
        jobs=lambda e: [{}] if e.has_subwords and not e.taken else [],
    ),
    Stage(
        "train.use_vocabulary",
        "text",
        log="spm",
        files=VOCABULARY,
        jobs=lambda e: [{}] if e.has_subwords and e.taken else [],
        local=True,
    ),
    Stage(
        "data.binarise",
        "text",
        log="{subset}/{pair}.{lang}",
        files={
            "bin": lambda e, _: [f"data/bin/{shard}{{subset}}.{{pair}}.{{lang}}.bin" for shard in shards(e)],
            "idx": lambda e, _: [f"data/bin/{shard}{{subset}}.{{pair}}.{{lang}}.idx" for shard in shards(e)],
            "parts": lambda e, _: [
                f"data/bin/{shard}{{subset}}.{{pair}}.{{lang}}.json" for shard in shards(e) if shard
            ],
            "stats": "data/bin/{subset}.{pair}.{lang}.json",
        },
        jobs=sides,
    ),
    Stage(
        "data.write_card",
        "text",
        log="card",
        files={"json": "data/card.json", "markdown": "data/card.md"},
        asked_for=("json",),
        jobs=once,
    ),
    # All test sets of a rule have the same outputs, so those that lack some directions have their own rule.
    Stage(
        "data.round_trip",
        "text",
        log="{testset}",
        files={
            "text": lambda e, w: [
                f"data/round_trip/{{testset}}/{side}.txt" for side in e.target_sides(w["testset"])
            ],
            "stats": "data/round_trip/{testset}.json",
        },
        rule=_round_trip_rule,
        jobs=lambda e: each(testset=with_ceilings(e)),
    ),
    Stage(
        "evaluate.score_ceiling",
        "evaluate",
        log="{testset}",
        files={"json": "data/ceiling/{testset}.json"},
        jobs=lambda e: each(testset=with_ceilings(e)),
    ),
    Stage(
        "data.rebuild_references",
        "text",
        log="{testset}/{pair}.{lang}",
        files={"text": "data/references/{testset}.{pair}.{lang}.txt"},
        jobs=_rebuilt,
    ),
)
