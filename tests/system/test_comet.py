"""COMET through the workflow: one model that is here, one that is nowhere, and what becomes of the rest."""

import json
import os
import re
from pathlib import Path

import yaml

from tests import forked, started
from tests.small_config import BASE, put_system
from workflow_scripts.workflow.software.environments import venvs_folder

ROOT = Path(__file__).resolve().parents[2]
TEXT = {
    "en": "the old house\na red cat\n",
    "de": "das alte Haus\neine rote Katze\n",
    "fr": "la maison\nun chat\n",
}
CONFIG = {
    **BASE,
    "analysis": "none",  # which no rule of this test makes
    "evaluation": {
        "comet": [
            {
                "name": "own", "folder": "models/own", "known_languages": ["en", "de"], "batch_size": 4,
                "threads": 1,
            },
            {"name": "hub", "model": "Unbabel/nowhere"}, {"name": "lost", "folder": "models/lost"},
        ],
        "significance": {"resamples": 100}, "off_target": False,
    },
    "systems": {"continued": {"masks": "all"}},
}  # fmt: skip
DIRECTIONS = ["de-en", "en-de", "en-fr", "fr-en"]
SYSTEMS = ["baseline", "continued"]
SCORES = [f"results/tiny/scores/{system}/s1/news.raw.json" for system in SYSTEMS]
COMET = "results/tiny/comet/baseline/s1/news.raw"
TESTS = "results/tiny/significance/continued/s1/news.raw"
OUT = "; or take it out of evaluation.comet: tables are then made without it"


def lay(folder):
    for name in ("train", "valid", "news"):
        for lang, text in TEXT.items():
            (folder / "text").mkdir(exist_ok=True)
            (folder / f"text/{name}.{lang}").write_text(text)
    for direction in DIRECTIONS:
        pair = "-".join(sorted(direction.split("-")))
        for lang in pair.split("-"):
            file = folder / f"results/tiny/data/text/news/{pair}.{lang}.txt"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(TEXT[lang])
        for system, vowel in zip(SYSTEMS, "eo", strict=True):
            file = folder / f"results/tiny/translations/{system}/s1/news/{direction}.txt"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(TEXT[direction.split("-")[1]].replace("a", vowel))
    for system in SYSTEMS:
        put_system(folder / "results/tiny", system)
    whole = {"n": 2, "scores": [{"metric": "bleu", "score": 100.0, "signature": "tok:13a"}], "moses": None}
    ceiling = {"experiment": "tiny", "testset": "news", "directions": dict.fromkeys(DIRECTIONS, whole)}
    (folder / "results/tiny/data/ceiling").mkdir()
    (folder / "results/tiny/data/ceiling/news.json").write_text(json.dumps(ceiling))
    program = (
        "import pathlib, sys; from tests.unit.comet.tiny_comet import make_model;"
        " make_model(pathlib.Path(sys.argv[1]))"
    )
    python = venvs_folder() / "comet/bin/python"
    command = [python, "-W", "ignore", "-c", program, folder / "models/own"]
    done = started.run(command, folder, {"PYTHONPATH": str(ROOT)})
    assert done.returncode == 0, done.stderr
    (folder / "config.yaml").write_text(yaml.safe_dump(CONFIG))


def snakemake(folder, *targets):
    """Run the rules of scores and tables alone, as a profile has it, with no hub."""
    variables = {"HF_HOME": str(folder / "hf"), "HF_ENDPOINT": "http://127.0.0.1:9"}
    options = ["--cores", "2", "--profile", str(ROOT / "profiles/default"), "--configfile", "config.yaml"]
    options += ["--snakefile", str(ROOT / "Snakefile"), "--allowed-rules"]
    options += ["score", "score_comet", "fetch_comet", "compare", "compare_comet", "tabulate"]
    variables = {**os.environ, **variables}
    return forked.run(folder, "snakemake", *options, "--", *targets, variables=variables)


