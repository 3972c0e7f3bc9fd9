"""data.round_trip: what comes back of references, and what Moses does to words."""

import gzip
import json

import pytest

from tests.shared_material import shared_folder
from workflow_scripts.common.subword_model import load_subwords
from workflow_scripts.data.binarise import id_table
from workflow_scripts.data.round_trip import back_again, main, what_moses_does, words_of
from workflow_scripts.data.text import TextOptions, TextProcessor
from workflow_scripts.data.train_subwords import dictionary_text, train_model
from workflow_scripts.units.vocabulary import Vocabulary

MOSES = TextOptions(moses=True)
LINES = ["the cat sat on the mat", "می\u200cخواهم کتاب", "ﬁne"]


@pytest.fixture(params=["nmt_nfkc", "nfkc", "identity"])
def vocabulary_of(request, tmp_path):
    model = tmp_path / "spm.model"
    model.write_bytes(train_model(iter(LINES * 4), 60, "bpe", 1.0, request.param))
    (tmp_path / "dict.txt").write_text(dictionary_text(model), encoding="utf-8")
    return request.param, tmp_path


def there_and_back(folder, lines):
    model = load_subwords(folder / "spm.model")
    vocabulary = Vocabulary.read(folder / "dict.txt")
    processor = TextProcessor("xx", TextOptions(), model)
    return list(back_again(lines, processor, vocabulary, id_table(model, vocabulary)))


def test_what_normalisation_takes_is_gone(vocabulary_of):
    rule, folder = vocabulary_of
    persian = "می خواهم کتاب" if rule == "nmt_nfkc" else LINES[1]  # the non-joiner is a blank now
    ligature = LINES[2] if rule == "identity" else "fine"
    assert there_and_back(folder, LINES) == [LINES[0], persian, ligature]


def test_a_character_that_the_vocabulary_lacks_is_unknown(tmp_path):
    (tmp_path / "spm.model").write_bytes(train_model(iter(["the cat sat on a mat"] * 4), 20, "bpe", 1.0))
    (tmp_path / "dict.txt").write_text(dictionary_text(tmp_path / "spm.model"), encoding="utf-8")
    assert there_and_back(tmp_path, ["the zat"]) == ["the <unk>at"]


def test_a_piece_that_the_dictionary_lacks_is_unknown(tmp_path):
    """As decoding has it: a dictionary may hold fewer pieces than its model."""
    (tmp_path / "spm.model").write_bytes(train_model(iter(["the cat sat on a mat"] * 4), 20, "bpe", 1.0))
    lines = dictionary_text(tmp_path / "spm.model").splitlines(keepends=True)
    assert "at 100\n" in lines
    kept = "".join(line for line in lines if line != "at 100\n")
    (tmp_path / "dict.txt").write_text(kept, encoding="utf-8")
    assert there_and_back(tmp_path, ["the cat"]) == ["the c<unk>"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("l’Assemblée, EU:ssa 9:30", ["l", "Assemblée", "EU", "ssa", "9", "30"]),
        ("می\u200cخواهم!", ["می\u200cخواهم"]),
        ("བོད་ཡིག།", ["བོད་ཡིག"]),
        ("e\u0323\u0301 col·legi", ["e\u0323\u0301", "col·legi"]),
    ],
)
def test_what_a_word_is(line, words):
    assert words_of(line) == words


@pytest.mark.parametrize(
    ("language", "line", "changed", "split"),
    [
        ("de", "Das ist (fast) z.B. gut.", 0, 0),
        # Lossy, but between words.
        ("fr", "l’Assemblée du pays de Galles", 1, 0),
        ("fi", "EU:ssa", 1, 0),
        ("am", "ሰላም። እንዴት፣", 1, 0),
        # Lossy inside words.
        ("fa", "می\u200cخواهم کتاب\u200cها", 1, 2),
        ("km", "ខ្ញុំចូលចិត្តញ៉ាំផ្លែប៉ោម", 1, 1),
        ("lo", "ຂ້ອຍມັກກິນຫມາກແອັບເປີ້ນ", 1, 1),
        ("my", "ကျွန်တော်မြန်မာနိုင်ငံမှာနေပါတယ်", 1, 1),
        ("bo", "བོད་ཀྱི་སྐད་ཡིག", 1, 1),
        ("si", "ශ්\u200dරී ලංකා", 1, 1),
        ("yo", "Ọmọ náà jẹun e\u0323\u0301", 1, 1),
        ("hy", "ինչպե՞ս եք", 1, 1),
        ("he", "צה״ל ג׳ירפה", 1, 2),
    ],
)
def test_what_moses_alone_does(language, line, changed, split):
    done = what_moses_does([line], TextProcessor(language, MOSES))
    assert (done["lines"], done["changed_lines"], done["split_words"]) == (1, changed, split)
    assert done["cuts_words"] is bool(split)
    assert len(done["examples"]) == split


