"""Who writes a training folder: `owner.json`, whose time of change is the owner's heartbeat.

Inputs: a training folder. Outputs: what its owner wrote of itself. A process of this machine and process
namespace is looked at; of another place only the heartbeat is seen. Source: docs/architecture.md, rule 2.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workflow_scripts.files import read_json
from workflow_scripts.processes import lives, place
from workflow_scripts.units.retention import OWNER

#: A heartbeat (one comes every ten seconds) older than this is of a writer elsewhere that is gone.
STALE_SECONDS = 120.0


def process_of(holder: Mapping[str, Any]) -> str:
    """Return the identity of an owner's process; before there was a key for it, its host was its place."""
    if "process" in holder:
        return str(holder["process"])
    where = place() if holder.get("host") == socket.gethostname() else f"{holder.get('host')} -"
    return f"{where} {holder.get('pid')} {holder.get('started')}"


def live_owner(training: Path) -> dict[str, Any] | None:
    """Return what the owner of a training folder wrote of itself, or None if there is none that lives.

    Raises:
        OSError: it cannot be read.
    """
    try:
        holder = read_json(training / OWNER)
        age = time.time() - (training / OWNER).stat().st_mtime
    except (FileNotFoundError, ValueError):
        return None
    if not isinstance(holder, dict):
        return None
    alive = lives(process_of(holder))
    return holder if (age < STALE_SECONDS if alive is None else alive) else None
