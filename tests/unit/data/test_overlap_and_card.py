"""Sentences seen in training, and the data card."""

import json
import shutil

import pytest

from workflow_scripts.common.errors import UserError
from workflow_scripts.data import binarise, prepare_text, train_subwords, write_card
from workflow_scripts.data.text import TextOptions
from workflow_scripts.data.text_overlap import PairText, find_overlaps, normalise
from workflow_scripts.data.write_card import changed_lines, normaliser_of

TEXT = {
    # "A dog." / "Ein Hund." is in training as it is; "the cat" only by its English side, in the same pair;
    # "Birds fly" only through the other pair; "new" nowhere.
    ("train", "de-en"): (["Ein Hund.", "Die Katze"], ["A dog.", "The cat!"]),
    ("train", "en-fr"): (["Birds fly."], ["Les oiseaux volent."]),
    ("valid", "de-en"): (["Neu"], ["new"]),
    ("valid", "en-fr"): (["A dog."], ["Un chien."]),
    ("news", "de-en"): (
        ["Ein Hund.", "Eine Katze", "V\u00f6gel", "Neu"],
        ["A dog.", "the cat", "birds FLY", "new"],
    ),
}


def lay_out(root):
    for (subset, pair), sides in TEXT.items():
        for language, lines in zip(pair.split("-"), sides, strict=True):
            path = root / "text" / subset / f"{pair}.{language}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")


def subsets(root):
    result = {}
    for subset, pair in TEXT:
        files = {lang: root / "text" / subset / f"{pair}.{lang}.txt" for lang in pair.split("-")}
        result.setdefault(subset, []).append(PairText(pair, files))
    return result


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("  The CAT, (sat)!  ", "the cat sat"),
        ("snake_case", "snake case"),
        ("\u201cStra\u00dfe\u201d", "strasse"),
        ("\uff21\uff22 \ufb01n", "ab fin"),
        ("\u0939\u093f\u0928\u094d\u0926\u0940\u0964", "\u0939\u093f\u0928\u094d\u0926\u0940"),
        ("a\u200bb\u00a0c", "ab c"),
        ("...", "..."),
        ("\u2026\u201d", "\u2026\u201d"),
    ],
)
def test_normalise(line, expected):
    assert normalise(line) == expected


def test_counts_and_examples(tmp_path):
    lay_out(tmp_path)
    entries = {(e["subset"], e["pair"], e["with"]): e for e in find_overlaps(subsets(tmp_path))}
    assert sorted(entries) == [
        ("news", "de-en", "train"),
        ("news", "de-en", "valid"),
        ("valid", "de-en", "train"),
        ("valid", "en-fr", "train"),
    ]
    news = entries["news", "de-en", "train"]
    assert news.pop("examples") == [
        {"line": 1, "de": "Ein Hund.", "en": "A dog."},
        {"line": 2, "de": "Eine Katze", "en": "the cat"},
        {"line": 3, "de": "V\u00f6gel", "en": "birds FLY"},
    ]
    assert news == {
        "subset": "news", "pair": "de-en", "with": "train", "sentences": 4, "exact": 1,
        "sides": {"de": 1, "en": 2}, "other_pairs": {"de": 0, "en": 1}, "any": 3,
    }  # fmt: skip
    in_valid = entries["news", "de-en", "valid"]
    # "new" in the same pair of the validation set, "A dog." through the other pair's.
    assert (in_valid["exact"], in_valid["sides"], in_valid["other_pairs"]) == (
        1,
        {"de": 1, "en": 1},
        {"de": 0, "en": 1},
    )
    assert entries["valid", "en-fr", "train"]["other_pairs"] == {"en": 1, "fr": 0}
    assert entries["valid", "de-en", "train"]["any"] == 0


def test_blocks_do_not_change_the_counts(tmp_path, monkeypatch):
    lay_out(tmp_path)
    whole = find_overlaps(subsets(tmp_path))
    monkeypatch.setattr("workflow_scripts.data.text_overlap.BLOCK_LINES", 1)
    assert find_overlaps(subsets(tmp_path)) == whole


