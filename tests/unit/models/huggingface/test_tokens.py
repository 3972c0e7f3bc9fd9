"""Text as ids, as the library's tokenizers would, in any of their settings; and tokenizers that don't fit."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest
import transformers

from tests.unit.models.huggingface.folders import FOLDERS, TAGS, model_folder, sentences, subwords
from tests.unit.models.huggingface.tiny import in_version_5
from workflow_scripts.common.errors import UserError
from workflow_scripts.models.huggingface.library import MAJOR
from workflow_scripts.models.huggingface.port import open_port
from workflow_scripts.models.huggingface.tokens import TAG, TARGET_TAG

LINES = sentences(5, seed=3)
#: What is said of a tokenizer without its files, of which version 5 makes one of placeholders.
NOT_READ = "its tokenizer knows no word: its class does not read" if MAJOR >= 5 else "cannot be loaded"
#: What the tokenizer itself is told: its languages, or text before the source.
LANGUAGES = {"m2m": ("en", "de"), "nllb": ("eng_Latn", "deu_Latn"), "mbart": ("en_XX", "de_DE")}
BEFORE = {"marian": ">>deu<< ", "t5-gated": "<2de> "}


@pytest.mark.parametrize("case", FOLDERS)
def test_ids_are_those_of_the_librarys_tokenizer(case, ports):
    text = ports[case].text
    tokenizer = text._tokenizer
    if case in LANGUAGES:
        tokenizer.src_lang, tokenizer.tgt_lang = LANGUAGES[case]
    its = tokenizer([BEFORE.get(case, "") + line for line in LINES], text_target=LINES)
    assert [one.tolist() for one in text.source_ids("en-de", LINES)] == its.input_ids
    assert [one.tolist() for one in text.target_ids("en-de", LINES)] == its.labels


def test_forms_by_hand(ports):
    """Source and labels of a sentence in each form: tag and ``</s>`` around the same ids."""
    forms = {}
    for case in FOLDERS:
        text = ports[case].text
        (source,), (target,) = (of("en-de", ["ba"]) for of in (text.source_ids, text.target_ids))
        named = {number: f"[{language}]" for language, number in text._tags.items()} | {text.end: "</s>"}
        forms[case] = tuple(
            " ".join(named.get(one, "x") for one in ids.tolist()).replace("x x", "x").replace("x x", "x")
            for ids in (source, target)
        )
    assert forms == {
        "marian": ("[de] x </s>", "x </s>"),
        "m2m": ("[en] x </s>", "[de] x </s>"),
        "nllb": ("[en] x </s>", "[de] x </s>"),
        "mbart": ("[en] x </s>", "[de] x </s>"),
        "t5": ("x </s>", "x </s>"),
        "t5-gated": ("[de] x </s>", "x </s>"),
        "mt5": ("x </s>", "x </s>"),
    }
    assert {case for case in FOLDERS if ports[case].text.unlike_sources} == {"marian", "t5-gated"}


@pytest.mark.parametrize("case", FOLDERS)
def test_text_that_is_written_like_padding_or_an_end_is_unknown(case, ports):
    """M2M-100 has no position for padding, so that its engines would read two different sentences."""
    text = ports[case].text
    (ids,), (labels,) = (
        of(["ba <pad> de </s>"]) for of in (lambda one: text.text_ids("en-de", one), text.target_text)
    )
    for found in (ids, labels):
        assert not {text.end, text.padding, text.start} & set(found)
        assert list(found).count(text.unknown) == 2


def test_a_prefix_in_words(folders):
    text = open_port(folders["t5"], {}, {"en-de": "dibo "}).text
    plain = open_port(folders["t5"], {}).text
    assert text.unlike_sources and not plain.unlike_sources
    (found,), (expected,) = text.source_ids("en-de", ["ba"]), plain.source_ids("en-de", ["dibo ba"])
    assert found.tolist() == expected.tolist()
    (other,), (alone,) = text.source_ids("en-fr", ["ba"]), plain.source_ids("en-fr", ["ba"])
    assert other.tolist() == alone.tolist()


def test_older_settings_of_a_tokenizer_change_nothing(folders, ports, tmp_path):
    """With ``legacy_behaviour`` NLLB's own tokenizer puts the tag last."""
    folder = shutil.copytree(folders["nllb"], tmp_path / "m")
    path = folder / "tokenizer_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "legacy_behaviour": True}))
    ids = open_port(folder, TAGS["nllb"]).text.source_ids("en-de", LINES)
    expected = ports["nllb"].text.source_ids("en-de", LINES)
    assert [one.tolist() for one in ids] == [one.tolist() for one in expected]


