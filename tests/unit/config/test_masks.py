"""Mask sets and systems: what the stages are asked to make, and one line for each mistake."""

from typing import Any

import pytest

from tests.unit.config.test_config import errors_of, small
from workflow_scripts.config.load import load_experiment
from workflow_scripts.workflow.needed_masks import rows

ONE_WAY = (
    "masks.sets.x: give one of select (by a score of units), like (of another set's rows) and file (of"
    " another program)"
)
FAMILIES = {"family": {"west": ["de"], "south": ["fr"]}}


def experiment(sets, **more):
    return load_experiment(small(masks={"k": [70], "sets": sets}, **more))


def test_thresholds_are_short_for_sets():
    found = load_experiment(small(masks={"k": [70, "95.0"]})).mask_sets
    assert found == {"k70": {"select": "mass:70"}, "k95": {"select": "mass:95"}, "all": {"select": "all"}}


def test_sets_are_made_as_they_are_written():
    four = {
        "out": {"encoder": "all", "decoder": "mass:90.0"},
        "into": {"encoder": "mass:80", "decoder": "all"},
    }
    found = experiment(
        {
            "top-30_%".replace("%", "p"): {"select": " top:30.0%@model"},
            "enc.oder": {"select": "top:12", "stacks": ["encoder"], "units": ["ffn"], "of": "activations"},
            "four": {"select": four, "gate": {"ffn": "row"}},
            "half": {"select": "all", "gate": {"ffn": "scale:0.50"}},
            "chance": {"like": "k70", "rows": "random", "draws": 2},
            "again": {"like": "chance-2", "rows": "shuffled"},
            "other": {"like": "four", "rows": "swapped", "pairs": {"en-de": "en-fr", "en-fr": "en-de"}},
            "of_language": {"like": "k70", "rows": "merged", "by": "language"},
            "of_family": {"like": "k70", "rows": "exclusive", "by": "family"},
            "of_all": {"like": "k70", "rows": "majority"},
            "of_others": {"like": "k70", "rows": "union", "rows_of": ["en-de", "en-fr"]},
            "own": {"like": "k70", "rows": "unshared"},
        },
        groups=FAMILIES,
    ).mask_sets
    assert dict(list(found.items())[2:]) == {
        "top-30_p": {"select": "top:30%@model"}, "enc.oder": {"select": "top:12", "stacks": ["encoder"]},
        "four": {
            "select": {
                "out": {"encoder": "all", "decoder": "mass:90"},
                "into": {"encoder": "mass:80", "decoder": "all"},
            },
            "pivot": "en",
        },
        "half": {"select": "all", "gate": {"ffn": "scale:0.5"}},
        "chance-1": {"like": "k70", "rows": "random", "draw": 1},
        "chance-2": {"like": "k70", "rows": "random", "draw": 2},
        "again": {"like": "chance-2", "rows": "shuffled"},
        "other": {"like": "four", "rows": "swapped", "pairs": {"en-de": "en-fr", "en-fr": "en-de"}},
        "of_language": {"like": "k70", "rows": "merged", "by": "language"},
        "of_family": {
            "like": "k70", "rows": "exclusive", "by": "family", "families": {"de": "west", "fr": "south"},
        },
        "of_all": {"like": "k70", "rows": "majority"},
        "of_others": {"like": "k70", "rows": "union", "rows_of": ["en-de", "en-fr"]},
        "own": {"like": "k70", "rows": "unshared"},
    }  # fmt: skip


