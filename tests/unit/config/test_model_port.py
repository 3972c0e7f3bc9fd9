"""Experiments whose baseline is trained in the library transformers: what they have, and what they lack."""

from typing import Any

import pytest

from tests.unit.config.test_config import errors_of, small
from workflow_scripts.config.load import load_experiment
from workflow_scripts.workflow.stages import STAGES

HERE: dict[str, Any] = {"port": "huggingface", "share_all_embeddings": True}


def test_subwords_are_learned_and_nothing_is_binarised():
    found = load_experiment(small(model=HERE))
    assert (found.port, found.has_subwords, found.is_binarised) == ("huggingface", True, False)
    assert "port" not in found.model.architecture()
    made = {name for name, stage in STAGES.items() if list(stage.jobs(found))}
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
