"""What a job of each rule reads, gets on its command line and is compared by, written out for one experiment.

Every setting differs from its default, and each list from every other one: none can stand for another.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.workflow.finished_experiment import CONFIG, merged

EXPERIMENT: dict[str, Any] = merged(
    CONFIG,
    {
        "directions": {"evaluate_only": ["de-fr"]},
        "text": {"normalize_punctuation": True},
        "data": {
            "shards": 2,
            "empty_lines": "drop",
            "clean": {"max_words": 99, "max_ratio": 3, "dedup": True},
            "source": {
                "train": {"path": "text/train.{lang}", "lines": {"start": 0, "stop": 7}},
                "tests": {"news": "text/news.{lang}", "talks": "text/talks.{lang}"},
            },
        },
        "subwords": {
            "vocab_size": 1234,
            "model_type": "unigram",
            "character_coverage": 0.99,
            "sample_sentences": 500,
            "seed": 5,
        },
        "train": {"seeds": [1, 2], "threads": 1},
        "finetune": {"threads": 1, "lr": 1e-3},
        "activations": {"max_tokens": 777},
        "decode": {"beam": 4, "length_penalty": 0.6, "max_length": 150, "batch_tokens": 999},
        "evaluation": {
            "references": ["raw", "paper"],
            "metrics": ["chrf", "bleu"],
            "likelihood": True,
            "contrastive": {"gender": "gender.tsv"},
            "tokenizers": {"de": "intl"},
            "significance": {"resamples": 500, "seed": 7, "level": 0.01},
            "comet": [
                {"name": "own", "folder": "models/own", "batch_size": 3, "known_languages": ["en", "de"]},
                {"model": "Unbabel/wmt22-comet-da", "revision": "abc123"},
            ],
        },
        "report": {
            "sweep_metric": "own",
            "without": {"french": ["en-fr", "fr-en"]},
            "bilingual": "continued",
            "published": {
                "file": "published.csv",
                "systems": {"baseline": "theirs"},
                "testset": "news",
                "references": "paper",
            },
        },
        "analysis": {
            "strongest": {"units": 5, "sentences": 66, "removed": 11},
            "mask_control_k": 70,
            "mask_control_sentences": 55,
            "overlap_k": 95,
            "overlap_permutations": 99,
            "overlap_grouping": "tier",
            "criteria": {
                "names": ["magnitude", "lape"],
                "size": 3,
                "draws": 6,
                "others": 2,
                "sentences": 44,
                "k": 95,
            },
            "ablation": {
                "systems": ["ns-k95"],
                "scores": ["lape", "magnitude"],
                "stacks": ["decoder"],
                "sizes": ["7%", 4],
                "draws": 8,
                "replace": "mean",
                "scale": [0.5, 0],
                "dose": 4,
                "sentences": 33,
                "metrics": ["chrf"],
                "decoded": 9,
            },
            "effects": {
                "criteria": ["lape"],
                "masks": "k70",
                "sizes": [3, "6%"],
                "draws": 7,
                "replace": "mean",
                "permutations": 88,
                "sentences": 22,
            },
        },
    },
)

TRAINED, ALL = "en-de en-fr de-en fr-en", "en-de en-fr de-en fr-en de-fr"
TEXT = '{"moses": false, "normalize_punctuation": true}'
TIERS = '{"high": ["de"], "low": ["fr"]}'
GROUPS = f'{{"family": {{"germanic": ["de"], "romance": ["fr"]}}, "tier": {TIERS}}}'
PAIRS_TRAIN, PAIRS = '["de-en", "en-fr"]', '["de-en", "en-fr", "de-fr"]'
SUBWORDS = ("data/subwords/spm.model", "data/subwords/dict.txt")
SYSTEMS = ("baseline", "continued", "ns-k70", "ns-k95")
DECODING = (
    "--engine ctranslate2 --ranking fairseq --beam 4 --length-penalty 0.6 --max-length 150 --batch-tokens 999"
    " --compute-type float32"
)
PUBLISHED = (
    '{"file": "published.csv", "references": "paper", "systems": {"baseline": "theirs"}, "testset": "news"}'
)


def braces(*patterns: str) -> list[str]:
    """Return names with one of each list in braces: `a.{de,en}` is a.de and a.en."""
    return [name for pattern in patterns for name in _braces(pattern)]


def _braces(pattern: str) -> Iterator[str]:
    parts = re.split(r"\{([^{}]*,[^{}]*)\}", pattern)
    lists = [part.split(",") if number % 2 else [part] for number, part in enumerate(parts)]
    return map("".join, itertools.product(*lists))


def sides(name: str, *, train: bool = False) -> list[str]:
    """Return both sides of each pair; `*` stands for "pair.language"."""
    pairs = ["de-en.{de,en}", "en-fr.{en,fr}", *([] if train else ["de-fr.{de,fr}"])]
    return braces(*(name.replace("*", pair) for pair in pairs))


@dataclass(frozen=True)
class Expected:
    """A job of a rule: files below the results folder, but for those with a leading `./`.

    ``compared`` names the options that make it run again, besides its code and packages.
    """

    rule: str
    wildcards: dict[str, str]
    inputs: list[str]
    options: dict[str, str]
    compared: str


JOB = {"system": "ns-k95", "seed": "2", "testset": "talks"}
OF_JOB = {"--experiment": "small", "--system": "ns-k95", "--seed": "2", "--testset": "talks"}
PAPER = {**JOB, "profile": "paper"}
OF_PAPER = {**OF_JOB, "--profile": "paper"}
HYPOTHESES = braces("translations/ns-k95/s2/talks/{en-de,en-fr,de-en,fr-en,de-fr}.txt")
#: Of the targets of en-de, en-fr, de-en, fr-en, de-fr, and of their sources; an English side may be another.
TARGETS = ["de-en.de", "en-fr.fr", "de-en.en", "en-fr.en", "de-fr.fr"]
SOURCES = ["de-en.en", "en-fr.en", "de-en.de", "en-fr.fr", "de-fr.de"]
REBUILT = [f"data/references/talks.{side}.txt" for side in TARGETS]
RAW = [f"data/text/talks/{side}.txt" for side in TARGETS]
SOURCE_TEXTS = [f"data/text/talks/{side}.txt" for side in SOURCES]
TRAIN_FILES = sides("data/bin/shard{0,1}/train.*.{bin,idx}", train=True)
VALID_FILES = sides("data/bin/shard0/valid.*.{bin,idx}", train=True)
SYSTEM_FILES = braces("systems/ns-k95/s2/{system.json,model.safetensors}")
BASELINE_FILES = braces("systems/baseline/s2/{system.json,model.safetensors,dict.txt}")
SCORED_PAPER = {
    "--hypotheses": "R/translations/ns-k95/s2/talks/{direction}.txt",
    "--references": "R/data/references/talks.{pair}.{target}.txt",
    "--sources": "R/data/text/talks/{pair}.{source}.txt",
    "--directions": ALL,
}
TESTS = {"--directions": ALL, "--resamples": "500", "--random-seed": "7", "--processes": "1"}
