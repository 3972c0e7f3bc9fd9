"""The port of a system: which one, what it can do, and the same answers as the network gives."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from workflow_scripts.common.errors import UserError
from workflow_scripts.models.fairseq.artifact import save_system_weights
from workflow_scripts.models.fairseq.network import build_network
from workflow_scripts.models.port import generating, load
from workflow_scripts.units.architecture import Architecture
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
        UserError, match=r"system\.json: port is 'fairsec', not one of fairseq \(did you mean"
    ):
        load(SystemFolder.read(system.folder))


def test_a_port_that_writes_no_text_is_refused():
    port = SimpleNamespace(name="classifier", abilities=frozenset({"metric"}))
    with pytest.raises(
        UserError, match=r"^decoding needs a model that writes text; .* port 'classifier' do not"
    ):
        generating(port, "decoding")
