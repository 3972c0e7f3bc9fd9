"""Translations under masks, and masks laid on a system that has masks of its own."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the fairseq environment")

from sacrebleu.metrics import BLEU, CHRF  # noqa: E402

from tests.malformed import tiny  # noqa: E402
from workflow_scripts.analyse.effects.ablate_units import main  # noqa: E402
from workflow_scripts.analyse.effects.decoded import decoded_scores  # noqa: E402
from workflow_scripts.analyse.losses import sentence_losses  # noqa: E402
from workflow_scripts.common.errors import UserError  # noqa: E402
from workflow_scripts.data.mmap_format import write_dataset  # noqa: E402
from workflow_scripts.models.port import load  # noqa: E402
from workflow_scripts.translate.decoding_options import DecodingOptions  # noqa: E402
from workflow_scripts.translate.pipeline import Progress  # noqa: E402
from workflow_scripts.translate.session import Session  # noqa: E402
from workflow_scripts.units.mask_table import MaskTable  # noqa: E402
from workflow_scripts.units.system import SystemFolder  # noqa: E402

DIRECTION = "de-en"
SOURCES = ["ein Haus", "Haus am Fluss", "am Fluss ein Haus"]
REFERENCES = ["a house", "house by the river", "by the river a house"]
SHORT = DecodingOptions(beam=2, max_length=12)


@pytest.fixture
def plain(tmp_path):
    tiny.system(tmp_path)
    return SystemFolder.read(tmp_path / "system")


def removal(port):
    keep = np.ones((2, tiny.SPACE.size), dtype=bool)
    keep[0, ::3] = False
    return port.intervene(MaskTable(["third", "none"], keep, tiny.SPACE, {"gate": {"ffn": "zero"}}))


def translated(system):
    session = Session(system.folder, DIRECTION, "fairseq", SHORT)
    return list(session.translate(SOURCES, Progress(3, sys.stderr)))


def without(port, third):
    """Take every third unit out of a network's second weights."""
    layers = [*port.network.encoder.layers, *port.network.decoder.layers]
    with torch.no_grad():
        for layer, span in zip(layers, tiny.SPACE.slices().values(), strict=True):
            layer.fc2.weight[:, third[span]] = 0


def test_scores_are_those_of_the_masked_models_text(plain, monkeypatch):
    # The model knows nothing: its own text is the reference.
    whole = translated(plain)
    port = load(plain)
    rows = [None, "third", "none"]
    found = decoded_scores(port, plain, DIRECTION, removal(port), rows, SOURCES, whole, options=SHORT)
    third = np.zeros(tiny.SPACE.size, dtype=bool)
    third[::3] = True

    def changed(system):
        loaded = load(system)
        without(loaded, third)
        return loaded

    monkeypatch.setattr("workflow_scripts.translate.live_engine.load", changed)
    gone = translated(plain)
    assert whole != gone
    chrf = [CHRF(word_order=2).corpus_score(text, [whole]).score for text in (whole, gone, whole)]
    bleu = [BLEU().corpus_score(text, [whole]).score for text in (whole, gone, whole)]
    assert found.scores == {"bleu": bleu, "chrf": chrf} and chrf[0] > chrf[1] + 1
    assert found.signatures["chrf"].startswith("nrefs:1|case:mixed|eff:yes|nc:6|nw:2")
    with pytest.raises(UserError, match="de-en: 3 sources and 2 references"):
        decoded_scores(port, plain, DIRECTION, removal(port), [None], SOURCES, REFERENCES[:2])


def test_removal_is_laid_beside_a_systems_own_masks(tmp_path):
    """Its mask makes units constants, removal takes others away: both hold, in encoder and decoder."""
    (tmp_path / "masked").mkdir()
    tiny.system(tmp_path / "masked", mask_table=tiny.masks)
    system = SystemFolder.read(tmp_path / "masked/system")
    port = load(system)
    pairs = [([4, 5, 6], [7, 8]), ([9], [10, 11, 12])]
    batches = port.batches(port.pairs(DIRECTION, ("de", "en"), pairs), 4096)
    with port.direction(DIRECTION):
        losses, _ = sentence_losses(port, removal(port), batches, [None, "third", "none"])
    own = tiny.masks(system.weights_sha256).row(DIRECTION)
    third = np.zeros(tiny.SPACE.size, dtype=bool)
    third[::3] = True
    assert not own[third].all()
    layers = [*port.network.encoder.layers, *port.network.decoder.layers]
    with torch.no_grad():
        for layer, span in zip(layers, tiny.SPACE.slices().values(), strict=True):
            layer.fc1.weight[torch.tensor(~own[span])] = 0
    for row, expected in enumerate((False, True)):
        if expected:
            without(port, third)
        for batch in batches:
            nll, _ = port.loss(batch, count_language_tag=True)
            assert losses[row][batch.lines] == pytest.approx(nll.detach().double().numpy(), rel=1e-5)
    assert (losses[2] == losses[0]).all() and (losses[1] != losses[0]).all()


def test_the_stage_translates_on_request(plain, tmp_path):
    counts = np.random.default_rng(1).permutation(tiny.SPACE.size)[None]
    table = tiny.counts(DIRECTION, values=counts, weights_sha256=plain.weights_sha256)
    table.write(tmp_path / f"counts/{DIRECTION}.npz")
    for language, ids, lines in (("de", [4, 5, 2], SOURCES), ("en", [7, 2], REFERENCES)):
        (tmp_path / "bin").mkdir(exist_ok=True)
        write_dataset(tmp_path / f"bin/test.de-en.{language}", [ids, ids, ids], plain_symbols(plain))
        # The second reference is empty: the pair is left out.
        written = ["" if language == "en" and number == 1 else line for number, line in enumerate(lines)]
        (tmp_path / f"raw.{language}").write_text("".join(f"{line}\n" for line in written))
    words = ["--system", str(plain.folder), "--scores", json.dumps({"activations": str(tmp_path / "counts")})]
    words += ["--sizes", "100%", "--data-bin", str(tmp_path / "bin"), "--subset", "test"]
    words += ["--directions", DIRECTION, "--metrics", "chrf", "--sources", str(tmp_path / "raw.{source}")]
    words += ["--references", str(tmp_path / "raw.{target}"), "--decoded-sentences", "2"]
    words += [f"--out-{form}={tmp_path}/out.{form}" for form in ("json", "csv", "markdown")]
    main(words)
    result = json.loads((tmp_path / "out.json").read_text())
    found = result["translations"][DIRECTION]
    assert found["sentences"] == 1 and found["signatures"]["chrf"].startswith("nrefs:1")
    assert len(found["rows"]) == 2 + 2 * (2 + 5)
    (point,) = (p for p in result["summary"] if (p["measure"], p["test"]) == ("chrf", "removed"))
    difference = found["rows"]["removed activations top 100%"]["chrf"] - found["rows"]["full"]["chrf"]
    assert point["sets"]["activations top"] == {"mean": difference, "sd": None, "n": 1}
    text = (tmp_path / "out.markdown").read_text()
    assert f"## chrf, units removed\n\nPoints more. `{found['signatures']['chrf']}`" in text


def plain_symbols(system):
    return len(system.dictionary.read_text(encoding="utf-8").splitlines()) + 6
