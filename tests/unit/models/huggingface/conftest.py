"""Folders and ports of the tiny models, made once: no test may change them."""

from __future__ import annotations

import shutil
from pathlib import Path

import workflow_scripts.models.huggingface.library  # noqa: F401  isort:skip  (before transformers)

import pytest

from tests.unit.models.huggingface.folders import FOLDERS, TAGS, model_folder, sentences, system_of
from tests.unit.models.huggingface.talk import talkative
from workflow_scripts.models.huggingface.port import HuggingFacePort, open_port
from workflow_scripts.models.weights import read_tensors, save_tensors
from workflow_scripts.units.system import SystemFolder


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folder of each case."""
    root = tmp_path_factory.mktemp("models")
    return {case: model_folder(case, root / case) for case in FOLDERS}


@pytest.fixture(scope="session")
def ports(folders: dict[str, Path]) -> dict[str, HuggingFacePort]:
    """The port of each case."""
    return {case: open_port(folder, TAGS[case]) for case, folder in folders.items()}


@pytest.fixture(scope="session")
def systems(folders: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, SystemFolder]:
    """The system of each case."""
    root = tmp_path_factory.mktemp("systems")
    return {case: system_of(case, folder, root / case) for case, folder in folders.items()}


@pytest.fixture(scope="session")
def talking(folders: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, SystemFolder]:
    """The system of each case, with weights that say something else for each sentence and end it."""
    root = tmp_path_factory.mktemp("talking")
    found = {}
    for case, folder in folders.items():
        copy = shutil.copytree(folder, root / f"{case}-folder")
        save_tensors(talkative(read_tensors(copy / "model.safetensors"), case), copy / "model.safetensors")
        found[case] = system_of(case, copy, root / case)
    return found


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """20 sentences of English and translations of other lengths, as texts of ``en-de`` and ``en-fr``."""
    root = tmp_path_factory.mktemp("data")
    (root / "valid").mkdir()
    for target, seed in (("de", 5), ("fr", 6)):
        for language, lines in (("en", sentences(20)), (target, sentences(20, seed))):
            (root / f"valid/en-{target}.{language}.txt").write_text("\n".join(lines) + "\n")
    return root