def test_systems_are_trained_or_not():
    found = experiment(
        {"chance-k70": {"like": "k70", "rows": "shuffled"}},
        systems={
            "pruned": {"masks": "sweep", "train": "none"},
            "same": {"masks": "all", "train": "none"},
            "chance-k70": {"masks": "chance-k70"},
            "continued": {"masks": "all", "train": "finetune"},
        },
    )
    assert found.masked == {
        "pruned-k70": "k70", "same": "all", "chance-k70": "chance-k70", "continued": "all",
    }  # fmt: skip
    assert found.untrained == {"pruned-k70": "k70", "same": "all"}
    assert found.finetuned == {"chance-k70": "chance-k70", "continued": "all"}
    # A control is trained as long as the others: what is not trained is none.
    assert found.control == "continued"
    assert found.all_systems == ["baseline", "pruned-k70", "same", "chance-k70", "continued"]


LIKE = {"like": "k70", "rows": "shuffled"}
MISTAKES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "a selector": (
        {"x": {"select": "tops:30%"}},
        [
            "masks.sets.x.select: select 'tops:30%': no such selector (did you mean 'top'?); there are"
            " mass:95, top:30%, bottom:30%, random:30%, all"
        ],
    ),
    "a share that is no unit": (
        {
            "x": {"of": "importance", "units": ["head"], "select": "top:20%"},
            "y": {"of": "importance", "units": ["head"], "select": "top:20%@model"},
            "z": {
                "select": {
                    "out": {"encoder": "all", "decoder": "top:0.01%"},
                    "into": {"encoder": "all", "decoder": "mass:0.01"},
                }
            },
        },
        [
            "masks.sets.x.select: select top:20%: that is less than one of the 4 units of encoder.0.self;"
            " take at least 25%",
            "masks.sets.z.select.out.decoder: select top:0.01%: that is less than one of the 1024 units of"
            " decoder.0.ffn; take at least 0.0977%",
        ],
    ),
    "a selector in four": (
        {"x": {"select": {"out": {"encoder": "mass:95%", "decoder": "all"}, "into": {"encodr": "all"}}}},
        [
            "masks.sets.x.select.out.encoder: select 'mass:95%': 'mass' is in percent without the sign; write"
            " 'mass:95'",
            "masks.sets.x.select.into.encoder: this key is missing",
            "masks.sets.x.select.into.decoder: this key is missing",
            "masks.sets.x.select.into.encodr: unknown key 'encodr' (did you mean 'encoder'?)",
        ],
    ),
    "a number": (
        {"x": {"select": 95}},
        ["masks.sets.x.select: text is needed, in quotes where YAML reads something else, not 95"],
    ),
    "neither": (
        {"x": {}},
        [ONE_WAY],
    ),
    "both, each with what it has not": (
        {"x": {**LIKE, "select": "all", "stacks": ["encoder"], "by": "language"}},
        [
            ONE_WAY,
            "masks.sets.x: stacks is that of like, k70: leave it out",
            "masks.sets.x: by: rows: shuffled joins none; there are exclusive, majority, merged, shared,"
            " union, unshared",
        ],
    ),
    "rows of nothing": (
        {"x": {"select": "all", "draws": 2}},
        ["masks.sets.x: draws needs like, the set whose rows these are made of, or a text that is drawn"],
    ),
    "no rows": ({"x": {"like": "k70"}}, ["masks.sets.x: like needs rows, such as random"]),
    "rows": (
        {"x": {"like": "k70", "rows": "shufled"}},
        [
            "masks.sets.x.rows: 'shufled' is not one of 'random', 'shuffled', 'swapped', 'merged', 'shared',"
            " 'exclusive', 'unshared', 'union', 'majority' (did you mean 'shuffled'?)"
        ],
    ),
    "draws of what is not drawn": (
        {"x": {"like": "k70", "rows": "union", "draws": 2}},
        [
            "masks.sets.x: draws: rows: union draws nothing; there are random, shuffled, and"
            " swapped with pairs: all"
        ],
    ),
    "merged by nothing": (
        {"x": {"like": "k70", "rows": "merged"}},
        ["masks.sets.x: rows: merged needs by, such as language"],
    ),
    "no pairs": (
        {"x": {"like": "k70", "rows": "swapped"}},
        ["masks.sets.x: rows: swapped needs pairs, such as {de-en: fr-en}, or all"],
    ),
    "pairs of others": (
        {"x": {**LIKE, "pairs": {"en-de": "en-fr"}}},
        ["masks.sets.x: pairs: they are of rows: swapped"],
    ),
    "another word for pairs": (
        {"x": {"like": "k70", "rows": "swapped", "pairs": "family"}},
        [
            "masks.sets.x.pairs: 'family' is not one of 'all', 'within_family', 'across_families' (did you"
            " mean 'within_family'?)"
        ],
    ),
    "families of one": (
        {"x": {"like": "k70", "rows": "swapped", "pairs": "within_family"}},
        [
            "masks.sets.x.pairs: within_family: en-fr is the only one of its family on its side of the pivot;"
            " take all"
        ],
    ),
    "more exchanges than there are": (
        {"x": {"like": "k70", "rows": "swapped", "pairs": "across_families", "draws": 3}},
        ["masks.sets.x.pairs: across_families: there are no 3 different ones, but 1"],
    ),
    "draws of all units": (
        {
            "x": {"like": "all", "rows": "random", "draws": 5},
            "y": {"select": "top:100%", "gate": {"ffn": "zero"}},
            "z": {"like": "y", "rows": "shuffled"},
        },
        [
            "masks.sets.x.like: 'all' keeps every unit, so that each draw is the same; take a set that leaves"
            " some out",
            "masks.sets.z.like: 'y' keeps every unit, so that each draw is the same; take a set that leaves"
            " some out",
        ],
    ),
    "a pair": (
        {"x": {"like": "k70", "rows": "swapped", "pairs": {"en-de": "en-rf"}}},
        ["masks.sets.x.pairs: 'en-rf' is not trained (did you mean 'en-fr'?)"],
    ),
    "like": (
        {"x": {"like": "k79", "rows": "shuffled"}},
        [
            "masks.sets.x.like: no mask set 'k79' (did you mean 'k70'?); there are k70, all, x; k79 is made"
            " where masks.k has 79"
        ],
    ),
    "like what is drawn": (
        {"x": {**LIKE, "draws": 2}, "y": {"like": "x", "rows": "shuffled"}},
        ["masks.sets.y.like: 'x' is drawn 2 times; name one, x-1"],
    ),
    "like itself": (
        {"x": {"like": "y", "rows": "shuffled"}, "y": {"like": "x", "rows": "shuffled"}},
        ["masks.sets.x.like: leads back to x (x, y, x)", "masks.sets.y.like: leads back to y (y, x, y)"],
    ),
    "names": (
        {"all": LIKE, "k80": LIKE, "d": {**LIKE, "draws": 1}, "d-1": LIKE, "by_layer": LIKE},
        [
            "masks.sets.all: 'all' has a meaning already; call this one otherwise",
            "masks.sets.k80: this is the name of a set of masks.k; add 80 there, or call this one otherwise",
            "masks.sets.d: a draw of it and masks.sets.d-1 have the same name",
            "masks.sets.by_layer: 'by_layer' has a meaning already; call this one otherwise",
        ],
    ),
    "a path": (
        {"../x": LIKE},
        ["masks.sets.../x: '../x': the name of a mask set is letters, digits, . _ and -"],
    ),
    "a grouping": (
        {"x": {"like": "k70", "rows": "union", "by": "famly"}},
        ["masks.sets.x.by: 'famly' is not one of 'language', 'family' (did you mean 'family'?)"],
    ),
    "too few for a majority": (
        {"x": {"like": "k70", "rows": "majority", "by": "language"}},
        [
            "masks.sets.x: rows: majority has no row for en-de, whose group has 2 trained directions; take"
            " another by, or other rows"
        ],
    ),
    "rows of some directions": (
        {
            "x": {"like": "k70", "rows": "union", "by": "language", "rows_of": ["en-de", "de-en"]},
            "y": {"like": "k70", "rows": "union", "rows_of": ["en-ed"]},
        },
        [
            "masks.sets.x: rows: union has no row for en-fr, whose group has 0 directions of rows_of; take"
            " another by, or other rows",
            "masks.sets.y.rows_of: 'en-ed' is not trained (did you mean 'en-de'?)",
        ],
    ),
    "rows of some directions where each has its own": (
        {"z": {"like": "k70", "rows": "exclusive", "rows_of": ["en-de"]}},
        [
            "masks.sets.z: rows_of: rows: exclusive names its rows otherwise; there are union, shared,"
            " majority"
        ],
    ),
    "a row of its own": (
        {"x": {"like": "k70", "rows": "swapped", "pairs": {"en-de": "en-de"}}},
        ["masks.sets.x.pairs: en-de is swapped with itself; name another direction's row"],
    ),
    "what no stage can do yet": (
        {"x": {"select": "all", "units": ["heads"], "gate": {"ffn": "mean"}, "of": "gradients"}},
        [
            "masks.sets.x.of: 'gradients' is not one of 'activations', 'magnitude', 'lape', 'lape_lambda',"
            " 'importance', 'importance_token', 'importance_signed', 'probe', 'probeless', 'selectivity',"
            " 'average_precision', 'correlation', 'weights'",
            "masks.sets.x.units.0: 'heads' is not one of 'ffn', 'head', 'resid', 'weight' (did you mean"
            " 'head'?)",
            "masks.sets.x.gate: ffn: not every stage can apply 'mean'; there are row, zero, scale:0.5",
        ],
    ),
    "gates": (
        {
            "x": {"select": "all", "gate": {"ffn": "zeor"}},
            "y": {
                "select": "all",
                "of": "importance",
                "units": ["ffn", "head"],
                "gate": {"ffn": "scale:x", "head": "row"},
            },
            "z": {"select": "all", "gate": {"head": "zero"}},
        },
        [
            "masks.sets.x.gate: ffn: 'zeor' is not row, zero, mean, scale:0.5 or gradient (did you mean"
            " 'zero'?)",
            "masks.sets.y.gate: ffn: 'x' is not a number; write 'scale:0.5'",
            "masks.sets.y.gate: head: 'row' is for FFN neurons; write 'zero'",
            "masks.sets.z: gate: there are no head in units, but ffn",
        ],
    ),
    "stacks": (
        {
            "x": {"select": "all", "stacks": ["encoder", "encoder"]},
            "y": {"select": "all", "stacks": ["decodr"]},
        },
        [
            "masks.sets.x.stacks: 'encoder' is listed twice",
            "masks.sets.y.stacks.0: 'decodr' is not one of 'encoder', 'decoder' (did you mean 'decoder'?)",
        ],
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_line(name):
    sets, said = MISTAKES[name]
    assert errors_of(small(masks={"k": [70], "sets": sets}, groups=FAMILIES)) == said


LASS = {"of": "weights", "system": "full", "units": ["weight"], "select": "top:70%"}
FULL = {"full": {"each": "direction"}}


def test_masks_of_weights_name_their_system():
    made = experiment({"lass70": LASS}, systems={**FULL, "a": {"masks": "lass70"}})
    assert made.mask_sets["lass70"] == {"select": "top:70%"}
    wrong = {
        "alone": {**LASS, "system": None},
        "ffn": {**LASS, "units": ["ffn"]},
        "counted": {"units": ["weight"], "select": "all"},
        "both": {"of": "importance", "units": ["ffn", "weight"], "select": "all"},
        "other": {"system": "full", "select": "all"},
        "read": {**LASS, "text": "news"},
    }
    assert errors_of(small(masks={"sets": wrong}, systems=FULL)) == [
        "masks.sets.alone: of: weights needs system, the name of the system whose weights they are",
        "masks.sets.ffn: units: of: weights and units: [weight] go together, without others",
        "masks.sets.counted: units: activations are counted of ffn alone; ['weight'] need of: weights",
        "masks.sets.both: units: of: weights and units: [weight] go together, without others",
        "masks.sets.other: system: goes with of: weights alone; leave it out",
        "masks.sets.read: text: of: weights looks at no text; leave it out",
    ]
    circles = {
        "a": {**LASS, "system": "x"},
        "b": {"like": "a", "rows": "shuffled"},
        "c": {**LASS, "system": "y"},
    }
    systems = {
        "x": {"masks": "b"},
        "y": {"masks": "all", "directions": ["en-de"]},
        "z": {"adapters": {"kind": "lora", "size": 2}},
    }
    sets = {
        **circles,
        "d": {**LASS, "system": "ful"},
        "e": {**LASS, "system": "z"},
        "f": {**LASS, "system": "baseline"},
    }
    assert errors_of(small(masks={"k": [70], "sets": sets}, systems=systems)) == [
        "masks.sets.a.system: leads back to a, by way of x",
        "masks.sets.c.system: 'y' is not trained in en-fr, which would have no row",
        "masks.sets.d.system: no system 'ful'; there are ['baseline', 'x', 'y', 'z']",
        "masks.sets.e.system: 'z' trains adapters, not weights; name a system that trains them",
    ]


def test_four_selectors_need_the_pivot_and_families_a_grouping():
    both = dict.fromkeys(("encoder", "decoder"), "all")
    four = {"four": {"select": {"out": both, "into": both}}}
    assert errors_of(small(masks={"sets": four}, directions={"train": ["en-de", "de-fr"]})) == [
        "masks.sets.four.select: de-fr is neither out of the pivot nor into it; write one selector"
    ]
    alone = {**small(masks={"sets": four}, directions={"train": ["en-de"]}), "pivot": None}
    assert errors_of(alone) == ["masks.sets.four.select: four selectors need the key pivot"]
    merged = {"merged": {"like": "k95", "rows": "merged", "by": "family"}}
    assert errors_of(small(masks={"sets": merged}, groups={"famly": {"west": ["de"]}})) == [
        "masks.sets.merged.by: groups has no 'family' (did you mean 'famly'?)"
    ]


def test_rows_of_directions_that_are_only_evaluated():
    """A set's own rows make theirs; random units are as many as the set that they are like has."""
    sets = {
        "top": {"select": "top:30%"},
        "own": {"like": "top", "rows": "exclusive"},
        "chance": {"like": "own", "rows": "random"},
        "again": {"like": "chance-1", "rows": "shuffled"},
        "other": {"select": "top:40%"},
    }
    for masks, expected in (
        ("again", ["again"]),
        ("chance-1", ["chance-1", "own"]),
        ("own", ["own"]),
        ("other", ["other"]),
    ):
        config = small(
            masks={"sets": sets}, systems={"a": {"masks": masks}}, directions={"evaluate_only": ["de-fr"]}
        )
        assert rows(load_experiment(config)) == expected
    assert rows(load_experiment(small(masks={"sets": sets}, systems={"a": {"masks": "again"}}))) == []


def test_mistakes_of_systems():
    sets = {"r": {**LIKE, "draws": 2}}
    systems = {
        "b": {"masks": "r-3"},
        "d-k70": {"masks": "r-1"},
        "e-k71": {"masks": "r-1", "train": "none"},
    }
    config = small(masks={"k": [70], "sets": sets}, systems=systems)
    assert errors_of(config) == [
        "systems.b.masks: no mask set 'r-3' (did you mean 'r-2'?); there are k70, all, r-1, r-2, sweep, r",
        "systems.e-k71: its name says k71, its masks are 'r-1'",
    ]
    assert errors_of(small(systems={"a": {"masks": "all", "train": "fine-tune"}})) == [
        "systems.a.train: 'fine-tune' is not one of 'none', 'finetune', 'gradients' (did you mean"
        " 'finetune'?)"
    ]
