"""What a run would do: Snakemake's dry run, read into jobs with the reasons it gives for each.

Inputs: a config file; the dry run takes the options of `make run`. Output: the jobs one by one, in an order
where a job comes after those that it waits for. The text is read as it comes, so that twenty thousand jobs
need no more memory than one. Snakemake has no other form of it: its json is of rules or of the graph, without
reasons.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workflow_scripts.errors import UserError
from workflow_scripts.operate.leftovers import unfinished
from workflow_scripts.operate.live import runs_in
from workflow_scripts.operate.results_lock import others_of, run_of
from workflow_scripts.operate.run import complete, read_config, working_directory

#: Set for a dry run that is read here: reasons are not shortened (operate.terminal).
WHOLE_VARIABLE = "NEURONSPEC_WHOLE_REASONS"
#: What Snakemake's reasons begin with, and the field of Reason that the rest of each goes to.
_FILES = {
    "Missing output files: ": "missing",
    "Incomplete output files: ": "incomplete",
    "Updated input files: ": "updated",
    "Input files updated by another job: ": "made_by_others",
}
_FLAGS = {
    "Set of input files has changed since last execution": "other_inputs",
    "Code has changed since last execution": "other_command",
    "Software environment definition has changed since last execution": "other_software",
    "Forced execution": "forced",
}
_PARAMS = "Params have changed since last execution: "
_PART = re.compile("; (?=" + "|".join(map(re.escape, (*_FILES, *_FLAGS, _PARAMS))) + ")")
_BOTH = re.compile(r"across all output: before: (?P<before>.*) now: (?P<now>.*)", re.DOTALL)
_HEAD = re.compile(r"(?:local)?(?:rule|checkpoint) (?P<rule>\w+):$")
_GPUS = re.compile(r"\bgpu=(\d+)")
_NOTHING = "<nothing exclusive>"
#: How a line of ours begins (operate.terminal).
OURS = "error: "
#: How a line begins that a run says of its config.
NOTE = "note: "
#: Of what Snakemake says when it refuses.
_MOST_LINES = 20


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a job would run, as Snakemake has it.

    ``before`` and ``now``: values of params that only the earlier run had, and only this one would have;
    Snakemake keeps values without names.
    """

    missing: tuple[str, ...] = ()
    incomplete: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    made_by_others: tuple[str, ...] = ()
    before: tuple[Any, ...] = ()
    now: tuple[Any, ...] = ()
    other_inputs: bool = False
    other_command: bool = False
    other_software: bool = False
    forced: bool = False


@dataclass(frozen=True, slots=True)
class PlannedJob:
    """A job that would run. ``command`` is empty if not printed. ``gpus``: its resource."""

    rule: str
    wildcards: dict[str, str]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    benchmark: str
    log: str
    threads: int
    reason: Reason
    command: str = ""
    gpus: int = 0

    @property
    def stage(self) -> str:
        """What the rule, its module and its folders of logs and benchmarks are called together.

        `count_encoder` is several rules, so its name is that of its benchmarks' folder.
        """
        return stage_of(self.rule, self.benchmark)


def stage_of(rule: str, benchmark: str) -> str:
    """Return the stage of a rule, of which a job has this benchmark file ("" for none)."""
    folders = Path(benchmark).parts
    return folders[folders.index("benchmarks") + 1] if "benchmarks" in folders else rule


def parse_reason(text: str) -> Reason:
    """Return a job's reason from the line that Snakemake prints."""
    found: dict[str, Any] = {}
    for head, files, before, now in parts_of_reason(text):
        if head in _FILES:
            found[_FILES[head]] = files
        elif head == _PARAMS:
            found["before"], found["now"] = before, now
        found.update({name: True for flag, name in _FLAGS.items() if head.startswith(flag)})
    return Reason(**found)


def parts_of_reason(text: str) -> Iterator[tuple[str, tuple[str, ...], tuple[Any, ...], tuple[Any, ...]]]:
    """Yield each part of a reason: what it says, its files, values of params before and now."""
    for part in _PART.split(text.strip()):
        both = _BOTH.search(part) if part.startswith(_PARAMS) else None
        head = next((head for head in _FILES if part.startswith(head)), None)
        if head is not None:
            yield head, _listed(part.removeprefix(head)), (), ()
        elif both:
            yield _PARAMS, (), _values(both["before"]), _values(both["now"])
        else:
            yield part, (), (), ()


def _listed(text: str) -> tuple[str, ...]:
    return tuple(sorted(name for name in text.strip().split(", ") if name))


def _values(text: str) -> tuple[Any, ...]:
    """Return Python values from their forms with commas between them, sorted by form."""
    text = text.strip()
    if text in ("", _NOTHING):
        return ()
    try:
        values = ast.literal_eval(f"[{text}]")
    except (ValueError, SyntaxError):
        return (text,)  # a form that is no literal; told as it stands
    return tuple(sorted(values, key=repr))


