"""Snakemake's report shows each figure under the caption that its own job wrote."""

from __future__ import annotations

import html
import json
import re
import shutil
from pathlib import Path

from tests.workflow.finished_experiment import CONFIG, merged, snakemake
from tests.workflow.rerun_row import RESULTS

#: What Jinja or docutils would take for markup, as captions write it.
ESCAPED = r"\{\{ 7\*7 \}\} \<b\> \`x\`"
READ = "{{ 7*7 }} <b> `x`"


def test_captions_are_those_of_the_files_whatever_the_config_says(
    finished_experiment: Path, tmp_path: Path
) -> None:
    here = tmp_path / "here"
    shutil.copytree(finished_experiment, here)
    figures = here / RESULTS / "figures"
    for caption in figures.glob("*.rst"):
        # The config has another metric by now.
        caption.write_text(f"Of {caption.stem.replace('_', '-')}, BLEU, k = 70: {ESCAPED}\n")
    config = merged(CONFIG, {"report": {"sweep_metric": "chrf"}})
    snakemake(here, config, "--report", "report.html")
    text = (here / "report.html").read_text(encoding="utf-8")
    found = {}
    for entry in re.findall(r'"caption": ("(?:[^"\\]|\\.)*")', text):
        if said := re.search(r"<p>Of (.*), BLEU, k = 70: (.*)</p>", html.unescape(json.loads(entry))):
            found[said[1]] = said[2]
    pictures = [path.stem.replace("_", "-") for path in figures.glob("*.png")]
    # One job of one test set (its rule has a wildcard), and rules of several figures.
    assert {"training", "off-target-news", "sweep-ns", "gains-news", "costs", "iou-k70", "kept-by-layer"} <= {
        *pictures
    }
    assert found == dict.fromkeys(pictures, READ)
