"""train.use_system: a system of another experiment, taken only whole, unchanged and as the config has it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from workflow_scripts.errors import UserError
from workflow_scripts.train.use_system import main
from workflow_scripts.units.system import SystemFolder

ARCHITECTURE = {"encoder_layers": 1, "decoder_layers": 1, "ffn_dim": 3}


@pytest.fixture
def system(tmp_path: Path) -> Path:
    folder = tmp_path / "there"
    folder.mkdir()
    for name in ("model.safetensors", "spm.model", "dict.txt"):
        (folder / name).write_text(name)
    SystemFolder.write(
        folder,
        system="baseline",
        seed=2,
        languages=["en", "de"],
        mask_rows={"de-en": None},
        architecture=ARCHITECTURE,
        text={"moses": False},
    )
    return folder


def arguments(source: Path, **changes: object) -> list[str]:
    values: dict[str, object] = {
        "system": "baseline",
        "seed": 2,
        "languages": ["en", "de"],
        "text": json.dumps({"moses": False}),
        "architecture": json.dumps(ARCHITECTURE),
    }
    out = ["--from", str(source), "--out", str(source.with_name("here"))]
    for key, value in (values | changes).items():
        out += [f"--{key}", *([str(one) for one in value] if isinstance(value, list) else [str(value)])]
    return out


def test_a_system_is_copied_byte_for_byte(system: Path) -> None:
    main(arguments(system))
    here = {path.name: path.read_bytes() for path in system.with_name("here").iterdir()}
    assert here == {path.name: path.read_bytes() for path in system.iterdir()}
    assert set(here) == {"system.json", "model.safetensors", "spm.model", "dict.txt"}
    # A link would carry the other experiment's times.
    assert all((system.with_name("here") / name).stat().st_nlink == 1 for name in here)


def test_a_changed_file_is_refused(system: Path) -> None:
    (system / "model.safetensors").write_text("other")
    with pytest.raises(UserError, match=r"there/model.safetensors: SHA-256 is "):
        main(arguments(system))
    assert not system.with_name("here").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": 1}, "seed is 2, this config says 1"),
        ({"languages": ["de", "en"]}, "languages is ['en', 'de'], this config says ['de', 'en']"),
        ({"text": '{"moses": true}'}, "text.moses is False, this config says True"),
        (
            {"architecture": json.dumps({**ARCHITECTURE, "ffn_dim": 4, "heads": 2})},
            "architecture.ffn_dim is 3, this config says 4",
        ),
    ],
)
def test_another_description_is_refused_key_by_key(
    system: Path, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(UserError) as caught:
        main(arguments(system, **changes))
    lines = str(caught.value).split("\n")
    assert lines[0] == f"{system}/system.json: {message}"
    assert len(lines) == (2 if "architecture" in changes else 1)
    assert not system.with_name("here").exists()
