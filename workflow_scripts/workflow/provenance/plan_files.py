"""The files of a plan inside Snakemake: which job makes each, which are the user's, what jobs are given."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from workflow_scripts.workflow.graph import settings_of
from workflow_scripts.workflow.provenance.kept_hashes import KeptHashes
from workflow_scripts.workflow.provenance.made_with import (
    Settings,
    digest_of_names,
    last_part,
    portable_value,
)


class PlanFiles:
    """The files of a workflow's plan; ``results``: the folder as the names of outputs begin."""

    def __init__(self, workflow: Any, results: str, hashes: KeptHashes) -> None:
        self.workflow, self.results, self.hashes = workflow, results, hashes
        self.here = Path.cwd()
        self._jobs: dict[str, Any] = {}
        self._planned = 0

    def job_of(self, file: str) -> Any:
        """Return the job of the plan that makes a file; None of a file that none makes."""
        jobs = self.workflow.dag.jobs
        if len(jobs) != self._planned:
            self._jobs = {str(made): job for job in jobs for made in job.output}
            self._planned = len(jobs)
        return self._jobs.get(file)

    def is_given(self, file: Any) -> bool:
        """Tell whether a file is the user's, or another experiment's: no job of the plan makes it."""
        return self.job_of(str(file)) is None

    def given_to(self, job: Any) -> list[str]:
        """Return the inputs of a job that no job makes, in its order."""
        return [file for file in dict.fromkeys(map(str, job.input)) if self.is_given(file)]

    def own_inputs(self, job: Any) -> dict[str, str]:
        """Return the other inputs of a job: file → its name in the manifest."""
        files = {file: self.name_of(file) for file in map(str, job.input) if not self.is_given(file)}
        return {file: name for file, name in files.items() if name is not None}

    def look_at_inputs(self, jobs: Iterable[Any]) -> None:
        """Hash what jobs are about to read of the user's: what they will have read counts, not what comes."""
        for file in dict.fromkeys(file for job in jobs for file in self.given_to(job)):
            self.hashes.of(file)

    def name_of(self, file: str) -> str | None:
        """Return an output's name in the manifest; None of one that is not among the results."""
        prefix = f"{self.results}/"
        return file.removeprefix(prefix) if file.startswith(prefix) else None

    def settings(self, job: Any) -> Settings:
        """Return what a job is given, as the manifest has it."""
        return Settings(job.rule.name, job.rule.shellcmd or "", portable_value(settings_of(job)))

    def read_by(self, job: Any) -> tuple[str, ...]:
        """Return the names of all inputs of a job; of the user's files the last part."""
        return tuple(last_part(file) if self.is_given(file) else file for file in map(str, job.input))

    def reads(self) -> dict[str, list[str]]:
        """Return digest of what a job reads → the experiment's own files among it."""
        own = ((self.read_by(job), self.own_inputs(job)) for job in self.workflow.dag.jobs)
        return {digest_of_names(read): sorted(files.values()) for read, files in own if files}

    def rules(self, hashes: Mapping[str, Mapping[str, str]]) -> dict[str, Settings]:
        """Return each rule with its command and today's hashes; ``hashes``: by the environment and the module
        of its jobs, as they are in the command."""
        found: dict[str, Settings] = {}
        for rule in self.workflow.rules:
            command = rule.shellcmd or ""
            started = " ".join(command.split()[1:3])
            found[rule.name] = Settings(rule.name, command, hashes.get(started, {}))
        return found
