"""Config: what follows from it, and what a user is told about a mistake."""

import copy
from pathlib import Path

import pytest

from workflow_scripts.common.errors import UserError
from workflow_scripts.config import reference
from workflow_scripts.config.base import normalise_percent
from workflow_scripts.config.load import load_experiment, read_yaml
from workflow_scripts.config.notes import notes
from workflow_scripts.config.tasks.experiment import TaskExperiment
from workflow_scripts.config.training import PRESETS, Model, Settings

ROOT = Path(__file__).resolve().parents[3]
CONFIGS = [ROOT / "config" / "config.yaml", *sorted((ROOT / "config" / "experiments").glob("*.yaml"))]
DEMO = ROOT / "config" / "config.yaml"


def small(**changes):
    """A config with three languages, and files of its own."""
    config = {
        "experiment": "x", "languages": ["en", "de", "fr"], "pivot": "en",
        "data": {
            "source": {
                "type": "files", "train": "t.{lang}", "valid": "v.{lang}",
                "tests": {"one": "one.{lang}", "two": "two.{lang}.gz"},
            },
        },
    }  # fmt: skip
    return {**copy.deepcopy(config), **changes}


def errors_of(config):
    with pytest.raises(UserError) as caught:
        load_experiment(config)
    return str(caught.value).split("\n")


@pytest.mark.parametrize("path", CONFIGS, ids=lambda p: p.stem)
def test_every_shipped_config_is_valid(path):
    found = load_experiment(read_yaml(path), [path])
    assert found.train_directions or (isinstance(found, TaskExperiment) and found.tasks.tables)


def test_pivot_directions_go_out_first_and_share_pairs():
    experiment = load_experiment(small())
    assert experiment.train_directions == ["en-de", "en-fr", "de-en", "fr-en"]
    assert experiment.train_pairs == ["de-en", "en-fr"]
    assert experiment.testsets == ["one", "two"]


def test_hypotheses_are_ranked_as_published_ones_were_where_those_are_compared_with():
    told = {"file": "p.csv", "systems": {"baseline": "theirs"}, "testset": "one", "references": "raw"}
    published = {"published": told}
    for report, decode, ranking in [
        ({}, {}, "native"),
        ({}, {"ranking": "fairseq"}, "fairseq"),
        (published, {}, "fairseq"),
        (published, {"ranking": "native"}, "native"),
        # fairseq's engine knows no other ranking, and this param of its finished jobs stays.
        (published, {"engine": "fairseq"}, "native"),
    ]:
        experiment = load_experiment(small(report=report, decode=decode))
        assert experiment.decoding.model_dump() == {**experiment.decode.model_dump(), "ranking": ranking}


def test_all_directions_and_a_list():
    every = load_experiment(small(directions={"train": "all"}))
    assert every.train_directions == ["en-de", "en-fr", "de-en", "de-fr", "fr-en", "fr-de"]
    directions = {"train": ["de-fr", "en-de"], "evaluate_only": ["en-fr"]}
    listed = load_experiment(small(directions=directions))
    assert listed.train_pairs == ["de-fr", "de-en"]
    assert listed.evaluated_directions == ["de-fr", "en-de", "en-fr"]
    assert listed.pairs == ["de-fr", "de-en", "en-fr"]


def test_directions_that_are_only_evaluated():
    every = load_experiment(small(directions={"evaluate_only": "all"}))
    assert every.untrained_directions == ["de-fr", "fr-de"]
    # Validation text is read of what is trained, and of the others where it is decoded.
    assert [every.pairs_of(subset) for subset in ("train", "valid", "one")] == [
        ["de-en", "en-fr"],
        ["de-en", "en-fr"],
        ["de-en", "en-fr", "de-fr"],
    ]
    decoded = load_experiment(
        small(directions={"evaluate_only": "all"}, evaluation={"testsets": ["one", "valid"]})
    )
    assert decoded.pairs_of("valid") == ["de-en", "en-fr", "de-fr"]
    # Of the pivot and thirty languages, 31 × 30 - 60.
    languages = [f"{one}{two}" for one in "abcdef" for two in "acegi"]
    large = load_experiment(
        small(languages=["en", *languages], directions={"evaluate_only": "all"}, groups={})
    )
    assert len(set(large.untrained_directions)) == 870


