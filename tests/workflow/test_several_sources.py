"""NTREX and Multi30k in one experiment: several sources, and test sets that have some directions only."""

from __future__ import annotations

import gzip
import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import forked
from tests.small_config import BASE as SMALL
from tests.workflow.finished_experiment import ROOT, counts, finish, planned
from tests.workflow.test_job_counts import jobs, lay_down_text, snakemake

CAPTIONS = ["en", "de"]  # the languages that Multi30k has of these
NTREX: dict[str, Any] = {"path": "ntrex/{lang}.txt.gz"}
CONFIG: dict[str, Any] = {
    "experiment": "both",
    "languages": ["en", "de", "sw"],
    "pivot": "en",
    "data": {
        "source": {
            "type": "files",
            "train": [
                {**NTREX, "lines": {"start": 0, "stop": 4}, "weight": 2.0},
                {"path": "multi30k/train.{lang}.gz", "languages": CAPTIONS},
            ],
            "valid": {**NTREX, "lines": {"start": 4, "stop": 6}},
            "tests": {
                "ntrex": {**NTREX, "lines": {"start": 6, "stop": 8}},
                "flickr": {"path": "multi30k/test_2016_flickr.{lang}.gz", "languages": CAPTIONS},
            },
        }
    },
    "systems": {"continued": {"masks": "all"}},
    "evaluation": {"tokenizers": {"sw": "char"}, "off_target": False},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small files of both layouts."""
    folder = tmp_path_factory.mktemp("both")
    for name in ("ntrex", "multi30k"):
        (folder / name).mkdir()
    for language in CONFIG["languages"]:
        text = "".join(f"{language} {number}\n" for number in range(8))
        (folder / f"ntrex/{language}.txt.gz").write_bytes(gzip.compress(text.encode()))
    for name in ("train", "test_2016_flickr"):
        for language in CAPTIONS:
            (folder / f"multi30k/{name}.{language}.gz").write_bytes(gzip.compress(b"one\ntwo\n"))
    return folder


def commands(said: str, module: str) -> list[list[str]]:
    found = re.findall(rf"run-in \w+ workflow_scripts\.{module} (.*?) >>? \S+ 2>&1$", said, re.MULTILINE)
    return [shlex.split(rest) for rest in found]


def after(words: list[str], option: str) -> list[str]:
    """What stands behind an option, up to the next one."""
    start = words.index(option) + 1
    rest = [place for place in range(start, len(words)) if words[place].startswith("--")]
    return words[start : rest[0] if rest else len(words)]


def test_two_corpora_and_their_test_sets(folder: Path) -> None:
    result = snakemake(folder, CONFIG, "-n", "-p")
    counted = jobs(result)
    # de-en and en-sw of train, valid and ntrex; de-en of flickr.
    assert (counted["prepare_text"], counted["binarise"]) == (7, 14)
    assert counted["decode"] == 2 * (4 + 2)  # two systems
    assert (counted["score"], counted["compare"]) == (4, 2)
    texts = {after(w, "--stats")[0]: w for w in commands(result.stdout, "data.prepare_text")}
    root = "results/both/data/text"
    joined, alone = texts[f"{root}/train/de-en.json"], texts[f"{root}/train/en-sw.json"]
    assert after(joined, "--files") == [
        *("ntrex/de.txt.gz", "ntrex/en.txt.gz", "multi30k/train.de.gz", "multi30k/train.en.gz"),
    ]
    assert after(joined, "--lines") == ["0:4", ":"]
    assert (after(alone, "--files"), after(alone, "--lines")) == (
        ["ntrex/en.txt.gz", "ntrex/sw.txt.gz"],
        ["0:4"],
    )
    binarised = {after(w, "--out-prefix")[0]: w for w in commands(result.stdout, "data.binarise")}
    for prefix, words in binarised.items():
        several = prefix.split("/")[-1].startswith("train.de-en.")
        assert ("--text-stats" in words) == several
    [trained] = commands(result.stdout, "train.train_baseline")
    weights = json.loads(after(trained, "--settings")[0])["source_weights"]
    assert weights == {"de-en": [2.0, 1.0], "en-sw": [2.0]}
    for words in commands(result.stdout, "evaluate.score"):
        every = ["en-de", "en-sw", "de-en", "sw-en"]
        flickr = after(words, "--testset") == ["flickr"]
        assert after(words, "--directions") == (["en-de", "de-en"] if flickr else every)
        assert json.loads(after(words, "--tokenizers")[0]) == ({} if flickr else {"sw": "char"})
    [tables] = commands(result.stdout, "report.tables.tabulate")
    assert after(tables, "--directions") == ["en-de", "en-sw", "de-en", "sw-en"]
    assert json.loads(after(tables, "--partial-testsets")[0]) == {"flickr": ["en-de", "de-en"]}


def test_equal_weights_are_in_no_command(folder: Path) -> None:
    source = CONFIG["data"]["source"]
    equal = [{**part, "weight": 3} for part in source["train"]]
    config = {
        **CONFIG,
        "data": {"source": {**source, "train": equal, "tests": {"ntrex": source["tests"]["ntrex"]}}},
    }
    result = snakemake(folder, config, "-n", "-p", "results/both/systems/baseline/s1/system.json")
    assert jobs(result)["train_baseline"] == 1
    assert "source_weights" not in result.stdout


def test_two_sources_that_change_places_are_a_change(tmp_path: Path) -> None:
    """Snakemake compares inputs as a set, and here lines are of the first source, whichever that is."""

    def config(first: str, second: str) -> dict[str, Any]:
        train = [
            {"path": f"text/{first}.{{lang}}", "pairs": ["de-en"], "lines": {"start": 0, "stop": 1}},
            f"text/{second}.{{lang}}",
        ]
        return {**SMALL, "data": {"source": {**SMALL["data"]["source"], "train": train}}}

    lay_down_text(tmp_path, ("train", "talks", "valid", "news"))
    finish(tmp_path, config("talks", "train"))
    assert counts(planned(tmp_path, config("talks", "train"))) == {}
    # Of en-fr the one source is now the other.
    assert counts(planned(tmp_path, config("train", "talks")))["prepare_text"] == 2
    # What was made of them in the other order cannot be kept as it is.
    accept = ["workflow_scripts.workflow.plan.accept", "--configfile", "config.yaml"]
    done = forked.run(tmp_path, *accept, "--snakefile", str(ROOT / "Snakefile"), checkout=ROOT)
    assert done.returncode == 1
    assert "a setting changed: order not set → 2 3 0 1" in done.stderr


def test_the_config_of_the_page_is_right() -> None:
    """What own-corpus.md shows of several sources is what this file tests."""
    page = (Path(__file__).resolve().parents[2] / "docs/how-to/own-corpus.md").read_text(encoding="utf-8")
    shown = next(
        yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", page, re.S) if "weight" in block
    )
    assert shown["data"]["source"]["train"][1]["languages"] == ["en", "de", "fr", "cs"]
