"""What a trial leaves of a config: languages, text, sizes; and what it says of that."""

import gzip
import tracemalloc

import pytest

from tests.small_config import TASKS
from workflow_scripts.common.errors import UserError
from workflow_scripts.config.load import load_experiment
from workflow_scripts.workflow.trial.derive import derive, kept_languages, moved
from workflow_scripts.workflow.trial.languages import without
from workflow_scripts.workflow.trial.sizes import few_k
from workflow_scripts.workflow.trial.start import as_yaml, write_trial
from workflow_scripts.workflow.trial.text import lines_of

LANGUAGES = ["en", "de", "nl", "fr", "it", "es"]
FILES = {
    "experiment": "mine",
    "languages": LANGUAGES,
    "pivot": "en",
    "groups": {"family": {"germanic": ["de", "nl"], "romance": ["fr", "it", "es"]}},
    "data": {
        "source": {
            "type": "files",
            "train": "text/all.{lang}",
            "valid": "text/valid.{pair}.{lang}",
            "tests": {"news": {"path": "text/all.{lang}", "lines": {"start": 700, "stop": 900}}},
        }
    },
    "train": {"seeds": [4, 5], "max_updates": 9000, "sampling": "square_root"},
    "masks": {"k": [50, 70, 80, 95]},
    "analysis": {"mask_control_k": 80},
}
FILES["data"]["source"]["train"] = {"path": "text/all.{lang}", "lines": {"start": 0, "stop": 700}}


@pytest.fixture
def text(tmp_path):
    folder = tmp_path / "text"
    folder.mkdir()
    for language in LANGUAGES:
        (folder / f"all.{language}").write_bytes(gzip.compress(b"a b\n" * 900))
        for pair in (sorted(("en", language)) for language in LANGUAGES if language != "en"):
            (folder / f"valid.{'-'.join(pair)}.{language}").write_text("a\n" * 40)
            (folder / f"valid.{'-'.join(pair)}.en").write_text("a\n" * 40)
    return tmp_path


def test_a_trial_of_own_text_has_its_first_lines(text):
    trial = derive(FILES, text)
    assert trial.config["data"]["source"] == {
        "type": "files",
        "train": [{"path": "text/all.{lang}", "lines": {"start": 0, "stop": 600}}],
        "valid": [{"path": "text/valid.{pair}.{lang}", "lines": {"start": 0, "stop": 40}}],
        "tests": {"news": {"path": "text/all.{lang}", "lines": {"start": 700, "stop": 730}}},
    }
    assert trial.config["languages"] == ["en", "de", "nl", "fr"]
    assert trial.config["groups"] == {"family": {"germanic": ["de", "nl"], "romance": ["fr"]}}
    assert trial.config["masks"] == {"k": [50, 80], "accept_uninformative": True}
    assert trial.config["analysis"] == {"mask_control_k": 80, "mask_control_sentences": 20}
    assert trial.config["train"]["seeds"] == [4]
    assert trial.cuts == [
        "languages: en, de, nl, fr (of 6)",
        "sentences of a pair: the first 600 of train, 60 of valid, 30 of test",
        "model: preset tiny, 2000 subwords",
        "updates of the baseline: 150 (in place of 9,000)",
        "updates of other systems: 20",
        "seeds: 4 (of 2)",
        "k: 50, 80 (of 4)",
        "analyses: 20 sentences of each direction",
    ]


def test_text_that_is_not_here_is_invented_and_that_is_said(text):
    (text / "text/valid.de-en.de").unlink()
    trial = derive({**FILES, "evaluation": {"testsets": ["news"]}}, text)
    assert trial.config["data"]["source"] == {
        "type": "toy",
        "families": {"germanic": ["de", "nl"], "romance": ["fr"]},
        "tiers": {
            "high": {"size": 600, "languages": ["de", "fr"]},
            "low": {"size": 300, "languages": ["nl"]},
        },
        "concepts": 60,
        "valid_size": 60,
        "test_size": 30,
    }
    assert "evaluation" not in trial.config or "testsets" not in trial.config["evaluation"]
    assert trial.cuts[1] == (
        "text: INVENTED sentences in place of the experiment's (text/valid.de-en.de is not here);"
        " 600 of train, 60 of valid, 30 of test"
    )


