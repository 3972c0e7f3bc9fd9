"""One network in both ports: the same likelihoods but for rounding, the same counts and masks."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np

from tests.runner.session import ROOT, python, variables
from workflow_scripts.units.score_table import ScoreTable
from workflow_scripts.units.selection import Selection
from workflow_scripts.units.space import ffn_space


def test_counts_and_masks_are_those_of_the_other_port(tmp_path: Path) -> None:
    for step, environment in (("vocabulary", "hf"), ("fairseq", "fairseq"), ("huggingface", "hf")):
        command = [python(environment), "-m", "tests.system.one_model", step, str(tmp_path)]
        subprocess.run(command, cwd=ROOT, env=variables(), check=True)
    one, other = (np.load(tmp_path / f"{port}.npz") for port in ("fairseq", "huggingface"))
    # Of 40 sources 5 words on average less a little, with tag and </s>.
    lengths = [sum(1 + n % most + 2 for n in range(40)) for most in (9, 7)]
    assert one["positions"].tolist() == other["positions"].tolist() == lengths
    assert (one["tokens"] == other["tokens"]).all() and one["tokens"].sum() == lengths[1]
    np.testing.assert_allclose(one["nll"], other["nll"], rtol=1e-5)
    # Of 48 units in each of four layers, some at rounding's mercy.
    counts = one["counts"], other["counts"]
    assert len(counts[0]) == 4 * 48 and np.abs(counts[0] - counts[1]).max() <= 1
    assert (counts[0] != counts[1]).mean() <= 0.02 and 0 < counts[0].mean() < max(lengths)
    tables = [ScoreTable(["en-de"], found[None], ffn_space(2, 2, 48), {}, "counts") for found in counts]
    masks = [Selection.parse("mass:80").masks(table).keep for table in tables]
    assert (masks[0] == masks[1]).all() and 0.5 < masks[0].mean() < 0.9
