"""Erasure: as networks whose second weights lack the units, own masks kept; as many units in each set."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from workflow_scripts.common.errors import UserError

torch = pytest.importorskip("torch", reason="needs the fairseq environment")

from tests.unit.analyse.correlation_world import network, write_system, write_text  # noqa: E402
from tests.unit.analyse.small_model import DIRECTIONS, VOCABULARY, loss_of, without_units  # noqa: E402
from workflow_scripts.analyse.correlation.erase_correlated import main, removals, summary  # noqa: E402
from workflow_scripts.models.fairseq.port import FairseqPort  # noqa: E402
from workflow_scripts.units.score_table import ScoreTable  # noqa: E402
from workflow_scripts.units.space import model_space  # noqa: E402

SPACE = model_space({"encoder_layers": 1, "decoder_layers": 1, "ffn_dim": 6})
SCORE = np.array([0.1, 0.9, 0.5, 0.3, 0.2, 0.0, 0.6, 0.7, 0.0, 0.1, 0.2, 0.3])
KEEP = np.array([True] * 4 + [False] * 2 + [True] * 6)


def table(system_sha="00"):
    return ScoreTable(DIRECTIONS, np.stack([SCORE] * 3), SPACE, {"weights_sha256": system_sha})


def test_as_many_units_of_each_layer_are_removed():
    found = removals({"max": table()}, ["1", "50%"], 5, 1, "en-de")
    assert found.rows[:2] == ("max top 1", "max bottom 1") and len(found.rows) == 2 * (2 + 5)
    assert np.flatnonzero(~found.row("max top 1")).tolist() == [1, 7]
    assert np.flatnonzero(~found.row("max bottom 50%")).tolist() == [0, 4, 5, 8, 9, 10]
    drawn = [(~found.row(f"random-{n} 50%")).reshape(2, 6) for n in range(1, 6)]
    assert all(one.sum(axis=1).tolist() == [3, 3] for one in drawn)
    assert len({one.tobytes() for one in drawn}) > 1
    more = removals({"max": table()}, ["50%", "2"], 6, 1, "en-de")
    assert np.array_equal(more.row("random-3 50%"), found.row("random-3 50%"))


def test_summary_by_hand():
    added = {
        "en-de": {"max top 1": 3.0, "max bottom 1": 0.0, "random-1 1": 1.0, "random-2 1": 2.0},
        "de-en": {"max top 1": 1.0, "max bottom 1": 0.5, "random-1 1": 0.0, "random-2 1": 1.0},
    }
    found = summary(added, ["max"], ["1"], 2)
    assert found["max"]["top"]["1"] == {"mean": 2.0, "sd": pytest.approx(2**0.5), "n": 2}
    assert found["random"] == {"1": [0.5, 1.5]}


@torch.no_grad()
def added_without(seed, direction, gone, data_bin, own=None):
    """Nats per token more of a network whose second FFN weights do not see some units."""
    losses = []
    for removed in (np.zeros(12, dtype=bool), gone):
        made = network(seed)
        if own is not None:
            layers = [*made.encoder.layers, *made.decoder.layers]
            for layer, span in zip(layers, SPACE.slices().values(), strict=True):
                layer.fc1.weight *= torch.tensor(own[span])[:, None]
        port = FairseqPort(without_units(made, removed), VOCABULARY)
        batches = port.batches(port.task(data_bin, "test", direction), 4096)
        losses.append(loss_of(port, batches))
    return losses[1] - losses[0]


@pytest.mark.parametrize("masked", [False, True])
def test_command_line(masked, tmp_path):
    data_bin = write_text(tmp_path / "bin")
    system = write_system(tmp_path / "system", seed=4, keep=KEEP if masked else None)
    for name, sign in (("max", 1), ("least", -1)):
        facts = {"weights_sha256": system.weights_sha256, "form": name}
        ScoreTable(DIRECTIONS, np.stack([sign * SCORE] * 3), SPACE, facts).write(tmp_path / f"{name}.npz")
    scores = json.dumps({name: str(tmp_path / f"{name}.npz") for name in ("max", "least")})
    words = ["--system", str(system.folder), "--scores", scores, "--sizes", "1", "50%"]
    words += ["--data-bin", str(data_bin), "--subset", "test", "--directions", "en-de", "de-en"]
    words += [f"--out-{form}={tmp_path}/out.{form}" for form in ("json", "csv", "markdown")]
    main(words)
    found = json.loads((tmp_path / "out.json").read_text())
    for direction in ("en-de", "de-en"):
        gone = np.zeros(12, dtype=bool)
        gone[[1, 7]] = True
        expected = added_without(4, direction, gone, data_bin, KEEP if masked else None)
        assert found["added"][direction]["max top 1"] == pytest.approx(expected, abs=1e-5)
        assert abs(expected) > 1e-3
        # The lowest of one score are the highest of its negative, but for ties.
        assert found["added"][direction]["least bottom 1"] == found["added"][direction]["max top 1"]
    assert found["removed"] == {"1": 2, "50%": 6} and found["scores"]["max"]["form"] == "max"
    rows = list(csv.DictReader((tmp_path / "out.csv").open()))
    assert len(rows) == 2 * 2 * 2 and rows[0]["units"] == "2" and rows[0]["draws"] == "5"
    text = (tmp_path / "out.markdown").read_text()
    assert "| removed | max, top | max, bottom | least, top | least, bottom | random |" in text
    refused = {
        ("--draws", "3"): "--draws is 3, at least 5 is needed",
        ("--sizes", "1%"): "select top:1%: that is less than one of the 6 units of encoder.0.ffn",
        ("--scores", "{}"): "--scores: no file is named",
        ("--directions", "en-de", "en-de"): "--directions: en-de is named twice",
    }
    for more, said in refused.items():
        with pytest.raises(UserError, match=said):
            main([*words, *more])
    table("ab" * 32).write(tmp_path / "max.npz")
    with pytest.raises(UserError, match="scores were made from weights abababababab"):
        main(words)
