"""What a validation writes: losses in bits a token, by direction; BLEU of each under its own mask."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from workflow_scripts.models.fairseq.network import build_network  # noqa: E402
from workflow_scripts.models.fairseq.sites import sites  # noqa: E402
from workflow_scripts.models.fairseq.training import validation_bleu  # noqa: E402
from workflow_scripts.models.fairseq.training.task import NeuronspecTranslationTask  # noqa: E402
from workflow_scripts.models.training.masked import MaskedTraining  # noqa: E402
from workflow_scripts.units.architecture import Architecture  # noqa: E402
from workflow_scripts.units.mask_table import MaskTable  # noqa: E402
from workflow_scripts.units.space import model_space  # noqa: E402


def task_of(folder: Path, **attributes: Any) -> NeuronspecTranslationTask:
    """A task of two directions, as it is after its data were read."""
    task = NeuronspecTranslationTask.__new__(NeuronspecTranslationTask)
    known = {"folder": folder, "directions": ["de-en", "en-de"], "settings": {"valid_bleu": False}}
    task.__dict__.update({**known, "masked": None, "adapted": None, **attributes})
    return task


def masked_network() -> tuple[Any, MaskedTraining]:
    """A network whose encoder layer keeps 3 of 8 units for de-en, 5 for en-de; en-de's mask lies on it."""
    shape = Architecture(1, 1, 8, 8, 2)
    network = build_network(shape, 12)
    keep = np.ones((2, 16), dtype=bool)
    keep[0, 3:8] = keep[1, 5:8] = False
    directions = ["de-en", "en-de"]
    table = MaskTable(directions, keep, model_space(shape.to_dict()), {})
    masked = MaskedTraining(network, sites(network), table, directions, {}, slices=False)
    masked.select(1)
    return network, masked


def kept(network: Any) -> float:
    return float(network.encoder.layers[0].fc1.gate.sum())


def test_losses_are_in_bits_a_token(tmp_path: Path) -> None:
    """4 tokens of 8 bits, without smoothing of 6; 12 tokens of 60 and of 36; together 68/16 and 42/16."""
    bit = math.log(2)
    gathered = {
        "de-en": {"loss": 8 * bit, "nll_loss": 6 * bit, "ntokens": 4},
        "en-de": {"loss": 60 * bit, "nll_loss": 36 * bit, "ntokens": 12},
    }
    agg = {
        f"{key}/{direction}": SimpleNamespace(sum=value)
        for direction, values in gathered.items()
        for key, value in values.items()
    }
    stats: dict[str, Any] = {"num_updates": 40, **{key: meter.sum for key, meter in agg.items()}}
    task_of(tmp_path).post_validate(None, stats, agg)
    assert (tmp_path / "validation.csv").read_text().splitlines() == [
        "update,direction,loss,nll_loss,tokens",
        "40,de-en,2.0000,1.5000,4",
        "40,en-de,5.0000,3.0000,12",
        "40,all,4.2500,2.6250,16",
    ]
    assert stats["loss/de-en"] == pytest.approx(2.0)


def test_bleu_is_under_each_directions_own_mask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In place of BLEU the number of units that are kept."""
    network, masked = masked_network()
    monkeypatch.setattr(validation_bleu, "validation_bleu", lambda task, model, number: kept(model))
    stats: dict[str, Any] = {}
    task_of(tmp_path, masked=masked)._write_valid_bleu(network, stats, 40)
    assert (tmp_path / "validation_bleu.csv").read_text().splitlines() == [
        "update,direction,bleu",
        "40,de-en,3.00",
        "40,en-de,5.00",
        "40,all,4.00",
    ]
    assert stats == {"bleu/de-en": 3.0, "bleu/en-de": 5.0}


def test_a_batch_is_under_its_own_directions_mask() -> None:
    network, masked = masked_network()
    found = []
    for number in (0, 1, 0):
        masked.select(number)
        found.append(kept(network))
    assert found == [3.0, 5.0, 3.0]
    with pytest.raises(RuntimeError, match="a batch of several directions"):
        masked.select(-1)
