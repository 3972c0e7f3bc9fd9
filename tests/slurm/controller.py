"""A real SLURM of one node, for tests: controller, node daemon and munge, as root, without a service manager.

What: configuration in /etc/slurm (a job's inner ``srun`` looks for it there), state in a folder of the test's
own, two fake GPUs. It is started by `Controller.start` and stopped by its process ids. Needs Debian's
packages munge, slurmctld, slurmd, slurm-client; `make test-slurm` installs them where it may.
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests import debian
from tests.slurm import leftover
from workflow_scripts.common.processes import identity, start_time

PACKAGES = ("munge", "slurmctld", "slurmd", "slurm-client")
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue")
CONFIGURATION = Path("/etc/slurm")
# Cores for the groups of two runs, or one and much else; memory for one of them and two jobs with a GPU.
CORES, MEMORY_MB, GPUS = 16, 24000, 2
GPU_MODEL = "a100"
#: Seconds that one of SLURM's programs has to answer.
ANSWER_SECONDS = 30.0

# cred_expire is also the time after which a requeued job may start again. With PropagatePrioProcess jobs of a
# run that stands back do so too.
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
PropagatePrioProcess=1
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


def install() -> str | None:
    """Install Debian's packages of SLURM where this user may; return why there is none even so, or None."""
    # Where no service manager runs, packages must not try to start what they bring.
    return debian.install(missing, PACKAGES)


def _call(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=ANSWER_SECONDS, check=False)


@dataclass
class Controller:
    """A running SLURM of one node; `stop` ends what `start` began, and nothing else."""

    folder: Path
    cores: int = CORES
    munged: subprocess.Popen[bytes] | None = None

    def start(self, seconds: float = 60.0) -> None:
        """Start it and wait until its node is idle; one that an aborted session of these tests left is ended.

        Raises:
            RuntimeError: another controller runs on this machine, or the node does not come up.
        """
        self._make_room()
        host = socket.gethostname().partition(".")[0]
        for name in ("state", "spool", "dev"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        gres = []
        for number in range(GPUS):
            device = self.folder / "dev" / f"gpu{number}"
            if not device.exists():  # a clone of /dev/null
                os.mknod(device, 0o666 | 0o020000, os.makedev(1, 3))
            gres.append(f"NodeName={host} Name=gpu Type={GPU_MODEL} File={device}\n")
        text = leftover.head(self.folder, identity()) + SLURM_CONF.format(
            host=host, folder=self.folder, cores=self.cores, memory=MEMORY_MB, model=GPU_MODEL, gpus=GPUS
        )
        leftover.write(CONFIGURATION / "slurm.conf", text)
        leftover.write(CONFIGURATION / "gres.conf", "".join(gres))
        try:
            self._start_munge()
            for daemon in ("slurmctld", "slurmd"):
                # By their command lines a later session knows whose they are.
                _call(self._program(daemon), "-L", f"{self.folder}/{daemon}.log").check_returncode()
            end = time.monotonic() + seconds
            while self._states() != {"idle"}:
                if time.monotonic() > end:
                    log = (self.folder / "slurmctld.log").read_text(errors="replace")[-2000:]
                    raise RuntimeError(f"the node does not come up in {seconds:.0f} s:\n{log}")
                time.sleep(0.2)
        except BaseException:
            self.stop()
            raise

    @contextmanager
    def away(self) -> Iterator[None]:
        """End the controller's daemon, not the node's; afterwards start it with what it had saved."""
        number = int((self.folder / "slurmctld.pid").read_text())
        os.kill(number, signal.SIGTERM)
        end = time.monotonic() + leftover.PATIENCE
        while start_time(number) is not None:
            assert time.monotonic() < end, "the controller does not end"
            time.sleep(0.1)
        try:
            yield
        finally:
            _call(self._program("slurmctld"), "-L", f"{self.folder}/slurmctld.log").check_returncode()

    def stop(self) -> None:
        """Cancel all jobs, end the daemons, and put back the configuration that was there."""
        leftover.Leftover(self.folder, identity()).end(CONFIGURATION)
        if self.munged is not None:
            try:
                self.munged.wait(timeout=leftover.PATIENCE)
            except subprocess.TimeoutExpired:
                self.munged.kill()

    def _make_room(self) -> None:
        """End what an aborted session left; refuse if any other SLURM is on this machine."""
        left = leftover.Leftover.found_in(CONFIGURATION)
        if left and not left.is_abandoned():
            raise RuntimeError(f"these tests run on this machine already ({left.owner}, in {left.folder})")
        if left:
            left.end(CONFIGURATION)
        if leftover.daemons() or self._answers():
            raise RuntimeError("a SLURM controller runs on this machine already, or a daemon of a node")
        # The daemons read the configuration where a job's srun does, and so must this process's programs.
        os.environ.pop("SLURM_CONF", None)

    def _answers(self) -> bool:
        """True if there is a controller for this machine's programs; it may be a site's, and elsewhere."""
        try:
            return " is UP" in _call("scontrol", "ping").stdout
        except subprocess.TimeoutExpired:
            return False

    def _states(self) -> set[str]:
        return set(_call("sinfo", "-h", "-o", "%T").stdout.split())

    def _program(self, name: str) -> str:
        return shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin") or name

    def _start_munge(self) -> None:
        """Start munge unless it runs: it proves to the daemons who asks."""
        if _call("munge", "-n").returncode == 0:
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
        self.munged = subprocess.Popen(
            command,
            env={**os.environ, leftover.MUNGE_MARK: "1"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(100):
            if _call("munge", "-n").returncode == 0:
                return
            time.sleep(0.1)
        raise RuntimeError("munge does not start")