def test_invented_text_is_called_test_wherever_a_test_set_is_named(tmp_path):
    """Also one that is not decoded, and only read by a mask set or an analysis."""
    source = FILES["data"]["source"]
    own = {"type": "files", "train": source["train"], "valid": source["valid"]}
    tests = {name: {"path": f"text/{name}.{{lang}}"} for name in ("news", "talks")}
    config = derive(
        {
            **FILES,
            "data": {"source": own | {"tests": tests}},
            "evaluation": {"testsets": ["news"]},
            "masks": {"k": [50], "sets": {"talked": {"text": "talks", "select": "top:10%"}}},
            "analysis": {"correlation": {"subset": "talks"}},
        },
        tmp_path,
    ).config
    assert config["masks"]["sets"]["talked"]["text"] == "test"
    assert config["analysis"]["correlation"]["subset"] == "test"


def test_invented_text_needs_a_language_of_every_direction(tmp_path):
    """Also where the config has a pivot: the pairs of other languages would have no text."""
    every = {**FILES, "directions": {"train": "all"}}
    with pytest.raises(UserError) as error:
        derive(every, tmp_path)
    assert str(error.value) == (
        "no smaller form of mine is a right config: text/all.en is not here,"
        " and invented text needs a language that every direction has"
    )


@pytest.mark.parametrize(("warm_up", "expected"), [(None, None), (5, 5), (100, 7)])
def test_the_warm_up_of_tasks_ends_within_the_trial(warm_up, expected, tmp_path):
    given = {"max_updates": 1000} if warm_up is None else {"max_updates": 1000, "warmup_updates": warm_up}
    config = {**TASKS, "tasks": {**TASKS["tasks"], "training": given}}
    training = derive(config, tmp_path).config["tasks"]["training"]
    assert (training["max_updates"], training["check_every"]) == (30, 15)
    assert training.get("warmup_updates") == expected


def test_systems_of_another_experiment_are_trained_here(text):
    uses = {"uses": {"experiment": "first", "systems": ["baseline", "continued"]}}
    trial = derive({**FILES, **uses, "systems": {"continued": {"masks": "all"}}}, text)
    assert "uses" not in trial.config and trial.config["finetune"]["max_updates"] == 20
    assert "systems of first: trained here, at the size of a trial" in trial.cuts


def test_a_language_is_left_out_wherever_it_is_named():
    config = {
        "languages": ["en", "de", "fr", "it"],
        "directions": {"train": ["en-de", "fr-en"], "evaluate_only": ["de-it"]},
        "attach": {"tags": {"en": "a", "it": "b"}},
        "groups": {"tier": {"high": ["de"], "low": ["it"]}},
        "masks": {"sets": {"x": {"pairs": {"en-de": "en-it", "en-it": "en-fr", "en-fr": "en-de"}, "k": 5}}},
    }
    assert without(config, ["it"]) == {
        "languages": ["en", "de", "fr", "it"],
        "directions": {"train": ["en-de", "fr-en"]},
        "attach": {"tags": {"en": "a"}},
        "groups": {"tier": {"high": ["de"]}},
        "masks": {"sets": {"x": {"pairs": {"en-de": "en-fr", "en-fr": "en-de"}, "k": 5}}},
    }


def test_languages_are_two_of_each_family_in_turn():
    experiment = load_experiment(FILES)
    assert kept_languages(experiment, 4) == ["en", "de", "nl", "fr"]
    assert kept_languages(experiment, 5) == ["en", "de", "nl", "fr", "it"]
    assert kept_languages(experiment, 6) == LANGUAGES


@pytest.mark.parametrize(
    ("named", "kept"),
    [
        ({}, [50, 70]),
        ({"systems": {"ns": {"masks": "k95"}}}, [50, 95]),
        ({"analysis": {"overlap_k": 80, "criteria": {"k": 95}}}, [80, 95]),
        ({"masks": {"k": [50, 70, 80, 95], "sets": {"r": {"like": "k80"}}}}, [50, 80]),
        ({"masks": {"k": [5, 50, 95]}}, [5, 50]),
    ],
)
def test_thresholds_that_are_named_stay(named, kept):
    assert few_k({"masks": {"k": [50, 70, 80, 95]}, **named}) == kept


def test_a_wrong_config_is_refused_as_by_a_run(tmp_path):
    with pytest.raises(UserError, match="pivot: 'xx' is not in languages"):
        derive({**FILES, "pivot": "xx"}, tmp_path)


def test_the_config_is_written_beside_the_results_with_what_was_cut(text):
    import yaml

    (text / "c.yaml").write_text(yaml.safe_dump(FILES))
    options = ["--configfile", str(text / "c.yaml"), "--cores", "2", "--directory", str(text)]
    after, trial = write_trial(options)
    place = text / "results/TRY-mine.yaml"
    assert after == ["--configfile", str(place), *options[2:]]
    written = place.read_text()
    assert written == as_yaml(trial, str(text / "c.yaml")) and yaml.safe_load(written) == trial.config
    assert "Its numbers mean nothing" in written and "#   seeds: 4 (of 2)\n" in written


