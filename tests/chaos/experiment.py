"""A small experiment as `make run` starts it: begun, watched, killed in part or whole, begun again."""

import os
import random
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import yaml

from tests import started
from workflow_scripts.workflow.graph import GRAPH_VARIABLE, read
from workflow_scripts.workflow.run.leftovers import RUN_VARIABLE, rule_of

ROOT = Path(__file__).resolve().parents[2]
#: Seconds between two looks at a file that is waited for.
LOOK_SECONDS = 0.003
#: Seconds that a run has, from one start to its end.
PATIENCE = 800.0
CORES = 2


class RunFailed(Exception):
    """A run ended with an error that no kill explains."""


@dataclass(frozen=True)
class Job:
    """A finished job: its name, when it began (seconds since 1970), and its wall seconds."""

    name: str
    began: float
    seconds: float

    @property
    def rule(self) -> str:
        return self.name.partition("/")[0]


@dataclass
class Experiment:
    """A working directory with the config of one experiment; at most one run is on at a time."""

    folder: Path
    config: dict[str, Any]
    process: subprocess.Popen[bytes] | None = None
    began: float = 0.0
    #: When a setting was changed last: what finished before is of older settings (seconds since 1970).
    changed: float = 0.0
    sessions: list[int] = field(default_factory=list)

    @property
    def results(self) -> Path:
        return self.folder / "results" / str(self.config["experiment"])

    @property
    def log(self) -> Path:
        return self.folder / "run.log"

    def command(self, *options: str) -> list[str]:
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.folder / "config.yaml"
        file.write_text(yaml.safe_dump(self.config))
        command = [
            *(sys.executable, "-m", "workflow_scripts.workflow.run.start"),
            *("--snakefile", str(ROOT / "Snakefile")),
        ]  # fmt: skip
        command += ["--workflow-profile", str(ROOT / "profiles/default"), "--cores", str(CORES)]
        return [*command, "--configfile", str(file), "--directory", str(self.folder), *options]

    def begin(self) -> None:
        command = self.command()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip
        self.began = time.time()
        self.sessions.append(self.process.pid)

    def change(self, config: dict[str, Any]) -> frozenset[str]:
        """Take other settings; return the names of the jobs that run for them, by a dry run."""
        self.config, self.changed = config, time.time()
        graph = self.folder / "graph.jsonl"
        done = started.run(self.command("-n"), ROOT, {GRAPH_VARIABLE: str(graph)})
        if done.returncode:
            raise RunFailed(done.stdout + done.stderr)
        root = f"results/{config['experiment']}/benchmarks/"
        jobs = read(graph.open(encoding="utf-8"))
        return frozenset(str(Path(job.benchmark.removeprefix(root)).with_suffix("")) for job in jobs)

    def is_on(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def finish(self) -> None:
        if not self.is_on():
            self.begin()
        if status := self.wait():
            raise RunFailed(f"exit status {status}; the end of {self.log}:\n{self.tail()}")

    def wait(self) -> int:
        """Wait for the end of the run that is on; return its exit status. Raises RunFailed: it hangs."""
        assert self.process is not None
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill_all()
            raise RunFailed(f"no end after {PATIENCE:.0f} s; the end of {self.log}:\n{self.tail()}") from None

    def tail(self, lines: int = 40) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def has_nothing_to_do(self) -> bool:
        """What a dry run says."""
        done = started.run(self.command("-n"), ROOT)
        return "Nothing to be done" in done.stdout + done.stderr

    def jobs(self) -> dict[psutil.Process, str]:
        """Return the processes of jobs in this folder and their rules, those of killed runs included."""
        found = {}
        for process in psutil.process_iter():
            try:
                here = RUN_VARIABLE in process.environ() and Path(process.cwd()) == self.folder.resolve()
            except (psutil.Error, OSError):
                continue
            if here and (rule := rule_of(process)):
                found[process] = rule
        return found

    def kill_job(self, wanted: str | None, random: random.Random) -> str:
        """Kill one job, of a certain rule if there is one; return its rule, or "" if none was running."""
        jobs = self.jobs()
        preferred = [process for process, rule in jobs.items() if rule == wanted] or list(jobs)
        if not preferred:
            return ""
        victim = random.choice(sorted(preferred, key=lambda process: process.pid))
        victim.kill()
        return jobs[victim]

    def kill_workflow(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def kill_all(self) -> None:
        """Kill Snakemake, so that nothing begins, then every process that it or an earlier run started."""
        self.kill_workflow()
        for process in psutil.process_iter():
            try:
                if os.getsid(process.pid) in self.sessions:
                    process.kill()
            except (psutil.Error, ProcessLookupError):
                continue

    def finished_jobs(self) -> dict[str, Job]:
        """Return the finished jobs by name, `decode/baseline/s1/test.en-ka`, from their benchmark files."""
        root = self.results / "benchmarks"
        found = {}
        for path in root.rglob("*.tsv"):
            seconds = float(path.read_text().splitlines()[1].split("\t")[0])
            name = str(path.relative_to(root).with_suffix(""))
            found[name] = Job(name, path.stat().st_mtime - seconds, seconds)
        return found

    def has_finished(self, job: str) -> bool:
        try:
            return (self.results / "benchmarks" / f"{job}.tsv").stat().st_mtime >= self.changed
        except FileNotFoundError:
            return False

    def has_begun(self, job: str) -> bool:
        try:
            return (self.results / "logs" / f"{job}.log").stat().st_mtime >= self.began
        except FileNotFoundError:
            return False

    def is_writing(self, folder: str) -> bool:
        """True while the present run has half a file in `training` (checkpoints) or `systems` (exports)."""
        try:
            seeds = [seed for system in os.scandir(self.results / folder) for seed in os.scandir(system)]
            files = [entry for seed in seeds if seed.is_dir() for entry in os.scandir(seed)]
            half = [entry for entry in files if ".tmp" in entry.name]
            small = (".owner", ".history")
            return any(e.stat().st_mtime >= self.began for e in half if not e.name.startswith(small))
        except FileNotFoundError:
            return False