@pytest.mark.parametrize(
    ("case", "tags", "said"),
    [
        (
            "m2m",
            {"de": "__de__", "en": "__zz__"},
            "tag '__zz__' of language 'en' is unknown to its",
        ),
        (
            "nllb",
            {"de": "deu_Latin"},
            r"'deu_Latin' .* is unknown .* \(did you mean 'deu_Latn'\?\)",
        ),
        (
            "marian",
            {"de": ">>ger<<"},
            "tag '>>ger<<' of language 'de' is unknown",
        ),
        # The style of another family.
        (
            "marian",
            {"de": "deu_Latn"},
            "'deu_Latn' .* is unknown to its tokenizer; its tags are >>deu<<, >>eng<<",
        ),
        (
            "m2m",
            {"de": "de_DE", "en": "en_XX"},
            "'de_DE' .* is unknown to its tokenizer; its tags are __af__, __am",
        ),
        (
            "mbart",
            {"de": "<2de>", "en": "<2en>"},
            "'<2de>' .* is unknown to its tokenizer; its tags are af_ZA, ar",
        ),
        ("t5", {"de": "<2de>"}, "'<2de>' .* is unknown to its tokenizer; it has none"),
        # A piece of words is no tag, though the tokenizer knows it.
        ("nllb", {"de": "de", "en": "eng_Latn"}, "tag 'de' .* is part of words; its tags are "),
        ("m2m", {"de": "__de__", "en": "__de__"}, "tag '__de__' is that of 'de' and of 'en'"),
        ("mbart", {}, "tags are missing: mbart needs one of each language"),
        ("m2m", {"de": None, "en": "__en__"}, "tags are missing: m2m_100 needs one of each language"),
        (
            "marian",
            {},
            r"tags of target languages \(>>deu<<, >>eng<<, …\), none is given; name them in tags, or"
            r" tags=\{language: None\} for none",
        ),
        ("t5-gated", {}, r"tags of target languages \(<2de>, <2en>, …\), none is given"),
    ],
)
def test_tags_that_do_not_fit(case, tags, said, folders):
    with pytest.raises(UserError, match=said) as raised:
        open_port(folders[case], tags)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("package", ["sentencepiece", "google.protobuf", "sacremoses"])
def test_software_that_is_missing_is_named(package, folders, monkeypatch):
    """Without it the library asks for another package, or reads text otherwise with a mere warning."""
    monkeypatch.setitem(sys.modules, package, None)  # Python's way to say: not there
    name = package.removeprefix("google.")
    said = f"its tokenizer needs {name}, which this environment lacks; .* pip install {name}$"
    with pytest.raises(UserError, match=said):
        open_port(folders["marian"], TAGS["marian"])


def test_a_tokenizer_saved_by_a_newer_version(folders, tmp_path):
    folder = shutil.copytree(folders["m2m"], tmp_path / "m")
    path = folder / "tokenizer_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "added_tokens_decoder": [1]}))
    config = json.loads((folder / "config.json").read_text())
    for version, said in (
        ("99.0.1", f"it was saved by transformers 99.0.1, and here is {transformers.__version__}"),
        ("4.20.1", "all files that it was saved with are needed"),
        (None, "all files that it was saved with are needed"),
    ):
        (folder / "config.json").write_text(json.dumps({**config, "transformers_version": version}))
        with pytest.raises(UserError, match=rf"m: its tokenizer cannot be loaded \(.*\); {said}$") as raised:
            open_port(folder, TAGS["m2m"])
        assert "\n" not in str(raised.value)


def test_nllb_without_its_tokenizer_file_has_no_tags(folders, tmp_path):
    """Of ``sentencepiece.bpe.model`` alone version 5 makes a tokenizer that knows words, and no tags."""
    folder = shutil.copytree(folders["nllb"], tmp_path / "m")
    without(folder, "tokenizer.json", "tokenizer_config.json")
    subwords(folder, "b", model_type="bpe").rename(folder / "sentencepiece.bpe.model")
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "NllbTokenizer"}')
    if MAJOR < 5:
        assert open_port(folder, TAGS["nllb"]).text._tags["de"] >= 120
        return
    with pytest.raises(
        UserError, match="tag 'deu_Latn' of language 'de' is unknown to its tokenizer; it has"
    ):
        open_port(folder, TAGS["nllb"])


