"""The declarations of stages: names, files, and which jobs a config asks for."""

from __future__ import annotations

import re
from typing import Any

from tests.small_config import BASE
from tests.unit.workflow.small_results import experiment
from workflow_scripts.config.load import load_experiment
from workflow_scripts.workflow.stages import RENAMED, STAGES, asked_for, jobs_of, unknown_rules


def test_a_name_that_no_rule_has_is_told_with_the_one_that_is_meant() -> None:
    there = [
        "score",
        "count_activations",
        "count_activations_en",
        "use_system_ns_k95",
        "round_trip_news",
        "all",
    ]
    assert list(unknown_rules([*there, "likelihood", "scroe", "x"])) == [
        "no rule is called 'likelihood': it is score_likelihood now",
        "no rule is called 'scroe' (did you mean 'score'?)",
        "no rule is called 'x'",
    ]
    assert {*RENAMED.values()} <= {*STAGES} and not {*RENAMED} & {*STAGES}


def test_names_of_logs_tell_all_wildcards_of_the_files() -> None:
    """Else two jobs of a rule would write one log."""
    found = experiment()
    for stage in STAGES.values():
        patterns = [pattern for pattern in stage.files.values() if isinstance(pattern, str)]
        assert {*re.findall(r"{(\w+)}", "".join(patterns))} <= {*re.findall(r"{(\w+)}", stage.log)}, (
            stage.name
        )
    jobs = jobs_of(found)
    assert len({job.log for job in jobs}) == len({job.benchmark for job in jobs}) == len(jobs)
    outputs = [file for job in jobs for file in job.outputs]
    assert len({*outputs}) == len(outputs)
    assert {*asked_for(found)} <= {*outputs}


def test_masks_of_weights_are_asked_for_unless_a_system_made_here_reads_them() -> None:
    """No table lists single weights; a system of another experiment has masks of its own."""
    sets = {
        name: {"of": "weights", "system": "full", "units": ["weight"], "select": select}
        for name, select in (("lass", "top:70%"), ("fewer", "top:50%"))
    }
    systems = {"full": {"masks": "all", "each": "direction"}, "lass": {"masks": "lass"}}
    config = {**BASE, "masks": {"k": [70], "sets": sets}, "systems": systems}

    def masks(**more: Any) -> list[str]:
        asked = asked_for(load_experiment({**config, **more}))
        return [file for file in asked if file.startswith("masks/")]

    assert masks() == ["masks/baseline/s1/fewer.npz"]
    used = {"experiment": "other", "systems": ["baseline", "full", "lass"]}
    assert masks(uses=used) == ["masks/baseline/s1/lass.npz", "masks/baseline/s1/fewer.npz"]
