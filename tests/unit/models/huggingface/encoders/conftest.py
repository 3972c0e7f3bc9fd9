"""Folders and ports of the tiny encoders, made once: no test may change them."""

from __future__ import annotations

from pathlib import Path

import workflow_scripts.models.huggingface.library  # noqa: F401  isort:skip  (before transformers)

import pytest
from torch import nn

from tests.unit.models.huggingface.encoders.folders import CASES, classifier, examples
from tests.unit.models.huggingface.encoders.planted import planted_folder
from workflow_scripts.models.huggingface.encoders.port import EncoderPort, open_encoder
from workflow_scripts.models.huggingface.encoders.tasks import TaskSpec


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("encoders")


@pytest.fixture(scope="session")
def models(root: Path) -> dict[str, nn.Module]:
    """The library's model of each case, with its one head; its folder has the case's name."""
    return {case: classifier(case, root / case) for case in CASES}


@pytest.fixture(scope="session")
def ports(root: Path, models: dict[str, nn.Module]) -> dict[str, EncoderPort]:
    """The port of each case, with that head as the one of the task ``yes-no``."""
    return {case: open_encoder(root / case, [TaskSpec.of("yes-no", examples())]) for case in models}


@pytest.fixture(scope="session")
def planted(root: Path) -> Path:
    """The folder of the planted encoder."""
    return planted_folder(root / "planted")
