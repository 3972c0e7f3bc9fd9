"""The mean magnitude of neurons: of crafted ones by hand, of others sentence by sentence."""

import pytest
import torch

from tests.unit.api.experiment import write_experiment
from workflow_scripts.activations.score_magnitude import magnitude, main
from workflow_scripts.models.port import load
from workflow_scripts.units.score_table import ScoreTable, score_of
from workflow_scripts.units.system import SystemFolder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("magnitude")
    write_experiment(made)
    return made


def batches_of(port, folder, max_tokens):
    return port.batches(port.task(folder / "data/bin", "valid", "en-na"), max_tokens)


def test_constant_neurons(folder):
    port = load(SystemFolder.read(folder / "systems/baseline/s1"))
    with torch.no_grad():
        for layer in (*port.network.encoder.layers, *port.network.decoder.layers):
            layer.fc1.weight.zero_()
            layer.fc1.bias.zero_()
            layer.fc1.bias[:3] = torch.tensor([0.5, -0.5, 2.0])
    found, positions = magnitude(port, batches_of(port, folder, 4096))
    of_layers = found.reshape(len(port.space().groups), -1)
    assert (of_layers[:, :3] == torch.tensor([0.5, 0.0, 2.0])).all() and (of_layers[:, 3:] == 0).all()
    # 3, 1 and 3 words with a tag and </s>; 2, 3 and 1 after </s> and a tag.
    assert positions == {"encoder": 13, "decoder": 12}


def test_padding_is_not_counted(folder):
    """All sentences in one batch, with pads, and each in a batch of its own, without."""
    port = load(SystemFolder.read(folder / "systems/baseline/s1"))
    port.network.double()
    together, alone = batches_of(port, folder, 4096), batches_of(port, folder, 5)
    assert (len(together), len(alone)) == (1, 3)
    found, _ = magnitude(port, together)
    expected, _ = magnitude(port, alone)
    assert torch.allclose(found, expected, atol=1e-12) and (found > 0).any()


def test_command_line(folder, tmp_path):
    system = str(folder / "systems/baseline/s1")
    words = ["--system", system, "--data-bin", str(folder / "data/bin"), "--subset", "valid"]
    main([*words, "--direction", "en-na", "--out", str(tmp_path / "en-na.npz")])
    table = ScoreTable.read(tmp_path / "en-na.npz")
    assert table.rows == ("en-na",) and score_of(table.metadata["counting"]) == "magnitude"
    assert table.metadata["decoder_positions"] == 12 and len(table.metadata["data_sha256"]) == 64
