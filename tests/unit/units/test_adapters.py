"""Adapters by arithmetic, and their rows in a file."""

import re

import numpy as np
import pytest
from safetensors.numpy import save_file

from workflow_scripts.common.errors import UserError
from workflow_scripts.units.adapters import AdapterRow, adapter_parameters, adapter_shapes
from workflow_scripts.units.weights_file import read_adapter_row, weight_name

TINY = {"encoder_layers": 1, "decoder_layers": 1, "model_dim": 4, "ffn_dim": 6}
#: The published model of 60 directions, without its vocabulary.
BIG = {"encoder_layers": 6, "decoder_layers": 6, "model_dim": 1024, "ffn_dim": 4096}


def test_growth_of_the_published_model_by_bottlenecks():
    # By layer: norm 2 d, down d b + b, up b d + d.
    layer = 2 * 1024 + (1024 * 256 + 256) + (256 * 1024 + 1024)
    assert layer == 527_616
    found = adapter_parameters(BIG, "bottleneck", 256, rows=60)
    assert found == 60 * 12 * layer == 379_883_520
    # Its body, and two embeddings of 128,000 subwords, four specials and 31 languages.
    whole = 176_361_472 + 2 * 128_035 * 1024
    assert (round(whole / 1e6, 1), round(found / whole, 3)) == (438.6, 0.866)


def test_growth_by_lora():
    # Of 4 x 4: 4 r + r 4; of fc1 and fc2: 6 r + r 4; encoder 4 matrices of attention, decoder 8.
    assert adapter_parameters(TINY, "lora", 2, rows=1) == 12 * 2 * (4 + 4) + 4 * 2 * (6 + 4) == 272
    assert adapter_parameters(TINY, "lora", 2, rows=3) == 3 * 272
    shapes = adapter_shapes(TINY, "lora", 2)
    assert len(shapes) == 2 * (6 + 10)
    assert shapes["encoder.0.fc1.down"] == (2, 4) and shapes["encoder.0.fc1.up"] == (6, 2)
    assert shapes["decoder.0.cross.k.down"] == (2, 4) and shapes["decoder.0.fc2.up"] == (4, 2)


def test_names_of_weights():
    assert weight_name("encoder.0.self.q") == "encoder.layers.0.self_attn.q_proj.weight"
    assert weight_name("decoder.11.cross.out") == "decoder.layers.11.encoder_attn.out_proj.weight"
    assert weight_name("decoder.1.fc2") == "decoder.layers.1.fc2.weight"


def test_a_row_of_a_file(tmp_path):
    path = tmp_path / "adapters.safetensors"
    shapes = adapter_shapes(TINY, "bottleneck", 3)
    right = {
        f"{row}.{name}": np.full(shape, number, np.float32)
        for number, row in enumerate(("to", "half"))
        for name, shape in shapes.items()
    }

    def read(row="half", **changed):
        save_file({**right, **changed}, path)
        return read_adapter_row(AdapterRow(path, row, "bottleneck", 3), shapes)

    found = read()
    assert {name: tensor.shape for name, tensor in found.items()} == shapes
    assert all((tensor == 1).all() for tensor in found.values())
    name = "half.encoder.0.norm.weight"
    for changed, said in (
        ({name: np.ones(5, np.float32)}, f"tensor {name} is float32 (5,), the system needs float32 (4,)"),
        ({name: np.ones(4, np.float64)}, f"tensor {name} is float64 (4,), the system needs float32 (4,)"),
        ({name: np.full(4, np.nan, np.float32)}, f"tensor {name} holds NaN or infinite values"),
    ):
        with pytest.raises(UserError, match=re.escape(f"{path}: {said}")):
            read(**changed)
    with pytest.raises(UserError, match="adapter row 'family' has no tensor 'encoder"):
        read("family")
    path.write_bytes(b"not one")
    with pytest.raises(UserError, match="not a safetensors file of float32"):
        read_adapter_row(AdapterRow(path, "to", "bottleneck", 3), shapes)
