"""What `fetch` runs, and which rules stay where Snakemake runs (docs/how-to/fetch.md lists both)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.workflow.test_job_counts import ROOT, TINY, jobs, lay_down_text, snakemake
from workflow_scripts.workflow.run.fetch import CORPUS
from workflow_scripts.workflow.stages import FETCHING

PAGE = ROOT / "docs" / "how-to" / "fetch.md"
#: A dry run does not say where a job would run: Snakemake is asked by a workflow around this one.
AROUND = """
include: "{root}/Snakefile"
import sys
names = dict((rule.name, rule.name in workflow._localrules) for rule in workflow.rules)
print("local:", *(name for name in names if names[name]), file=sys.stderr)
print("cluster:", *(name for name in names if not names[name]), file=sys.stderr)
"""
ALWAYS = {
    *("all", "fetch", "score_lape", "spread_scores", "select_masks", "overlap", "tabulate", "tabulate_units"),
    *("plot_training", "plot_tables", "plot_masks", "plot_off_target", "write_answer"),
}
CLUSTER = {
    "prepare_text",
    "train_subwords",
    "binarise",
    "write_card",
    "rebuild_references",
    "round_trip",
    "score_ceiling",
    "train_baseline",
    "finetune",
    "use_masks",
    "score_importance",
    "score_magnitude",
    "count_activations",
    "count_activations_en",
    "count_activations_into_en",
    "decode",
    "score",
    "compare",
    "train_identifier",
    "identify",
    "score_likelihood",
    "score_contrastive",
    "strongest_units",
    "mask_control",
}
MTDATA: dict[str, Any] = {
    "type": "mtdata",
    "train": {"de-en": ["Statmt-news_commentary-16-deu-eng"], "en-fr": ["Statmt-news_commentary-16-eng-fra"]},
    "valid": {"de-en": ["Statmt-newstest_deen-2014-deu-eng"], "en-fr": ["Statmt-newstest_fren-2014-eng-fra"]},
    "tests": {"x": {"de-en": ["Statmt-newstest_deen-2015-deu-eng"], "en-fr": ["Statmt-newsdev-1-eng-fra"]}},
}


def source(**settings: Any) -> dict[str, Any]:
    return {**TINY, "data": {"source": settings}}


@pytest.mark.parametrize(
    "config",
    [source(type="multi30k"), source(type="ntrex"), source(**MTDATA)],
    ids=["multi30k", "ntrex", "mtdata"],
)
def test_fetching_is_the_download_alone(config: dict[str, Any], tmp_path: Path) -> None:
    assert jobs(snakemake(tmp_path, config, "-n", "fetch")) == {"download_corpus": 1}
    everything = jobs(snakemake(tmp_path, config, "-n"))
    assert everything["download_corpus"] == 1 and everything["prepare_text"] == 6


def test_own_text_needs_no_fetching(tmp_path: Path) -> None:
    lay_down_text(tmp_path)
    assert jobs(snakemake(tmp_path, TINY, "-n", "fetch")) == {}


def split(folder: Path, config: dict[str, Any]) -> tuple[set[str], set[str]]:
    """Return the rules that stay local, and the others."""
    (folder / "Snakefile").write_text(AROUND.format(root=ROOT))
    result = snakemake(folder, config, "-n", "fetch", "--snakefile", str(folder / "Snakefile"))
    assert result.returncode == 0, result.stdout + result.stderr
    assert "not present in the Snakefile" not in result.stdout + result.stderr
    local, cluster = (re.search(rf"^{kind}: (.*)$", result.stderr, re.M) for kind in ("local", "cluster"))
    assert local and cluster
    return set(local[1].split()), set(cluster[1].split())


def test_cheap_rules_and_downloads_are_local(tmp_path: Path) -> None:
    lay_down_text(tmp_path)
    assert split(tmp_path, TINY) == (ALWAYS, CLUSTER)
    assert split(tmp_path, source(type="multi30k")) == (ALWAYS | {CORPUS}, CLUSTER)
    models = [{"model": "Unbabel/wmt22-comet-da"}, {"name": "own", "folder": "models/own"}]
    config = {**TINY, "evaluation": {"comet": models}}
    assert split(tmp_path, config) == (ALWAYS | {"fetch_comet"}, CLUSTER | {"score_comet", "compare_comet"})


def test_of_what_another_experiment_made_the_vocabulary_is_taken_locally(tmp_path: Path) -> None:
    lay_down_text(tmp_path)
    config = {**TINY, "uses": {"experiment": "other", "systems": ["baseline"]}}
    folder = tmp_path / "results/other/systems/baseline/s1"
    folder.mkdir(parents=True)
    for name in ("system.json", "model.safetensors", "spm.model", "dict.txt"):
        (folder / name).write_text("{}")
    local, cluster = split(tmp_path, config)
    assert local == {*ALWAYS, "use_vocabulary"}
    assert "use_system_baseline" in cluster and "train_subwords" not in cluster


def test_the_page_lists_them() -> None:
    listed = re.findall(r"^\| `(\w+)` \|", PAGE.read_text(encoding="utf-8"), re.M)
    assert set(listed) == {*ALWAYS, *FETCHING, "use_vocabulary"} - {"all", "fetch"}
