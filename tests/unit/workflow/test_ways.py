"""workflow.ways: what was trained of each system, what decodes it, and which jobs made its masks."""

from tests.small_config import BASE
from workflow_scripts.config.experiment import Experiment
from workflow_scripts.workflow.stage_list.report import draws
from workflow_scripts.workflow.ways import ways

COUNTED = ["count_activations/baseline/s{seed}:en into_en"]


def of(k):
    return f"select_masks/baseline/s{{seed}}/{k}.tsv"


def found(**changes):
    return ways(Experiment.model_validate(BASE | changes))


def test_what_is_trained_and_what_decodes():
    systems = {
        "continued": {"masks": "all"},
        "ns": {"masks": "k70"},
        "pruned": {"masks": "k70", "train": "none"},
        "small": {"masks": "all", "parameters": "ffn"},
        "lora": {"adapters": {"kind": "lora", "size": 2}},
        "bottleneck": {"adapters": {"kind": "bottleneck"}},
    }
    made = found(systems=systems, masks={"k": [70]})
    assert {name: way["trained"] for name, way in made.items()} == {
        "baseline": "all",
        "continued": "all",
        "ns": "all",
        "pruned": "nothing",
        "small": "ffn",
        "lora": "adapters",
        "bottleneck": "adapters",
    }
    by_fairseq = [name for name, way in made.items() if way["engine"] == "fairseq"]
    assert by_fairseq == ["bottleneck"]


def test_masks_are_made_by_scoring_and_by_selecting_all_sets_that_they_are_made_of():
    sets = {
        "chance": {"like": "k70", "rows": "random", "draws": 2},
        "other": {"like": "heads", "rows": "shuffled"},
        "heads": {"of": "importance", "units": ["head"], "select": "top:70%"},
    }
    sets["news"] = {"select": "mass:70", "text": "news"}
    systems = {"continued": {"masks": "all"}, "random": {"masks": "chance"}, "few": {"masks": "heads"}}
    sets["own"] = {"of": "lape", "select": "top:10%"}
    systems["comparing"] = {"masks": "own"}
    systems |= {"other": {"masks": "news"}, "mixed": {"masks": "other"}}
    made = found(systems=systems, masks={"k": [70], "sets": sets})
    assert made["baseline"]["extraction"] == made["continued"]["extraction"] == []
    assert made["random-2"]["extraction"] == [*COUNTED, of("chance-2"), of("k70")]
    assert made["few"]["extraction"] == ["score_importance/baseline/s{seed}", of("heads")]
    assert made["mixed"]["extraction"] == ["score_importance/baseline/s{seed}", of("other"), of("heads")]
    # Made of counts.
    score = "score_lape/baseline/s{seed}"
    assert made["comparing"]["extraction"] == [*COUNTED, score, of("own")]
    # On another text: of other folders.
    assert made["other"]["extraction"] == ["count_activations/baseline/s{seed}/news:en into_en", of("news")]


def test_masks_of_weights_take_the_trainings_whose_weights_are_compared():
    """LaSS fine-tunes the model in each direction to find its masks; that is most of what they cost."""
    weights = {"of": "weights", "units": ["weight"], "select": "top:70%"}
    sets = {"lass": {**weights, "system": "full"}, "pruned": {**weights, "system": "ns"}}
    sets["start"] = {**weights, "system": "baseline"}
    systems = {"full": {"each": "direction"}, "ns": {"masks": "k70"}}
    systems |= {name: {"masks": name} for name in sets}
    made = found(systems=systems, masks={"k": [70], "sets": sets})
    trained = [f"finetune/full.{one}.s{{seed}}.tsv" for one in ("de-en", "fr-en", "en-de", "en-fr")]
    assert sorted(made["lass"]["extraction"][:4]) == sorted(trained)
    assert made["lass"]["extraction"][4:] == ["join_systems/full.s{seed}.tsv", of("lass")]
    # In masks of its own, which were extracted, too.
    assert made["pruned"]["extraction"] == [*COUNTED, of("k70"), "finetune/ns.s{seed}.tsv", of("pruned")]
    assert made["start"]["extraction"] == [of("start")]


def test_a_system_of_one_draw_is_a_distribution_of_one():
    sets = {
        "chance": {"like": "k70", "rows": "random", "draws": 2},
        "few": {"select": "random:30%"},
    }
    systems = {
        "continued": {"masks": "all"},
        "random": {"masks": "chance"},
        "once": {"masks": "chance-1"},
        "some": {"masks": "few"},
        "ns": {"masks": "k70"},
    }
    made = Experiment.model_validate(BASE | {"systems": systems, "masks": {"k": [70], "sets": sets}})
    assert draws(made) == {"random": ["random-1", "random-2"], "once": ["once"], "some": ["some"]}
