"""Which tests there are: tiers (folders of tests), the environment of each, and the sessions they make.

A session is one pytest in one environment. Standard library only.
"""

from dataclasses import dataclass
from pathlib import Path

#: Folders of tests, as `make test SUITES=…` names them.
TIERS = ("unit", "malformed", "workflow", "training", "system")
#: Tiers that need a program or service of their own: run by name alone (`make test-slurm`).
SERVICES = ("browser", "slurm")
LINT = "lint"
#: Suites that run files of other tiers once more, by name alone: the folder, the environment, and the one
#: whose packages fill what that lacks.
AGAIN = {"hf4": ("tests/unit/models/huggingface", "comet", "hf")}
#: Tiers that need packages beside their environment's: the environment that has them.
FILLED_BY = {"browser": "browser"}
#: The order of the sessions: what is quick comes first.
ENVIRONMENTS = ("evaluate", "scripts", "text", "comet", "hf", "workflow", "fairseq")
#: The one whose session takes about as long as all others.
LONGEST = "workflow"
#: Folder or file of tests → the environment it runs in. The longest one that holds a file counts.
ENVIRONMENT_OF: dict[str, str] = {
    "tests/unit/activations": "fairseq",
    "tests/unit/analyse": "fairseq",
    "tests/unit/analyse/overlaps": "evaluate",
    "tests/unit/api": "fairseq",
    "tests/unit/bench": "workflow",
    "tests/unit/comet": "comet",
    "tests/unit/config": "workflow",
    "tests/unit/data": "text",
    "tests/unit/evaluate": "evaluate",
    "tests/unit/golden": "workflow",
    "tests/unit/likelihood": "fairseq",
    "tests/unit/models": "fairseq",
    "tests/unit/models/huggingface": "hf",
    "tests/unit/mutants": "workflow",
    "tests/unit/report": "evaluate",
    "tests/unit/scripts": "scripts",
    "tests/unit/site": "workflow",
    "tests/unit/runner": "workflow",
    "tests/unit/units": "text",
    "tests/unit/train": "fairseq",
    "tests/unit/translate": "text",
    "tests/unit/workflow": "workflow",
    "tests/unit/test_containers.py": "text",
    "tests/unit/test_doc_configs.py": "workflow",
    "tests/unit/test_docs.py": "workflow",
    "tests/unit/test_envs.py": "workflow",
    "tests/unit/test_errors.py": "text",
    "tests/unit/test_files.py": "text",
    "tests/unit/test_generate_log.py": "text",
    "tests/unit/test_layers.py": "workflow",
    "tests/unit/test_library_guards.py": "workflow",
    "tests/unit/test_line_shapes.py": "text",
    "tests/unit/test_makefile.py": "workflow",
    "tests/unit/test_metric_names.py": "text",
    "tests/unit/test_naming.py": "text",
    "tests/unit/test_parallel_text.py": "text",
    "tests/unit/test_patterns.py": "text",
    "tests/unit/test_students_t.py": "text",
    "tests/unit/test_project_files.py": "workflow",
    "tests/unit/test_results_analysis.py": "workflow",
    "tests/unit/test_results_pages.py": "workflow",
    "tests/unit/test_results_seeds.py": "workflow",
    "tests/unit/test_unit_sets_schema.py": "workflow",
    "tests/malformed/test_comet.py": "comet",
    "tests/malformed/test_config.py": "workflow",
    "tests/malformed/test_evaluate.py": "evaluate",
    "tests/malformed/test_models.py": "fairseq",
    "tests/malformed/test_report.py": "text",
    "tests/malformed/test_text.py": "text",
    "tests/workflow": "workflow",
    "tests/training": "fairseq",
    "tests/training/test_huggingface_processes.py": "hf",
    "tests/system": "workflow",
    "tests/browser": "evaluate",
    "tests/slurm": "workflow",
}
#: Environments whose tests wait a quarter of their time, for processes that were killed: one more runs.
WAITING = ("fairseq",)
#: Seconds after which a test is stopped. A cluster looks for the ends of its jobs seldom.
LIMIT = 900.0
SERVICE_LIMIT = 1800.0


@dataclass(frozen=True)
class Session:
    """One pytest: its environment, its files (relative to the checkout), and how they run."""

    name: str
    environment: str
    files: tuple[str, ...]
    limit: float = LIMIT
    distributed: bool = True
    #: Seconds without any test after which the whole session is stopped.
    idle: float = LIMIT
    #: The environment that has what this one lacks.
    filled_by: str | None = None


def test_files(root):
    """Return every file of tests, relative to the checkout."""
    return sorted(str(file.relative_to(root)) for file in (root / "tests").rglob("test_*.py"))


def environment_of(file: str) -> str | None:
    """Return the environment of a file of tests; None where the table has none."""
    places = [str(place) for place in (Path(file), *Path(file).parents)]
    return next((ENVIRONMENT_OF[place] for place in places if place in ENVIRONMENT_OF), None)


def uncovered(root: Path) -> list[str]:
    """Return the files of tests that have no environment, or lie in no tier: nothing would run them."""
    tiers = (*TIERS, *SERVICES)
    return [f for f in test_files(root) if environment_of(f) is None or Path(f).parts[1] not in tiers]


def sessions(root: Path, tiers: list[str], places: list[str] | None = None) -> list[Session]:
    """Return the sessions that run these tiers, files and folders: one an environment, one a service."""
    chosen: list[Session] = []
    files = [f for f in test_files(root) if Path(f).parts[1] in tiers or _lies_in(f, places or [])]
    for service in (False, True):
        for environment in ENVIRONMENTS:
            own = tuple(
                file
                for file in files
                if environment_of(file) == environment and (Path(file).parts[1] in SERVICES) == service
            )
            if own and service:
                tier = Path(own[0]).parts[1]
                more = FILLED_BY.get(tier)
                chosen.append(
                    Session(tier, environment, own, SERVICE_LIMIT, distributed=False, filled_by=more)
                )
            elif own:
                chosen.append(Session(environment, environment, own))
    for name in (name for name in AGAIN if name in tiers):
        folder, environment, more = AGAIN[name]
        own = tuple(file for file in test_files(root) if _lies_in(file, [folder]))
        chosen.append(Session(name, environment, own, filled_by=more))
    return chosen


def _lies_in(file: str, places: list[str]) -> bool:
    return any(str(place) in {p.rstrip("/") for p in places} for place in (Path(file), *Path(file).parents))
