"""Inside Snakemake: the plan as it would be if results of other code were current, and their records made so.

`make accept` (accept) starts a dry run that uses this (rules/run.smk). A finished job whose code,
command text or form of params alone differ counts as unchanged, so the plan holds what would run after these
are adopted: that is refused, or was never made. If nothing is refused, the records of the adopted jobs get
the rule's code, params, command and log of today; checksums, inputs and times stay. Written for the pinned
version of Snakemake.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from workflow_scripts.common.errors import UserError, explain_os_error
from workflow_scripts.common.files import read_json, write_json
from workflow_scripts.workflow.graph import PlannedJob, Reason, planned_jobs, stage_of
from workflow_scripts.workflow.plan.planned import NOT_FINISHED
from workflow_scripts.workflow.plan.same_settings import CODE, COMMAND, FORM, Given, difference, kinds
from workflow_scripts.workflow.plan.why import reason_of
from workflow_scripts.workflow.run.leftovers import place_of

#: Where the report goes to, and "yes" if what is refused does not keep the rest from being adopted.
REPORT_VARIABLE, PARTLY_VARIABLE = "NEURONSPEC_ACCEPT", "NEURONSPEC_ACCEPT_PARTLY"
STOPPED = "stopped while it was written"
#: Why a job is adopted besides those of workflow.plan.same_settings.
UNKNOWN = "nothing said what made it"


class Adoption:
    """What of a plan is adopted. Jobs are known by their first output; they and Snakemake's are untyped.

    ``identities``: environments' hashes of today, to their names. ``unfinished``: files that an earlier run
    was to make.
    """

    def __init__(self, identities: Mapping[str, str], unfinished: Collection[str] = ()) -> None:
        self.identities, self.unfinished = identities, unfinished
        #: Why each may be adopted, as far as it goes by itself; what forbids it to others.
        self.adopted: dict[str, tuple[str, ...]] = {}
        self.refused: dict[str, str] = {}
        self.seen: set[str] = set()

    def plan_with_adopted(self, kind: Any, no_change: Any) -> None:
        """Make Snakemake plan as though what can be adopted had been.

        Args:
            kind: Snakemake's class of records.
            no_change: what it returns for params that have not changed.
        """
        params_changed, code_changed = kind.params_changed, kind.code_changed

        def params(records: Any, job: Any, file: Any = None) -> Any:
            return no_change if self.can_adopt(records, job) else params_changed(records, job, file)

        def code(records: Any, job: Any, file: Any = None) -> Any:
            return () if self.can_adopt(records, job) else code_changed(records, job, file)

        kind.params_changed, kind.code_changed = params, code

    def can_adopt(self, records: Any, job: Any) -> bool:
        """Tell whether a job would run, and only for code, command text or the form of params."""
        if not job.output:
            return False
        name = str(job.output[0])
        if not self.seen:
            job.dag.update_jobids()  # numbers of jobs: Snakemake writes no command without
        if name not in self.seen:
            self.seen.add(name)
            self._judge(name, records, job)
        return name in self.adopted

    def _judge(self, name: str, records: Any, job: Any) -> None:
        params, template = tuple(records._params(job)), job.rule.shellcmd or ""
        found: set[str] = set()
        for file in job.output:
            record = records.metadata(file)
            if record is None and Path(file).exists():
                found.add(UNKNOWN)  # Snakemake takes it as it is
                continue
            if record is None or record.params is None or record.code is None:
                return  # nothing to compare with: Snakemake does not either
            if {*record.params} == {*params} and record.code == template:
                continue
            before = Given(tuple(record.params), record.code, record.shellcmd or "")
            now = Given(params, template, job.shellcmd or "")
            found.update(kinds(before, now))
            if told := difference(before, now, self.identities):
                self.refused[name] = told
                return
        missing = [str(file) for file in job.output if not Path(file).exists()]
        # Where all are gone, either nothing needs them, or Snakemake has the job in its plan.
        if found and 0 < len(missing) < len(job.output):
            self.refused[name] = f"made before, now missing: {', '.join(missing)}"
        elif found:
            self.adopted[name] = tuple(kind for kind in (CODE, COMMAND, FORM, UNKNOWN) if kind in found)

    def settle(self, workflow: Any, report: Path, partly: bool) -> None:
        """Adopt what the plan leaves out, unless something is refused; write what was done to ``report``.

        Args:
            workflow: Snakemake's, when the plan is made.
            partly: adopt although other jobs are refused.
        """
        dag, records = workflow.dag, workflow.persistence
        jobs = [job for level in dag.toposorted() for job in level if job.output]
        files = {str(file): file for job in jobs for file in job.output}
        refused: dict[tuple[str, str], list[str]] = {}
        follow = new = 0
        for one in planned_jobs(workflow):
            if replace(one.reason, follows=()) == Reason():
                follow += 1
            elif one.reason.missing and not _was_made(one, records, files):
                new += 1
            else:
                refused.setdefault((one.stage, self._said(one)), []).append(one.outputs[0])
        adopted = [job for job in jobs if not dag.needrun(job) and self.can_adopt(records, job)]
        told: dict[str, Any] = {
            "adopted": [
                [stage_of(job.rule.name, str(job.benchmark or "")), self.adopted[str(job.output[0])]]
                for job in adopted
            ],
            "refused": [[stage, said, sorted(files)] for (stage, said), files in refused.items()],
            "follow": follow,
            "new": new,
            "error": "",
        }
        try:
            if partly or not refused:
                record(records, adopted)
        except (OSError, UserError) as error:
            told["error"] = explain_os_error(error) if isinstance(error, OSError) else str(error)
        write_json(report, told)

    def _said(self, job: PlannedJob) -> str:
        """Return why a planned job is not adopted, as `make why` says it."""
        snakemake = Path(".snakemake")
        if any((snakemake / "incomplete" / place_of(file, snakemake)).exists() for file in job.outputs):
            return STOPPED
        if told := self.refused.get(job.outputs[0]):
            return told
        said, files = reason_of(job, self.identities, {}, dict.fromkeys(self.unfinished, NOT_FINISHED))
        return said if set(files) <= set(job.outputs) else f"{said}: {', '.join(files)}"


def _was_made(job: PlannedJob, records: Any, files: Mapping[str, Any]) -> bool:
    """Tell whether a job has finished once; of one that failed there are a record and a log too."""
    there = any(Path(file).exists() for file in (*job.outputs, job.benchmark) if file)
    return there and any(records.metadata(files[file]) for file in job.outputs)


def record(records: Any, jobs: list[Any]) -> None:
    """Make the records of jobs say that the present rules made them.

    All are written beside each other first, so that a full disk leaves every record as it was.
    """
    snakemake = Path(records.path)
    with tempfile.TemporaryDirectory(dir=snakemake, prefix="accept.") as folder:
        written = []
        for number, (path, content) in enumerate(_present(records, jobs, snakemake)):
            new = Path(folder, str(number))
            with new.open("w", encoding="utf-8") as file:
                json.dump(content, file)
                file.flush()
                os.fsync(file.fileno())
            if path.exists():
                shutil.copymode(path, new)
            written.append((new, path))
        for new, path in written:
            path.parent.mkdir(parents=True, exist_ok=True)
            os.replace(new, path)


def _present(records: Any, jobs: list[Any], snakemake: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield the file of each record and what it is to hold."""
    for job in jobs:
        today = {
            "rule": job.rule.name,
            "code": records._code(job.rule),
            "params": records._params(job),
            "shellcmd": job.shellcmd,
            "log": records._log(job),
        }
        for file in job.output:
            path = snakemake / "metadata" / place_of(str(file), snakemake)
            # Of what Snakemake has no record, the manifest may have one.
            known = None if path.exists() else records.metadata(file)
            if known is not None:
                before = dict(known.items())
            elif not path.exists() and Path(file).exists():
                before = {"input": records._input(job), "incomplete": False, "record_format_version": 6}
                before |= dict.fromkeys(("starttime", "endtime"), Path(file).stat().st_mtime)
            else:
                before = read_json(path)
            yield path, {**before, **today}
