"""What all tests share: the folder of shared material, and one thread so that results repeat."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# Set before any test module imports torch or numpy, which read it once.
os.environ.setdefault("OMP_NUM_THREADS", "1")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of shared material; the test is skipped where it is absent."""
    folder = Path(os.environ.get("NEURONSPEC_SHARED") or ROOT.parent / "shared")
    if not folder.is_dir():
        pytest.skip(f"no shared material at {folder} (NEURONSPEC_SHARED names another place)")
    return folder
