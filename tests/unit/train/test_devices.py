"""Which GPU a process takes, as far as that can be seen without one; not yet run on a GPU."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from workflow_scripts.common.errors import UserError  # noqa: E402
from workflow_scripts.train.devices import check_devices, describe_device, device_number  # noqa: E402
from workflow_scripts.train.launch import Place  # noqa: E402


@pytest.mark.parametrize(
    ("seen", "local_rank", "expected"),
    [
        (0, 3, 0),  # CPU
        (1, 3, 0),  # SLURM shows each task its own
        (4, 3, 3),
        (8, 3, 3),
    ],
)
def test_each_process_its_own_gpu(
    seen: int, local_rank: int, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.device_count", lambda: seen)
    assert device_number(Place(7, local_rank, 8)) == expected


def test_more_processes_than_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    with pytest.raises(UserError, match=r"process 7 is number 4 of this training on .* shows it 2 GPUs"):
        device_number(Place(7, 3, 8))


def test_description(monkeypatch: pytest.MonkeyPatch) -> None:
    assert describe_device(0) == {"name": "cpu", "where": ""}

    class Properties:
        name, uuid = "NVIDIA A100", "abc"

    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.get_device_properties", lambda number: Properties)
    monkeypatch.setattr("socket.gethostname", lambda: "gpu07")
    assert describe_device(0) == {"name": "NVIDIA A100", "where": "GPU abc on gpu07"}


def test_devices_that_fit() -> None:
    cpu, one, two = ({"name": "cpu", "where": ""}, {"name": "A", "where": "1"}, {"name": "A", "where": "2"})
    check_devices([cpu, cpu])
    check_devices([one, two])
    with pytest.raises(UserError, match="process 1 of this training has cpu and process 0 A: give each"):
        check_devices([one, cpu])
    with pytest.raises(UserError, match="processes 0 and 2 of this training have the same 1: give each"):
        check_devices([one, two, one])
