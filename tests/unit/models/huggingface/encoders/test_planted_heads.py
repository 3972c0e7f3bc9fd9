"""Heads that serve one task each, by construction: found by importance, pruned, and told apart."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from tests.unit.models.huggingface.encoders.planted import SAYS, planted_examples, planted_port
from workflow_scripts.activations.score_importance import importances
from workflow_scripts.analyse.heads.prune_tasks import prune_tasks
from workflow_scripts.analyse.heads.pruning import PruningRule
from workflow_scripts.analyse.heads.pruning_tables import csv_rows, markdown
from workflow_scripts.common.errors import UserError
from workflow_scripts.units.score_table import IMPORTANCES

TASKS = {"two": ["colour", "place"], "three": [*SAYS]}
SCORED, MEASURED = 40, 60


def texts(port, count: int, seed: int):
    return {
        name: port.batches(port.examples(name, planted_examples(name, count, seed)), 4096)
        for name in port.tasks
    }


@pytest.fixture(scope="module", params=TASKS)
def pruned(request, planted):
    port = planted_port(planted, TASKS[request.param])
    rule = PruningRule(["1"])
    more = {"draws": 12, "permutations": 100}
    return prune_tasks(port, texts(port, SCORED, 1), texts(port, MEASURED, 2), rule, **more)


def test_the_planted_heads_are_found_and_each_serves_its_task_alone(pruned):
    tasks = list(pruned["tasks"])
    assert [pruned["pruned"][task]["1"] for task in tasks] == [
        [f"encoder.0.self:{n}"] for n in range(len(tasks))
    ]
    base, after = pruned["base"]["metric"], pruned["matrices"]["metric"]["1"]
    # Pruned, all examples get one class: half of them, and none of the second class; ranks say nothing.
    without = {"colour": 0.5, "place": 0.0, "number": 0.0}
    for task in tasks:
        assert base[task] == pytest.approx(1.0, abs=0.05)
        assert after[task][task] == pytest.approx(without[task], abs=0.2)
        for other in set(tasks) - {task}:
            assert after[task][other] == pytest.approx(base[other], abs=0.02)


def test_importance_by_every_estimator(planted):
    for name, head in (("colour", 0), ("place", 1), ("number", 2)):
        port = planted_port(planted, [*SAYS])
        found = importances(port, texts(port, SCORED, 1)[name], port.space(["head"]))
        for estimator in IMPORTANCES:
            scores = found.per_token(estimator)
            assert int(np.argmax(scores)) == head, (name, estimator)
        token, sentence = (found.sums[IMPORTANCES.index(one)] for one in ("importance_token", "importance"))
        assert (token >= sentence - 1e-9).all()


def test_they_come_apart_beyond_random_heads(pruned):
    tasks = list(pruned["tasks"])
    found = pruned["dissociation"]["metric"]["1"]
    # Of two tasks the mean of 50 and 100 percent; of three with ranks, which fall by about 90.
    expected = {2: 75.0, 3: 80.0}[len(tasks)]
    for form in ("relative", "public"):
        assert found[form]["mean"] == pytest.approx(expected, abs=4.0)
        assert found[form]["random"]["p"] < 0.05 and found[form]["mean"] > found[form]["random"]["high"]
    # No p is below 1 / T! where sets are exchanged.
    assert found["relative"]["permuted"]["p"] == pytest.approx(1 / math.factorial(len(tasks)))
    curve = pruned["curves"]["metric"]["1"]
    assert curve["own"]["place"] == "below" and curve["others"]["place"] != "below"
    assert curve["random"]["n"] == 12
    # By the loss, too: it rises for the task itself.
    loss = pruned["curves"]["nll"]["1"]
    assert (
        loss["own"]["mean"] > 0.4 and loss["own"]["place"] == "above" and abs(loss["others"]["mean"]) < 0.05
    )


def test_the_tables_name_each_metric_and_its_examples(pruned):
    text = markdown(pruned)
    assert "colour: accuracy, n = 60; place: f1, n = 60" in text
    assert "nats, or squared error, per example" in text and "nats per token" not in text
    rows = list(csv_rows(pruned))
    assert {row[0] for row in rows} == {"nll", "metric"}


def test_a_metric_that_is_undefined_without_heads_is_shown_as_such(planted):
    """Without its head each example of ``colour`` gets one class, of which Matthews says nothing."""
    port = planted_port(planted, TASKS["two"], {"colour": "matthews"})
    result = prune_tasks(port, texts(port, 16, 1), texts(port, 40, 2), PruningRule(["1"]), permutations=10)
    found = result["matrices"]["metric"]["1"]
    assert (
        result["base"]["metric"]["colour"] == 1.0 and result["task_metrics"]["colour"]["metric"] == "matthews"
    )
    assert found["colour"]["colour"] is None and found["place"]["colour"] == 1.0
    of = result["dissociation"]["metric"]["1"]["relative"]
    assert of["tasks"][0] is None and of["tasks"][1] == 100.0 and of["mean"] is None
    text = markdown(result)
    assert "| colour | – | 1.00 |" in text and "undefined" in text


def test_a_metric_that_is_undefined_without_random_heads_is_shown_as_such(planted):
    """All eight heads go, those of a task and random ones alike."""
    port = planted_port(planted, TASKS["two"], {"colour": "matthews"})
    rule = PruningRule(["8"])
    result = prune_tasks(port, texts(port, 8, 1), texts(port, 20, 2), rule, permutations=10)
    curve = result["curves"]["metric"]["8"]
    assert curve["random"] == {"n": 5, "mean": None, "sd": None, "low": None, "high": None}
    assert curve["own"]["mean"] is None and curve["own"]["place"] is None
    assert "| 8 | 8 | undefined | undefined | undefined |" in markdown(result)
    assert "NaN" not in json.dumps(result)


def test_what_cannot_be_pruned_is_said(planted):
    port = planted_port(planted, TASKS["two"])
    text = texts(port, 8, 1)
    with pytest.raises(
        UserError, match=r"scored for colour, place and measured on place; the two have to be"
    ):
        prune_tasks(port, text, {"place": text["place"]}, PruningRule(["1"]))
    with pytest.raises(UserError, match=r"--draws"):
        prune_tasks(port, text, text, PruningRule(["1"]), draws=2)
