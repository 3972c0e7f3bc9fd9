"""Rows of docs/reference/reruns.md: the config says that something else is made, or trained otherwise."""

from __future__ import annotations

from typing import Any

from tests.workflow.rerun_row import (
    ALL,
    COUNTED,
    DATA,
    DECODED,
    DECODED_ONE,
    FINETUNED,
    PAGE,
    TABLES,
    UNITS,
    Row,
    placed,
    without,
)

TRAIN_ALL = ["en-de", "en-fr", "de-en", "fr-en", "de-fr"]

#: What an experiment that uses another one's baseline leaves to that.
OF_THE_OTHER = ("train_subwords", "train_baseline", "strongest_units")
SYSTEMS = {"continued": {"masks": "all"}, "ns": {"masks": "sweep"}}


def drawn(draws: int) -> dict[str, Any]:
    """Return a system with random masks that are drawn so many times."""
    return {
        "masks": {"sets": {"chance": {"like": "k70", "rows": "random", "draws": draws}}},
        "systems": {**SYSTEMS, "random": {"masks": "chance"}},
    }


MADE = [
    Row(
        "nothing",
        {},
        "the results lie in another folder than they were made in, and that is no change either",
    ),
    Row(
        "scores that say nothing are accepted (`masks.accept_uninformative`)",
        {},
        "masks of scores that say something stay the same; refused ones are not there yet",
        {"masks": {"k": [70, 95], "accept_uninformative": True}},
    ),
    Row(
        "a k is added (`masks.k`)",
        {"select_masks": 1, "finetune": 1, "decode": 4, **DECODED_ONE, "plot_training": 1, **UNITS},
        "its mask set, its system, and the tables and figures that show it",
        {"masks": {"k": [70, 80, 95]}},
    ),
    Row(
        "a k is removed",
        {**TABLES, **UNITS, "plot_training": 1, "plot_off_target": 1},
        "tables and figures no longer show it; its files stay",
        {"masks": {"k": [70]}},
    ),
    Row(
        "a mask set is added (`masks.sets`)",
        {"select_masks": 1, **UNITS},
        "it is selected and tabulated; nothing is masked with it before a system names it",
        {"masks": {"sets": {"top": {"select": "top:30%"}}}},
    ),
    Row(
        "a system is added that is not trained (`train: none`)",
        {"use_masks": 1, "decode": 4, **DECODED_ONE},
        "the baseline's weights with masks that are there",
        {"systems": {**SYSTEMS, "pruned": {"masks": "k70", "train": "none"}}},
    ),
    Row(
        "a system of fewer heads is added (`of: importance`, `train: none`)",
        {"score_importance": 4, "select_masks": 1, "use_masks": 1, "decode": 4, **DECODED_ONE, **UNITS},
        "heads are scored in each trained direction; nothing is trained",
        {
            "masks": {"sets": {"heads": {"of": "importance", "units": ["head"], "select": "top:30%@model"}}},
            "systems": {**SYSTEMS, "pruned": {"masks": "heads", "train": "none"}},
        },
    ),
    Row(
        "a mask set by LAPE is added (`of: lape`)",
        {"score_lape": 1, "select_masks": 1, **UNITS},
        "the counts that are there are compared; nothing runs the model",
        {"masks": {"sets": {"few": {"of": "lape", "select": "top:5%"}}}},
    ),
    Row(
        "a mask set by a probe is added (`of: probe`, `analysis.probes`)",
        {
            "label_words": 4,
            "collect_units": 2,
            "fit_probes": 2,
            "compare_probes": 1,
            "plot_probes": 1,
            "spread_scores": 1,
            "select_masks": 1,
            **UNITS,
        },
        "probes of the baseline are fitted first",
        {
            "masks": {"sets": {"knows": {"of": "probe", "property": "language", "select": "mass:25"}}},
            "analysis": {"probes": {"properties": ["language"], "text": "valid"}},
        },
    ),
    Row(
        "criteria are put side by side (`analysis.criteria: {}`)",
        {
            "score_importance": 4,
            "score_magnitude": 4,
            "score_lape": 2,
            "criteria": 1,
            "plot_criteria": 1,
            **PAGE,
        },
        "each direction is scored in every way; nothing is selected or trained",
        {"analysis": {"criteria": {}}},
    ),
    Row(
        "curves and matrices of units that are off (`analysis.ablation: {}`, `analysis.effects: {}`)",
        {"ablate_units": 1, "effect_matrix": 1, "plot_ablation": 1, "plot_effects": 2, **PAGE},
        "by the counts that are there",
        {"analysis": {"ablation": {}, "effects": {}}},
    ),
    Row(
        "attention heads are pruned (`analysis.heads: {sizes: [1]}`)",
        {"prune_heads": 1, "plot_heads": 1, "plot_pruning": 1, **PAGE},
        "it ranks the heads itself, on validation text; no score is made for it",
        {"analysis": {"heads": {"sizes": [1]}}},
    ),
    Row(
        "units of two systems are compared (`analysis.correlation`)",
        {"correlate_units": 1, "plot_correlation": 1, **PAGE},
        "both systems are read by one job; nothing is scored or trained before it",
        {"analysis": {"correlation": {"between": ["systems"], "systems": ["baseline", "continued"]}}},
    ),
    Row(
        "mask sets are put side by side (`analysis.similarity: {masks: [k70, k95]}`)",
        {"compare_masks": 1},
        "the masks are there",
        {"analysis": {"similarity": {"masks": ["k70", "k95"]}}},
    ),
    Row(
        "a system with a model for each direction is added (`each: direction`)",
        {"finetune": 4, "join_systems": 1, "decode": 4, **DECODED_ONE},
        "each direction is trained by a job of its own",
        {"systems": {**SYSTEMS, "full": {"each": "direction"}}},
    ),
    Row(
        "a system of masked weights is added (`of: weights`), and that whose weights are looked at",
        {
            "finetune": 5,
            "join_systems": 1,
            "select_masks": 1,
            "decode": 8,
            **DECODED_ONE,
            "score": 2,
            "compare": 2,
            "identify": 2,
            "plot_training": 1,
        },
        "masks are selected when the models of all directions are trained; no text is scored, no unit listed",
        {
            "masks": {
                "sets": {
                    "lass": {"of": "weights", "system": "full", "units": ["weight"], "select": "top:70%"}
                }
            },
            "systems": {**SYSTEMS, "full": {"each": "direction"}, "lass": {"masks": "lass"}},
        },
    ),
    Row(
        "a system of adapters is added (`adapters`)",
        {"finetune": 1, "decode": 4, **DECODED_ONE, "plot_training": 1},
        "its training, from the masks of `all`, which are there; fairseq decodes it",
        {"systems": {**SYSTEMS, "small": {"adapters": {"kind": "bottleneck"}}}},
    ),
    Row(
        "a system gets settings of its own (`systems.NAME.settings`)",
        {**FINETUNED, "finetune": 2, "decode": 8, "score": 2, "compare": 2, "identify": 2},
        "its trainings start clean, here those of ns-k70 and ns-k95; no other does",
        {"systems": {**SYSTEMS, "ns": {"masks": "sweep", "settings": {"lr": 1e-3}}}},
    ),
    Row(
        "a draw of random masks is added (`masks.sets.NAME.draws`)",
        {"select_masks": 1, "finetune": 1, "decode": 4, **DECODED_ONE, "plot_training": 1, **UNITS},
        "its masks and its system; the other draws stay",
        drawn(2),
        drawn(1),
    ),
    Row(
        "a mask set is added on other text (`texts`, `text`)",
        {
            "vary_text": 2,  # both pairs
            "binarise": 4,  # both sides of them
            "count_activations": 2,
            "select_masks": 1,
            **UNITS,
        },
        "the text, its counts and the set; the validation text and its counts stay",
        {
            "texts": {"shuffled": {"change": "shuffled_words"}},
            "masks": {"sets": {"other": {"select": "mass:70", "text": "shuffled"}}},
        },
    ),
    Row(
        "a direction is added that is only evaluated (`directions.evaluate_only`)",
        {
            "prepare_text": 1,  # de-fr of news
            "binarise": 2,
            "round_trip": 1,
            "score_ceiling": 1,
            "write_card": 1,
            "select_masks": 3,  # its row of k70, k95, all
            "decode": 4,  # by each system
            **DECODED,
        },
        "its text, mask rows, hypotheses and scores; nothing is counted or trained, nothing else is decoded",
        {"directions": {"evaluate_only": ["de-fr"]}},
    ),
    Row(
        "a direction is added that is trained (`directions.train`)",
        without(
            prepare_text=3,
            binarise=18,
            count_activations=3,  # from en, from de, and fr-en
            decode=20,
            score=4,
        ),
        "subwords are learned from all training text, and everything else depends on them",
        {"directions": {"train": TRAIN_ALL}},
    ),
    Row(
        "another rule says where a neuron is active (`activations.rule: threshold:0.1`)",
        {"count_activations": 2, **COUNTED},
        "every count, and what is made of counts; the baseline and its scores stay",
        {"activations": {"rule": "threshold:0.1"}},
    ),
    Row(
        "subwords normalise text otherwise (`subwords.normalization`)",
        without("prepare_text", "train_identifier"),
        "they are learned again from the same text, and everything else depends on them",
        {"subwords": {"normalization": "identity"}},
    ),
    Row(
        "HTML entities are undone (`data.clean.unescape`)",
        without(prepare_text=2),
        "the training text is prepared again; then as if it had changed",
        {"data": {"clean": {"unescape": True}}},
    ),
    Row(
        "a seed is added (`train.seeds`)",
        without(*DATA, "train_identifier", "strongest_units"),
        "one complete run beside the first, on the same text",
        {"train": {"seeds": [1, 2]}},
    ),
    Row(
        "a test set is added (`data.source.tests`)",
        {
            "prepare_text": 2,
            "binarise": 4,
            "round_trip": 1,
            "score_ceiling": 1,
            "write_card": 1,
            "decode": 16,
            **DECODED,
        },
        "its text, hypotheses and scores",
        {"data": {"source": {"tests": {"news": "text/news.{lang}", "talks": "text/talks.{lang}"}}}},
    ),
    Row(
        "a test set of some directions is added (`languages: [en, de]`)",
        {
            "prepare_text": 1,
            "binarise": 2,
            "round_trip": 1,
            "score_ceiling": 1,
            "write_card": 1,
            "decode": 8,  # 4 systems × 2 directions
            **DECODED,
        },
        "its text, and hypotheses and scores of its own directions",
        {
            "data": {
                "source": {
                    "tests": {
                        "news": "text/news.{lang}",
                        "talks": {"path": "text/talks.{lang}", "languages": ["en", "de"]},
                    }
                }
            }
        },
    ),
    Row(
        "a second source of training text, of one pair, with another weight",
        {**ALL, "prepare_text": 1},
        "subwords are learned from all training text, and everything else depends on them",
        {
            "data": {
                "source": {
                    "train": [
                        "text/train.{lang}",
                        {"path": "text/talks.{lang}", "pairs": ["de-en"], "weight": 0.5},
                    ]
                }
            }
        },
    ),
    Row(
        "a system is added (`systems`)",
        {"finetune": 1, "decode": 4, **DECODED_ONE, "plot_training": 1},
        "its training, from masks that are there",
        {"systems": {"continued": {"masks": "all"}, "ns": {"masks": "sweep"}, "again": {"masks": "k70"}}},
    ),
    Row(
        "a system is exported (`export`)",
        {"export_system": 2},
        "one job a format, of the system, its scores and the data card",
        {"export": {"systems": ["ns-k95"]}},
    ),
    Row(
        "a mask set of another program's files (`masks.sets`, `file`)",
        {"import_units": 1, **UNITS},
        "no unit is scored for it",
        {"masks": {"sets": {"theirs": {"file": "masks/{direction}.pt"}}}},
        edit=placed(*(f"masks/{direction}.pt" for direction in ("en-de", "en-fr", "de-en", "fr-en"))),
    ),
    Row(
        "the baseline becomes a checkpoint of plain fairseq (`attach`)",
        {
            **without("prepare_text", "train_subwords", "train_baseline", "train_identifier"),
            "import_checkpoint": 1,
            "use_vocabulary": 1,
        },
        "text stays; it is binarised with the checkpoint's vocabulary, and all else follows from that and"
        " from the baseline",
        {"attach": {"checkpoint": "c.pt", "dictionary": "dict.txt", "subwords": "spm.model"}},
        edit=placed("c.pt", "dict.txt", "spm.model"),
    ),
    Row(
        "another experiment uses this one's baseline (`uses: {experiment: small, systems: [baseline]}`)",
        {**without(*OF_THE_OTHER), "use_system": 1, "use_vocabulary": 1},
        "the baseline is copied, checked by hash, and so is its vocabulary",
        {"experiment": "second", "uses": {"experiment": "small", "systems": ["baseline"]}},
    ),
    Row(
        "another experiment uses all systems of this one",
        {
            **without(*OF_THE_OTHER, "finetune", "plot_training", select_masks=1),
            "use_system": 4,
            "use_vocabulary": 1,
        },
        "nothing is trained; masks are made for the analyses only",
        {
            "experiment": "second",
            "uses": {"experiment": "small", "systems": ["baseline", "continued", "ns-k70", "ns-k95"]},
        },
    ),
]
TRAINING = [
    Row(
        "the budget of the fine-tunings grows (`finetune.max_updates`)",
        FINETUNED,
        "each training goes on from its last checkpoint, unless its schedule decays to the old end",
        {"finetune": {"max_updates": 2000}},
    ),
    Row(
        "the baseline's budget grows (`train.max_updates`)",
        without(*DATA, "train_identifier"),
        "the baseline goes on; counts, masks and systems are made of the new weights",
        {"train": {"max_updates": 12000}},
    ),
    Row(
        "the fine-tunings' learning rate changes (`finetune.lr`)",
        FINETUNED,
        "each starts clean from the baseline; the old training is kept aside as `…/s1.replaced-…`",
        {"finetune": {"lr": 1e-3}},
    ),
    Row(
        "the baseline's learning rate changes (`train.lr`)",
        without(*DATA, "train_identifier"),
        "as above, and all that follows from the baseline",
        {"train": {"lr": 1e-3}},
    ),
    Row(
        "fine-tunings are computed in another way (`finetune.step: reference`)",
        FINETUNED,
        "one of that way's version goes on or is only exported again; any other starts clean",
        {"finetune": {"step": "reference"}},
    ),
    Row(
        "`max_tokens` is halved and `update_freq` doubled",
        {},
        "the effective batch is the same",
        {
            "train": {"max_tokens": 1200, "update_freq": 2},
            "finetune": {"max_tokens": 1200, "update_freq": 2},
        },
    ),
    Row(
        "threads, loader processes, precision, kept checkpoints, what is logged; threads of decoding",
        {},
        "they say how a job runs, not what it makes",
        {
            "train": {"threads": 1, "data_workers": 1, "precision": "fp32", "log_interval": 10},
            "finetune": {"keep_checkpoints": 3, "tensorboard": True, "keep_optimizer": False},
            "decode": {"threads": 2},
        },
    ),
]
