"""Settings before and now, in words."""

from __future__ import annotations

from typing import Any

import pytest

from workflow_scripts.workflow.plan.param_changes import changes

TEXT_NOW, CODE_NOW, OLD, OLDER = "0" * 16, "1" * 16, "a" * 16, "b" * 16
IDENTITIES = {TEXT_NOW: "text"}


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        ({"beam": 5, "length": 1.0}, {"beam": 4, "length": 1.0}, ["a setting changed: beam 5 → 4"]),
        ({}, {"beam": 4}, ["its params are written otherwise"]),
        ({"k": 1}, {"k": 1, "count_pads": True}, ["a setting changed: count_pads not set → on"]),
        (
            {"settings": {"lr": 0.0005, "dropout": None, "betas": [0.9, 0.98]}},
            {"settings": {"lr": 0.001, "dropout": 0.1, "betas": [0.9, 0.98]}},
            ["a setting changed: lr 0.0005 → 0.001, dropout null → 0.1"],
        ),
        (
            {"tier": {"high": ["de"], "low": ["fr"]}},
            {"tier": {"high": ["de", "fr"], "low": []}},
            ["a setting changed: tier.high fr added, tier.low fr removed"],
        ),
        ({"metrics": ["a", "b"]}, {"metrics": ["b", "a"]}, ["a setting changed: metrics a b → b a"]),
        ({"a": 600, "b": 620}, {"a": 620, "b": 600}, ["a setting changed: a 600 → 620, b 620 → 600"]),
        ({"code": OLD}, {"code": CODE_NOW}, ["its code changed"]),
        ({"environment": OLD}, {"environment": TEXT_NOW}, ["the pins of environment text changed"]),
        ({"environment": OLD}, {"environment": OLDER}, ["its packages changed"]),
        (
            {"lang": "de", "code": OLD, "environment": OLDER},
            {"lang": "en", "code": CODE_NOW, "environment": TEXT_NOW},
            ["a setting changed: lang de → en", "the pins of environment text changed", "its code changed"],
        ),
        ({"by": {}}, {"by": {"ka": "char"}}, ["a setting changed: by.ka not set → char"]),
        ({"by": {"ka": "char"}}, {"by": {}}, ["a setting changed: by.ka char → not set"]),
        ({"by": {}}, {}, ["a setting changed: by {} → not set"]),
        (None, None, []),
    ],
)
def test_what_changed_is_told(
    before: dict[str, Any] | None, now: dict[str, Any] | None, told: list[str]
) -> None:
    assert changes(before, now, IDENTITIES) == told
