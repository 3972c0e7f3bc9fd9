"""The adapter: quiet, and without traces in the rest of Python."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass

import pytest

import workflow_scripts.models.fairseq.compat  # noqa: F401


def test_import_is_quiet_and_leaves_logging_alone():
    code = (
        "import logging, workflow_scripts.models.fairseq.compat;"
        "print(logging.root.handlers, logging.root.level);"
        "from fairseq_cli import train; from fairseq.models.transformer import TransformerConfig;"
        "print(TransformerConfig().encoder.layers)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True
    )
    assert (done.stdout, done.stderr) == ("[] 30\n6\n", "")


def test_dataclasses_of_others_stay_as_they_are():
    @dataclass
    class Ours:
        value: int = 0

    with pytest.raises(TypeError, match="unhashable"):
        hash(Ours())
