"""The sizes of a trial, and how they are put into the sections of a config, as YAML gives them."""

import json
import re
from collections.abc import Mapping
from typing import Any

Config = dict[str, Any]

#: Languages, the pivot among them. More are taken where the config's own pairs or groups need them.
LANGUAGES = 4
#: Lines of text for each pair.
LINES = {"train": 600, "valid": 60, "test": 30}
#: Updates of the baseline, and of every fine-tuned system; models of one direction from scratch have as many.
UPDATES, FINETUNE_UPDATES = 150, 20
#: Pieces of a vocabulary: of invented text; of real text, which may have scripts of many characters.
TOY_PIECES, PIECES, COVERAGE = 250, 2000, 0.98
#: Sentences of each direction in an analysis, tokens of a hypothesis, values of k, random masks of one kind.
SENTENCES, MAX_LENGTH, KS, DRAWS = 20, 40, 2, 2
TOKENS = 1500
#: What the network's sizes are called; everything else of `model` is kept.
SIZES = (
    *("encoder_layers", "decoder_layers", "model_dim", "ffn_dim", "heads", "max_positions"),
    *("dropout", "attention_dropout", "activation_dropout"),
)
#: Of a training what says how it trains, not how long: this is kept.
KEPT = (
    "sampling",
    "temperature",
    "label_smoothing",
    "precision",
    "threads",
    "sampler",
    "step",
    "weight_decay",
)


def small_model(given: Mapping[str, Any]) -> Config:
    """Return the section `model` of the tiny network, in the same port and with the same ties."""
    return {**{key: value for key, value in given.items() if key not in SIZES}, "preset": "tiny"}


def short_training(given: Mapping[str, Any], updates: int) -> Config:
    """Return a section of training with few updates, validated twice."""
    kept = {key: given[key] for key in KEPT if key in given}
    rate = {"lr": 5e-3 if updates == UPDATES else 1e-3}
    size = {"max_tokens": TOKENS, "max_updates": updates, "warmup_updates": updates // 4}
    return {**kept, **rate, **size, "validate_interval_updates": updates // 2}


def few_k(config: Mapping[str, Any]) -> list[Any]:
    """Return the thresholds that the config names elsewhere, and the first ones up to two."""
    masks = config.get("masks", {})
    given = list(masks.get("k", ["95"]))
    # Everything but the list itself: systems, other mask sets, analyses.
    rest = json.dumps({**config, "masks": {key: value for key, value in masks.items() if key != "k"}})
    named = [k for k in given if re.search(rf'"(?:[\w-]*[^\w"])?k{k}"|_k": "?{k}\b|"k": "?{k}\b', rest)]
    others = [k for k in given if k not in named]
    return [k for k in given if k in [*named, *others[: max(0, KS - len(named))]]]


def few_draws(sets: Mapping[str, Any]) -> Config:
    """Return the mask sets with at most two draws of a kind that is drawn."""
    return {
        name: {**one, "draws": min(one.get("draws", DRAWS), DRAWS)}
        if one.get("rows") in ("random", "shuffled")
        else one
        for name, one in sets.items()
    }


def short_systems(systems: Mapping[str, Any]) -> Config:
    """Return the systems with trainings of their own cut short."""
    out = {}
    for name, one in systems.items():
        settings = dict(one.get("settings", {}))
        if one.get("start") == "random":  # has the settings of the baseline's training
            settings["max_updates"] = FINETUNE_UPDATES
            settings["validate_interval_updates"] = FINETUNE_UPDATES // 2
            settings["warmup_updates"] = FINETUNE_UPDATES // 4
        elif "max_updates" in settings:
            settings["max_updates"] = FINETUNE_UPDATES
        renewed = {"renew": min(one["renew"], FINETUNE_UPDATES // 2)} if "renew" in one else {}
        out[name] = {**one, **({"settings": settings} if settings else {}), **renewed}
    return out


def small_analyses(analysis: Mapping[str, Any]) -> Config:
    """Return the analyses on few sentences: the same ones, with the same scores and sizes."""
    out = {name: _few_sentences(name, one) for name, one in analysis.items()}
    if out.get("mask_control_k") is not None:
        out["mask_control_sentences"] = SENTENCES
    return out


#: Sections of `analysis` that have a number of sentences, by the keys of these.
OF_SENTENCES = {
    "ablation": ("sentences", "decoded"), "heads": ("sentences", "score_sentences", "decoded"),
    "effects": ("sentences",), "probes": ("sentences",), "correlation": ("sentences",),
    "criteria": ("sentences",),
}  # fmt: skip


def _few_sentences(name: str, section: Any) -> Any:
    if not isinstance(section, Mapping):
        return section
    if name == "stability":
        return {**section, "sentences": [SENTENCES], "draws": min(section.get("draws", 5), 5)}
    return {**section, **dict.fromkeys(OF_SENTENCES.get(name, ()), SENTENCES)}