def test_mistakes_of_directions_that_are_only_evaluated():
    directions = {"train": ["de-fr", "en-fr"], "evaluate_only": ["fr-de", "fr-en", "en-de", "de-en"]}
    config = small(directions=directions)
    beyond = "would keep; leave it out, or train one"
    assert errors_of(config) == [
        f"directions.evaluate_only: no trained direction is from fr, whose encoder units fr-de {beyond}",
        f"directions.evaluate_only: no trained direction is into de, whose decoder units fr-de {beyond}",
        f"directions.evaluate_only: no trained direction is into en, whose decoder units fr-en {beyond}",
    ]
    # Without masks any direction is decoded.
    assert load_experiment({**config, "systems": {}}).untrained_directions == directions["evaluate_only"]
    assert errors_of(small(directions={"train": "all", "evaluate_only": "all"})) == [
        "directions.evaluate_only: every direction is trained already; leave it out"
    ]


def test_directions_from_or_into_one_language_are_counted_by_one_job_of_at_most_eight():
    few = load_experiment(small())
    assert few.counted_together == {"en": ["en-de", "en-fr"], "into_en": ["de-en", "fr-en"]}
    assert few.counted_alone == []
    # Two of them from German: what is left into English is one direction, which no other joins.
    more = load_experiment(small(directions={"train": ["en-de", "en-fr", "de-en", "fr-en", "de-fr"]}))
    assert more.counted_together == {"en": ["en-de", "en-fr"], "de": ["de-en", "de-fr"]}
    assert more.counted_alone == ["fr-en"]
    letters = [f"x{chr(ord('a') + number)}" for number in range(18)]
    directions = {"train": [f"en-{x}" for x in letters]}
    many = load_experiment(small(languages=["en", *letters], directions=directions, groups={}))
    # 18 directions: two jobs of eight, and one of two
    assert many.counted_together == {
        "en_1": directions["train"][:8],
        "en_2": directions["train"][8:16],
        "en_3": directions["train"][16:],
    }
    assert many.counted_alone == []
    into = [f"{x}-en" for x in letters[:9]]
    nine = load_experiment(small(languages=["en", *letters[:9]], directions={"train": into}, groups={}))
    assert nine.counted_together == {"into_en_1": into[:8], "into_en_2": into[8:]}


def test_counts_with_pads_are_made_one_by_one():
    experiment = load_experiment(small(activations={"count_pads": True}))
    assert experiment.counted_together == {}
    assert experiment.counted_alone == experiment.evaluated_directions


def test_systems_spread_over_the_sweep():
    experiment = load_experiment(small(masks={"k": [70, 97.5, "95.00"]}))
    assert list(experiment.mask_sets) == ["k70", "k97.5", "k95", "all"]
    assert experiment.finetuned == {"continued": "all", "ns-k70": "k70", "ns-k97.5": "k97.5", "ns-k95": "k95"}
    for name in ("ns-k97.5", "baseline"):
        assert experiment.trained_by(name) == experiment.train_directions
    assert experiment.trained_by("ns-k97.5.en-de") == ["en-de"]
    assert experiment.method_of("ns-k97.5") == experiment.method_of("ns-k70")
    assert experiment.all_systems[0] == "baseline"


@pytest.mark.parametrize(
    ("value", "text"),
    [(95, "95"), (95.0, "95"), ("95.00", "95"), (97.5, "97.5"), ("1e2", "100"), (0.5, "0.5"), (100, "100")],
)
def test_percent_has_one_spelling(value, text):
    assert normalise_percent(value) == text


@pytest.mark.parametrize("value", [0, 101, -1, "ninety", True, float("nan"), float("inf"), None])
def test_percent_refuses(value):
    with pytest.raises(ValueError):
        normalise_percent(value)


def test_big_preset_is_the_papers_and_can_be_overridden():
    big = Model.model_validate({"preset": "big", "heads": 8})
    assert (big.encoder_layers, big.model_dim, big.ffn_dim, big.heads) == (6, 1024, 4096, 8)
    assert (big.pre_norm, big.attention_dropout) == (True, 0.1)
    assert Model.model_validate({"preset": "iwslt"}).pre_norm is False
    assert set(PRESETS) == {"tiny", "small", "iwslt", "big"}


