"""What tests of tables share: made-up scores, their plan, files of a job, and the command of the tables."""

import csv
import json

from workflow_scripts.report.read.read_scores import Plan, Score
from workflow_scripts.report.tables.table import Shown
from workflow_scripts.report.tables.tabulate import main


def plan_of(systems, directions, seeds=(1,), metrics=("bleu",), **more):
    return Plan("e", list(systems), list(seeds), ["test"], directions, list(metrics), **more)


def scores_of(table, directions, metric="bleu", profile="raw", signature="sig"):
    """Scores from {(system, seed): one value a direction}."""
    return [
        Score("e", system, seed, "test", profile, direction, metric, value, 10, signature)
        for (system, seed), values in table.items()
        for direction, value in zip(directions, values, strict=True)
    ]


def text_of(cell):
    return cell.text if isinstance(cell, Shown) else cell


def texts(block):
    return [[text_of(cell) for cell in row] for row in block.rows]


def put(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def put_job(path, system, seed=1, testset="test", **more):
    put(path, {"experiment": "e", "system": system, "seed": seed, "testset": testset, **more})


def put_scores(root, system, values, directions, seed=1, profile="raw", **entry):
    """Write the score file of a job: of each direction the scores by metric, or other keys of its entry."""
    scores = [{"metric": m, "score": value, "signature": f"of {m}"} for m, value in values.items()]
    made = {"n": 9, "scores": scores, "references_sha256": "r", **entry}
    path = root / f"scores/{system}/s{seed}/test.{profile}.json"
    put_job(path, system, seed, profile=profile, directions=dict.fromkeys(directions, made))


def tabulate(root, systems, directions, *more, seeds=(1,), metrics=("bleu",)):
    words = f"--scores-root {root}/scores --experiment e --testsets test --pivot en --out-dir {root}/tables"
    named = ["--systems", *systems, "--directions", *directions, "--seeds", *map(str, seeds)]
    named += ["--control", "continued"] if "continued" in systems else []
    main([*words.split(), *named, "--metrics", *metrics, *map(str, more)])
    return {path.stem: path.read_text() for path in (root / "tables").glob("*.md")}


def csv_rows(path):
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))
