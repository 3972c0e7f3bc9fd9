"""A finished experiment whose every number is worked out by hand, in a folder: three directions into English
and one out of it, two systems, two seeds, two mask sets; texts and names that are HTML, too.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from workflow_scripts.evaluate.metrics import Scoring
from workflow_scripts.evaluate.segments import Scored, write_scores
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.score_table import ScoreTable
from workflow_scripts.units.space import UnitGroup, UnitSpace

#: A language whose code is a tag, and a system whose name is.
TAG, SYSTEM = "<s>", "ns-<b>&\"k70'"
DIRECTIONS = ["de-en", "fr-en", f"{TAG}-en", "en-de"]
SYSTEMS = ["baseline", SYSTEM]
SEEDS = [1, 2]
GROUPS = {"family": {"germanic": ["de", TAG], "romance": ["fr"]}}
#: The second layer does not begin with a byte.
SPACE = UnitSpace(
    [UnitGroup("encoder.0.ffn", "ffn", "encoder", 0, 10), UnitGroup("decoder.0.ffn", "ffn", "decoder", 0, 6)]
)
#: Mask set → layer → the units that each direction keeps, in their order.
KEPT: dict[str, dict[str, list[list[int]]]] = {
    "k70": {
        "encoder.0.ffn": [[0, 1, 2, 3], [2, 3, 4], [9], []],
        "decoder.0.ffn": [[0, 5], [0, 5], [1], [2]],
    },
    "k90": {
        "encoder.0.ffn": [[0, 1, 2, 3, 4, 5, 6, 7], [0, 1, 2, 3, 4, 5, 6, 7], [8, 9], [8]],
        "decoder.0.ffn": [[0, 1, 2, 3], [0, 1, 2], [0], [0]],
    },
}
#: How often unit 3 of the encoder was active in each direction, of 200 positions; all others never were.
ACTIVE, POSITIONS = [102, 50, 0, 200], 200
#: BLEU of each direction: seed → system.
BLEU = {
    1: {"baseline": [30.0, 20.0, 10.0, 25.0], SYSTEM: [33.5, 19.0, 10.0, 26.0]},
    2: {"baseline": [32.0, 20.0, 10.0, 25.0], SYSTEM: [34.5, 21.0, 10.0, 24.0]},
}
#: p of the difference in BLEU in each direction, before Holm's correction over four.
P = {1: [0.001, 0.5, 1.0, 0.5], 2: [0.002, 0.5, 1.0, 0.5]}
REFERENCES = ["the cat sat down", "<s> good day </s>", "the end"]
SOURCES = [
    "die </script> Katze",
    "<s> guten\u2028Tag </s> <unk>",
    'Ende "&amp;" <img src=x onerror=alert(1)>',
]
HYPOTHESES = {
    "baseline": ["the old cat </script> sat", "<s> good day </s>", "the end"],
    SYSTEM: ["the cat </script> sat down", "<s> good day </s>", "the <b>end</b>"],
}


def write(results: Path) -> Path:
    """Write the experiment's folder, and return it."""
    # Both sides of a pair are there once: what is translated from English has the others' sources to match.
    for source in ("de", "fr", TAG):
        pair = "-".join(sorted((source, "en")))
        _lines(results / f"data/text/test/{pair}.en.txt", REFERENCES)
        _lines(results / f"data/text/test/{pair}.{source}.txt", SOURCES)
    for seed in SEEDS:
        for system in SYSTEMS:
            for direction in DIRECTIONS:
                file = results / f"translations/{system}/s{seed}/test/{direction}.txt"
                _lines(file, HYPOTHESES[system])
            _scores(results, system, seed)
        _tests(results, seed)
        for name, layers in KEPT.items():
            write_masks(results / f"masks/baseline/s{seed}/{name}.npz", layers)
        _counts(results / f"activations/baseline/s{seed}/valid")
    return results


