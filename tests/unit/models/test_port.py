"""The port of a system: which one, what it can do, and the same answers as the network gives."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from workflow_scripts.common.errors import UserError
from workflow_scripts.models.fairseq import artifact
from workflow_scripts.models.fairseq.artifact import load_weights, save_system_weights
from workflow_scripts.models.fairseq.network import build_network
from workflow_scripts.models.fairseq.port import FairseqPort
from workflow_scripts.models.port import generating, load
from workflow_scripts.units.architecture import Architecture
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.space import model_space
from workflow_scripts.units.system import SystemFolder

SHAPE = Architecture(1, 2, 8, 16, 2)


@pytest.fixture
def system(tmp_path: Path) -> SystemFolder:
    (tmp_path / "dict.txt").write_text("".join(f"{word} 1\n" for word in "abcdef"))
    (tmp_path / "spm.model").write_text("not read")
    save_system_weights(build_network(SHAPE, 12), tmp_path / "model.safetensors")
    return SystemFolder.write(
        tmp_path,
        system="tiny",
        seed=1,
        languages=["de", "en"],
        mask_rows={"de-en": None},
        architecture=SHAPE.to_dict(),
        text={},
    )


def test_the_port_of_a_system(system: SystemFolder):
    port = load(system, "cpu")
    assert (port.name, port.abilities, port.device.type) == ("fairseq", {"generate"}, "cpu")
    assert port.space() == model_space(SHAPE.to_dict())
    assert port.space(("resid",)) == model_space(SHAPE.to_dict(), ("resid",))
    search = {"beam": 2, "length_penalty": 1.0, "max_length": 4, "batch_tokens": 50}
    (found,) = generating(port, "decoding").generate([[10, 4, 5, 2]], 11, **search)
    assert found[0] == 11
    assert 1 <= len(found) <= 4


def test_another_port_is_one_line(system: SystemFolder):
    described = json.loads((system.folder / "system.json").read_text())
    (system.folder / "system.json").write_text(json.dumps({**described, "port": "fairsec"}))
    with pytest.raises(
        UserError, match=r"system\.json: port is 'fairsec', not one of fairseq, huggingface \(did you mean"
    ):
        load(SystemFolder.read(system.folder))


def test_a_port_of_another_environment_is_one_line(system: SystemFolder):
    described = json.loads((system.folder / "system.json").read_text())
    (system.folder / "system.json").write_text(json.dumps({**described, "port": "huggingface"}))
    with pytest.raises(UserError, match=r"needs transformers, .* lacks; run it in the environment hf$"):
        load(SystemFolder.read(system.folder))


def test_a_port_that_writes_no_text_is_refused():
    port = SimpleNamespace(name="classifier", abilities=frozenset({"metric"}))
    with pytest.raises(
        UserError, match=r"^decoding needs a model that writes text; .* port 'classifier' do not"
    ):
        generating(port, "decoding")


def likelihood(port) -> float:
    """Of one sentence of ids."""
    task = port.pairs("de-en", ("de", "en"), [([4, 5, 6], [7, 8])])
    with torch.inference_mode():
        (nll,) = (port.loss(batch)[0] for batch in port.batches(task, 50))
    return float(nll)


def test_a_direction_has_its_own_weights_and_its_masks(system: SystemFolder, monkeypatch):
    folder, plain = system.folder, load(system, "cpu")
    shared = likelihood(plain)
    # Of a system with one model a direction's context changes nothing, and may be entered again.
    laid = plain.direction("de-en")
    for _ in range(2):
        with laid:
            assert likelihood(plain) == shared
    other = build_network(SHAPE, 12).eval()
    save_system_weights(other, folder / "de.safetensors")
    keep = np.arange(48)[None] % 2 == 0
    MaskTable(["en-de"], keep, plain.space(), {"weights_sha256": system.weights_sha256}).write(
        folder / "masks.npz"
    )
    two = SystemFolder.write(
        folder,
        system="two",
        seed=1,
        languages=["de", "en"],
        mask_rows={"de-en": None, "en-de": "en-de"},
        architecture=SHAPE.to_dict(),
        text={},
        own_weights={"de-en": "de.safetensors"},
    )
    port = load(two, "cpu")
    read = []
    monkeypatch.setattr(
        artifact, "load_weights", lambda n, path: (read.append(path.name), load_weights(n, path))
    )
    with pytest.raises(UserError, match="de-en has weights of its own, which is not supported here"):
        likelihood(port)
    own, masked = port.direction("de-en"), port.direction("en-de")
    found = []
    for one in (own, own, masked, own):
        with one:
            found.append(likelihood(port))
    # Each file is read where it is not the one that is there.
    assert read == ["de.safetensors", "model.safetensors", "de.safetensors"]
    expected = likelihood(FairseqPort(other, port.vocabulary))
    with plain.intervene(MaskTable(["x"], keep, plain.space(), {})).use("x"):
        assert found == [expected, expected, likelihood(plain), expected]
    assert len({shared, *found}) == 3
    with pytest.raises(UserError, match="de-en has weights of its own"):
        likelihood(port)
    with pytest.raises(UserError, match="has no direction 'de-fr'"):
        port.direction("de-fr")