def test_architecture_has_no_preset_key():
    assert "preset" not in Model.model_validate({"preset": "tiny"}).architecture()


def test_files_of_a_direction():
    source = {
        "type": "files",
        "train": "t/{source}-{target}.{lang}",
        "valid": "v.{pair}.{lang}",
        "tests": {"one": "x.{lang}"},
    }
    patterns = load_experiment(small(data={"source": source})).data.source.patterns("")
    assert patterns["train"].files("en-de") == {"en": "t/en-de.en", "de": "t/en-de.de"}
    assert patterns["valid"].files("en-de") == {"en": "v.de-en.en", "de": "v.de-en.de"}


def test_settings_reach_the_trainer_by_their_own_names():
    assert {"lr", "warmup_updates", "temperature", "virtual_epoch_size", "patience"} <= set(
        Settings.model_fields
    )
    assert "seeds" not in load_experiment(small()).train.settings()
    assert load_experiment(small()).finetune.settings()["sampler"] == "by_direction"


def test_sampling_takes_the_place_of_temperature():
    """Only where it is given is it among a training's settings; a system may say the other of the two."""
    finetune = {"temperature": 5, "max_updates": 200}
    systems = {
        "continued": {"masks": "all"},
        "annealed": {"masks": "all", "settings": {"sampling": "annealed:4"}},
    }
    found = load_experiment(small(finetune=finetune, systems=systems))
    settings = {name: found.training_of(name).settings() for name in systems}
    assert "sampling" not in settings["continued"] and settings["continued"]["temperature"] == 5
    assert (settings["annealed"]["sampling"], settings["annealed"]["temperature"]) == ("annealed:4", 1)
    systems = {"hot": {"masks": "all", "settings": {"temperature": 5}}}
    found = load_experiment(small(finetune={"sampling": "square_root", "max_updates": 200}, systems=systems))
    assert (found.training_of("hot").temperature, found.training_of("hot").sampling) == (5, None)
    assert errors_of(small(train={"sampling": "anneal:4"})) == [
        "train.sampling: 'anneal:4' is not proportional, square_root or annealed:10 (epochs) (did you mean"
        " 'annealed'?)"
    ]
    assert errors_of(small(train={"sampling": "square_root", "temperature": 5})) == [
        "train: sampling: temperature 5 says it otherwise; leave one of them out"
    ]


def test_reference_and_schema_are_up_to_date():
    assert (ROOT / "config" / "README.md").read_text() == reference.reference()
    assert (ROOT / "config" / "schema.json").read_text() == reference.schema()


def test_reference_names_every_top_level_key():
    from workflow_scripts.config.experiment import Experiment

    text = reference.reference()
    assert all(f"| `{key}` |" in text for key in Experiment.model_fields)


def test_the_control_is_the_system_that_keeps_every_unit():
    assert load_experiment(small()).control == "continued"
    renamed = small(systems={"ns": {"masks": "sweep"}, "more": {"masks": "all"}})
    assert load_experiment(renamed).control == "more"
    assert load_experiment(small(systems={"ns": {"masks": "sweep"}})).control is None


def test_files_of_the_users_may_be_of_any_language():
    folder = {"source": {"type": "ntrex", "folder": "mine"}}
    assert load_experiment(small(data=folder, languages=["en", "qx"])).pairs == ["en-qx"]
    assert load_experiment(small(languages=["en", "qx"])).pairs == ["en-qx"]


def mtdata(**subsets):
    both = {"de-en": ["a-b-1-deu-eng"], "en-fr": ["a-b-1-eng-fra"]}
    return {"source": {"type": "mtdata", "train": both, "valid": both, "tests": {"news": both}, **subsets}}


def test_mtdata_needs_a_dataset_for_every_pair():
    assert load_experiment(small(data=mtdata())).pairs == ["de-en", "en-fr"]