@pytest.mark.parametrize("case", FOLDERS)
def test_ids_are_rows_of_the_embedding_which_may_have_more(case, ports):
    """Embeddings are padded to a round number, or have rows for words to come."""
    port = ports[case]
    rows = port.model.get_encoder().get_input_embeddings().num_embeddings
    known = set(port.text._tokenizer.get_vocab().values()) | set(port.text._tags.values())
    assert max(known) < rows
    assert len(known) < rows or case == "marian"


def test_a_language_whose_tag_is_none(folders, ports):
    text = open_port(folders["marian"], {"de": None, "fr": ">>fra<<"}).text
    (german,), (french,) = (text.source_ids(direction, ["ba"]) for direction in ("en-de", "en-fr"))
    (tagged,) = ports["marian"].text.source_ids("en-fr", ["ba"])
    assert french.tolist() == tagged.tolist() and german.tolist() == tagged[1:].tolist()
    with pytest.raises(UserError, match="no tag of language 'en'; there are de, fr"):
        text.source_ids("de-en", ["ba"])
    assert text.unlike_sources
    assert not open_port(folders["marian"], {"de": None}).text.unlike_sources


def test_what_tags_look_like():
    words = [
        ">>deu<<",
        ">>zh_cn<<",
        "<2de>",
        "<2sr-Latn>",
        "__de__",
        "deu_Latn",
        "de_DE",
        "_____",
        "▁de",
        "<s>",
    ]
    assert [one for one in words if TARGET_TAG.fullmatch(one)] == words[:4]
    assert [one for one in words if TAG.fullmatch(one)] == words[4:8]


@in_version_5(reason="4 makes the decoder's embedding as long as the encoder's")
def test_vocabularies_and_embeddings_of_their_own(tmp_path):
    """A Marian model with two vocabularies; the ids of each side are compared with its own rows."""
    folder = model_folder(
        "marian",
        tmp_path / "m",
        share_encoder_decoder_embeddings=False,
        tie_word_embeddings=False,
        decoder_vocab_size=130,
    )
    path = folder / "tokenizer_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "separate_vocabs": True}))
    known = json.loads((folder / "vocab.json").read_text())
    (folder / "target_vocab.json").write_text(json.dumps({**known, "▁more": 129}))
    text = open_port(folder, TAGS["marian"]).text
    (ids,) = text.target_ids("en-de", ["ba"])
    assert ids[-1] == known["</s>"] == text.end
    (folder / "target_vocab.json").write_text(json.dumps({**known, "▁more": 130}))
    with pytest.raises(UserError, match="has ids up to 130, the decoder's embedding 130 rows; are the two"):
        open_port(folder, TAGS["marian"])


def test_a_language_without_a_tag(ports):
    with pytest.raises(UserError, match="no tag of language 'nl'; there are de, en, fr"):
        ports["m2m"].text.source_ids("nl-de", ["ba"])
    with pytest.raises(UserError, match="no tag of language 'nl'"):
        ports["marian"].text.source_ids("de-nl", ["ba"])


def without(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).unlink()


def other_end(folder: Path) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "eos_token_id": 7}))


def placeholders(folder: Path) -> None:
    """Leave a class of tokenizer without its files: it makes placeholders of its own."""
    without(folder, "spiece.model")


def longer(folder: Path) -> None:
    path = folder / "vocab.json"
    known = json.loads(path.read_text())
    path.write_text(json.dumps({**known, "▁more": 5000}))


@pytest.mark.parametrize(
    ("case", "change", "said"),
    [
        ("nllb", lambda folder: without(folder, "tokenizer.json"), NOT_READ),
        ("mbart", other_end, r"eos_token_id is 7 in config\.json, 2 in its tokenizer"),
        ("t5", placeholders, NOT_READ),
        ("marian", longer, "its tokenizer has ids up to 5000, the encoder's embedding 123 rows"),
        ("marian", lambda folder: without(folder, "source.spm"), "its tokenizer cannot be loaded"),
    ],
    ids=["nllb", "end", "words", "rows", "files"],
)
def test_tokenizers_that_do_not_fit(case, change, said, folders, tmp_path):
    folder = shutil.copytree(folders[case], tmp_path / "m")
    change(folder)
    with pytest.raises(UserError, match=said) as raised:
        open_port(folder, TAGS[case])
    assert "\n" not in str(raised.value)
