"""Stages of scores of units other than their counts and importance."""

from collections.abc import Iterator
from typing import Any

from workflow_scripts.config.experiment import Experiment
from workflow_scripts.config.mask_scores import COMPARING, SPREAD
from workflow_scripts.workflow.needed_masks import scored, spread
from workflow_scripts.workflow.stage import Stage, of_port
from workflow_scripts.workflow.stage_list.models import of_baseline, scored_texts


def _magnitude(experiment: Experiment) -> Iterator[dict[str, Any]]:
    for text in scored_texts(experiment):
        directions = sorted(scored(experiment, "magnitude", text["text"]))
        yield from (text | job for job in of_baseline(experiment, direction=directions))


def _lape(experiment: Experiment) -> Iterator[dict[str, Any]]:
    for text in scored_texts(experiment):
        forms = [form for form in COMPARING if scored(experiment, form, text["text"])]
        yield from (text | job for job in of_baseline(experiment, form=forms))


def _spread(experiment: Experiment) -> Iterator[dict[str, Any]]:
    for text in scored_texts(experiment):
        of = [one for one in spread(experiment) if scored(experiment, f"{SPREAD}/{one}", text["text"])]
        yield from (text | job for job in of_baseline(experiment, of=of))


STAGES = (
    Stage(
        "activations.score_magnitude",
        of_port,
        log="{system}/s{seed}/{on}{direction}",
        files={
            "scores": lambda e, w: [f"magnitude/{{system}}/s{{seed}}/{w['text']}/{{direction}}.npz"],
        },
        rule=lambda e, w: f"score_magnitude{w['rule']}",
        jobs=_magnitude,
        gpu=True,
    ),
    # One job for all directions, whose counts it compares.
    Stage(
        "units.score_lape",
        "text",
        log="{system}/s{seed}/{on}{form}",
        files={
            "scores": lambda e, w: [
                f"{{form}}/{{system}}/s{{seed}}/{w['text']}/{direction}.npz"
                for direction in e.train_directions
            ]
        },
        rule=lambda e, w: f"score_lape{w['rule']}",
        jobs=_lape,
        local=True,
    ),
    # One job for all directions; most have the same scores.
    Stage(
        "units.spread_scores",
        "text",
        log="{system}/s{seed}/{on}{of}",
        files={
            "scores": lambda e, w: [
                f"{SPREAD}/{{of}}/{{system}}/s{{seed}}/{w['text']}/{direction}.npz"
                for direction in e.train_directions
            ]
        },
        rule=lambda e, w: f"spread_scores{w['rule']}",
        jobs=_spread,
        local=True,
    ),
)
