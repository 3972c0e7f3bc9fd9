"""Files of units by what they hold: other programs call the same content by any name."""

from __future__ import annotations

import gzip
import pickle

import numpy as np
import pytest
import torch

from tests.unit.activations.test_foreign_units import DIRECTIONS, FC1, UNITS, WIDTH, system
from workflow_scripts.activations.import_units import import_table
from workflow_scripts.common.errors import UserError

__all__ = ["system"]

COUNTS = {"encoder_layer_0": torch.tensor([9, 1, 0]), "decoder_layer_0": torch.tensor([5, 5, 0])}


def pickled(value, path):
    path.write_bytes(pickle.dumps(value))


def saved(value, path):
    torch.save(value, path)


def saved_by_old_torch(value, path):
    torch.save(value, path, _use_new_zipfile_serialization=False)


@pytest.mark.parametrize("write", [pickled, saved, saved_by_old_torch])
@pytest.mark.parametrize("name", ["{}.pkl", "{}.pt", "{}.bin"])
def test_counts_under_any_name(tmp_path, system, write, name):
    for direction in DIRECTIONS:
        write(COUNTS, tmp_path / name.format(direction))
    table = import_table(system, str(tmp_path / name.format("{direction}")), DIRECTIONS)
    assert table.values.tolist() == [[9, 1, 0, 5, 5, 0]] * 2


def test_masks_in_a_pickle(tmp_path, system):
    for direction in DIRECTIONS:
        pickled(dict.fromkeys(FC1, torch.ones(UNITS, WIDTH)), tmp_path / f"{direction}.pickle")
    assert import_table(system, str(tmp_path / "{direction}.pickle"), DIRECTIONS).keep.all()


def message_of(system, path):
    with pytest.raises(UserError) as error:
        import_table(system, str(path).replace("de-en", "{direction}"), DIRECTIONS)
    return str(error.value).removeprefix(f"{path}: ")


def test_what_a_file_is_instead(tmp_path, system):
    packed, archive = tmp_path / "de-en.pkl", tmp_path / "de-en.npz"
    packed.write_bytes(gzip.compress(pickle.dumps(COUNTS)))
    assert message_of(system, packed) == f"packed with gzip; unpack it: gzip -dc {packed} > NEW"
    np.savez(archive, encoder_layer_0=np.arange(3))
    said = "not opened by torch's restricted loader: an archive of numpy (.npz), no file of torch"
    assert message_of(system, archive) == f"{said}; name the right file"


def test_counts_that_no_text_has(tmp_path, system):
    """The sum of a layer of such counts would be beyond 64 bits, and select other units."""
    path = tmp_path / "de-en.pkl"
    pickled({**COUNTS, "decoder_layer_0": np.array([2**62, 2**62, 1])}, path)
    assert message_of(system, path).startswith("decoder_layer_0 counts 4611686018427387904, more than any")
    pickled({**COUNTS, "decoder_layer_0": np.array([2**63 + 1, 2, 1], np.uint64)}, path)
    assert message_of(system, path).startswith("decoder_layer_0 counts 9223372036854775809, more than any")


def test_the_layer_that_is_missing_is_named(tmp_path, system):
    path = tmp_path / "de-en.pkl"
    pickled({"decoder_layer_0": COUNTS["decoder_layer_0"]}, path)
    assert message_of(system, path) == "encoder_layer_0 is missing; this model has 2 layers"


def test_sparse_masks(tmp_path, system):
    path = tmp_path / "de-en.pt"
    saved(dict.fromkeys(FC1, torch.ones(UNITS, WIDTH).to_sparse()), path)
    assert message_of(system, path) == f"{FC1[0]} is a sparse tensor: save its to_dense()"
