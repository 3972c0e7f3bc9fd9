"""Values of params before and now, in words."""

from __future__ import annotations

from typing import Any

import pytest

from workflow_scripts.operate.param_changes import changes

TEXT_NOW, CODE_NOW, OLD, OLDER = "0" * 16, "1" * 16, "a" * 16, "b" * 16
IDENTITIES = {TEXT_NOW: "text"}


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        (
            ["--beam 5 --length-penalty 1.0"],
            ["--beam 4 --length-penalty 1.0"],
            ["a setting changed: beam 5 → 4"],
        ),
        ([""], ["--count-pads"], ["a setting changed: count_pads not set → on"]),
        (
            ['{"lr": 0.0005, "dropout": null, "betas": [0.9, 0.98]}'],
            ['{"lr": 0.001, "dropout": 0.1, "betas": [0.9, 0.98]}'],
            ["a setting changed: lr 0.0005 → 0.001, dropout null → 0.1"],
        ),
        (
            ['{"tier": {"high": ["de"], "low": ["fr"]}}'],
            ['{"tier": {"high": ["de", "fr"], "low": []}}'],
            ["a setting changed: tier.high fr added, tier.low fr removed"],
        ),
        ([30000], [("max_tokens", 20000)], ["a setting changed: max_tokens 30000 → 20000"]),
        ([["bleu"]], [("metrics", ["bleu", "chrf"])], ["a setting changed: metrics chrf added"]),
        ([["a", "b"]], [["b", "a"]], ["a setting changed: a b → b a"]),
        ([OLD], [CODE_NOW], ["its code changed"]),
        ([OLD], [TEXT_NOW], ["the pins of environment text changed"]),
        (
            ["de", OLD, OLDER],
            ["en", CODE_NOW, TEXT_NOW],
            ["a setting changed: de → en", "the pins of environment text changed", "its code changed"],
        ),
        ([OLD], [], ["its code or environment is no longer compared"]),
        # One object has all settings, with the hashes by name.
        (
            [f'{{"beam": 5, "code": "{OLD}", "environment": "{OLDER}"}}'],
            [f'{{"beam": 4, "code": "{OLD}", "environment": "{TEXT_NOW}"}}'],
            ["a setting changed: beam 5 → 4", "the pins of environment text changed"],
        ),
        ([f'{{"beam": 5, "code": "{OLD}"}}'], [f'{{"beam": 5, "code": "{CODE_NOW}"}}'], ["its code changed"]),
        ([], [], []),
    ],
)
def test_what_changed_is_told(before: list[Any], now: list[Any], told: list[str]) -> None:
    named = [value if isinstance(value, tuple) else ("", value) for value in now]
    assert changes(before, named, IDENTITIES) == told


def test_of_two_settings_each_is_told_beside_what_it_was() -> None:
    before = ['{"a": 1, "b": 2}', '{"x": 1, "y": 2}']
    now = [("", '{"x": 1, "y": 3}'), ("", '{"a": 5, "b": 2}')]
    assert changes(before, now, {}) == ["a setting changed: y 2 → 3, a 1 → 5"]