@pytest.fixture
def prepared(tmp_path):
    raw, root = tmp_path / "raw", tmp_path / "data"
    lay_out(raw)
    for subset, pair in TEXT:
        names = [f"text/{subset}/{pair}.{language}.txt" for language in pair.split("-")]
        arguments = ["--pair", pair, "--files", *(str(raw / n) for n in names)]
        arguments += [
            "--out", *(str(root / n) for n in names), "--stats", str(root / f"text/{subset}/{pair}.json"),
        ]  # fmt: skip
        prepare_text.main(arguments)
    model = ["--out-model", str(root / "subwords/spm.model"), "--out-dict", str(root / "subwords/dict.txt")]
    languages = ["--pairs", "de-en", "en-fr", "--languages", "de", "en", "fr"]
    train_subwords.main(["--text-root", str(root / "text"), *languages, "--vocab-size", "40", *model])
    for subset, pair in TEXT:
        for language in pair.split("-"):
            prefix = root / "bin" / f"{subset}.{pair}.{language}"
            arguments = [
                "--text-file", str(root / f"text/{subset}/{pair}.{language}.txt"), "--lang", language,
            ]  # fmt: skip
            arguments += ["--subwords", model[1], "--dictionary", model[3]]
            binarise.main([*arguments, "--out-prefix", str(prefix), "--stats", f"{prefix}.json"])
    return root


PAIRS = json.dumps({"train": ["de-en", "en-fr"], "valid": ["de-en", "en-fr"], "news": ["de-en"]})


def run_card(root, *more):
    out = ["--out-json", str(root / "card.json"), "--out-markdown", str(root / "card.md")]
    vocabulary = ["--vocabulary", str(root / "subwords")]
    write_card.main(["--data-root", str(root), *vocabulary, "--pairs", PAIRS, *more, *out])
    return json.loads((root / "card.json").read_text()), (root / "card.md").read_text(encoding="utf-8")


def test_card(prepared):
    card, markdown = run_card(prepared)
    news = card["subsets"]["news"]["de-en"]
    assert news["sentences"] == 4
    assert news["languages"]["en"]["words"] == 7
    side = news["languages"]["de"]
    assert (
        side["unknown_rate"] == side["unknown_tokens"] / side["tokens"] > 0
    )  # the umlaut is not in training
    assert card["subsets"]["train"]["en-fr"]["languages"]["fr"]["unknown_tokens"] == 0
    assert card["subwords"]["pieces"] == 37
    assert [entry["any"] for entry in card["overlap"] if entry["subset"] == "news"] == [3, 2]
    assert "| news | de-en | train | 4 | 1 | de 1, en 2 | en 1 | 3 |" in markdown
    assert "- news de-en, line 2, in train: Eine Katze / the cat" in markdown


def test_lines_that_the_models_normalisation_changes_are_counted(prepared):
    """Non-joiner, ligature, double blank (which is none): of four lines two."""
    path = prepared / "text/news/de-en.de.txt"
    path.write_text("a\u200cb\n\ufb01ne\na  b\neine katze\n", encoding="utf-8")
    model = prepared / "subwords/spm.model"
    assert changed_lines(path, normaliser_of(model)) == 2
    model.write_bytes(train_subwords.train_model(iter(["eine katze ab"] * 5), 25, "bpe", 1.0, "nfkc"))
    assert changed_lines(path, normaliser_of(model)) == 1
    model.write_bytes(train_subwords.train_model(iter(["eine katze ab"] * 5), 25, "bpe", 1.0, "identity"))
    assert changed_lines(path, normaliser_of(model)) == 0
    model.write_bytes(b"none")
    with pytest.raises(UserError, match=r"spm\.model: not a SentencePiece model"):
        normaliser_of(model)


@pytest.mark.parametrize(("rule", "changed"), [("nmt_nfkc", 2), ("nfkc", 0), ("identity", 0)])
def test_words_with_joiners_are_changed_by_the_default_alone(tmp_path, rule, changed):
    """Persian and Kannada with zero-width non-joiners, of which nmt_nfkc makes blanks."""
    path = tmp_path / "text.txt"
    path.write_text("می\u200cخواهم کتاب\u200cها\nನ್ಯೂಸ್\u200cರೂಮ್\u200cನ\nplain\n", encoding="utf-8")
    (tmp_path / "spm.model").write_bytes(
        train_subwords.train_model(iter(["plain text ab"] * 5), 25, "bpe", 1.0, rule)
    )
    assert changed_lines(path, normaliser_of(tmp_path / "spm.model")) == changed


def test_the_card_counts_what_the_model_changes_and_entities(prepared):
    path = prepared / "text/news/de-en.json"
    stats = json.loads(path.read_text())
    assert "entities" not in stats
    card, markdown = run_card(prepared)
    sides = card["subsets"]["news"]["de-en"]["languages"]
    assert [(side["changed_by_subwords"], side["entities"]) for side in sides.values()] == [(0, 0), (0, 0)]
    assert "entities" not in markdown
    path.write_text(json.dumps({**stats, "entities": {"lines": {"de": 1234, "en": 0}, "undone": True}}))
    card, markdown = run_card(prepared)
    assert card["subsets"]["news"]["de-en"]["languages"]["de"]["entities"] == 1234
    assert "\nLines with HTML entities, such as `&amp;` for &: de-en de: 1,234 (undone).\n" in markdown


