"""``import neuronspec`` on a model's folder: the page for notebooks, and what each of its lines gives."""

from __future__ import annotations

import re
import sys
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.unit.models.huggingface.folders import TAGS, model_folder, sentences
from workflow_scripts import api
from workflow_scripts.activations.count_activations import count_direction
from workflow_scripts.common.files import sha256_of
from workflow_scripts.models.attached import open_folder
from workflow_scripts.models.huggingface.batches import TextTask
from workflow_scripts.models.huggingface.system import make_system
from workflow_scripts.models.port import load as load_port
from workflow_scripts.translate.decoding_options import DecodingOptions
from workflow_scripts.translate.pipeline import Progress
from workflow_scripts.translate.session import Session

PAGE = Path(__file__).resolve().parents[4] / "docs/how-to/notebook.md"
LANGUAGES = {"en": 1, "de": 5, "fr": 6}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a model, ``nllb``, and texts of three languages."""
    place = tmp_path_factory.mktemp("notebook")
    model_folder("nllb", place / "nllb", encoder_ffn_dim=128, decoder_ffn_dim=112)
    for language, seed in LANGUAGES.items():
        (place / f"{language}.txt").write_text("\n".join(sentences(20, seed)) + "\n")
    return place


@pytest.fixture(scope="module")
def model(place):
    return api.attach(place / "nllb", tags=TAGS["nllb"], device="cpu")


@pytest.fixture(scope="module")
def texts(place):
    return {"en-de": (place / "en.txt", place / "de.txt"), "fr-en": (place / "fr.txt", place / "en.txt")}


@pytest.fixture(scope="module")
def counts(model, texts):
    return model.counts(texts)


def task_of(port, direction, sources, targets):
    ids = port.text.source_ids(direction, sources), port.text.target_ids(direction, targets)
    return TextTask(direction, *ids, tagged=True)


def test_the_page_runs(place, monkeypatch, capsys):
    """Its blocks, from top to bottom; and the first is of ten lines at most."""
    monkeypatch.chdir(place)
    monkeypatch.setitem(sys.modules, "neuronspec", api)
    first, *more = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    assert len([line for line in first.splitlines() if line]) <= 10 and len(more) == 1
    names: dict[str, object] = {}
    exec(first + more[0], names)
    lines = capsys.readouterr().out.splitlines()
    plain, masked, by_chance, of_another = (float(line.split()[0]) for line in lines)
    model = names["model"]
    assert plain == model.loss("en-de", "en.txt", "de.txt") > 0
    assert len({plain, masked, by_chance, of_another}) == 4
    (told,) = model.translate("en-de", ["The house is small."])
    assert lines[0] == f"{plain} {[told]}"
    kept = api.MaskTable.read("own.npz")
    assert np.array_equal(kept.keep, names["own"].keep)
    with model.intervene(api.without(kept), gate="zero"):
        assert model.loss("en-de", "en.txt", "de.txt") == masked


def test_counts_are_those_of_the_stage_and_lines_those_of_files(model, texts, counts, place):
    port, _ = open_folder(place / "nllb", TAGS["nllb"], {}, "cpu")
    assert (counts.rows, counts.space) == (("en-de", "fr-en"), model.units())
    for row, given in texts.items():
        lines = [path.read_text().splitlines() for path in given]
        task = task_of(port, row, *lines)
        found, tally = count_direction(port, task)
        assert np.array_equal(counts.row(row), found.numpy()) and counts.row(row).sum() > 0
        positions = {"encoder": tally.source_positions, "decoder": tally.target_positions}
        assert counts.metadata["positions"][row] == positions
        again = model.counts({row: lines})
        assert np.array_equal(again.row(row), counts.row(row))
        assert again.metadata["data_sha256"][row] == counts.metadata["data_sha256"][row]
    assert counts.metadata["weights_sha256"] == sha256_of(place / "nllb/model.safetensors")
    assert counts.metadata["counting"] == "pads excluded"


def test_losses_are_likelihoods_per_token(model, texts, place):
    port, _ = open_folder(place / "nllb", TAGS["nllb"], {}, "cpu")
    lines = [path.read_text().splitlines() for path in texts["en-de"]]
    sums = model.log_likelihoods("en-de", *texts["en-de"])
    assert sums.shape == (20,)
    tokens = 0
    for number in (0, 19):
        task = task_of(port, "en-de", *([side[number]] for side in lines))
        (batch,) = port.batches(task, 99)
        with torch.inference_mode():
            nll, counted = port.loss(batch)
        assert sums[number] == pytest.approx(-nll.item(), rel=1e-5)
        tokens += int(counted)
        assert int(counted) == int(batch.labelled.sum()) - 1  # without the tag
    ends = [[side[0], side[19]] for side in lines]
    assert model.loss("en-de", *ends) == pytest.approx(-(sums[0] + sums[19]) / tokens, rel=1e-5)


def test_sentences_that_are_too_long_have_no_likelihood(model):
    long = " ".join(["ba"] * 100)
    found = model.log_likelihoods("en-de", ["ba", long], ["ba", "ba"])
    assert np.isfinite(found).tolist() == [True, False]
    assert model.loss("en-de", ["ba", long], ["ba", "ba"]) == pytest.approx(
        model.loss("en-de", ["ba"], ["ba"])
    )


def test_an_intervention_has_the_row_of_each_direction_and_ends(model, texts):
    space = model.units()
    keep = np.random.default_rng(1).random((2, space.size)) < 0.5
    masks = api.MaskTable(["en-de", "fr-en"], keep, space, {})
    losses = {row: model.loss(row, *given) for row, given in texts.items()}
    found = {}
    with model.intervene(masks):
        for row, given in texts.items():
            found[row] = model.loss(row, *given)
        assert model.counts(texts).metadata["counting"] == "pads excluded, under masks"
    for row in texts:
        with model.intervene(masks, row=row):
            assert model.loss(row, *texts[row]) == found[row] != losses[row]
    with model.intervene(masks, row="fr-en"):
        assert model.loss("en-de", *texts["en-de"]) not in (found["en-de"], losses["en-de"])
    with pytest.raises(RuntimeError, match="stop"), model.intervene(masks):
        raise RuntimeError("stop")
    assert {row: model.loss(row, *given) for row, given in texts.items()} == losses


def test_a_gate_says_what_becomes_of_units(model, texts):
    """Biases are drawn, so that a constant and nothing are two things; half of each is neither."""
    keep = np.random.default_rng(1).random((1, model.units().size)) < 0.5
    masks = api.MaskTable(["en-de"], keep, model.units(), {})
    found = set()
    for gate in (None, "zero", "scale:0.5"):
        with model.intervene(masks, gate=gate):
            found.add(model.loss("en-de", *texts["en-de"]))
    assert len(found) == 3


def test_translations_are_those_of_the_command_line_and_masks_change_them(place, texts, model, tmp_path):
    given = {"system": "s", "languages": list(LANGUAGES), "directions": list(texts), "tags": TAGS["nllb"]}
    system = make_system(place / "nllb", tmp_path / "s", **given)
    lines = [*sentences(4, seed=8), "", "  "]
    options = DecodingOptions(beam=3, max_length=12)
    session = Session(system.folder, "en-de", "huggingface", options)
    expected = list(session.translate(lines, Progress(stream=StringIO())))
    how = {"beam": 3, "max_length": 12}
    for one in (model, api.load(system.folder, device="cpu")):
        assert one.translate("en-de", lines, **how) == expected
    assert expected[4:] == ["", ""] and any(expected[:4])
    space = model.units(["resid"])
    half = np.random.default_rng(1).random((1, space.size)) < 0.5
    with model.intervene(api.MaskTable(["en-de"], half, space, {})):
        assert model.translate("en-de", lines, **how) != expected
        assert model.translate("en-de", ["", ""]) == ["", ""]
    assert model.translate("en-de", place / "en.txt", **how) == model.translate(
        "en-de", (place / "en.txt").read_text().splitlines(), **how
    )


def refused(model, place):
    """What a user may get wrong: a call, and the line."""
    space = model.units()
    one = api.MaskTable(["en-de"], np.ones((1, space.size), dtype=np.bool_), space, {})
    other = api.MaskTable(["en-de"], one.keep, space, {"weights_sha256": "0" * 64})
    small = api.MaskTable(["en-de"], np.ones((1, 8), dtype=np.bool_), api.ffn_space(1, 1, 4), {})

    def under(masks, **more):
        with model.intervene(masks, **more):
            model.loss("fr-en", ["ba"], ["ba"])

    def twice():
        with model.intervene(one):
            under(one)

    return [
        (
            lambda: model.loss("en-de", "none.txt", ["a"]),
            "en of en-de: there is no file 'none.txt'; lines them",
        ),
        (lambda: model.loss("en-de", ["a"], ["a", "b"]), "en-de: 1 lines of en, but 2 of de"),
        (lambda: model.loss("en-de", [], []), "en-de: there are no lines"),
        (lambda: model.loss("en-nl", ["a"], ["a"]), r"no tag of language 'nl'; there are de, en, fr"),
        (lambda: model.counts({}), r"counts: there are no texts; give \{direction"),
        (
            lambda: model.counts({"en-de": (["a"], ["a"])}, rule="signs"),
            r"rule: 'signs' .*did you mean 'sign'",
        ),
        (lambda: under(one), "no mask row 'fr-en'"),
        (lambda: under(one, row="en-dee"), r"no mask row 'en-dee'; rows: en-de \(did you mean 'en-de'\?\)"),
        (lambda: under(other), "masks were made from weights 000000000000, the model's are"),
        (lambda: under(small), "masks are for another model: "),
        (lambda: under(one, gate="zeros"), "gate"),
        (twice, "intervene: masks lie on the model already; end that block first"),
        (lambda: model.translate("en-nl", ["ba"]), "no tag of language 'nl'"),
        (lambda: model.translate("en-de", ["ba"], beam=0), "--beam"),
        (lambda: model.units(["weight"]), "units of kind weight are not supported"),
        (
            lambda: api.attach(place / "nll", tags={}),
            "nll: no such folder, for a model; a name on a hub has to be",
        ),
        (lambda: api.load(place / "nllb"), r"no system here \(system\.json is missing\)"),
    ]


@pytest.mark.parametrize("number", range(17))
def test_mistakes_are_one_line(number, model, place):
    call, said = refused(model, place)[number]
    with pytest.raises(api.UserError, match=said) as raised:
        call()
    assert "\n" not in str(raised.value)
    assert model.loss("fr-en", ["ba"], ["ba"]) > 0


def test_a_system_folder_is_loaded_with_its_tokenizer(place, texts, model, counts, tmp_path):
    given = {"system": "s", "languages": list(LANGUAGES), "directions": list(texts), "tags": TAGS["nllb"]}
    system = make_system(place / "nllb", tmp_path / "s", **given)
    loaded = api.load(system.folder, device="cpu")
    assert np.array_equal(loaded.counts(texts).values, counts.values)
    assert loaded.loss("en-de", *texts["en-de"]) == model.loss("en-de", *texts["en-de"])
    assert loaded.weights_sha256 == system.weights_sha256 == load_port(system, "cpu")._system.weights_sha256
