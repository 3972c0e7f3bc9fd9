"""What of Hugging Face's families needs none of its library: positions, and the names of weights."""

import math

import numpy as np

from workflow_scripts.translate.huggingface_spec import marian_positions, names_of
from workflow_scripts.translate.spec_builder import sinusoidal_positions


def test_positions_of_marian_and_m2m_by_hand():
    """d = 4: Marian has frequencies 1 and 1/100 from position 0; M2M-100 1 and 1/10000 from position 2."""
    expected = [[0.0, 0.0, 1.0, 1.0], [math.sin(1), math.sin(0.01), math.cos(1), math.cos(0.01)]]
    np.testing.assert_allclose(marian_positions(2, 4), expected, rtol=0, atol=1e-7)
    odd = marian_positions(2, 3)  # two sines, one cosine; the second frequency is 10000 ** (-2 / 3)
    np.testing.assert_allclose(odd[1], [math.sin(1), math.sin(10000 ** (-2 / 3)), math.cos(1)], atol=1e-7)
    first = [math.sin(2), math.sin(0.0002), math.cos(2), math.cos(0.0002)]
    np.testing.assert_allclose(sinusoidal_positions(1, 4, first=2), [first], rtol=0, atol=1e-7)


def test_names_of_weights():
    assert names_of({"family": "marian", "gated": False}).weight("decoder.2.cross.out") == (
        "model.decoder.layers.2.encoder_attn.out_proj.weight"
    )
    assert names_of({"family": "t5", "gated": False}).first == ("DenseReluDense.wi",)
    gated = names_of({"family": "mt5", "gated": True})
    assert gated.weight("decoder.0.fc1") == "decoder.block.0.layer.2.DenseReluDense.wi_0.weight"
    assert gated.weight("encoder.0.fc2") == "encoder.block.0.layer.1.DenseReluDense.wo.weight"
