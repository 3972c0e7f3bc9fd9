"""Trials of experiments that translate nothing: an encoder and its tasks, a causal language model.

Their models and text are their own: nothing is invented in place of a table of labels.
"""

from collections.abc import Mapping
from typing import Any

from workflow_scripts.config.experiment import Experiment
from workflow_scripts.workflow.trial import sizes

Config = dict[str, Any]
#: Examples of each task to learn from, updates of its trainings, examples on which heads are pruned.
EXAMPLES, UPDATES, PRUNED = 200, 30, 60


def of_other_kind(
    config: Mapping[str, Any], experiment: Experiment, name: str, seeds: int
) -> tuple[Config, list[str]]:
    """Return the config of a trial, and a line for each thing that is not as in the experiment."""
    kept = experiment.train.seeds[:seeds]
    out = {**config, "experiment": name, "train": {**config.get("train", {}), "seeds": kept}}
    every = len(experiment.train.seeds)
    cuts = [f"seeds: {', '.join(map(str, kept))} (of {every})"] if len(kept) < every else []
    if "tasks" in config:
        out["tasks"] = _short_tasks(config["tasks"])
        cuts.append(f"tasks: {EXAMPLES} examples of each to learn from, {UPDATES} updates")
    else:
        cuts.append("text: whole, for a language model's units are scored on all of it")
    if "masks" in config:
        out["masks"] = {**config["masks"], "k": sizes.few_k(config), "accept_uninformative": True}
        if "sets" in out["masks"]:
            out["masks"]["sets"] = sizes.few_draws(out["masks"]["sets"])
    if isinstance(config.get("analysis"), Mapping):
        out["analysis"] = sizes.small_analyses(config["analysis"])
        cuts.append(f"analyses: {sizes.SENTENCES} sentences")
    return out, cuts


def _short_tasks(tasks: Mapping[str, Any]) -> Config:
    tables = {
        name: {**table, "most": min(table.get("most") or EXAMPLES, EXAMPLES)}
        for name, table in tasks["tables"].items()
    }
    given = tasks.get("training", {})
    training = {**given, "max_updates": UPDATES, "check_every": UPDATES // 2}
    if "warmup_updates" in given:
        training["warmup_updates"] = min(given["warmup_updates"], UPDATES // 4)
    out = {**tasks, "tables": tables, "training": training}
    if isinstance(tasks.get("heads"), Mapping):
        out["heads"] = {**tasks["heads"], "score_examples": PRUNED, "max_examples": PRUNED, "draws": 5}
    return out