def test_ceilings_are_in_the_card_by_target_language(prepared):
    scores = [
        {"metric": name, "score": value, "signature": ""}
        for name, value in (("bleu", 88.125), ("chrf", 95.0))
    ]
    moses = {
        "lines": 4, "changed_lines": 2, "words": 1000, "split_words": 7, "cuts_words": True, "examples": [],
    }  # fmt: skip
    english = {"n": 4, "changed_lines": 2, "references_sha256": "en", "scores": scores, "moses": moses}
    german = {**english, "references_sha256": "de", "moses": None}
    entries = {"de-en": english, "fr-en": english, "en-de": german}
    (prepared / "ceiling").mkdir()
    (prepared / "ceiling/news.json").write_text(json.dumps({"directions": entries}))
    card, markdown = run_card(prepared, "--testsets", "news")
    assert [(one["language"], one["pairs"]) for one in card["ceiling"]] == [
        ("en", ["de-en", "en-fr"]),
        ("de", ["de-en"]),
    ]
    assert "| news | en | 2 pairs | 4 | 2 | 88.13 | 95.00 | 7 of 1,000 in 4 lines |" in markdown
    assert "| news | de | de-en | 4 | 2 | 88.13 | 95.00 | n/a |" in markdown


def test_languages_without_moses_rules_are_in_the_card(prepared):
    card, markdown = run_card(prepared)
    assert card["text"] == {"normalize_punctuation": False, "moses": False, "without_moses_rules": []}
    assert "Moses" not in markdown
    subsets = {"train": ["de-en", "en-fr"]}
    moses = write_card.build_card(prepared, prepared / "subwords", subsets, TextOptions(moses=True))
    assert moses["text"]["without_moses_rules"] == []  # German, English and French have theirs
    moses["text"]["without_moses_rules"] = ["sr", "qx"]
    said = "\nMoses has no rules of their own for sr, qx: generic ones were used.\n"
    assert said in write_card.card_markdown(moses)


def test_sources_of_training_text_are_named_and_counted(prepared):
    path = prepared / "text/train/de-en.json"
    text = json.loads(path.read_text())
    sources = [
        {"files": {"de": "a.de", "en": "a.en"}, "sentences": 1500, "in_earlier_sources": 0, "examples": []},
        {
            "files": {"de": "b.de", "en": "b.en"},
            "sentences": 3,
            "in_earlier_sources": 1,
            "examples": [{"de": "eins | zwei", "en": "one"}],
        },
    ]
    path.write_text(json.dumps({**text, "sources": sources}))
    card, markdown = run_card(prepared)
    assert card["subsets"]["train"]["de-en"]["sources"] == sources
    assert "sources" not in card["subsets"]["train"]["en-fr"]
    assert "| de-en | 1 | a.de, a.en | 1,500 | 0 |\n| de-en | 2 | b.de, b.en | 3 | 1 |\n" in markdown
    assert "- de-en, in source 2 and an earlier one: eins | zwei / one\n" in markdown
    assert markdown.count("Sources are joined in this order") == 1


def test_a_card_of_text_without_subwords(prepared):
    """A model brings its tokenizer: the card is the same but for tokens, and needs no binarised text."""
    subsets = {subset: [p for s, p in TEXT if s == subset] for subset, _ in TEXT}
    whole = write_card.build_card(prepared, prepared / "subwords", subsets, TextOptions())
    shutil.rmtree(prepared / "bin")
    card = write_card.build_card(prepared, None, subsets, TextOptions())
    assert card["subwords"] is None and card["overlap"] == whole["overlap"]
    of_tokens = {"tokens", "unknown_tokens", "unknown_rate", "changed_by_subwords"}
    for subset, pair in TEXT:
        for language, side in card["subsets"][subset][pair]["languages"].items():
            other = whole["subsets"][subset][pair]["languages"][language]
            assert {*other} - {*side} == of_tokens and {*side["sha256"]} == {"text"}
            assert side["words"] == other["words"] and side["sha256"]["text"] == other["sha256"]["text"]
    page = write_card.card_markdown(card)
    assert "| pair | language | sentences | words | dropped | normalised |" in page and "subwords" not in page
