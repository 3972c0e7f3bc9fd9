"""Translations without sets of heads: whose scores they are, and what they were scored with."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from sacrebleu.metrics import BLEU, CHRF

from tests.malformed import tiny
from workflow_scripts.analyse.heads.translated_tasks import translations
from workflow_scripts.models.port import load
from workflow_scripts.translate.decoding_options import DecodingOptions
from workflow_scripts.translate.pipeline import Progress
from workflow_scripts.translate.session import Session
from workflow_scripts.units.system import SystemFolder

SOURCES = ["ein Haus", "Haus am Fluss", "", "am Fluss ein Haus"]


def loud(weights):
    """Make what heads give large, so that the text changes without them."""
    for name, array in weights.items():
        if "out_proj.weight" in name:
            weights[name] = 40 * array


@pytest.fixture
def system(tmp_path):
    tiny.system(tmp_path, change=loud)
    (tmp_path / "de.txt").write_text("".join(f"{line}\n" for line in SOURCES), encoding="utf-8")
    return SystemFolder.read(tmp_path / "system")


def test_each_set_has_its_score_of_both_metrics(system, tmp_path):
    port, options = load(system), DecodingOptions(threads=1)
    lines = [line for line in SOURCES if line]
    whole = [*Session(system.folder, "de-en", "fairseq", options).translate(lines, Progress(3, sys.stderr))]
    # The model knows nothing: its own text is the reference, and an empty line beside the empty source.
    (tmp_path / "en.txt").write_text("\n".join([*whole[:2], "", whole[2], ""]), encoding="utf-8")
    space = port.space(["head"])
    nothing, everything = np.zeros(space.size, dtype=bool), np.ones(space.size, dtype=bool)
    sets = {("a", "1"): nothing, ("b", "1"): everything, ("a", "2"): nothing}
    patterns = (f"{tmp_path}/{{source}}.txt", f"{tmp_path}/{{target}}.txt")
    (bleu, chrf), run = translations(port, system, sets, space, ["de-en"], patterns, ["bleu", "chrf"])
    assert (bleu.metric, bleu.rises, chrf.metric, chrf.rises) == ("bleu", True, "chrf", True)
    assert bleu.base["de-en"] == BLEU().corpus_score(whole, [whole]).score
    assert chrf.base["de-en"] == CHRF(word_order=2).corpus_score(whole, [whole]).score == pytest.approx(100)
    for key in (("a", "1"), ("a", "2")):
        assert chrf.after[key] == chrf.base and bleu.after[key] == bleu.base
    assert chrf.after["b", "1"]["de-en"] < 90
    assert run["de-en"]["sentences"] == 3 and set(run["de-en"]["signatures"]) == {"bleu", "chrf"}
