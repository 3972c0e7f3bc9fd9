"""Folders and ports of the tiny causal models, made once: no test may change them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.models.huggingface.causal.tiny_causal import CASES, causal_folder
from tests.unit.models.huggingface.folders import sentences
from workflow_scripts.models.huggingface.causal.port import CausalPort, open_causal


@pytest.fixture(scope="session")
def causal_folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folder of each case."""
    root = tmp_path_factory.mktemp("causal")
    return {case: causal_folder(case, root / case) for case in CASES}


@pytest.fixture(scope="session")
def causal_ports(causal_folders: dict[str, Path]) -> dict[str, CausalPort]:
    """The port of each case."""
    return {case: open_causal(folder) for case, folder in causal_folders.items()}


@pytest.fixture(scope="session")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """12 lines of each of two languages."""
    root = tmp_path_factory.mktemp("texts")
    (root / "valid").mkdir()
    for language, seed in (("de", 1), ("fr", 7)):
        (root / f"valid/{language}.txt").write_text("\n".join(sentences(12, seed)) + "\n")
    return root
