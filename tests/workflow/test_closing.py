"""`make run` ends with what came out, if all that was asked for is made: never with older tables."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
import yaml

from tests import forked
from tests.workflow.finished_experiment import CONFIG, ROOT
from tests.workflow.rerun_row import RESULTS
from workflow_scripts.report.tables.summary import CSV_COLUMNS

FIGURES = {"testset": "news", "profile": "raw", "metric": "bleu", "grouping": "all", "group": "all"}
SIDE = {
    "languages": {"de": ["en-de"], "fr": ["en-fr"]},
    "all": {"decoder.0.ffn": [3]},
    "own": {"de": {"decoder.0.ffn": [1, 2]}, "fr": {"decoder.0.ffn": []}},
}
CONTROL = {"control": {"own_below_random": {}, "own_below_other_targets": {}, "passed": True}}
ROW = {**FIGURES, "side": "both", "system": "baseline", "n": "1", "mean": "31.415"}


UNITS = {
    "sets": [{"masks": "k70", "seed": 1, "layers": {"decoder.0.ffn": 8}, "sides": {"out of en": SIDE}}],
}


@pytest.fixture(scope="module")
def here(finished_experiment: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished experiment whose summary, units and control can be read, and are as old as all else."""
    folder = shutil.copytree(finished_experiment, tmp_path_factory.mktemp("closing") / "here")
    (folder / "config.yaml").write_text(yaml.safe_dump(CONFIG, sort_keys=False), encoding="utf-8")
    values = [ROW.get(name, "0" if name.startswith("scores") else "") for name in CSV_COLUMNS]
    summary = f"{','.join(CSV_COLUMNS)}\n{','.join(values)}\n"
    texts = {"tables/summary.csv": summary, "tables/units.json": json.dumps(UNITS)}
    texts["analysis/mask_control/baseline/s1/k70.json"] = json.dumps(CONTROL)
    for name, text in texts.items():
        file = folder / RESULTS / name
        times = file.stat()
        file.write_text(text, encoding="utf-8")
        os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    return folder


def said(folder: Path, *options: str) -> str:
    """What a run says on stdout, where its last words go."""
    words = ["workflow_scripts.workflow.run.start", "--snakefile", str(ROOT / "Snakefile"), "--cores", "1"]
    done = forked.run(folder, *words, "--configfile", "config.yaml", *options)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_run_ends_with_the_summary_the_units_and_where_everything_lies(here: Path) -> None:
    lines = said(here).splitlines()
    assert [line.split() for line in lines if line.startswith("baseline")] == [
        ["baseline", "31.42", "-", "-"]
    ]
    assert "  out of en: 1 for all 2 languages; for one alone de 2, fr 0" in lines
    assert f"Everything lies in {RESULTS}/" in lines
    assert any(line.split()[:1] == ["tables/summary.md"] for line in lines)
    assert lines[-1] == f"Open first, the answer on one page: {RESULTS}/report/answer.html"


PARTS = [["--until", "score"], ["--dry-run"], ["--", "fetch"], ["--", f"{RESULTS}/data/card.json"]]


@pytest.mark.parametrize("part", PARTS)
def test_a_run_of_a_part_does_not(part: list[str], here: Path) -> None:
    assert "Everything lies in" not in said(here, *part)


def test_with_nothing_to_do_the_manifest_is_written_where_the_results_lie(here: Path, tmp_path: Path) -> None:
    """Where the run was started, in a checkout, results of the same name may lie: they are left alone."""
    folder = shutil.copytree(here, tmp_path / "there")
    config = {**CONFIG, "analysis": {**CONFIG["analysis"], "overlap_k": None}}
    (folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    started = tmp_path / "checkout"
    (started / RESULTS).mkdir(parents=True)
    (started / RESULTS / "manifest.json").write_text("{}")
    words = ["workflow_scripts.workflow.run.start", "--snakefile", str(ROOT / "Snakefile"), "--cores", "1"]
    words += ["--configfile", str(folder / "config.yaml"), "--directory", str(folder)]
    done = forked.run(started, *words)
    assert done.returncode == 0, done.stderr
    assert "Everything lies in" in done.stdout
    manifest = json.loads((folder / RESULTS / "manifest.json").read_text())
    assert manifest["config"]["analysis"]["overlap_k"] is None
    assert [str(path.relative_to(started)) for path in started.rglob("*") if path.is_file()] == [
        f"{RESULTS}/manifest.json"
    ]
    assert (started / RESULTS / "manifest.json").read_text() == "{}"