def test_codes_with_script_and_region_in_either_spelling():
    said = []
    config = small(
        languages=["en", "pt-BR", "zh_Hans", "es-419"],
        groups={"family": {"romance": ["pt-BR", "es_419"]}},
        directions={"train": ["en-pt-BR", "pt_BR_en", "zh-hans-en"], "evaluate_only": ["es-419-en"]},
        systems={},
        evaluation={"tokenizers": {"zh-Hans": "zh"}},
    )
    experiment = load_experiment(config, tell=said.append)
    assert experiment.languages == ["en", "pt_BR", "zh_Hans", "es_419"]
    assert experiment.evaluated_directions == ["en-pt_BR", "pt_BR-en", "zh_Hans-en", "es_419-en"]
    assert experiment.pairs == ["en-pt_BR", "en-zh_Hans", "en-es_419"]
    assert experiment.groups == {"family": {"romance": ["pt_BR", "es_419"]}}
    assert experiment.evaluation.tokenizers == {"zh_Hans": "zh"}
    assert said == [
        "note: in ids and names of files the config's pt-BR is pt_BR, es-419 is es_419, en-pt-BR is en-pt_BR,"
        " pt_BR_en is pt_BR-en, zh-hans-en is zh_Hans-en, es-419-en is es_419-en, zh-Hans is zh_Hans"
    ]
    load_experiment(small(languages=["en", "pt_BR", "de", "fr"]), tell=said.append)
    assert len(said) == 1


def test_mtdata_takes_a_pair_in_either_spelling():
    both = {"en-pt-BR": ["a-b-1-eng-por"]}
    source = mtdata(train=both, valid=both, tests={"news": both})
    experiment = load_experiment(small(data=source, languages=["en", "pt-BR"]))
    assert experiment.data.source.datasets()["train"] == {"en-pt_BR": ["a-b-1-eng-por"]}


def test_files_are_found_under_every_spelling_of_a_language():
    config = small(data={"source": {"type": "files", "train": "{pair}/{lang}", "valid": "v", "tests": {}}})
    config["data"]["source"] |= {"valid": "v.{source}2{target}.{lang}", "tests": {"one": "o.{lang}"}}
    patterns = load_experiment(config).data.source.patterns("")
    assert patterns["train"].spelt("en-pt_BR") == [
        {"en": "en-pt_BR/en", "pt_BR": "en-pt_BR/pt_BR"},
        {"en": "en-pt-BR/en", "pt_BR": "en-pt-BR/pt-BR"},
        {"en": "en-pt_br/en", "pt_BR": "en-pt_br/pt_br"},
        {"en": "en-pt-br/en", "pt_BR": "en-pt-br/pt-br"},
    ]
    assert patterns["valid"].spelt("pt_BR-en")[1] == {"pt_BR": "v.pt-BR2en.pt-BR", "en": "v.pt-BR2en.en"}
    assert patterns["train"].spelt("de-en") == [patterns["train"].files("de-en")]


def several(**changes):
    """A config of two sources, and of a test set without French."""
    source = {
        "type": "files",
        "train": [{"path": "a.{lang}", "weight": 2}, {"path": "b.{lang}", "languages": ["en", "de"]}],
        "valid": [{"path": "v.{lang}", "pairs": ["en-de"]}, {"path": "w.{lang}", "languages": ["en", "fr"]}],
        "tests": {"one": "one.{lang}", "two": {"path": "two.{lang}", "languages": ["de", "en"]}},
    }
    return small(data={"source": {**source, **changes}})


def test_sources_and_test_sets_of_some_pairs():
    experiment = load_experiment(several())
    assert experiment.source_weights == {"de-en": [2.0, 1.0], "en-fr": [2.0]}
    paths = {
        (subset, pair): [part.path for part in experiment.sources_of(subset, pair)]
        for subset in ("train", "valid")
        for pair in ("de-en", "en-fr")
    }
    assert paths == {
        ("train", "de-en"): ["a.{lang}", "b.{lang}"],
        ("train", "en-fr"): ["a.{lang}"],
        ("valid", "de-en"): ["v.{lang}"],
        ("valid", "en-fr"): ["w.{lang}"],
    }
    assert experiment.directions_of("two") == ["en-de", "de-en"]
    assert experiment.directions_of("one") == experiment.scored_directions == experiment.train_directions
    assert experiment.partial_testsets == {"two": ["en-de", "de-en"]}
    assert (experiment.pairs_of("two"), experiment.pairs_of("valid")) == (["de-en"], ["de-en", "en-fr"])
    assert experiment.control_text == ("one", experiment.train_directions)


