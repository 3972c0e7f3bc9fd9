"""A model's folder, as a hub has it, opened as it is: for use from Python, without a system folder.

No job of an experiment imports this.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import torch

from workflow_scripts.common.files import sha256_of
from workflow_scripts.models.huggingface.folder import weights_files
from workflow_scripts.models.huggingface.port import open_port
from workflow_scripts.models.port import TextPort


def open_folder(
    folder: Path,
    tags: Mapping[str, str | None],
    prefixes: Mapping[str, str],
    device: str | None = None,
) -> tuple[TextPort, str]:
    """Return the port of a model's folder, and one hash of its files of weights.

    ``tags``, ``prefixes`` and UserError as ``huggingface.port.open_port``; ``device``: by default the GPU
    where there is one.
    """
    port = open_port(folder, tags, prefixes)
    port.model.to(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    hashes = [sha256_of(path) for path in weights_files(folder)]
    # Of one file its own, by which others know it.
    joined = hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()
    return port, joined
