"""The config of the tiny experiment: two invented languages, 2+2 layers, one mask; and all other analyses."""

from typing import Any

#: Words of the longest training sentence; the toy corpus has longer ones.
LONGEST = 11
CONFIG: dict[str, Any] = {
    "experiment": "tiny", "languages": ["en", "ka", "ke"], "pivot": "en",
    "directions": {"evaluate_only": ["ka-ke"]},
    "data": {
        "source": {
            "type": "toy", "families": {"kappa": ["ka", "ke"]},
            "tiers": {
                "high": {"size": 3000, "languages": ["ka"]}, "low": {"size": 1500, "languages": ["ke"]},
            },
            "valid_size": 100, "test_size": 60, "concepts": 60,
        },
        "clean": {"dedup": True, "max_words": LONGEST}, "shards": 2,
    },
    "subwords": {"vocab_size": 250}, "model": {"preset": "tiny"},
    "train": {
        "max_updates": 400, "max_tokens": 2000, "lr": 5e-3, "warmup_updates": 100,
        "validate_interval_updates": 200,
    },
    "finetune": {
        "max_updates": 20, "max_tokens": 2000, "lr": 1e-3, "warmup_updates": 5,
        "validate_interval_updates": 10,
    },
    "masks": {"k": [70]},
    "evaluation": {
        "references": ["raw", "paper"], "likelihood": True,
        "contrastive": {"inflection": "results/tiny/data/contrastive/toy.tsv"},
    },
    "analysis": {
        "mask_control_k": 70, "mask_control_sentences": 60, "overlap_k": 70,
        "stability": {"masks": "k70", "sentences": [20], "draws": 5},
        "criteria": {"names": ["activations", "lape"], "others": 1, "sentences": 20, "k": 70},
    },
}  # fmt: skip
TRAINED = ["en-ka", "en-ke", "ka-en", "ke-en"]
DIRECTIONS = [*TRAINED, "ka-ke"]
SYSTEMS = ["baseline", "continued", "ns-k70"]

#: A system that was made elsewhere, below the folder of the run: a copy of one of these.
OUTSIDE = "outside"
#: What a config has beside `CONFIG` for every other analysis. Nothing of it is a reason to train.
ANALYSES: dict[str, Any] = {
    "texts": {"mixed": {"change": "shuffled_words"}},
    "masks": {
        **CONFIG["masks"],
        "sets": {
            "top25": {"select": "top:25%"},
            "shuffled": {"select": "mass:70", "text": "mixed"},
            "strongest": {
                "of": "probe", "property": "upos", "text": "test", "stacks": ["encoder"],
                "select": "mass:25@model",
            },
        },
    },
    "analysis": {
        **CONFIG["analysis"],
        "heads": {
            "systems": ["ns-k70"], "sizes": [1], "score_sentences": 10, "sentences": 20, "permutations": 20,
        },
        "ablation": {"systems": ["ns-k70"], "sizes": ["25%"], "scale": [0], "sentences": 20},
        "effects": {
            "criteria": ["difference"], "masks": "k70", "sizes": ["5%"], "permutations": 20, "sentences": 20,
        },
        "probes": {
            "properties": ["upos"], "stacks": ["encoder"], "sentences": 20, "l1": [0.01], "seeds": [1],
            "percents": [20], "scores": True,
        },
        "correlation": {
            "between": ["seeds", "systems"], "systems": ["ns-k70"], "others": {OUTSIDE: OUTSIDE},
            "sentences": 10, "erase": ["5%"],
        },
        "similarity": {"masks": ["k70", "top25"], "draws": 19, "permutations": 20},
        "text_control": "k70",
    },
}  # fmt: skip
