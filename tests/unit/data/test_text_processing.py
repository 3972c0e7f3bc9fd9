"""Raw text to pieces and back."""

import io
import subprocess
import sys
from pathlib import Path

import pytest

from workflow_scripts.common.errors import UserError
from workflow_scripts.data.text import TextOptions, TextProcessor
from workflow_scripts.data.train_subwords import train_model

ROOT = Path(__file__).resolve().parents[3]
MOSES = TextOptions(moses=True)
BOTH = TextOptions(normalize_punctuation=True, moses=True)


def test_nothing_is_done_by_default():
    line = "It's  \u201cfine\u201d, isn't-it?"
    assert TextProcessor("en", TextOptions()).process(line) == line
    assert TextProcessor("en", TextOptions()).detokenise(line) == line


@pytest.mark.parametrize(
    ("language", "line", "tokens"),
    [
        ("en", "It's a well-known fact, isn't it?", "It 's a well @-@ known fact , isn 't it ?"),
        ("fr", "L'homme s'assied.", "L' homme s' assied ."),
        ("it", "C'\u00e8 l'acqua.", "C' \u00e8 l' acqua ."),
        ("de", "Das ist z.B. gut.", "Das ist z.B. gut ."),
        ("en", "a < b & c", "a < b & c"),
        # No rules of its own: the generic rule parts an apostrophe from both sides.
        ("xx", "l'eau-vive.", "l ' eau @-@ vive ."),
    ],
)
def test_moses_tokens(language, line, tokens):
    assert TextProcessor(language, MOSES).process(line) == tokens


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("en", "It's a well-known fact, isn't it?"),
        ("fr", "L'homme s'assied."),
        ("de", "Das ist (fast) z.B. gut."),
        ("en", "Tom & Jerry [sic] | 5 < 6"),
    ],
)
def test_moses_there_and_back(language, line):
    processor = TextProcessor(language, MOSES)
    assert processor.detokenise(processor.process(line)) == line


def test_nothing_is_unescaped():
    assert TextProcessor("en", MOSES).detokenise("write &amp; for &") == "write &amp; for &"


def test_normalisation_comes_before_tokenisation():
    assert TextProcessor("en", BOTH).process("\u201cWell\u2026\u201d") == '" Well ... "'
    assert (
        TextProcessor("en", TextOptions(normalize_punctuation=True)).process("\u201cWell\u201d") == '"Well"'
    )


@pytest.mark.parametrize(
    ("code", "moses"),
    [("de", "de"), ("deu", "de"), ("zh_CN", "zh"), ("sr-Latn", "sr"), ("cz", "cs"), ("qx", "qx")],
)
def test_language_codes(code, moses):
    assert TextProcessor(code, MOSES).moses_language == moses


@pytest.fixture(scope="module")
def subwords(tmp_path_factory):
    path = tmp_path_factory.mktemp("spm") / "spm.model"
    lines = ["the cat sat on the mat", "the dog sat on the cat", "well @-@ known , isn 't it ?"] * 4
    path.write_bytes(train_model(iter(lines), 60, "bpe", 1.0))
    return path


def test_pieces_and_back(subwords):
    processor = TextProcessor("en", TextOptions(), subwords)
    pieces = processor.encode("the cat sat")
    assert "".join(pieces) == "\u2581the\u2581cat\u2581sat"
    assert processor.decode(pieces) == "the cat sat"
    assert processor.decode([]) == ""


def test_an_unknown_character_stays_itself(subwords):
    processor = TextProcessor("en", TextOptions(), subwords)
    assert processor.decode(processor.encode("the \u20ac cat")) == "the \u20ac cat"


@pytest.fixture(scope="module")
def byte_subwords():
    """A model that spells what it does not know in bytes."""
    from sentencepiece import SentencePieceProcessor, SentencePieceTrainer

    model = io.BytesIO()
    SentencePieceTrainer.train(
        sentence_iterator=iter(["the cat sat on the mat", "a < 0x5A > b"] * 4), model_writer=model,
        model_type="bpe", vocab_size=300, byte_fallback=True, minloglevel=2,
    )  # fmt: skip
    return SentencePieceProcessor(model_proto=model.getvalue())