def of_toy(languages, **more):
    return {
        "experiment": "mine",
        "languages": languages,
        "pivot": "en",
        "data": {
            "source": {
                "type": "toy",
                "families": {"one": languages[1:3], "two": languages[3:]},
                "tiers": {"high": {"size": 900, "languages": languages[1:]}},
            }
        },
        **more,
    }


@pytest.mark.parametrize("key", ["uses", "attach", "export"])
def test_a_section_without_a_word_is_none(key, tmp_path):
    """With `attach:` and nothing else the baseline is trained here, so that it is cut short."""
    languages = ["en", "de", "fr", "it", "nl"]
    assert derive(of_toy(languages, **{key: None}), tmp_path) == derive(of_toy(languages), tmp_path)


def test_a_name_that_begins_as_a_language_does_is_no_direction(tmp_path):
    """Norwegian is `no`: what is left out of a trial without it is a direction, not `no-masks`."""
    systems = {"no-masks": {"masks": "all"}, "no-en": {"masks": "k95"}, "ns": {"masks": "k95"}}
    trial = derive(of_toy(["en", "de", "fr", "it", "no"], systems=systems), tmp_path)
    assert trial.config["languages"] == ["en", "de", "fr", "it"]
    assert list(trial.config["systems"]) == ["no-masks", "ns"]
    assert "systems of these languages alone, left out: no-en" in trial.cuts


def test_directions_of_codes_with_a_hyphen_are_left_out():
    config = {
        "languages": ["en", "de", "pt-BR"],
        "directions": {"train": ["pt-BR-en", "en-pt-BR", "en-pt_BR", "de-en"]},
        "attach": {"tags": {"pt-BR": "pt", "de": "de"}},
    }
    assert without(config, ["pt-BR", "pt_BR"]) == {
        "languages": ["en", "de", "pt-BR"],
        "directions": {"train": ["de-en"]},
        "attach": {"tags": {"de": "de"}},
    }


def test_text_of_other_results_stays_where_it_is(tmp_path):
    """Only what begins with the experiment's own folder of results is read in the trial's."""
    folder = tmp_path / "old_results/mine"
    folder.mkdir(parents=True)
    for language in LANGUAGES:
        for part in ("t", "v"):
            (folder / f"{part}.{language}").write_text("a\n" * 90)
    source = {"type": "files", "train": "old_results/mine/t.{lang}", "valid": "old_results/mine/v.{lang}"}
    source["tests"] = {"news": f"{folder}/v.{{lang}}"}
    named = {"text": "results/mine/x.txt", "other": [f"{tmp_path}/results/mine/y.txt", "my/results/mine/z"]}
    found = derive({**FILES, "data": {"source": source}}, tmp_path).config["data"]["source"]
    assert found["train"] == [{"path": "old_results/mine/t.{lang}", "lines": {"start": 0, "stop": 90}}]
    assert found["tests"]["news"]["path"] == f"{folder}/v.{{lang}}"
    places = ("results/mine/", f"{tmp_path}/results/mine/")
    assert moved(named, places, "TRY-mine") == {
        "text": "results/TRY-mine/x.txt",
        "other": [f"{tmp_path}/results/TRY-mine/y.txt", "my/results/mine/z"],
    }


def test_a_packed_text_that_is_cut_off_is_one_line(text):
    file = text / "text/all.de"
    file.write_bytes(file.read_bytes()[:-4])
    with pytest.raises(UserError, match=r"text/all\.de: damaged or cut off$"):
        derive(FILES, text)


@pytest.mark.parametrize(
    ("content", "most", "found"),
    [(b"", 5, 0), (b"a", 5, 1), (b"a\nb", 5, 2), (b"a\nb\n", 5, 2), (b"\n" * 9, 5, 5), (b"a" * 70_000, 5, 1)],
)
def test_lines_are_counted_as_they_are_read(content, most, found, tmp_path):
    (tmp_path / "t").write_bytes(content)
    assert lines_of(tmp_path / "t", most) == found


def test_a_line_that_fills_the_memory_is_counted_in_blocks(tmp_path):
    (tmp_path / "t").write_bytes(gzip.compress(bytes(50_000_000)))
    tracemalloc.start()
    try:
        assert lines_of(tmp_path / "t", 600) == 1
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()
