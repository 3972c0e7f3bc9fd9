"""The network of a system as its port loads it."""

from __future__ import annotations

from pathlib import Path

from workflow_scripts.models.fairseq.network import Network
from workflow_scripts.models.fairseq.port import load_port
from workflow_scripts.units.system import SystemFolder


def load_network(system: SystemFolder | str | Path) -> Network:
    """Return a system's network on the CPU, in eval mode, with the weights of all its directions."""
    folder = system if isinstance(system, SystemFolder) else SystemFolder.read(system)
    return load_port(folder, "cpu").network
