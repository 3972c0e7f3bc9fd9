"""Systems that become others of the same name: the files that no job has made are asked for."""

from __future__ import annotations

import json
from pathlib import Path

from tests.unit.config.test_config import small
from workflow_scripts.config.load import load_experiment
from workflow_scripts.workflow.other_kind import files_never_made

STOCK = ["model.safetensors", "spm.model", "dict.txt"]
FOLDER = "systems/a/s1"


def asked(results: Path, system: dict[str, object]) -> list[str]:
    experiment = load_experiment(small(systems={"a": system}, masks={"k": [95]}))
    return list(files_never_made(experiment, results))


def made(results: Path, *names: str) -> None:
    folder = results / FOLDER
    folder.mkdir(parents=True)
    for name in (*STOCK, *names):
        (folder / name).write_text(name)
    description = {"sha256": dict.fromkeys([*STOCK, *names], "0")}
    (folder / "system.json").write_text(json.dumps(description))


def test_what_was_made_as_the_config_says_is_not_asked_for(tmp_path: Path) -> None:
    assert asked(tmp_path, {"masks": "k95"}) == []  # nothing is there
    made(tmp_path, "masks.npz")
    assert asked(tmp_path, {"masks": "k95"}) == []


def test_a_system_of_another_kind_lacks_files(tmp_path: Path) -> None:
    made(tmp_path, "masks.npz")
    adapted = {"adapters": {"kind": "lora"}}
    assert asked(tmp_path, adapted) == [f"{FOLDER}/adapters.safetensors"]
    each = {"each": "direction", "directions": ["de-en", "en-fr"]}
    assert asked(tmp_path, each) == [f"{FOLDER}/en-fr.safetensors", f"{FOLDER}/de-en.safetensors"]


def test_one_more_direction_of_a_joined_system(tmp_path: Path) -> None:
    made(tmp_path, "de-en.safetensors")
    each = {"each": "direction", "directions": ["de-en", "fr-en"]}
    assert asked(tmp_path, each) == [f"{FOLDER}/fr-en.safetensors"]


def test_what_was_made_and_deleted_is_not_asked_for(tmp_path: Path) -> None:
    """Weights may be deleted for their space: scores that are there stay."""
    made(tmp_path, "masks.npz")
    (tmp_path / FOLDER / "model.safetensors").unlink()
    (tmp_path / FOLDER / "masks.npz").unlink()
    assert asked(tmp_path, {"masks": "k95"}) == []


def test_a_damaged_description_is_of_no_kind(tmp_path: Path) -> None:
    made(tmp_path)
    for text in ("{", "[]", "{}", '{"sha256": 3}'):
        (tmp_path / FOLDER / "system.json").write_text(text)
        assert asked(tmp_path, {"masks": "k95"}) == []
