"""Kill a running experiment at seeded random moments until it has finished: same results as undisturbed.

``make chaos SEED=1 KILLS=20`` (``python -m tests.chaos.chaos``). After half of the kills, and the end of
the run, a setting is changed, and the other half falls into the run that follows; its results are compared
with an undisturbed run of the new settings from nothing. Each kill takes one job, Snakemake alone
(its jobs live on) or everything, with SIGKILL, and the experiment is begun again as `make run` does. The
moments are spread evenly over an undisturbed run: somewhere in the job that is at work then, while one of a
training's files is half written, or right after a start. Outputs: a line for each kill, then a summary in
Markdown (docs/proofs/reliability.md); exit status 1 and the differing files if anything differs. The short
form is `tests/system/test_interruptions.py`.
"""

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.chaos.compare import differences, number_compared
from tests.chaos.experiment import LOOK_SECONDS, Experiment, Job, RunFailed
from tests.chaos.stale_setting import stale_setting
from tests.chaos.undisturbed import Undisturbed, run_undisturbed
from tests.tiny_experiment import CONFIG
from tests.workflow.finished_experiment import merged
from workflow_scripts.workflow.run.leftovers import orphans

JOB, WORKFLOW, ALL = "one job", "the workflow alone", "everything"
TRAININGS = ("train_baseline", "finetune")
#: Of the kills that fall into a training, this part waits until one of its files is half written.
WRITING = 0.5
#: Of all kills, this part comes at most so many seconds after a start: Snakemake reads, plans, begins jobs.
AT_START, START_SECONDS = 0.15, 4.0
#: What is waited for in vain for this long (seconds, beside a whole run) is given up.
PATIENCE = 60.0
#: Settings that are changed after half of the kills, one for each seed: of data, trainings, decoding.
CHANGES: tuple[dict[str, Any], ...] = (
    {"train": {"lr": 4e-3}}, {"subwords": {"vocab_size": 240}}, {"data": {"clean": {"max_words": 10}}},
    {"finetune": {"lr": 2e-3}}, {"decode": {"beam": 2}},
)  # fmt: skip


@dataclass
class Kill:
    """One kill: what, when (seconds since the first start), and what was running."""

    number: int
    what: str
    moment: str
    after: float
    running: list[str]
    victim: str = ""

    def line(self) -> str:
        counts = Counter(self.running)
        running = ", ".join(f"{n} {rule}" if n > 1 else rule for rule, n in counts.items()) or "-"
        what = f"{self.what} ({self.victim})" if self.victim else self.what
        return f"{self.number:3d} {self.after:6.1f} s  {what}; {self.moment}; running: {running}"


class Chaos:
    """The kills of one experiment, drawn from one seed.

    Args:
        experiment: one that has not begun.
        undisturbed: the same config's run without kills.
        plan: what each kill takes, in this order.
    """

    def __init__(
        self,
        experiment: Experiment,
        undisturbed: Undisturbed,
        plan: list[str],
        seed: int,
        say: Callable[[str], None] = print,
    ) -> None:
        self.experiment = experiment
        self.undisturbed = undisturbed
        self.plan = plan
        self.random = random.Random(seed)
        self.say = say
        self.kills: list[Kill] = []
        self.orphaned = 0
        self._began = time.monotonic()

    def run(self) -> None:
        """Kill as planned, each time going on; then run to the end.

        Raises:
            RunFailed: a run failed though nothing was killed in it.
        """
        while len(self.kills) < len(self.plan):
            self._go_on()
            moment, ready, rule = self._draw_moment()
            if not self._wait(ready):
                if not self._unfinished():
                    break  # it was faster than expected
                continue
            self._kill(moment, rule)
        self._go_on()
        if self.experiment.wait():
            if self.kills and self.kills[-1].what == JOB:
                self._explain()
            self.experiment.finish()  # the jobs that waited for the killed one
        self.seconds = time.monotonic() - self._began

    def _go_on(self) -> None:
        if self.experiment.is_on():
            return
        if self.experiment.process is not None:
            self._explain()
        self.experiment.begin()

    def _explain(self) -> None:
        """A run may only have ended because it, or one of its jobs, was killed."""
        ended = self.experiment.process
        assert ended is not None
        if ended.returncode > 0 and not (self.kills and self.kills[-1].what == JOB):
            raise RunFailed(f"exit status {ended.returncode} without a kill:\n{self.experiment.tail()}")

    def _unfinished(self) -> list[Job]:
        jobs = self.undisturbed.jobs.values()
        return [job for job in jobs if not self.experiment.has_finished(job.name)]

    def _draw_moment(self) -> tuple[str, Callable[[], bool], str | None]:
        """Return a moment in words, whether it has come, and the rule it concerns.

        The kills are spread evenly over the undisturbed run; here each falls to the job that was at work
        then, or to the nearest that has not finished.
        """
        start, number, of = time.monotonic(), len(self.kills), len(self.plan)
        at = self.undisturbed.began + self.undisturbed.seconds * (number + self.random.random()) / of
        early, writing, share = self.random.random(), self.random.random(), self.random.random()
        jobs = self._unfinished()
        if early < AT_START or not jobs:
            late = START_SECONDS * share
            return f"{late:.1f} s after the start", lambda: time.monotonic() >= start + late, None
        job = min(jobs, key=lambda job: (max(job.began - at, at - job.began - job.seconds, 0), job.name))
        if job.rule in TRAININGS and writing < WRITING:
            folder, what = ("training", "a checkpoint") if share < 0.5 else ("systems", "the exported system")
            return f"{what} is half written", lambda: self.experiment.is_writing(folder), job.rule
        # The first second is imports, and a job that resumes takes less time: its end is a moment, too.
        late = job.seconds * share
        seen: list[float] = []

        def come() -> bool:
            if not seen and self.experiment.has_begun(job.name):
                seen.append(time.monotonic())
            return bool(seen) and (
                time.monotonic() >= seen[0] + late or self.experiment.has_finished(job.name)
            )

        return f"{late:.1f} s of {job.name}, or its end", come, job.rule

    def _wait(self, ready: Callable[[], bool]) -> bool:
        """Wait for a moment; False if the run ends before it or it does not come."""
        until = time.monotonic() + self.undisturbed.seconds + PATIENCE
        while not ready():
            if not self.experiment.is_on() or time.monotonic() > until:
                return False
            time.sleep(LOOK_SECONDS)
        return True

    def _kill(self, moment: str, rule: str | None) -> None:
        experiment = self.experiment
        kill = Kill(len(self.kills) + 1, self.plan[len(self.kills)], moment, 0.0, [])
        kill.running = sorted(experiment.jobs().values())
        if kill.what == JOB:
            while not kill.victim:
                kill.victim = experiment.kill_job(rule, self.random)
                if not experiment.is_on():
                    return  # it ended meanwhile
        elif not experiment.is_on():
            return
        elif kill.what == WORKFLOW:
            experiment.kill_workflow()
            self.orphaned += bool(experiment.jobs())
        else:
            experiment.kill_all()
        kill.after = time.monotonic() - self._began
        self.kills.append(kill)
        self.say(kill.line())

    def faults(self) -> list[str]:
        found = self.faults_on_disk()
        found += [f"process {job.pid}: left over" for job in orphans(self.experiment.folder)]
        if not self.experiment.has_nothing_to_do():
            found.append("another run would have something to do")
        return found

    def faults_on_disk(self) -> list[str]:
        results = self.experiment.results
        found = differences(self.undisturbed.results, results)
        found += [f"{path.relative_to(results)}: left over" for path in results.rglob("*.tmp*")]
        # One of older settings is kept aside, once.
        allowed = "1" if self.experiment.changed else ""
        anew = [path for path in results.rglob("*.replaced-*") if path.name.rpartition("-")[2] != allowed]
        return [*found, *(f"{path.relative_to(results)}: begun anew" for path in anew)]


