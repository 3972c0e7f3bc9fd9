"""Experiments whose baseline is trained in the library transformers: what they have, and what they lack."""

from typing import Any

import pytest

from tests.unit.config.test_config import errors_of, small
from workflow_scripts.config.load import load_experiment
from workflow_scripts.workflow.stages import STAGES, stages_of

HERE: dict[str, Any] = {"port": "huggingface", "share_all_embeddings": True}


def test_subwords_are_learned_and_nothing_is_binarised():
    found = load_experiment(small(model=HERE))
    assert (found.port, found.has_subwords, found.is_binarised) == ("huggingface", True, False)
    assert "port" not in found.model.architecture()
    made = {name for name, stage in stages_of(found).items() if list(stage.jobs(found))}
    assert {"train_subwords", "train_baseline", "finetune", "decode"} <= made
    assert not {"binarise", "round_trip", "rebuild_references", "attach_model"} & made
    for name in ("train_baseline", "finetune", "count_activations", "decode"):
        environment = STAGES[name].environment
        assert callable(environment) and environment(found) == "hf"


def test_the_default_is_as_it_was():
    found = load_experiment(small())
    assert (found.port, found.is_binarised) == ("fairseq", True)
    environment = STAGES["train_baseline"].environment
    assert callable(environment) and environment(found) == "fairseq"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (
            {"model": {"port": "huggingface"}},
            "model.share_all_embeddings: false, but the network of model.port: huggingface is M2M-100's, all"
            " its embeddings are one; write true",
        ),
        (
            {"model": {**HERE, "pre_norm": False}},
            "model.pre_norm: false, but the network of model.port: huggingface is M2M-100's, its layers begin"
            " with their norm; write true",
        ),
        (
            {"model": HERE, "text": {"moses": True}},
            "text: the tokenizer of model.port: huggingface reads text as it is; leave it out",
        ),
        (
            {"model": HERE, "finetune": {"valid_bleu": True}},
            "finetune.valid_bleu: the loop of model.port: huggingface does not have it; leave it out",
        ),
    ],
)
def test_what_it_lacks_is_a_line(more, said):
    assert said in "\n".join(errors_of(small(**more)))


#: Text without that of training, as an attached model needs it.
TEXT = {"source": {"type": "files", "valid": "v.{lang}", "tests": {"one": "one.{lang}"}}}


WITHOUT = "this key is missing"
TYPO = [f"attach.model: {WITHOUT}", "attach.modell: unknown key 'modell' (did you mean 'model'?)"]
OTHER = [
    f"attach.checkpoint: {WITHOUT}",
    "attach.chekpoint: unknown key 'chekpoint' (did you mean 'checkpoint'?)",
]
BRANCH = "attach: revision: 'main' is not a commit, 40 digits and letters a to f; branches and tags move"


@pytest.mark.parametrize(
    ("attach", "said"),
    [
        ({"modell": "m", "tags": {"en": "__en__"}}, TYPO),
        ({"modell": "m"}, TYPO),
        # Without the section the text of training would be missing: that is not said.
        ({"model": "a/b", "revision": "main"}, [BRANCH]),
        ({"chekpoint": "c.pt", "dictionary": "d.txt", "subwords": "s.model"}, OTHER),
    ],
    ids=["typo", "typo alone", "revision", "checkpoint"],
)
def test_a_wrong_section_is_said_once_and_of_its_kind(attach, said):
    assert errors_of(small(data=TEXT, attach=attach, systems={}, evaluation={"off_target": False})) == said


def test_a_rule_is_named_as_it_is_written():
    [said] = errors_of(small(activations={"rule": "treshold:0.2"}))
    assert said.endswith("is not sign, threshold:0.1 or nonzero (did you mean 'threshold:0.1'?)")


@pytest.mark.parametrize("size", ["top:25%", "0%", "half"])
def test_a_size_is_a_share_or_a_number(size):
    said = errors_of(small(analysis={"ablation": {"sizes": [size]}}))
    key = "analysis.ablation.sizes.0"
    assert said == [f"{key}: {size!r}: a share of each layer's units, such as 5%, or a number of them"]
