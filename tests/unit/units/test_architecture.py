"""The architecture block: defaults, and one-line errors for what a user can get wrong."""

from __future__ import annotations

import pytest

from workflow_scripts.common.errors import UserError
from workflow_scripts.units.architecture import Architecture

SHAPE = {"encoder_layers": 3, "decoder_layers": 2, "model_dim": 8, "ffn_dim": 16, "heads": 2}


def test_keys_are_those_of_system_json():
    assert Architecture.from_dict(SHAPE).to_dict() == {
        "encoder_layers": 3,
        "decoder_layers": 2,
        "model_dim": 8,
        "ffn_dim": 16,
        "heads": 2,
        "pre_norm": True,
        "activation": "relu",
        "share_decoder_embeddings": True,
        "share_all_embeddings": False,
        "max_positions": 256,
        "dropout": 0.1,
        "attention_dropout": 0.0,
        "activation_dropout": 0.0,
    }


def test_reads_back_what_it_wrote():
    architecture = Architecture(1, 2, 8, 16, 4, pre_norm=False, dropout=0.3)
    assert Architecture.from_dict(architecture.to_dict()) == architecture


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"ffn_dims": 3}, "unknown key 'ffn_dims' (did you mean 'ffn_dim'?)"),
        ({"heads": 3}, "3 heads do not divide model_dim 8"),
        ({"ffn_dim": 0}, "ffn_dim: 0 is not a positive whole number"),
        ({"ffn_dim": 16.0}, "ffn_dim: 16.0 is not"),
        ({"dropout": 1.0}, "dropout: 1.0 is not a probability below 1"),
        ({"activation": "gelu"}, "'gelu' is not one of"),
        ({"pre_norm": 1}, "pre_norm: 1 is not true or false"),
        ({"model_dim": 2, "heads": 1}, "model_dim: 2 is not an even number of at least 4"),
    ],
)
def test_errors_name_the_key(change, words):
    with pytest.raises(UserError, match=r"^architecture") as caught:
        Architecture.from_dict(SHAPE | change)
    assert words in str(caught.value)


def test_missing_keys_are_named():
    with pytest.raises(UserError, match="model_dim, heads missing"):
        Architecture.from_dict({"encoder_layers": 1, "decoder_layers": 1, "ffn_dim": 4})
