"""The folder of shared material: where it is, and what a test does that lacks some of it.

`@pytest.mark.shared("models/multi30k", "data/multi30k")` names what a test reads in it; `tests/conftest.py`
asks here before the test begins. A test that lacks it is skipped, and says what is missing; where CI has said
where the material is, it fails.
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
VARIABLE = "NEURONSPEC_SHARED"


def shared_folder(variables: Mapping[str, str] = os.environ) -> Path:
    """Return the folder that NEURONSPEC_SHARED names, or `shared` beside the checkout; it may be absent."""
    return Path(variables.get(VARIABLE) or ROOT.parent / "shared")


def need(names: Iterable[str] = (), variables: Mapping[str, str] = os.environ) -> Path:
    """Return the folder of shared material; end the test if it, or one of `names` in it, is absent."""
    folder = shared_folder(variables)
    missing = [path for path in (folder, *(folder / name for name in names)) if not path.exists()]
    if not missing:
        return folder
    said = f"no shared material at {missing[0]} ({VARIABLE} names another place)"
    if variables.get("CI") == "true" and variables.get(VARIABLE):
        pytest.fail(f"{said}: where CI runs, it must be there", pytrace=False)
    pytest.skip(said)
