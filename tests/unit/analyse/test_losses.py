"""Losses under many masks: those of ``port.loss`` under each row, to the bit, with fewer encoder passes."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the fairseq environment")

from tests.unit.analyse.small_model import VOCABULARY, batches_of, small_network, write_data_bin  # noqa: E402
from workflow_scripts.analyse.losses import losses_per_token, sentence_losses  # noqa: E402
from workflow_scripts.common.errors import UserError  # noqa: E402
from workflow_scripts.models.fairseq.port import FairseqPort  # noqa: E402
from workflow_scripts.units.architecture import Architecture  # noqa: E402
from workflow_scripts.units.mask_table import MaskTable  # noqa: E402
from workflow_scripts.units.space import model_space  # noqa: E402

ARCHITECTURE = Architecture(2, 1, 8, 6, 2)
SPACE = model_space(ARCHITECTURE.to_dict(), ["ffn", "head", "resid"])
ENCODER = np.isin(np.arange(SPACE.size), SPACE.ids_of(SPACE.part(stacks=["encoder"])))
ROWS = ("whole", "decoder", "encoder", "both", "again", "all off")


@pytest.fixture
def port():
    return FairseqPort(small_network(ARCHITECTURE), VOCABULARY)


@pytest.fixture
def batches(tmp_path):
    """One batch, the second line first: it is the longer one."""
    return batches_of(write_data_bin(tmp_path / "bin"))["de-en"]


def masks():
    """Two rows leave out the same of the encoder, two all the same, two none of it."""
    off = np.random.default_rng(0).random(SPACE.size) < 0.3
    keep = np.ones((len(ROWS), SPACE.size), dtype=bool)
    keep[1] = ~(off & ~ENCODER)
    keep[2] = ~(off & ENCODER)
    keep[3] = keep[4] = ~off
    keep[5] = False
    return MaskTable(ROWS, keep, SPACE, {"gate": {"ffn": "zero", "head": "scale:0.5"}})


def test_losses_are_those_of_each_row_to_the_bit(port, batches):
    laid = port.intervene(masks())
    losses, tokens = sentence_losses(port, laid, batches, [None, *ROWS])
    assert [batch.lines.tolist() for batch in batches] == [[1, 0]]
    for row, found in zip([None, *ROWS], losses, strict=True):
        for batch in batches:
            if row is None:
                nll, counted = port.loss(batch, count_language_tag=True)
            else:
                with laid.use(row):
                    nll, counted = port.loss(batch, count_language_tag=True)
            assert found[batch.lines].tolist() == nll.double().tolist()
            assert tokens[batch.lines].tolist() == counted.tolist()
    assert losses.dtype == np.float64 and losses.shape == (7, 2) and tokens.tolist() == [5, 4]
    # No mask, and a row that keeps all units; two rows that are one.
    assert (losses[0] == losses[1]).all() and (losses[4] == losses[5]).all()
    assert len({tuple(row) for row in losses}) == 5


def test_the_encoder_runs_once_for_rows_that_leave_out_the_same_of_it(port, batches):
    passes = {"encoder": 0, "decoder": 0}
    for name in passes:

        def count(*_, name=name):
            passes[name] += 1

        port.network.get_submodule(name).register_forward_hook(count)
    sentence_losses(port, port.intervene(masks()), batches, [None, *ROWS])
    assert len(batches) == 1
    # Whole, that of three rows, and none of it; the decoder for each different row.
    assert passes == {"encoder": 3, "decoder": 5}


def test_mean_losses_are_sums_of_the_same(port, batches):
    laid = port.intervene(masks())
    means, tokens = losses_per_token(port, laid, batches, [None, *ROWS])
    losses, counts = sentence_losses(port, laid, batches, [None, *ROWS])
    assert tokens == counts.sum() == 9
    assert means == pytest.approx((losses.sum(axis=1) / 9).tolist(), abs=1e-12)


def test_a_row_that_is_not_there(port, batches):
    with pytest.raises(UserError, match=r"no mask row 'bothh'.*did you mean 'both'"):
        sentence_losses(port, port.intervene(masks()), batches, ["bothh"])
