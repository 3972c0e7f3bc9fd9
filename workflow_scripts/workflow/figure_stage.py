"""The files of a stage that draws figures: each figure is four files beside one another."""

from typing import TypedDict

from workflow_scripts.config.experiment import Experiment
from workflow_scripts.workflow.stage import Pattern, Wildcards

#: Role → the ending of its file.
FIGURE_ROLES = {"png": "png", "pdf": "pdf", "csv": "csv", "caption": "rst"}


class FigureFiles(TypedDict):
    """What a ``Stage`` says of its figures: roles with their paths, and that ``all`` makes them all."""

    files: dict[str, Pattern]
    asked_for: tuple[str, ...]


def drawn_at(place: Pattern) -> FigureFiles:
    """Return the files of a stage that draws a figure at ``place``, a path without its ending; or several
    figures, at the places that a function returns (these have no wildcards: see ``figures`` of the rules)."""
    return {
        "files": {role: _with(place, f".{end}") for role, end in FIGURE_ROLES.items()},
        "asked_for": (*FIGURE_ROLES,),
    }


def _with(place: Pattern, ending: str) -> Pattern:
    if isinstance(place, str):
        return f"{place}{ending}"

    def paths(experiment: Experiment, wildcards: Wildcards) -> list[str]:
        return [f"{one}{ending}" for one in place(experiment, wildcards)]

    return paths