def planned(kills: int, seed: int) -> list[str]:
    """Return what each kill takes: each kind as often as the others, in random order."""
    plan = [(JOB, WORKFLOW, ALL)[number % 3] for number in range(kills)]
    random.Random(seed).shuffle(plan)
    return plan


def summary(chaos: Chaos, what: str, faults: list[str]) -> str:
    kinds = ", ".join(f"{n} of {kind}" for kind, n in Counter(kill.what for kill in chaos.kills).items())
    hit = Counter(rule for kill in chaos.kills for rule in set(kill.running))
    compared = number_compared(chaos.undisturbed.results)
    lines = [
        f"{what}: {len(chaos.kills)} kills ({kinds}; {chaos.orphaned} left jobs that lived on),"
        f" {len(chaos.experiment.sessions)} runs, {chaos.seconds:.0f} s"
        f" ({chaos.undisturbed.seconds:.0f} s undisturbed).",
        f"Running when it was killed: {', '.join(f'{rule} {n}' for rule, n in hit.most_common())}.",
        f"{sum(compared.values())} files compared"
        f" ({', '.join(f'{folder} {n}' for folder, n in compared.items())}): "
        + ("identical." if not faults else f"{len(faults)} faults."),
    ]
    return "\n".join([*lines, *(f"- {fault}" for fault in faults)])


def survives(experiment: Experiment, undisturbed: Undisturbed, plan: list[str], seed: int, what: str) -> bool:
    """Kill as planned, print each kill and the summary; return whether the results are as without kills."""
    chaos = Chaos(experiment, undisturbed, plan, seed, lambda text: print(text, flush=True))
    chaos.run()
    faults = chaos.faults()
    print(f"\n{summary(chaos, what, faults)}\n", flush=True)
    return not faults


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, nargs="+", default=[1])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--folder", type=Path, help="kept there; default: a folder that is removed")
    arguments = parser.parse_args(argv)
    folder = (arguments.folder or Path(tempfile.mkdtemp(prefix="chaos."))).absolute()
    undisturbed = run_undisturbed(folder / "undisturbed", CONFIG)
    print(f"undisturbed: {undisturbed.seconds:.0f} s, {len(undisturbed.jobs)} jobs", flush=True)
    failed = False
    for seed in arguments.seed:
        experiment = Experiment(folder / f"seed{seed}", CONFIG)
        plan = planned(arguments.kills, seed)
        half = (len(plan) + 1) // 2
        failed |= not survives(experiment, undisturbed, plan[:half], seed, f"Seed {seed}")
        change = CHANGES[(seed - 1) % len(CHANGES)]
        changed = merged(CONFIG, change)
        fresh = run_undisturbed(folder / f"seed{seed}-undisturbed", changed)
        jobs = experiment.change(changed)
        what = f"Seed {seed}, then {json.dumps(change)}"
        failed |= not survives(experiment, fresh.of(jobs), plan[half:], seed, what)
    beam = changed | {"decode": {"beam": 1}}
    stale = stale_setting(experiment, beam)
    again = Experiment(fresh.results.parents[1], beam)
    again.finish()
    faults = differences(again.results, experiment.results)
    failed |= bool(faults)
    print(
        f"decode.beam changed while {stale} was decoded with the old one:",
        *(faults or ["identical"]),
        sep="\n",
    )
    if not arguments.folder and not failed:
        shutil.rmtree(folder)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
