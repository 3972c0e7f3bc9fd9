"""The section analysis.strongest: where it is a default, what it reads, how all analyses are turned off."""

from __future__ import annotations

import pytest

from tests.unit.config.test_config import errors_of, small
from workflow_scripts.config.analyses.strongest import (
    passes_of,
    read_sentences,
    removed_sentences,
    trained_tokens,
)
from workflow_scripts.config.load import load_experiment
from workflow_scripts.workflow.needed_masks import has_strongest, scored
from workflow_scripts.workflow.stages import ANALYSES, jobs_of

#: Systems without masks by activations: nothing is counted.
UNCOUNTED = {"systems": {}}
USES = {"uses": {"experiment": "other", "systems": ["baseline"]}}
EVERYTHING = {
    "mask_control_k": 95, "overlap_k": 95, "criteria": {"names": ["activations"]},
    "ablation": {}, "effects": {},
}  # fmt: skip


def seen(**config):
    return has_strongest(load_experiment(small(**config)))


def test_it_runs_where_activations_are_counted_unless_the_baseline_is_of_elsewhere():
    assert seen()
    assert not seen(**UNCOUNTED)
    assert not seen(**USES)
    # Written out, it runs there too, and activations are counted for it.
    asked = {"analysis": {"strongest": {}}}
    assert seen(**UNCOUNTED, **asked) and seen(**USES, **asked)
    assert scored(load_experiment(small(**UNCOUNTED))) == set()
    assert len(scored(load_experiment(small(**UNCOUNTED, **asked)))) == 4
    assert not seen(analysis={"strongest": None})
    assert seen(analysis={"mask_control_k": 95})


def test_none_is_no_analysis_at_all():
    groups = {"groups": {"family": {"one": ["de"], "two": ["fr"]}}}
    stages = {stage.module.rpartition(".")[2] for part in ANALYSES for stage in part.STAGES}

    def analysed(analysis):
        experiment = load_experiment(small(**groups, analysis=analysis))
        return {job.stage for job in jobs_of(experiment)} & stages

    assert {"strongest_units", "mask_control", "overlap", "effect_matrix"} <= analysed(EVERYTHING)
    assert analysed("none") == set()
    # Counts and masks of systems stay: they are no analyses.
    assert scored(load_experiment(small(analysis="none")))


def test_another_word_is_refused():
    [line] = errors_of(small(analysis="non"))
    assert line.startswith("analysis: keys with values are needed, not 'non'")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"units": 0}, "analysis.strongest.units: must be greater than 0, not 0"),
        ({"sentences": 0}, "analysis.strongest.sentences: must be greater than 0, not 0"),
        ({"removed": -1}, "analysis.strongest.removed: must be greater than or equal to 0, not -1"),
        ({"draws": 9}, "analysis.strongest.draws: unknown key 'draws'"),
    ],
)
def test_mistakes(given, said):
    [line] = errors_of(small(analysis={"strongest": given}))
    assert line.startswith(said)


def sizes(**config):
    experiment = load_experiment(small(**config))
    asked = experiment.analysis.strongest
    return read_sentences(experiment, asked), removed_sentences(experiment, asked)


def test_what_is_read_is_a_share_of_the_baselines_training():
    train = {"max_updates": 500, "max_tokens": 2000, "update_freq": 4, "warmup_updates": 5}
    experiment = load_experiment(small(train=train))
    assert trained_tokens(experiment) == 4_000_000
    # Whole, without the units of three languages, and five draws of each of its two.
    assert passes_of(experiment, "en-de") == 1 + 3 + 10
    # 4,000 readings of four directions, 14 times each sentence: 71.4.
    assert sizes(train=train) == (300, 71)
    # Other systems and seeds are no reason to analyse the baseline again.
    assert sizes(train={**train, "seeds": [1, 2, 3]}, finetune={"max_updates": 9000}) == (300, 71)
    assert sizes(train={"max_updates": 10, "warmup_updates": 5}) == (300, 15)
    assert sizes(train={"max_updates": 10**6}) == (300, 300)
    # Not trained here: fewer words, no losses.
    assert sizes(**USES) == (100, 0)
    given = {"analysis": {"strongest": {"sentences": 7, "removed": 9}}}
    assert sizes(**given) == sizes(**USES, **given) == (7, 9)
    assert sizes(analysis={"strongest": {"removed": 0}}) == (300, 0)
