"""The device of each process of a training, and whether they fit each other. Not yet run on a GPU."""

import socket
from collections.abc import Mapping, Sequence

import torch

from workflow_scripts.common.errors import UserError
from workflow_scripts.train.history import CPU
from workflow_scripts.train.launch import Place


def device_number(place: Place) -> int:
    """Return the number of this process's GPU (0 without any); UserError if there are too few here."""
    seen = torch.cuda.device_count()
    if seen <= 1:  # SLURM may show each task its own one only
        return 0
    if place.local_rank >= seen:
        raise UserError(
            f"process {place.rank} is number {place.local_rank + 1} of this training on"
            f" {socket.gethostname()}, which shows it {seen} GPUs;"
            " start no more processes on a machine than it has GPUs"
        )
    return place.local_rank


def describe_device(number: int) -> dict[str, str]:
    """Return {"name": of the GPU or "cpu", "where": what no two processes can share, "" for a CPU}."""
    if not torch.cuda.is_available():
        return {"name": CPU, "where": ""}
    found = torch.cuda.get_device_properties(number)
    return {"name": str(found.name), "where": f"GPU {found.uuid} on {socket.gethostname()}"}


def check_devices(devices: Sequence[Mapping[str, str]]) -> None:
    """Refuse two processes on one GPU, and some with a GPU and some without."""
    first: dict[str, int] = {}
    for rank, device in enumerate(devices):
        if (device["name"] == CPU) != (devices[0]["name"] == CPU):
            raise UserError(
                f"process {rank} of this training has {device['name']} and process 0 {devices[0]['name']}:"
                " give each process a GPU, or none"
            )
        if device["where"] and (other := first.setdefault(device["where"], rank)) != rank:
            raise UserError(
                f"processes {other} and {rank} of this training have the same {device['where']}: give each"
                " its own (SLURM: as many GPUs as tasks_per_node)"
            )
