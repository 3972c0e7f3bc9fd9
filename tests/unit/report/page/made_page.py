"""What tests of the page share: small results of an experiment, written by hand."""

import json

from workflow_scripts.report.page.as_markdown import as_markdown
from workflow_scripts.report.page.document import texts_of
from workflow_scripts.report.page.material import (
    CONTROL_COLUMNS,
    CONTROL_NUMBERS,
    SUMMARY_COLUMNS,
    SUMMARY_NUMBERS,
    WINS_COLUMNS,
    WINS_NUMBERS,
    Facts,
)
from workflow_scripts.report.page.write_answer import main

PLACE = {"testset": "test", "profile": "raw", "metric": "BLEU"}
DIRECTIONS = ["en-de", "en-nl", "en-fr", "de-en", "nl-en", "fr-en"]
FAMILIES = {"family": {"germanic": ["de", "nl"], "romance": ["fr"]}}
LAYERS = {"encoder.0.ffn": 10, "decoder.0.ffn": 10}


def summary_row(system, side, mean, n=1, sd="", group="all", grouping="all", **more):
    own = {"scores": 3, "scores_expected": 3, "without": "", "signature": "nrefs:1|tok:13a"}
    return {
        **PLACE, **own, "grouping": grouping, "group": group, "side": side, "system": system, "mean": mean,
        "sd": sd, "n": n, **more,
    }  # fmt: skip


def control_row(system, against, difference, sentence, **more):
    return {
        **PLACE, "side": "both", "system": system, "against": against, "difference": difference, "n": 1,
        "sentence": sentence, **more,
    }  # fmt: skip


def wins_row(side="both", wins=1, losses=0, ties=2):
    counts = {"directions": 3, "wins": wins, "losses": losses, "ties": ties}
    return {**PLACE, "side": side, "seed": 0, "system": "b", "against": "a", **counts}


def write_csv(path, columns, rows):
    import csv

    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def side(kept, own, every, encoder, decoder):
    """A side of one mask set: own: language → ids of the decoder; matrices are of the stacks' means."""
    languages = list(kept)
    return {
        "languages": kept,
        "iou": {"encoder.mean": encoder, "decoder.mean": decoder},
        "all": {"encoder.0.ffn": [], "decoder.0.ffn": every},
        "own": {one: {"encoder.0.ffn": [], "decoder.0.ffn": own.get(one, [])} for one in languages},
    }


ENCODER = [[1.0, 0.8, 0.5], [0.8, 1.0, 0.4], [0.5, 0.4, 1.0]]
DECODER = [[1.0, 0.6, 0.2], [0.6, 1.0, 0.3], [0.2, 0.3, 1.0]]
SAME = [[1.0] * 3] * 3


def mask_set(name="k70", seed=1, shift=0, **more):
    """Masks of three languages; ``shift``: more units of the decoder that en-de keeps, and de's own."""
    kept = {one: {"encoder.0.ffn": 4, "decoder.0.ffn": 5} for one in DIRECTIONS}
    kept["en-de"] = {"encoder.0.ffn": 4, "decoder.0.ffn": 5 + shift}
    out = {one: [f"en-{one}"] for one in ("fr", "nl", "de")}
    own = {"de": [1, 2, *range(3, 3 + shift)], "nl": [7], "fr": []}
    return {
        "masks": name, "seed": seed, "rule": "mass", "k": "70", "layers": LAYERS, "kept": kept,
        "sides": {
            "out of en": side(out, own, [8, 9], SAME, DECODER),
            "into en": side({one: [f"{one}-en"] for one in out}, {}, [], ENCODER, DECODER),
        },
        **more,
    }  # fmt: skip


def strongest(**more):
    unit = {"unit": "decoder.0.ffn:7", "score": 0.41, "rate": 0.52, "rate_elsewhere": 0.08}
    words = [{"word": "Haus", "times": 7, "of": 9, "mean": 1.8}, {"word": "<b>x</b>", "times": 3, "of": 3}]
    cell = {"mean": 0.3104, "sd": 0.1, "n": 20}
    return {
        "format": "neuronspec-strongest-units-1", "system": "baseline", "seed": 1, "text": "valid",
        "sentences": 300, "score": "share here minus share elsewhere",
        "languages": {"fr": {"source": [], "target": []}, "de": {"target": [{**unit, "words": words}]}},
        "removed": {
            "units": 16, "draws": 3,
            "matrix": {
                "de": {"de": cell, "fr": {"mean": 0.01}, "nl": {"mean": 0.03}},
                "fr": {"de": {"mean": 0.0}, "fr": {"mean": 0.1}},
            },
            "random": {"de": [0.01, 0.02, 0.4], "fr": [0.01, 0.02, 0.03]},
        },
        **more,
    }  # fmt: skip


def facts(**more):
    own = {"experiment": "e", "systems": ["baseline", "continued", "ns-k70"], "directions": DIRECTIONS}
    own |= {"testsets": ["test"], "seeds": [1], "pivot": "en", "baseline": "baseline", "control": "continued"}
    return Facts(**{**own, "masked": {"ns-k70": "k70"}, "groups": FAMILIES, **more})


def put_results(root, summary=(), controls=None, units=None, wins=None, cautions=None):
    """Write tables; return the options of those that are there."""
    write_csv(root / "tables/summary.csv", [*SUMMARY_COLUMNS[:8], "signature", *SUMMARY_NUMBERS], summary)
    named = []
    if controls is not None:
        write_csv(root / "tables/controls.csv", [*CONTROL_COLUMNS, *CONTROL_NUMBERS], controls)
        named.append("controls")
    if wins is not None:
        write_csv(root / "tables/wins.csv", [*WINS_COLUMNS, *WINS_NUMBERS], wins)
        named.append("wins")
    if units is not None:
        content = {"format": "neuronspec-units-1", "pivot": "en", "sets": units}
        (root / "tables/units.json").write_text(json.dumps(content))
        named.append("units")
    if cautions is not None:
        (root / "tables/cautions.txt").write_text(cautions)
        named.append("cautions.txt")
    return named


def write_page(
    root, tables, *more, directions=DIRECTIONS, seeds=(1,), systems=("baseline", "continued", "ns-k70")
):
    """Run the stage; return the HTML and the Markdown."""
    out = root / "report/answer.html"
    words = ["--root", root, "--tables", root / "tables", "--out", out, "--experiment", "e"]
    words += ["--systems", *systems, "--testsets", "test", "--directions", *directions, "--seeds", *seeds]
    words += ["--with-tables", *tables] if tables else []
    main([*map(str, words), *map(str, more)])
    return out.read_text(encoding="utf-8"), out.with_suffix(".md").read_text(encoding="utf-8")


FULL = ["--pivot", "en", "--baseline", "baseline", "--control", "continued", "--masked", '{"ns-k70": "k70"}']
FULL += ["--groups", json.dumps(FAMILIES), "--texts", '{"k70": "valid"}']


def lines_of(blocks):
    return list(texts_of(blocks))


def rows_of(blocks, header):
    """The cells of the first table whose header begins so, as Markdown has them."""
    lines = as_markdown(blocks).splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith(f"| {header}"))
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split(" | ")])
    return rows