def test_test_sets_need_not_have_every_trained_direction_together():
    tests = {
        "one": {"path": "one.{lang}", "directions": ["de-en"]},
        "two": {"path": "o.{lang}", "languages": ["de", "en"]},
    }
    experiment = load_experiment(several(tests=tests))
    assert experiment.scored_directions == ["en-de", "de-en"]
    assert experiment.partial_testsets == {"one": ["de-en"]}
    assert experiment.control_text == ("two", ["en-de", "de-en"])


@pytest.mark.parametrize("weights", [(1, 1), (0.5, 0.5), (3, 3.0)])
def test_equal_weights_are_none(weights):
    train = [{"path": f"{number}.{{lang}}", "weight": weight} for number, weight in enumerate(weights)]
    assert load_experiment(several(train=train)).source_weights == {}
    assert load_experiment(several(train=train[0])).source_weights == {}


@pytest.mark.parametrize("code", ["ku", "sr_Latn", "tok"])
def test_mtdata_knows_two_letters_of_iso_and_any_three(code):
    one = {"-".join(sorted(("en", code))): ["x"]}
    source = mtdata(train=one, valid=one, tests={"news": one})
    load_experiment(small(data=source, languages=["en", code]))


@pytest.mark.parametrize(
    ("train", "valid", "overlap"),
    [((0, 10), (10, 20), False), ((0, 11), (10, 20), True), ((12, 15), (10, 20), True), (None, (0, 5), True)],
)
def test_held_out_lines_are_not_trained_on(train, valid, overlap):
    config = small()
    source = config["data"]["source"]
    source["train"] = {"path": "all.{lang}"}
    if train:
        source["train"]["lines"] = {"start": train[0], "stop": train[1]}
    source["valid"] = {"path": "all.{lang}", "lines": {"start": valid[0], "stop": valid[1]}}
    if overlap:
        assert errors_of(config) == ["data.source: train and valid are lines of the same files, and overlap"]
    else:
        load_experiment(config)


def test_an_old_name_of_a_metric_is_the_new_one_and_is_said_once():
    """What follows from a config, params among it, is the same by either name."""
    old = small(evaluation={"metrics": ["bleu", "chrf"]}, report={"sweep_metric": "chrf"})
    new = small(evaluation={"metrics": ["bleu", "chrf++"]}, report={"sweep_metric": "chrf++"})
    both = [load_experiment(config) for config in (old, new)]
    assert both[0] == both[1]
    assert (
        [one.evaluation.metrics for one in both]
        == [["bleu", "chrf"]] * 2
        == [load_experiment(small()).evaluation.metrics] * 2
    )
    assert both[1].report.sweep_metric == "chrf"
    assert notes(new) == notes(small()) == []
    (line,) = notes(old)
    assert line.startswith("evaluation.metrics: chrf is the old name of chrf++ (chrF2++)")
    assert load_experiment(small(evaluation={"metrics": ["chrf2", "ter"]})).all_metrics == ["chrf2", "ter"]


def test_empty_references_are_of_test_sets_alone():
    def done(references, lines="error"):
        config = small(evaluation={"empty_references": references})
        config["data"]["empty_lines"] = lines
        return [load_experiment(config).empty_lines(subset) for subset in ("train", "valid", "test")]

    assert done("error") == ["error"] * 3
    assert done("error", "drop") == ["drop"] * 3
    assert done("count") == ["error", "error", "keep"]
    assert done("drop") == ["error", "error", "drop"]
    assert done("count", "drop") == ["drop", "drop", "keep"]


def test_a_mirror_is_a_url():
    source = {"type": "multi30k", "home": "https://mirror.example.org/a b?c='d'&e"}
    assert load_experiment(small(data={"source": source})).data.source.home == source["home"]


@pytest.mark.parametrize(
    ("k", "said"),
    [
        ([0.95], ["masks.k: 0.95 is 0.95 percent; if a share is meant, write 95"]),
        (["0.7", 90], ["masks.k: 0.7 is 0.7 percent; if a share is meant, write 70"]),
        ([70, 0.975, 0.5], ["masks.k: 0.975 is 0.975 percent; if a share is meant, write 97.5"]),
        ([1, 70, 97.5, 100], []),
    ],
)
def test_a_share_of_one_as_k_is_told(k, said):
    assert notes(small(masks={"k": k})) == said
