"""A baseline of plain fairseq: which systems are not trained, what text is needed (more: tests/malformed)."""

from typing import Any

from tests.unit.config.test_config import errors_of, small
from workflow_scripts.config.load import load_experiment

ATTACH = {"checkpoint": "their/c.pt", "dictionary": "their/dict.txt", "subwords": "their/spm.model"}
TESTS_ALONE = {"source": {"type": "files", "tests": {"news": "t.{lang}"}}}
QUIET = {"off_target": False}


def attached(**more: Any) -> dict[str, Any]:
    own = {key: more.pop(key) for key in ("data_bin", "systems") if key in more}
    quiet = {"evaluation": QUIET} if "data_bin" in own else {}
    return small(**{**quiet, **more, "attach": {**ATTACH, **own}})


def test_the_baseline_and_named_systems_are_taken():
    found = load_experiment(attached(systems={"ns-k95": "ns.pt"}))
    assert found.attached == {"baseline": "their/c.pt", "ns-k95": "ns.pt"}
    assert found.taken == ["baseline", "ns-k95"]
    assert load_experiment(small()).taken == []


def test_the_model_is_the_checkpoint_s_unless_the_config_says_it():
    assert load_experiment(attached()).known_architecture == {}
    said = load_experiment(attached(model={"ffn_dim": 512, "preset": "tiny"})).known_architecture
    assert said == {
        "encoder_layers": 2, "decoder_layers": 2, "model_dim": 64, "ffn_dim": 512, "heads": 4,
        "pre_norm": True,
    }  # fmt: skip
    # What a preset would say is not said where none is written.
    said = load_experiment(attached(model={"dropout": 0.3})).known_architecture
    assert said == {"dropout": 0.3}
    # A set that keeps no unit is seen where the sizes are known.
    sets = {"k": [95], "sets": {"few": {"select": "top:0.1%"}}}
    load_experiment(attached(masks=sets))
    [line] = errors_of(attached(masks=sets, model={"preset": "tiny"}))
    assert line.startswith("masks.sets.few.select: ")
    criteria = {"criteria": {"size": "0.1%"}}
    load_experiment(attached(analysis=criteria))
    [line] = errors_of(attached(analysis=criteria, model={"preset": "tiny"}))
    assert line.startswith("analysis.criteria.size: ")


def test_binarised_text_stands_for_training_and_validation_text():
    found = load_experiment(attached(data_bin="a:b", data={**TESTS_ALONE, "shards": 2}))
    assert found.attach is not None
    assert (found.subsets, found.attach.shards) == (["news"], ["a", "b"])


def test_training_text_is_needed_where_something_is_trained():
    text = {"source": {**TESTS_ALONE["source"], "valid": "v.{lang}"}}
    systems = {"pruned": {"masks": "k95", "train": "none"}}
    pruned = {**attached(data=text), "systems": systems}
    assert load_experiment({**pruned, "evaluation": QUIET}).subsets == ["valid", "news"]
    others = (attached(data=text, evaluation=QUIET), small(systems=systems, data=text, evaluation=QUIET))
    for config in (pruned, *others):
        assert errors_of(config) == ["data.source.train: this key is missing"]


def test_units_of_other_programs_are_mask_sets():
    four = {"out": {"encoder": "all", "decoder": "mass:9"}, "into": {"encoder": "mass:9", "decoder": "all"}}
    sets = {
        "theirs": {"file": "m/{direction}.pt"},
        "counted": {"file": "{direction}.pkl", "select": "mass:95.0"},
        "four": {"file": "{direction}.pkl", "select": four},
        "lape": {"file": "lape.pth", "by": "language", "gate": {"ffn": "zero"}},
    }
    found = load_experiment(small(masks={"k": [95], "sets": sets}))
    assert found.foreign_masks == {
        "theirs": "m/{direction}.pt", "counted": "{direction}.pkl", "four": "{direction}.pkl",
        "lape": "lape.pth",
    }  # fmt: skip
    assert {name: found.mask_sets[name] for name in sets} == {
        "theirs": {"files": "m/{direction}.pt"},
        "counted": {"files": "{direction}.pkl", "select": "mass:95"},
        "four": {"files": "{direction}.pkl", "select": four, "pivot": "en"},
        "lape": {"files": "lape.pth", "by": "language", "gate": {"ffn": "zero"}},
    }


def test_an_attached_system_has_masks_alone():
    config = small(systems={"a": {"masks": "k95", "train": "none"}, "b": {"masks": "k95", "momentum": "own"}})
    config["attach"] = {**ATTACH, "systems": {"a": "a.pt", "b": "b.pt"}}
    said = "may only have masks, what else was done is in the checkpoint"
    assert errors_of(config) == [f"attach.systems.{name}: systems.{name} {said}" for name in "ab"]
