"""Exported systems: CTranslate2 alone translates as ``decode`` does; the safetensors folder is whole."""

import ctranslate2
import sentencepiece

from tests.card_code import said_by_card
from tests.malformed import tiny
from workflow_scripts.common.files import write_json
from workflow_scripts.translate.ctranslate2_engine import CTranslate2Engine
from workflow_scripts.translate.decoding_options import DecodingOptions
from workflow_scripts.translate.export_system import main
from workflow_scripts.translate.markers import marker_symbols, strip_markers
from workflow_scripts.units.system import SystemFolder

SENTENCES = ["ein Haus am Fluss", "am Haus", "Fluss Fluss ein", "by the river"]
SCORES = {
    "testset": "news",
    "directions": {
        "de-en": {"scores": [{"metric": "bleu", "score": 12.34, "signature": "tok:13a"}]},
        "fr-en": {"scores": [{"metric": "bleu", "score": 1.0, "signature": "tok:zh"}]},
    },
}
DATA = {"subsets": {"train": {"de-en": {"sentences": 29000}}, "valid": {"de-en": {"sentences": 9}}}}


def masked(folder):
    """A system of random weights that keeps every other neuron."""
    tiny.system(folder, mask_table=tiny.masks)
    return SystemFolder.read(folder / "system")


def export(system, form, out, *options):
    words = ["--system", str(system.folder), "--form", form, "--directions", *tiny.DIRECTIONS]
    main([*words, *map(str, options), "--out", str(out)])


def alone(folder, direction, tag, wanted):
    """What the card says: CTranslate2 and SentencePiece, nothing of this package."""
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(folder / "spm.model"))
    translator = ctranslate2.Translator(str(folder / direction))
    sources = [[tag, *pieces.encode(line, out_type=str)] for line in SENTENCES]
    found = translator.translate_batch(
        sources, target_prefix=[[wanted]] * len(sources), beam_size=5, suppress_sequences=[["<pad>"]],
        max_decoding_length=16,
    )  # fmt: skip
    # As many tokens as `decode` takes, the tag among them; </s> may follow.
    return [one.hypotheses[0][:15][1:] for one in found]


def test_ctranslate2_alone_translates_the_same(tmp_path):
    system = masked(tmp_path)
    export(system, "ctranslate2", tmp_path / "out")
    pieces = sentencepiece.SentencePieceProcessor(model_proto=tiny.subwords())
    for direction, tag, wanted in (("de-en", "__de__", "__en__"), ("en-de", "__en__", "__de__")):
        engine = CTranslate2Engine(system, direction, DecodingOptions(max_length=15))
        own = list(engine.translate([pieces.encode(line, out_type=str) for line in SENTENCES]))
        found = alone(tmp_path / "out", direction, tag, wanted)
        assert [strip_markers(one, marker_symbols(system.languages)) for one in found] == own
        assert len({tuple(one) for one in own}) > 1
    # Of twelve units six are kept: they alone are in the model.
    (tmp_path / "whole").mkdir()
    tiny.system(tmp_path / "whole")
    export(SystemFolder.read(tmp_path / "whole/system"), "ctranslate2", tmp_path / "all")
    small, large = ((tmp_path / name / "de-en/model.bin").stat().st_size for name in ("out", "all"))
    # Four layers lose six rows and biases of fc1, and six columns of fc2, float32; alignment may add some.
    assert large - small == 4 * 6 * (2 * tiny.WIDTH + 1) * 4
    assert {one.name for one in (tmp_path / "out").iterdir()} == {"de-en", "en-de", "spm.model", "README.md"}


def test_the_code_of_the_card_translates_the_same(tmp_path):
    """A model of 16 positions is not asked for longer translations; by itself this one never ends."""
    system = masked(tmp_path)
    export(system, "ctranslate2", tmp_path / "out")
    pieces = sentencepiece.SentencePieceProcessor(model_proto=tiny.subwords())
    engine = CTranslate2Engine(system, "de-en", DecodingOptions(max_length=15))
    (own,) = engine.translate([pieces.encode(SENTENCES[0], out_type=str)])
    said = said_by_card(tmp_path / "out", SENTENCES[0])
    assert said.split()[: len(own) - 1] == engine.codec.decode(own).split()[: len(own) - 1]
    assert "max_decoding_length=16," in (tmp_path / "out/README.md").read_text()


def test_the_safetensors_folder_is_whole_where_the_system_has_links(tmp_path):
    system = masked(tmp_path)
    weights = system.folder / "model.safetensors"
    weights.rename(tmp_path / "parent.safetensors")
    weights.symlink_to(tmp_path / "parent.safetensors")
    export(system, "safetensors", tmp_path / "out")
    found = SystemFolder.read(tmp_path / "out")
    found.verify()
    assert (found.weights_sha256, found.mask_rows) == (system.weights_sha256, system.mask_rows)
    assert not [one for one in found.folder.iterdir() if one.is_symlink()]


def test_the_card(tmp_path):
    system = masked(tmp_path)
    write_json(tmp_path / "news.json", SCORES)
    write_json(tmp_path / "card.json", DATA)
    more = ["--scores", tmp_path / "news.json", "--data-card", tmp_path / "card.json", "--licence", "MIT"]
    export(system, "ctranslate2", tmp_path / "out", *more)
    card = (tmp_path / "out/README.md").read_text()
    for line in (
        "# tiny, seed 1",
        "- languages: de, en",
        "- directions: de-en, en-de",
        "- made from: a checkpoint of fairseq",
        "- masks: mass:95, of ffn; a direction keeps 50% to 50% of the units",
        "- text before subwords: as it is",
        f"- weights: SHA-256 {system.weights_sha256}",
        "- licence: MIT",
        'translator = ctranslate2.Translator("de-en")',
        '    target_prefix=[["__en__"]],',
        "| de-en | 29,000 | 0 | 0 |",
        "## Scores on news",
        "| direction | sentences | bleu |",
        "| de-en | – | 12.3 |",
        "Signatures: `tok:13a`.",
    ):
        assert line in card.split("\n"), line
    export(system, "safetensors", tmp_path / "plain")
    plain = (tmp_path / "plain/README.md").read_text()
    assert "- licence: unknown: ask the owners of the training text before you pass the model on\n" in plain
    assert "--system THIS_FOLDER --direction de-en" in plain and "What it was is not known here." in plain
