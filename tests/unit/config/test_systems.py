"""Systems: what a config makes of each key, and one line for each mistake."""

import pytest

from tests.unit.config.test_config import errors_of, small
from workflow_scripts.config.load import load_experiment

FAMILIES = {"family": {"west": ["de"], "south": ["fr"]}}
SETS = {
    "chance": {"like": "k70", "rows": "random"},
    "order": {"like": "k70", "rows": "shuffled", "draws": 2},
    "top": {"select": "top:30%"},
    "heads": {"of": "importance", "units": ["head"], "select": "top:50%"},
    "stream": {"of": "importance", "units": ["resid"], "select": "top:50%"},
}


def experiment(systems, **more):
    return load_experiment(small(systems=systems, masks={"k": [70, 95], "sets": SETS}, **more))


def test_a_set_that_is_drawn_makes_as_many_systems():
    """Random sets are drawn five times unless the config says how many."""
    found = experiment(
        {
            "ns": {"masks": "sweep"},
            "random": {"masks": "chance"},
            "other": {"masks": "order", "train": "none"},
            "one": {"masks": "chance-2"},
        }
    )
    assert found.masked == {
        "ns-k70": "k70", "ns-k95": "k95", "random-1": "chance-1", "random-2": "chance-2",
        "random-3": "chance-3", "random-4": "chance-4", "random-5": "chance-5", "other-1": "order-1",
        "other-2": "order-2", "one": "chance-2",
    }  # fmt: skip
    assert found.draws == {
        "random": ["random-1", "random-2", "random-3", "random-4", "random-5"],
        "other": ["other-1", "other-2"],
    }
    made = found.made["random-3"]
    assert (made.key, made.draw, found.made["one"].draw) == ("random", 3, None)
    assert list(found.untrained) == ["other-1", "other-2"]


def test_a_system_of_parts():
    """Each of four directions trains a fourth of the updates, rounded up, on its own text."""
    tuned = {"max_updates": 10, "warmup_updates": 5, "validate_interval_updates": 2, "lr": 1e-3}
    found = experiment(
        {
            "full": {"each": "direction"},
            "bilingual": {
                "each": "direction", "start": "random", "directions": ["fr-en", "en-de"],
                "settings": {"dropout": 0.3},
            },
            "longer": {"each": "direction", "directions": ["en-de"], "settings": {"max_updates": 7}},
        },
        train={"max_updates": 100, "warmup_updates": 3, "lr": 5e-3}, finetune=tuned,
    )  # fmt: skip
    assert found.parts == {
        "full.en-de": ("full", "en-de"), "full.en-fr": ("full", "en-fr"), "full.de-en": ("full", "de-en"),
        "full.fr-en": ("full", "fr-en"), "bilingual.en-de": ("bilingual", "en-de"),
        "bilingual.fr-en": ("bilingual", "fr-en"), "longer.en-de": ("longer", "en-de"),
    }  # fmt: skip
    assert found.finetuned == {} and list(found.trainings) == list(found.parts)
    assert found.all_systems == ["baseline", "full", "bilingual", "longer"]
    keys = ("max_updates", "warmup_updates", "validate_interval_updates", "lr", "dropout", "sampler")
    numbers = {
        name: tuple(getattr(found.training_of(name), key) for key in keys)
        for name in ("full.de-en", "bilingual.fr-en", "longer.en-de")
    }
    assert numbers == {
        "full.de-en": (3, 2, 1, 1e-3, None, "by_direction"),
        "bilingual.fr-en": (25, 1, 125, 5e-3, 0.3, "by_direction"),
        "longer.en-de": (7, 5, 2, 1e-3, None, "by_direction"),
    }


def test_directions_that_a_system_translates():
    found = experiment(
        {
            "continued": {"masks": "all"},
            "few": {"masks": "k95", "directions": ["fr-en", "en-de"]},
            "full": {"each": "direction"},
            "small": {"adapters": {"kind": "lora"}},
            "gradients": {"masks": "k95", "train": "gradients"},
        },
        directions={"evaluate_only": ["de-fr"]},
    )
    trained = ["en-de", "en-fr", "de-en", "fr-en"]
    assert {name: found.directions_of_system(name) for name in found.all_systems} == {
        "baseline": [*trained, "de-fr"], "continued": [*trained, "de-fr"], "few": ["en-de", "fr-en"],
        "full": trained, "small": trained, "gradients": [*trained, "de-fr"],
    }  # fmt: skip
    assert found.directions_scored("few", "one") == ["en-de", "fr-en"]
    # Of an untrained direction these need a row of masks to translate; a whole model does not.
    assert found.through_masks == {"continued": "all"}


