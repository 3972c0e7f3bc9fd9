"""What `--method` may be, and with which masks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from workflow_scripts.common.errors import UserError
from workflow_scripts.train.training_method import checked_method, counting_of
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.selection import Selection
from workflow_scripts.units.space import ffn_space, model_space

DIRECTIONS = ("de-en", "en-de")
SPACE = ffn_space(1, 1, 4)
ADAPTERS = {"kind": "lora", "size": 2, "rows": {"de-en": "de", "en-de": "de"}}


def masks(
    selection: Selection | None = None, counting: str = "pads excluded", space: Any = SPACE
) -> MaskTable:
    keep = np.ones((2, space.size), dtype=bool)
    facts = (selection or Selection("mass:95")).facts()
    return MaskTable(DIRECTIONS, keep, space, {**facts, "counting": counting}, "m.npz")


def test_keys_come_in_one_order() -> None:
    given = {"momentum": "own", "renew": 100, "parameters": "ffn", "train": "gradients"}
    assert list(checked_method(given, DIRECTIONS, masks())) == ["train", "parameters", "momentum", "renew"]
    assert checked_method({}, DIRECTIONS, None) == {}
    assert checked_method({"adapters": ADAPTERS}, DIRECTIONS, masks()) == {"adapters": ADAPTERS}


SHAPE = {"encoder_layers": 1, "decoder_layers": 1, "ffn_dim": 4, "heads": 2, "model_dim": 8}
HEADS, STREAM, BOTH = (model_space(SHAPE, kinds) for kinds in (["head"], ["head", "resid"], ["ffn", "head"]))


def test_what_is_trained_of_heads() -> None:
    """Masks of gradients go with any parameters that have some of their units."""
    gradients, outputs = {"train": "gradients"}, {"head_weights": "qkvo"}
    for method, table in (
        (gradients | outputs, masks(space=HEADS)),
        (gradients | {"parameters": "heads"}, masks(space=HEADS)),
        (gradients | {"parameters": "heads"}, masks(space=BOTH)),
        (gradients | {"parameters": "ffn"}, masks(space=BOTH)),
        ({"parameters": "heads"} | outputs, None),
        ({"parameters": "ffn"}, masks(space=HEADS)),
    ):
        assert checked_method(method, DIRECTIONS, table) == method


@pytest.mark.parametrize(
    ("method", "table", "said"),
    [
        ({"momentums": "own"}, masks(), ["unknown key 'momentums' (did you mean 'momentum'?)"]),
        (
            {"parameters": "attention"},
            None,
            ["parameters is 'attention', not 'ffn' or 'heads'; leave it out for the default"],
        ),
        ({"renew": 0}, masks(), ["renew is 0, not a whole number of updates, at least 1"]),
        ({"renew": True}, masks(), ["renew is True, not a whole number of updates, at least 1"]),
        (
            {"train": "gradients", "momentum": "own"},
            None,
            ["train: needs --masks", "momentum: needs --masks"],
        ),
        (
            {"train": "gradients", "momentum": "own"},
            masks(space=STREAM),
            [
                "train: is for masks of FFN neurons and heads alone; m.npz has head, resid",
                "momentum: is for masks of FFN neurons and heads alone; m.npz has head, resid",
            ],
        ),
        (
            {"train": "gradients", "parameters": "ffn"},
            masks(space=HEADS),
            ["train: parameters: ffn trains no weight of what m.npz has: head"],
        ),
        (
            {"train": "gradients", "parameters": "heads", "head_weights": "qkvo"},
            masks(),
            ["train: parameters: heads trains no weight of what m.npz has: ffn"],
        ),
        (
            {"train": "gradients", "head_weights": "qkvo"},
            masks(),
            ["head_weights: goes with parameters: heads, or with train or momentum of heads"],
        ),
        (
            {"head_weights": "out"},
            None,
            [
                "head_weights is 'out', not 'qkvo'; leave it out for the default",
                "head_weights: goes with parameters: heads, or with train or momentum of heads",
            ],
        ),
        (
            {"renew": 5},
            masks(counting="importance: of sentences", space=HEADS),
            [
                "renew: m.npz was selected by another score (importance: of sentences); take masks by one"
                " selector on activations, such as mass:95"
            ],
        ),
        (
            {"renew": 5, "adapters": {**ADAPTERS, "kind": "loar", "size": 0}},
            masks(),
            [
                "adapters.kind is 'loar', not one of bottleneck, lora (did you mean 'lora'?)",
                "adapters.size is 0, not a whole number of at least 1",
                "renew does not go with adapters, beside which nothing is trained; leave one out",
            ],
        ),
        (
            {"adapters": {**ADAPTERS, "rows": {"de-en": "de", "en-dk": "de"}}},
            None,
            [
                "adapters.rows has no row for en-de",
                "adapters.rows: en-dk is not trained (did you mean 'en-de'?)",
            ],
        ),
        ({"adapters": ["lora"]}, None, ["adapters: not an object of kind, size, rows"]),
    ],
)
def test_each_mistake_is_a_line(method: dict[str, Any], table: MaskTable | None, said: list[str]) -> None:
    with pytest.raises(UserError) as caught:
        checked_method(method, DIRECTIONS, table)
    assert str(caught.value).splitlines() == [f"--method: {line}" for line in said]


@pytest.mark.parametrize(
    ("table", "why"),
    [
        (masks(Selection("all")), "was made by all, which asks no score"),
        (masks(Selection("random:30%", seed=1)), "was made by random:30%, which asks no score"),
        (
            masks(
                Selection(
                    {side: dict.fromkeys(("encoder", "decoder"), "mass:95") for side in ("out", "into")}
                )
            ),
            "was made by four selectors",
        ),
        (
            masks(counting="importance, pads excluded"),
            "was selected by another score (importance, pads excluded)",
        ),
        (
            MaskTable(
                DIRECTIONS,
                np.ones((2, 8), dtype=bool),
                SPACE,
                {"rule": "random", "like_rule": "mass"},
                "m.npz",
            ),
            "has rows made otherwise (random)",
        ),
    ],
)
def test_masks_that_cannot_be_made_again(table: MaskTable, why: str) -> None:
    with pytest.raises(UserError) as caught:
        checked_method({"renew": 10}, DIRECTIONS, table)
    assert str(caught.value) == (
        f"--method: renew: m.npz {why}; take masks by one selector on activations, such as mass:95"
    )


def test_masks_are_made_again_as_they_were_counted() -> None:
    assert counting_of(masks()) == {}
    assert counting_of(masks(counting="pads counted, max_tokens 700")) == {
        "count_pads": True,
        "max_tokens": 700,
    }
    # The same rule on neurons that are not ReLU's, of which scores say it; another one is another score.
    assert counting_of(masks(counting="pads excluded, active by sign (silu)")) == {}
    assert counting_of(masks(counting="pads excluded, active by sign (gelu_new, gated)")) == {}
    assert counting_of(masks(counting="pads excluded, active by threshold:0.1 (relu)")) is None
    stacks = masks(Selection("top:30%", ("encoder",)))
    assert checked_method({"renew": 10}, DIRECTIONS, stacks) == {"renew": 10}