def test_a_model_that_cannot_be_had_takes_nothing_else_with_it(tmp_path):
    lay(tmp_path)
    names = ("own", "hub", "lost")
    wanted = [*SCORES, f"{TESTS}.json", *(f"{TESTS}.{name}.json" for name in names)]
    done = snakemake(tmp_path, *wanted, "results/tiny/tables/summary.md")
    assert done.returncode == 1
    said = re.findall(r"^\s*error: (.*)$", done.stderr, re.M)
    assert set(said) == {
        "the COMET model Unbabel/nowhere cannot be fetched: the hub cannot be reached from this machine; run"
        " 'make fetch CONFIG=…' where there is internet, or name a folder that has it (evaluation.comet,"
        f" key folder){OUT}",
        f"models/lost: no such folder, for a COMET model (evaluation.comet, key folder){OUT}",
    }
    assert "Traceback" not in done.stdout + done.stderr
    assert set(json.loads((tmp_path / SCORES[0]).read_text())["directions"]) == set(DIRECTIONS)
    own = json.loads((tmp_path / f"{COMET}.own.json").read_text())
    assert own["directions"]["en-fr"]["flags"] == ["language not known to the model: fr"]
    assert own["directions"]["de-en"]["flags"] == []
    assert not (tmp_path / f"{COMET}.hub.json").exists() and not (tmp_path / f"{COMET}.lost.json").exists()
    # Tests of the metrics that are there.
    for file, metrics in ((f"{TESTS}.json", {"bleu", "chrf"}), (f"{TESTS}.own.json", {"own"})):
        tests = json.loads((tmp_path / file).read_text())["against"]["baseline"]
        assert {direction: set(by) for direction, by in tests.items()} == dict.fromkeys(DIRECTIONS, metrics)
    assert not (tmp_path / f"{TESTS}.hub.json").exists() and not (tmp_path / f"{TESTS}.lost.json").exists()
    assert not (tmp_path / "results/tiny/tables").exists()

    # As the error says: without them there are tables, and nothing else runs again.
    config = {**CONFIG, "evaluation": {**CONFIG["evaluation"], "comet": CONFIG["evaluation"]["comet"][:1]}}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    done = snakemake(tmp_path, "results/tiny/tables/summary.md")
    assert (done.returncode, re.findall(r"^(?:local)?rule (\w+):", done.stderr, re.M)) == (0, ["tabulate"])
    lines = (tmp_path / "results/tiny/tables/significance.csv").read_text().splitlines()[1:]
    assert len(lines) == 3 * len(DIRECTIONS), "bleu, chrf, own"

    # The same segments in a job that starts anew: all of them from the cache.
    (tmp_path / f"{COMET}.own.json").unlink()
    assert snakemake(tmp_path, f"{COMET}.own.json").returncode == 0
    log = (tmp_path / "results/tiny/logs/score_comet/baseline/s1/news.raw.own.log").read_text()
    assert "8 of 8 segments from the cache, 0 scored, 0 repeated" in log
    assert json.loads((tmp_path / f"{COMET}.own.json").read_text()) == own

    # The same model on the same files as outputs of others: the same scores, and no model is loaded.
    command = [ROOT / "envs/bin/run-in", "evaluate", "workflow_scripts.evaluate.evaluate_outputs"]
    command += ["--hypotheses", "results/tiny/translations/{system}/s{seed}/{testset}/{direction}.txt"]
    for option, side in (("--references", "target"), ("--sources", "source")):
        command += [option, f"results/tiny/data/text/{{testset}}/{{pair}}.{{{side}}}.txt"]
    command += [
        "--comet",
        "own=models/own",
        "--baseline",
        "baseline",
        "--resamples",
        "100",
        "--out",
        "scored",
    ]
    done = started.run(command, tmp_path, {"NEURONSPEC_CACHE": str(tmp_path / "results/.cache")})
    assert done.returncode == 0, done.stderr
    again = json.loads((tmp_path / "scored/comet/baseline/s1/news.raw.own.json").read_text())
    for direction, entry in again["directions"].items():
        assert entry["scores"] == own["directions"][direction]["scores"]
        assert entry["hypotheses_sha256"] == own["directions"][direction]["hypotheses_sha256"]
    assert len((tmp_path / "scored/significance.csv").read_text().splitlines()) == 1 + 3 * len(DIRECTIONS)