def test_only_what_differs_from_the_published_training_is_told():
    found = experiment(
        {
            "continued": {"masks": "all"},
            "ns": {"masks": "k95", "momentum": "own", "renew": 100},
            "gradients": {"masks": "k95", "train": "gradients", "parameters": "ffn"},
            "iat": {"masks": "heads", "train": "gradients"},
            "iat_only": {
                "masks": "heads",
                "train": "gradients",
                "parameters": "heads",
                "head_weights": "qkvo",
            },
            "family": {"adapters": {"kind": "bottleneck", "by": "family", "size": 8}},
            "pairs": {"adapters": {"kind": "lora", "by": "language"}, "directions": ["de-en", "en-fr"]},
        },
        groups=FAMILIES,
    )
    assert {name: found.method_of(name) for name in found.finetuned} == {
        "continued": {},
        "ns": {"momentum": "own", "renew": 100},
        "gradients": {"train": "gradients", "parameters": "ffn"},
        "iat": {"train": "gradients"},
        "iat_only": {"train": "gradients", "parameters": "heads", "head_weights": "qkvo"},
        "family": {
            "adapters": {
                "kind": "bottleneck", "size": 8,
                "rows": {"en-de": "en-west", "en-fr": "en-south", "de-en": "en-west", "fr-en": "en-south"},
            }
        },
        "pairs": {
            "adapters": {"kind": "lora", "size": 64, "rows": {"en-fr": "en-fr", "de-en": "de-en"}}
        },
    }  # fmt: skip


def test_fairseq_decodes_what_ctranslate2_cannot_hold():
    """The residual stream has no weights to cut; the masks of gradients are no part of the system."""
    sets = {"stream": {"of": "importance", "units": ["resid"], "select": "top:30%"}}
    sets["again"] = {"like": "stream", "rows": "shuffled"}
    systems = {
        "pruned": {"masks": "stream", "train": "none"},
        "other": {"masks": "again", "train": "none"},
        "heads": {"masks": "k95", "train": "none"},
        "small": {"adapters": {"kind": "bottleneck"}},
        "lora": {"adapters": {"kind": "lora"}},
    }
    config = small(systems=systems, masks={"sets": sets})
    found = load_experiment(config)
    engines = {name: found.engine_of(name) for name in found.all_systems}
    assert engines == {
        "baseline": "ctranslate2", "pruned": "fairseq", "other": "fairseq", "heads": "ctranslate2",
        "small": "fairseq", "lora": "ctranslate2",
    }  # fmt: skip
    found = load_experiment({**config, "decode": {"engine": "fairseq"}})
    assert {found.engine_of(name) for name in found.all_systems} == {"fairseq"}


def test_the_control_is_trained_like_the_others():
    systems = {
        "same": {"masks": "all", "train": "none"},
        "ffn": {"masks": "all", "parameters": "ffn"},
        "hot": {"masks": "all", "settings": {"lr": 1}},
        "small": {"adapters": {"kind": "lora"}},
        "full": {"each": "direction"},
        "few": {"masks": "all", "directions": ["en-de"]},
    }
    assert experiment(systems).control is None
    assert experiment({**systems, "continued": {"masks": "all"}}).control == "continued"


