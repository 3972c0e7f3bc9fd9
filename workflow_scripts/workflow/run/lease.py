"""Start a job on GPUs that no other job has: ``python -m workflow_scripts.workflow.run.lease N COMMAND…``.

The job locks the files of N devices in a folder of this user, sets CUDA_VISIBLE_DEVICES and becomes COMMAND.
The locks are held until the last process of the job has ended, however it ended. CUDA_VISIBLE_DEVICES as it
was set restricts the choice. Standard library only: this runs in the job's environment.
"""

import fcntl
import os
import re
import stat
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from workflow_scripts.common.errors import UserError, run_main

VISIBLE = "CUDA_VISIBLE_DEVICES"
#: Names a folder of lock files instead of the one below ``/tmp``; all jobs of a user must share it.
FOLDER_VARIABLE = "NEURONSPEC_LEASES"
DRIVER = Path("/proc/driver/nvidia/gpus")
#: Seconds between two looks at devices that are all taken.
WAIT_SECONDS = 1.0
SMI_SECONDS = 60

_DEVICE = re.compile(
    r"(?:GPU (?P<number>\d+):|\s+MIG .*Device +\d+:).*\(UUID: (?P<identity>(?:GPU|MIG)-[^)]+)\)"
)
_IDENTITY = re.compile(r"^GPU UUID:\s*(\S+)$", re.MULTILINE)
#: Words for no device in CUDA_VISIBLE_DEVICES; what follows them does not count.
_NONE = ("", "-1", "nodevfiles", "none", "void")


@dataclass(frozen=True)
class Device:
    """A GPU, or one of the parts that MIG makes of it: its number as nvidia-smi counts, its identity."""

    number: int
    identity: str


def machine_devices() -> list[Device]:
    """Return the devices of this machine; a GPU that is cut into parts (MIG) is its parts."""
    try:
        done = subprocess.run(
            ["nvidia-smi", "-L"], capture_output=True, text=True, timeout=SMI_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return _driver_devices()
    found: list[Device] = []
    for line in done.stdout.splitlines():
        if match := _DEVICE.match(line):
            number = int(match["number"]) if match["number"] else found[-1].number
            if not match["number"] and found[-1].identity.startswith("GPU-"):
                found.pop()  # its parts take its place
            found.append(Device(number, match["identity"]))
    return found


def _driver_devices() -> list[Device]:
    """Return the devices as the driver lists them, by their place on the bus as nvidia-smi does."""
    identities = []
    for file in sorted(DRIVER.glob("*/information")):
        with suppress(OSError):
            identities += _IDENTITY.findall(file.read_text(encoding="utf-8", errors="replace"))
    # A sleeping GPU is called GPU-????: only its number is known.
    return [
        Device(number, str(number) if "?" in identity else identity)
        for number, identity in enumerate(identities)
    ]


def usable_devices() -> list[Device]:
    """Return the devices that jobs may take. UserError: CUDA_VISIBLE_DEVICES names one that is not here."""
    there = machine_devices()
    chosen = os.environ.get(VISIBLE)
    if chosen is None or not there:
        return there
    found: list[Device] = []
    for word in map(str.strip, chosen.split(",")):
        if word.lower() in _NONE:
            break
        # CUDA takes the beginning of an identity, after "GPU-", too.
        same = [
            one
            for one in there
            if word == str(one.number) or (len(word) > 4 and one.identity.startswith(word))
        ]
        if not same:
            known = ", ".join(f"{one.number} ({one.identity})" for one in there)
            raise UserError(f"{VISIBLE}={chosen}: this machine has no GPU {word!r}, it has {known}")
        found.append(same[0])
    return list(dict.fromkeys(found))


def leases_folder() -> Path:
    """Return the folder of this user's lock files; UserError if others own it or can write in it.

    Not below TMPDIR, nor in a session's folder: all runs of a user on a machine share it.
    """
    folder = Path(os.environ.get(FOLDER_VARIABLE) or f"/tmp/neuronspec-{os.getuid()}")
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022:
        raise UserError(
            f"{folder}: must be a folder of yours that others cannot write (chmod 700); {FOLDER_VARIABLE}"
            " names another one for the lock files of GPUs"
        )
    return folder


def try_lock(path: Path, wait: bool = False) -> int | None:
    """Return the descriptor of a file that is locked now; None where another process has it."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            os.close(descriptor)
            return None
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                return descriptor
        os.close(descriptor)  # it was removed meanwhile (who tidies /tmp), and another one may have its name


def try_take(number: int, devices: list[Device], folder: Path) -> dict[Device, int] | None:
    """Return that many devices with the descriptors that hold them; None, with none held, if too few are."""
    # One job looks at a time: of two jobs that want two devices, each could get one.
    gate = try_lock(folder / "looking.lock", wait=True)
    taken: dict[Device, int] = {}
    try:
        for device in devices:
            if len(taken) < number:
                descriptor = try_lock(folder / f"{device.identity.replace('/', '-')}.lock")
                if descriptor is not None:
                    taken[device] = descriptor
    finally:
        if gate is not None:
            os.close(gate)
    if len(taken) == number:
        return taken
    for descriptor in taken.values():
        os.close(descriptor)
    return None


def take(number: int, devices: list[Device]) -> list[Device]:
    """Lease that many devices for this process, waiting until they are free. UserError: too few here."""
    if number > len(devices):
        restricted = f" (with {VISIBLE}={os.environ[VISIBLE]})" if VISIBLE in os.environ else ""
        usable = len(devices)
        raise UserError(
            f"the job asks for {number} GPUs (its resource gpu), and there are only {usable} here{restricted}"
            f": ask for fewer, e.g. --set-resources RULE:gpu={usable}"
        )
    folder = leases_folder()
    said = False
    while (taken := try_take(number, devices, folder)) is None:
        if not said:
            print(f"waiting for {number} of {len(devices)} GPUs: other jobs have them", file=sys.stderr)
            said = True
        time.sleep(WAIT_SECONDS)
    for descriptor in taken.values():
        os.set_inheritable(descriptor, True)
    return list(taken)


def main(argv: list[str] | None = None) -> None:
    """Take devices, if there are any, and become the command."""
    number, *command = sys.argv[1:] if argv is None else argv
    if devices := usable_devices():
        taken = take(int(number), devices)
        os.environ[VISIBLE] = ",".join(one.identity for one in taken)
        os.environ["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"  # where it is numbers
        names = ", ".join(f"{one.number} ({one.identity})" for one in taken)
        print(f"on GPU {names}", file=sys.stderr)
    sys.stderr.flush()
    os.execv(command[0], command)


if __name__ == "__main__":
    run_main(main)