def parse(lines: Iterable[str]) -> Iterator[PlannedJob]:
    """Return the jobs of a dry run's text, but for those without output (the target `all`)."""
    fields: dict[str, str] = {}
    command: list[str] = []
    for line in lines:
        if head := _HEAD.match(line):
            yield from _job(fields, command)
            fields, command = {"rule": head["rule"]}, []
        elif line.startswith("["):  # the date before each job
            yield from _job(fields, command)
            fields, command = {}, []
        elif line.startswith("    ") and fields and ": " in line and "resources" not in fields:
            name, _, value = line.strip().partition(": ")
            fields[name] = value
        elif "resources" in fields and line.strip():
            if line.startswith("Job stats:"):
                break
            command.append(line.rstrip("\n"))
    yield from _job(fields, command)


def _job(fields: dict[str, str], command: list[str]) -> Iterator[PlannedJob]:
    if "output" not in fields:
        return
    pairs = [pair.partition("=") for pair in fields.get("wildcards", "").split(", ") if pair]
    yield PlannedJob(
        rule=fields["rule"],
        wildcards={name: value for name, _, value in pairs},
        inputs=tuple(name for name in fields.get("input", "").split(", ") if name),
        # What a download keeps is marked.
        outputs=tuple(fields["output"].replace(" (update)", "").split(", ")),
        benchmark=fields.get("benchmark", ""),
        log=fields.get("log", ""),
        threads=int(fields.get("threads", 1)),
        reason=parse_reason(fields.get("reason", "")),
        command="\n".join(command),
        gpus=int(gpus[1]) if (gpus := _GPUS.search(fields.get("resources", ""))) else 0,
    )


def after_a_kill(folder: Path) -> str:
    """Return the line on what `make run` does first, where an earlier run was killed; "" where none was.

    Then Snakemake's lock is there and no run is on. What that run left unfinished and Snakemake does not
    notice is marked by `make run` only: a dry run does not see it.
    """
    if not any((folder / ".snakemake" / "locks").glob("*")) or runs_in(folder):
        return ""
    number = len(unfinished(folder)[0])
    if not number:
        return "an earlier run was killed: make run clears its lock"
    outputs, are = ("output", "is") if number == 1 else ("outputs", "are")
    return (
        f"an earlier run was killed: {number} {outputs} that it left without a whole record {are} made again"
        " too, and what follows; not counted here"
    )


def dry_run(
    configfile: str | Path, options: Sequence[str] = (), commands: bool = False
) -> Iterator[PlannedJob]:
    """Return the jobs that `make run` would run, one by one; paths of theirs are from its working directory.

    Says on stderr what it will do besides, after a run that was killed.

    Args:
        configfile: the experiment's config.
        options: more of Snakemake's options.
        commands: give each job's command too.

    Raises:
        UserError: Snakemake refuses; what it said, without its own frames.
    """
    # Targets may stand at the end, and behind --configfile they would be config files.
    ours = ["--configfile", str(configfile), "--dry-run", *(["--printshellcmds"] if commands else [])]
    given = [*ours, "--cores", "1", *options]
    folder, experiment = working_directory(given), read_config(given)
    busy = experiment and run_of(folder / "results" / experiment.experiment)
    if busy and not busy.is_this():
        print(f"a run is on ({busy.words()}): what it has still to make is among these jobs", file=sys.stderr)
    elif said := after_a_kill(folder):
        print(said, file=sys.stderr)
    if experiment and (others := others_of(folder / "results" / experiment.experiment, folder)):
        where = ", ".join(others)
        print(f"a run in {where} did not end well: make run looks first at what it made", file=sys.stderr)
    command = [sys.executable, "-m", "snakemake", *complete(given, experiment)]
    # The caller may go to the workflow's working directory while it reads the jobs.
    return _jobs(command, Path.cwd())


def _jobs(command: Sequence[str], folder: Path) -> Iterator[PlannedJob]:
    """Return the jobs of a dry run that is started in ``folder``."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, WHOLE_VARIABLE: "yes"},
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
        assert process.stdout is not None
        kept: list[str] = []
        try:
            yield from parse(_remembering(process.stdout, kept))
            for line in process.stdout:
                kept.append(line)
                del kept[:-100]
        finally:
            process.stdout.close()
            if process.poll() is None and sys.exc_info()[0] is not None:
                process.kill()
            status = process.wait()
        errors.seek(0)
        if status:
            raise UserError(_said("".join(kept) + errors.read()))
        for line in errors:
            if line.startswith(NOTE):
                print(line, end="", file=sys.stderr)


def _remembering(lines: Iterable[str], kept: list[str]) -> Iterator[str]:
    """Pass lines on and keep the last hundred, in case they say what is wrong."""
    for line in lines:
        kept.append(line)
        if len(kept) > 200:
            del kept[:-100]
        yield line


def _said(text: str) -> str:
    """Return the lines that tell a user what is wrong."""
    if ours := [line.removeprefix(OURS) for line in text.splitlines() if line.startswith(OURS)]:
        return "\n".join(ours)
    _, found, rest = text.partition("WorkflowError in file")
    lines = (rest.partition("\n")[2] if found else text).splitlines()
    frames = (NOTE, "  File ", "Assuming ", "host:", "Using workflow specific profile ", "Building DAG")
    told = [line for line in lines if line.strip() and not line.startswith(frames)]
    if len(told) > _MOST_LINES:
        told[_MOST_LINES:] = [f"and {len(told) - _MOST_LINES} lines more"]
    return "\n".join(told) or "the dry run failed without a word"