LORA = {"kind": "lora"}
MISTAKES = {
    "nothing is trained": (
        {"masks": "k95", "train": "none", "renew": 5, "settings": {"lr": 1}},
        [
            ": renew: with train: none nothing is trained; leave it out",
            ": settings: with train: none nothing is trained; leave it out",
        ],
    ),
    "all units": (
        {"masks": "all", "train": "gradients", "momentum": "own"},
        [
            ": train: gradients needs masks that leave units out, not all",
            ": momentum: own needs masks that leave units out, not all",
        ],
    ),
    "masks of adapters": (
        {"masks": "k95", "adapters": LORA, "each": "direction", "parameters": "ffn"},
        [
            ": masks: adapters needs masks: all, not 'k95'",
            ": masks: each needs masks: all, not 'k95'",
            ": each: with adapters only these are trained; leave it out",
            ": parameters: with adapters only these are trained; leave it out",
        ],
    ),
    "a random start": (
        {"masks": "all", "start": "random"},
        [": start: random weights are trained with each: direction alone, such as bilingual models"],
    ),
    "a key of finetune": (
        {"masks": "all", "settings": {"max_update": 5}},
        [".settings.max_update: unknown key 'max_update' (did you mean 'max_updates'?)"],
    ),
    "a value of finetune": (
        {"masks": "all", "settings": {"lr": "fast"}},
        [".settings.lr: a number is needed, not 'fast'"],
    ),
    "warm-up": (
        {"masks": "all", "settings": {"max_updates": 50}},
        [
            ".settings.warmup_updates: 100 is beyond systems.a.settings.max_updates (50), so that"
            " systems.a.settings.lr is never reached; lower it (a tenth: 5), or raise"
            " systems.a.settings.max_updates"
        ],
    ),
    "directions": (
        {"masks": "all", "directions": ["en-ed", "en-de"]},
        [".directions: 'en-ed' is not trained (did you mean 'en-de'?)"],
    ),
    "a direction twice": (
        {"masks": "all", "directions": ["en-de", "en-de"]},
        [".directions: 'en-de' is listed twice"],
    ),
    "no grouping": (
        {"adapters": {**LORA, "by": "family"}},
        [".adapters.by: groups has no 'family'"],
    ),
    "units that are no neurons": (
        {"masks": "stream", "train": "gradients", "momentum": "own"},
        [
            ".train: gradients needs masks of ffn or head; 'stream' has resid",
            ".momentum: own needs masks of ffn or head; 'stream' has resid",
        ],
    ),
    "heads without their weights": (
        {"masks": "heads", "train": "gradients", "parameters": "ffn"},
        [".train: gradients has nothing to leave out with parameters: ffn; 'heads' has head"],
    ),
    "neurons without their weights": (
        {"masks": "k95", "train": "gradients", "parameters": "heads"},
        [".train: gradients has nothing to leave out with parameters: heads; 'k95' has ffn"],
    ),
    "output weights of no heads": (
        {"masks": "k95", "train": "gradients", "head_weights": "qkvo"},
        [
            ".head_weights: qkvo needs parameters: heads, or train: gradients with masks of head; 'k95' has"
            " ffn"
        ],
    ),
    "heads that are estimated again": (
        {"masks": "heads", "train": "gradients", "renew": 5},
        [
            ".renew: 'heads' cannot be estimated again; take a set that one selector makes of activations,"
            " such as select: mass:95"
        ],
    ),
    "masks that cannot be estimated again": (
        {"masks": "chance-1", "renew": 5},
        [
            ".renew: 'chance-1' cannot be estimated again; take a set that one selector makes of activations,"
            " such as select: mass:95"
        ],
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_line(name):
    system, lines = MISTAKES[name]
    config = small(systems={"a": system}, masks={"sets": SETS, "k": [70, 95]})
    assert errors_of(config) == [f"systems.a{line}" for line in lines]


def test_names_and_families():
    config = small(
        systems={
            "random": {"masks": "chance"}, "random-2": {"masks": "all"},
            "b": {"adapters": {**LORA, "by": "family"}},
        },
        masks={"sets": SETS, "k": [70]}, groups={"family": {"west": ["de", "fr"], "east": []}},
    )  # fmt: skip
    assert errors_of(config) == [
        "systems.random-2: the draws of systems.random make a system of the same name",
        "systems.b.adapters.by: the family 'east' has no member; give it languages, or leave it out",
    ]


def test_what_needs_no_units_translates_from_a_language_that_is_only_a_target():
    """Units of untrained directions are asked for only where a system translates through masks."""
    trained = {"directions": {"train": ["de-en"], "evaluate_only": ["en-fr"]}}
    systems = {"a": {"masks": "k95", "train": "gradients"}, "b": {"adapters": LORA}}
    assert experiment(systems, **trained).evaluated_directions == ["de-en", "en-fr"]
    found = errors_of(small(systems={"ns": {"masks": "k95"}}, **trained))
    assert [line.split(", whose")[0] for line in found] == [
        "directions.evaluate_only: no trained direction is from en",
        "directions.evaluate_only: no trained direction is into fr",
    ]


def test_names_of_rules_have_one_sign_for_two():
    """Systems that are joined, taken or exported have rules of their own; others may be called so."""
    said = ["systems: 'a-b' and 'a_b' differ in - and _ alone; call one otherwise"]
    plain = {name: {"masks": "all"} for name in ("a-b", "a_b")}
    assert {*plain} < {*load_experiment(small(systems=plain)).all_systems}
    assert errors_of(small(systems=plain, export={"systems": ["a-b", "a_b"]})) == said
    assert errors_of(small(systems={name: {"each": "direction"} for name in plain})) == said