@pytest.mark.parametrize(
    ("language", "line", "back"),
    [
        ("fr", "l’Assemblée du pays de Galles", False),
        ("ca", "L'home d'en Pere és aquí.", False),
        ("am", "ሰላም። እንዴት፣", False),
        ("mt", "l-ajma' ta' dak", False),
        ("en", "“Look!” she said. “It melts.”", False),
        ("it", "L'amico e' qui.", False),
        ("uk", "м'яч, об'єкт", False),
        ("fi", "EU:ssa", False),
        ("de", "Das ist (fast) gut.", True),
    ],
)
def test_detokenisation_does_not_give_the_text_back(language, line, back):
    """What is documented as lossy: one line comes back as it was, or not."""
    assert (what_moses_does([line], TextProcessor(language, MOSES))["changed_lines"] == 0) is back


@pytest.mark.parametrize(
    ("language", "line", "back"),
    [
        # A no-break space between digits becomes the decimal mark.
        ("en", "10\u00a0000 people", "10.000 people"),
        ("fr", "10\u00a0000 personnes", "10,000 personnes"),
        ("fr", "10\u202f000 personnes", "10\u202f000 personnes"),
    ],
)
def test_numbers_that_normalisation_changes_are_counted(language, line, back):
    processor = TextProcessor(language, TextOptions(normalize_punctuation=True))
    assert processor.detokenise(processor.process(line)) == back
    assert what_moses_does([line], processor)["changed_lines"] == int(back != line)


def test_a_few_split_words_are_an_accident():
    """One of 200 words is the most: 0.5 %."""
    lines = ["ein " * 199, "می\u200cخواهم"]
    processor = TextProcessor("fa", MOSES)
    assert what_moses_does(lines, processor) | {"examples": []} == {
        "lines": 2,
        "changed_lines": 2,  # the first one has a blank at its end
        "words": 200,
        "split_words": 1,
        "cuts_words": False,
        "examples": [],
    }
    assert what_moses_does(["ein " * 198, lines[1]], processor)["cuts_words"]


def test_the_stage(tmp_path, capsys):
    model = tmp_path / "spm.model"
    model.write_bytes(train_model(iter(LINES * 4), 60, "bpe", 1.0))
    (tmp_path / "dict.txt").write_text(dictionary_text(model), encoding="utf-8")
    for name, line in (("en-fa.fa", LINES[1]), ("en-fa.en", LINES[0]), ("de-en.en", LINES[0])):
        (tmp_path / f"{name}.txt").write_text(f"{line}\n", encoding="utf-8")
    words = ["--references", f"{tmp_path}/{{pair}}.{{target}}.txt", "--directions", "en-fa", "fa-en", "de-en"]
    words += [
        "--text", '{"moses": true}', "--subwords", str(model), "--dictionary", str(tmp_path / "dict.txt"),
    ]  # fmt: skip
    main(
        [*words, "--out", f"{tmp_path}/back/{{pair}}.{{target}}.txt", "--stats", str(tmp_path / "stats.json")]
    )
    back = {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "back").iterdir()}
    english = f"{LINES[0]}\n"
    assert back == {"en-fa.fa.txt": back["en-fa.fa.txt"], "en-fa.en.txt": english, "de-en.en.txt": english}
    assert "می\u200cخواهم" not in back["en-fa.fa.txt"]
    stats = json.loads((tmp_path / "stats.json").read_text())["directions"]
    assert list(stats) == ["en-fa", "fa-en", "de-en"]
    assert [stats[direction]["moses"]["cuts_words"] for direction in stats] == [True, False, False]
    assert "WARNING: Moses' tokenisation cuts words of fa into pieces" in capsys.readouterr().err


@pytest.mark.shared("data/ntrex")
def test_moses_leaves_words_of_ntrex_whole_but_for_kannada():
    cut = {}
    for language in ("fr", "de", "am", "ar", "kn"):
        with gzip.open(shared_folder() / f"data/ntrex/{language}.txt.gz", "rt", encoding="utf-8") as handle:
            lines = [line.rstrip("\n") for line, _ in zip(handle, range(100), strict=False)]
        cut[language] = what_moses_does(lines, TextProcessor(language, MOSES))["cuts_words"]
    assert cut == {"fr": False, "de": False, "am": False, "ar": False, "kn": True}