@pytest.mark.parametrize(
    "line",
    [
        "Zo\u00eb M\u00fcller",
        "\U0001f600",
        "the \u20ac cat\u00e9",
        "a <0x5A> b",
        "cat \u4e16\u754c",
        "the cat",
    ],
)
@pytest.mark.parametrize("options", [TextOptions(), MOSES])
def test_byte_pieces_become_the_characters_that_they_spell(byte_subwords, line, options):
    processor = TextProcessor("en", options, byte_subwords)
    pieces = processor.encode(line)
    assert any(piece.startswith("<0x") for piece in pieces) == (line not in ("the cat", "a <0x5A> b"))
    if options == TextOptions():
        assert processor.decode(pieces) == byte_subwords.decode(pieces) == line
    assert processor.decode(pieces) == processor.detokenise(processor.process(line))
    # References are rebuilt from ids, without a model.
    assert TextProcessor("en", options).decode(pieces) == processor.decode(pieces)


@pytest.mark.parametrize(
    ("run", "text"),
    [
        ([0xC3, 0xA9], "\u00e9"),
        ([0xC3], "\ufffd"),
        ([0xE2, 0x82], "\ufffd\ufffd"),
        ([0xE2, 0x82, 0xC3, 0xA9], "\ufffd\ufffd\u00e9"),
        ([0xC3, 0xA9, 0xA9], "\u00e9\ufffd"),
        ([0xED, 0xA0, 0x80], "\ufffd\ufffd\ufffd"),
        ([0xC0, 0x80], "\ufffd\ufffd"),
        ([0xE2, 0x96, 0x81], "\u2581"),
    ],
)
def test_bytes_that_are_no_character(byte_subwords, run, text):
    """As SentencePiece itself decodes them, between pieces of text."""
    pieces = ["\u2581the", *(f"<0x{byte:02X}>" for byte in run), "\u2581cat"]
    decoded = TextProcessor("en", TextOptions(), byte_subwords).decode(pieces)
    assert decoded == byte_subwords.decode(pieces) == f"the{text} cat"


def test_text_that_looks_like_a_byte_stays(subwords):
    """The model has no byte pieces, so what looks like one was text."""
    assert TextProcessor("en", TextOptions(), subwords).decode(["\u2581a", "<0x5A>", "b"]) == "a<0x5A>b"
    assert TextProcessor("en", TextOptions()).decode(["\u2581a", "<0x5a>", "<0x5A"]) == "a<0x5a><0x5A"


def test_decoding_detokenises(subwords):
    processor = TextProcessor("en", MOSES, subwords)
    assert processor.decode(processor.encode("Well-known, isn't it?")) == "Well-known, isn't it?"


def test_ids_are_the_models(subwords):
    processor = TextProcessor("en", TextOptions(), subwords)
    (ids,) = processor.encode_ids(["the cat"])
    assert [processor.subwords.id_to_piece(i) for i in ids] == processor.encode("the cat")


def test_options_from_json():
    assert TextOptions.from_json('{"normalize_punctuation": false, "moses": true}') == MOSES


def test_without_a_model_there_are_no_pieces():
    with pytest.raises(UserError, match="has no SentencePiece model"):
        TextProcessor("en", TextOptions()).encode("a")


def test_sacremoses_is_loaded_only_where_it_is_used():
    code = (
        "import sys; from workflow_scripts.data.text import TextProcessor, TextOptions;"
        "assert TextProcessor('en', TextOptions()).process('a b') == 'a b';"
        "print('sacremoses' in sys.modules, 'sentencepiece' in sys.modules, 'numpy' in sys.modules)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert result.stdout.split() == ["False", "False", "False"]
