"""A real SLURM of one node, for tests: controller, node daemon and munge, as root, without a service manager.

What: configuration in /etc/slurm (a job's inner ``srun`` looks for it there), state in a folder of the test's
own, two fake GPUs. It is started by `Controller.start` and stopped by its process ids. Needs Debian's
packages munge, slurmctld, slurmd, slurm-client; `make test-slurm` installs them where it may.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from workflow_scripts.processes import start_time

PACKAGES = ("munge", "slurmctld", "slurmd", "slurm-client")
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue")
CONFIGURATION = Path("/etc/slurm")
# Memory for two decodes and a job with a GPU, or one and two.
CORES, MEMORY_MB, GPUS = 8, 24000, 2
GPU_MODEL = "a100"

# cred_expire is also the time after which a requeued job may start again.
SLURM_CONF = """\
ClusterName=neuronspec
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=cred_expire=5
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
EnforcePartLimits=ALL
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=1,bf_interval=1,sched_min_interval=0
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
GresTypes=gpu
MpiDefault=none
ReturnToService=2
MinJobAge=7200
KillWait=5
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs={cores} Boards=1 SocketsPerBoard=1 CoresPerSocket={cores} \
ThreadsPerCore=1 RealMemory={memory} Gres=gpu:{model}:{gpus} State=UNKNOWN
PartitionName=gpu Nodes={host} Default=YES MaxTime=1:00:00 State=UP
PartitionName=cpu Nodes={host} MaxTime=2:00:00 State=UP
"""


def missing() -> str | None:
    """Return why no controller can be started here, or None."""
    if os.geteuid() != 0:
        return "a test controller is started as root, which this user is not"
    absent = [name for name in PROGRAMS if shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin") is None]
    return (
        f"not installed: {', '.join(absent)} (Debian: apt install {' '.join(PACKAGES)})" if absent else None
    )


def install() -> None:
    """Install Debian's packages of SLURM, if this user may; says nothing if it may not."""
    if missing() is None or os.geteuid() != 0 or shutil.which("apt-get") is None:
        return
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    # Where no service manager runs, packages must not try to start what they bring.
    for command in (["update", "-qq"], ["install", "-qq", "--no-install-recommends", *PACKAGES]):
        subprocess.run(["apt-get", "-y", *command], env=environment, capture_output=True, check=False)


@dataclass
class Controller:
    """A running SLURM of one node; `stop` ends what `start` began, and nothing else."""

    folder: Path
    cores: int = CORES
    munged: subprocess.Popen[bytes] | None = None
    kept: dict[Path, bytes | None] = field(default_factory=dict)

    def start(self, seconds: float = 60.0) -> None:
        """Start it and wait until its node is idle.

        Raises:
            RuntimeError: another controller runs on this machine, or the node does not come up.
        """
        if self._answers():
            raise RuntimeError("a SLURM controller runs on this machine already")
        host = socket.gethostname().partition(".")[0]
        for name in ("state", "spool", "dev"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        gres = []
        for number in range(GPUS):
            device = self.folder / "dev" / f"gpu{number}"
            if not device.exists():  # a clone of /dev/null
                os.mknod(device, 0o666 | 0o020000, os.makedev(1, 3))
            gres.append(f"NodeName={host} Name=gpu Type={GPU_MODEL} File={device}\n")
        text = SLURM_CONF.format(
            host=host, folder=self.folder, cores=self.cores, memory=MEMORY_MB, model=GPU_MODEL, gpus=GPUS
        )
        self._write(CONFIGURATION / "slurm.conf", text)
        self._write(CONFIGURATION / "gres.conf", "".join(gres))
        self._start_munge()
        try:
            for daemon in ("slurmctld", "slurmd"):
                subprocess.run([self._program(daemon)], check=True, capture_output=True)
            end = time.monotonic() + seconds
            while self._states() != {"idle"}:
                if time.monotonic() > end:
                    log = (self.folder / "slurmctld.log").read_text(errors="replace")[-2000:]
                    raise RuntimeError(f"the node does not come up:\n{log}")
                time.sleep(0.2)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the daemons by their process ids, and put back the configuration that was there."""
        for daemon in ("slurmd", "slurmctld"):
            with contextlib.suppress(OSError, ValueError):
                pid = int((self.folder / f"{daemon}.pid").read_text())
                os.kill(pid, signal.SIGTERM)
                for _ in range(100):
                    if start_time(pid) is None:
                        break
                    time.sleep(0.1)
                else:
                    os.kill(pid, signal.SIGKILL)
        if self.munged is not None:
            self.munged.terminate()
            self.munged.wait()
        for path, content in self.kept.items():
            if content is None:
                path.unlink(missing_ok=True)
            else:
                path.write_bytes(content)

    def _answers(self) -> bool:
        done = subprocess.run(["scontrol", "ping"], capture_output=True, text=True, check=False)
        return " is UP" in done.stdout

    def _states(self) -> set[str]:
        done = subprocess.run(["sinfo", "-h", "-o", "%T"], capture_output=True, text=True, check=False)
        return set(done.stdout.split())

    def _program(self, name: str) -> str:
        return shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin") or name

    def _write(self, path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.kept[path] = path.read_bytes() if path.exists() else None
        path.write_text(text)

    def _start_munge(self) -> None:
        """Start munge unless it runs: it proves to the daemons who asks."""
        if subprocess.run(["munge", "-n"], capture_output=True, check=False).returncode == 0:
            return
        key = Path("/etc/munge/munge.key")
        if not key.exists():
            key.write_bytes(secrets.token_bytes(1024))
        for folder, mode in (("/run/munge", 0o755), ("/var/log/munge", 0o700), ("/var/lib/munge", 0o700)):
            Path(folder).mkdir(parents=True, exist_ok=True)
            Path(folder).chmod(mode)
            shutil.chown(folder, "munge", "munge")
        shutil.chown(key, "munge", "munge")
        key.chmod(0o400)
        command = ["runuser", "-u", "munge", "--", self._program("munged"), "--foreground"]
        self.munged = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(100):
            if subprocess.run(["munge", "-n"], capture_output=True, check=False).returncode == 0:
                return
            time.sleep(0.1)
        raise RuntimeError("munge does not start")
