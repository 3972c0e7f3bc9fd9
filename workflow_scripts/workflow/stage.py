"""The form in which a stage of the workflow is declared (workflow.stage_list), and its jobs."""

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from workflow_scripts.config.experiment import Experiment
from workflow_scripts.units.description import DEFAULT_PORT, PORTS

#: Values of wildcards by name. A declaration may use more names than its rule has wildcards.
Wildcards = Mapping[str, Any]
#: The path of a file, with wildcards in braces; or a function that returns several such paths.
Pattern = str | Callable[[Experiment, Wildcards], list[str]]


@dataclass(frozen=True, slots=True)
class Job:
    """One job; its paths are below ``results/{experiment}``, its ``name`` is that of its log."""

    stage: str
    rule: str
    wildcards: Wildcards
    name: str
    outputs: tuple[str, ...]
    training: str | None = None

    @property
    def log(self) -> str:
        """Where its messages go."""
        return f"logs/{self.stage}/{self.name}.log"

    @property
    def benchmark(self) -> str:
        """Where Snakemake writes its seconds and memory."""
        return f"benchmarks/{self.stage}/{self.name}.tsv"


@dataclass(frozen=True)
class Stage:
    """What one rule makes, and with what.

    Args:
        module: that a job runs, below ``workflow_scripts``; the rule is called as it is.
        environment: the software of its jobs, or a function of the config.
        log: the name of a job's log and benchmark, with wildcards in braces.
        files: role → where each output lies.
        jobs: the wildcards of the jobs that a config asks for.
        own_name: of the rule, where another one runs the same module.
        resources_of: the stage whose resources, as a profile sets them, hold for its rule, too.
        asked_for: the roles that the rule ``all`` asks for.
        rule: the name of a job's rule, where a stage has several.
        without: a module that is imported but not run here, so that its edits rerun nothing.
        by_name: modules that are run here by their names and not imported, whose edits count, too.
        gpu: whether its jobs compute on a GPU where there is one.
        local: whether its jobs stay where Snakemake runs.
        fetches: whether its jobs need the internet (they are local, too).
        training: the folder of a trainer's own files.
    """

    module: str
    environment: str | Callable[[Experiment], str]
    log: str
    files: Mapping[str, Pattern]
    jobs: Callable[[Experiment], Iterable[Wildcards]]
    own_name: str = ""
    resources_of: str = ""
    asked_for: tuple[str, ...] = ()
    rule: Callable[[Experiment, Wildcards], str] | None = None
    without: Callable[[Experiment], str] | None = None
    by_name: Callable[[Experiment], tuple[str, ...]] | None = None
    gpu: bool | Callable[[Experiment], bool] = False
    local: bool = False
    fetches: bool = False
    training: str | None = None

    @property
    def opens(self) -> bool:
        """Whether its jobs open a model, whichever port has it."""
        return self.environment is of_port

    def other_code(self, experiment: Experiment) -> tuple[str | None, tuple[str, ...]]:
        """Return a module that is imported and not run by its jobs, and those that are run by name alone."""
        if self.opens and experiment.port != DEFAULT_PORT:
            return module_of(DEFAULT_PORT), (module_of(experiment.port),)
        by_name = self.by_name(experiment) if self.by_name else ()
        return self.without(experiment) if self.without else None, by_name

    def software(self, experiment: Experiment) -> str:
        """Return the environment of its jobs."""
        return self.environment if isinstance(self.environment, str) else self.environment(experiment)

    @property
    def place(self) -> str:
        """The name of its folders of logs and benchmarks: its module's."""
        return self.module.rpartition(".")[2]

    @property
    def name(self) -> str:
        """The name of its rule; where there are several, what their names begin with."""
        return self.own_name or self.place

    def paths(self, experiment: Experiment, role: str, wildcards: Wildcards) -> list[str]:
        """Return the files of a role; wildcards stay in braces."""
        pattern = self.files[role]
        return [pattern] if isinstance(pattern, str) else pattern(experiment, wildcards)

    def jobs_of(self, experiment: Experiment) -> Iterator[Job]:
        """Yield the jobs that a config asks for."""
        for wildcards in self.jobs(experiment):
            yield Job(
                stage=self.place,
                rule=self.rule(experiment, wildcards) if self.rule else self.name,
                wildcards=wildcards,
                name=self.log.format_map(wildcards),
                outputs=tuple(self.made(experiment, wildcards)),
                training=self.training and self.training.format_map(wildcards),
            )

    def made(self, experiment: Experiment, wildcards: Wildcards, *roles: str) -> Iterator[str]:
        """Yield the outputs of a job, or those of some roles."""
        for role in roles or self.files:
            for path in self.paths(experiment, role, wildcards):
                yield path.format_map(wildcards)


def of_port(experiment: Experiment) -> str:
    """Return the environment of stages that open a model."""
    return PORTS[experiment.port]


def with_torch(experiment: Experiment) -> str:
    """Return the environment of stages that need torch and no model: the same, so that no other is made."""
    return of_port(experiment)


def module_of(port: str) -> str:
    """Return the module of a port, below ``workflow_scripts``."""
    return f"models.{port}.port"


def own_rule(stage: str, *values: str) -> str:
    """Return the name of the rule of one system, of a stage that has a rule for each."""
    return "_".join([stage, *(re.sub(r"\W", "_", value) for value in values)])


def each(**values: Iterable[Any]) -> list[dict[str, Any]]:
    """Return every combination of the values of wildcards, the last one varying fastest."""
    return [dict(zip(values, one, strict=True)) for one in itertools.product(*values.values())]


def once(_: Experiment) -> list[dict[str, Any]]:
    """Return the wildcards of a stage that has one job in every experiment: no wildcards."""
    return [{}]