def options(results: Path, out: Path) -> list[str]:
    """Return the options with which the whole page is built."""
    return [
        *("--experiment", "made-up", "--systems", *SYSTEMS, "--seeds", *map(str, SEEDS)),
        *("--testsets", "test", "--directions", *DIRECTIONS, "--metrics", "bleu", "chrf"),
        *("--pivot", "en", "--groups", json.dumps(GROUPS)),
        *("--scores-root", f"{results}/scores", "--significance-root", f"{results}/significance"),
        *("--hypotheses", f"{results}/translations/{{system}}/s{{seed}}/{{testset}}/{{direction}}.txt"),
        *("--references", f"{results}/data/text/{{testset}}/{{pair}}.{{target}}.txt"),
        *("--sources", f"{results}/data/text/{{testset}}/{{pair}}.{{source}}.txt"),
        *("--masks", *(f"{name}={results}/masks/baseline/s{{seed}}/{name}.npz" for name in KEPT)),
        *("--used-by", json.dumps({SYSTEM: "k70"})),
        *("--counts", f"{results}/activations/baseline/s{{seed}}/valid", "--out", str(out)),
    ]


def write_masks(path: Path, layers: dict[str, list[list[int]]], rows: list[str] = DIRECTIONS) -> None:
    """Write masks in which each row keeps these units of each layer."""
    keep = np.zeros((len(rows), SPACE.size), dtype=bool)
    for layer, kept in layers.items():
        for row, units in enumerate(kept):
            keep[row, [SPACE.flat(layer, unit) for unit in units]] = True
    MaskTable(rows, keep, SPACE, {"rule": "mass", "k": path.stem.removeprefix("k")}).write(path)


def _lines(path: Path, lines: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _scores(results: Path, system: str, seed: int) -> None:
    statistics = Scoring("chrf", REFERENCES).statistics(HYPOTHESES[system])
    directions = {}
    for place, direction in enumerate(DIRECTIONS):
        named = {"bleu": BLEU[seed][system][place], "chrf": 50.0}
        scores = [{"metric": name, "score": value, "signature": "x"} for name, value in named.items()]
        entry: dict[str, Any] = {"n": len(REFERENCES), "scores": scores, "references_sha256": "0" * 64}
        directions[direction] = Scored(entry, {"chrf": statistics})
    job = {"experiment": "made-up", "system": system, "seed": seed, "testset": "test", "profile": "raw"}
    write_scores(results / f"scores/{system}/s{seed}/test.raw.json", job, directions)


def _tests(results: Path, seed: int) -> None:
    against: dict[str, Any] = {}
    for place, direction in enumerate(DIRECTIONS):
        base, own = (BLEU[seed][system][place] for system in SYSTEMS)
        figures = {"sentence_sd": 1.0, "p_bootstrap": 1.0, "n": len(REFERENCES)}
        bleu = {"difference": own - base, "low": own - base - 1, "high": own - base + 1} | figures
        chrf = {"difference": 0.0, "low": -1.0, "high": 1.0, "p_randomisation": 1.0} | figures
        against[direction] = {"bleu": bleu | {"p_randomisation": P[seed][place]}, "chrf": chrf}
    job = {"experiment": "made-up", "system": SYSTEM, "seed": seed, "testset": "test", "profile": "raw"}
    path = results / f"significance/{SYSTEM}/s{seed}/test.raw.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(job | {"resamples": 10000, "against": {"baseline": against}}))


def _counts(folder: Path) -> None:
    facts = {"source_positions": POSITIONS, "target_positions": 50, "source_pads": 0, "target_pads": 0}
    for place, direction in enumerate(DIRECTIONS):
        values = np.zeros((1, SPACE.size), dtype=np.int64)
        values[0, 3] = ACTIVE[place]
        ScoreTable([direction], values, SPACE, facts | {"counting": "pads excluded"}).write(
            folder / f"{direction}.npz"
        )
