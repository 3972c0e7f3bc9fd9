"""The joint subword model: which text it is trained on, its dictionary, and its errors."""

import pytest
from sentencepiece import SentencePieceProcessor

from workflow_scripts.common.errors import UserError
from workflow_scripts.data import train_subwords
from workflow_scripts.data.text import TextOptions
from workflow_scripts.data.train_subwords import choose_lines, main, sampled_text, train_model, training_files

PAIRS, LANGUAGES = ["de-en", "en-fr"], ["en", "de", "fr"]


def lay_out(folder, english_of_french="the cat\nthe dog\n"):
    train = folder / "train"
    train.mkdir(parents=True)
    (train / "de-en.de.txt").write_text("die katze\nder hund\n")
    (train / "de-en.en.txt").write_text("the cat\nthe dog\n")
    (train / "en-fr.en.txt").write_text(english_of_french)
    (train / "en-fr.fr.txt").write_text("le chat\nle chien\n")


def test_a_shared_side_is_read_once(tmp_path):
    lay_out(tmp_path)
    files = training_files(tmp_path, PAIRS, LANGUAGES)
    assert [(path.name, language) for path, language in files] == [
        ("de-en.de.txt", "de"),
        ("de-en.en.txt", "en"),
        ("en-fr.fr.txt", "fr"),
    ]
    assert list(sampled_text(files, TextOptions(), 0, 1)) == [
        "die katze", "der hund", "the cat", "the dog", "le chat", "le chien",
    ]  # fmt: skip


def test_a_side_of_its_own_is_read_too(tmp_path):
    lay_out(tmp_path, "a bird\n")
    assert len(training_files(tmp_path, PAIRS, LANGUAGES)) == 4


def test_a_sample_is_some_lines_in_order_and_depends_on_the_seed(tmp_path):
    (tmp_path / "a").write_text("".join(f"line {i}\n" for i in range(100)))
    (tmp_path / "b").write_text("".join(f"zeile {i}\n" for i in range(100)))
    files = [(tmp_path / "a", "en"), (tmp_path / "b", "de")]
    everything = list(sampled_text(files, TextOptions(), 0, 1))
    one, again, other = (list(sampled_text(files, TextOptions(), 50, seed)) for seed in (1, 1, 2))
    assert one == again != other
    assert len(one) == 50 and [line for line in everything if line in set(one)] == one
    assert {line.split()[0] for line in one} == {"line", "zeile"}
    assert list(sampled_text(files, TextOptions(), 200, 1)) == everything


@pytest.mark.parametrize("block", [1, 3, 100])
def test_lines_are_chosen_alike_in_every_block(monkeypatch, block):
    """3 of 10: each line in 30 % of 3,000 draws (standard deviation 25), never twice, in order."""
    monkeypatch.setattr(train_subwords, "SAMPLE_BLOCK", block)
    assert list(choose_lines(10, 10, 1)) == list(range(10))
    draws = [list(choose_lines(10, 3, seed)) for seed in range(3000)]
    assert all(len(drawn) == 3 and drawn == sorted(set(drawn)) for drawn in draws)
    times = [sum(number in drawn for drawn in draws) for number in range(10)]
    assert min(times) > 800 and max(times) < 1000


@pytest.mark.parametrize("model_type", ["bpe", "unigram"])
def test_model_and_dictionary(tmp_path, model_type):
    root = tmp_path / "text"
    lay_out(root)
    arguments = [
        *("--text-root", str(root), "--pairs", *PAIRS, "--languages", *LANGUAGES, "--vocab-size", "24"),
        *("--model-type", model_type, "--seed", "1", "--text", '{"moses": true}'),
    ]
    for name in ("one", "two"):
        main([*arguments, "--out-model", str(tmp_path / name), "--out-dict", str(tmp_path / f"{name}.dict")])
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    from sentencepiece import SentencePieceProcessor

    model = SentencePieceProcessor(model_file=str(tmp_path / "one"))
    assert len(model) == 24
    lines = (tmp_path / "one.dict").read_text(encoding="utf-8").splitlines()
    assert lines == [f"{model.id_to_piece(i)} 100" for i in range(3, 24)]


def test_the_command_samples_with_its_seed(tmp_path):
    """Forty lines of different words, five of them: another seed reads others, and makes another model."""
    (tmp_path / "train").mkdir()
    words = [
        "".join("abcdefgh"[number // 8**place % 8] for place in range(4)) for number in range(0, 4000, 50)
    ]
    for language, part in (("de", words[:40]), ("en", words[40:])):
        (tmp_path / f"train/de-en.{language}.txt").write_text("".join(f"{word} {word}\n" for word in part))
    files = training_files(tmp_path, ["de-en"], ["de", "en"])
    arguments = ["--text-root", str(tmp_path), "--pairs", "de-en", "--languages", "de", "en"]
    arguments += ["--vocab-size", "16", "--sample-sentences", "5"]
    models = {}
    for seed in (1, 2):
        out = [f"--out-model={tmp_path / 'm'}", f"--out-dict={tmp_path / 'd'}"]
        main([*arguments, "--seed", str(seed), *out])
        models[seed] = (tmp_path / "m").read_bytes()
        lines = sampled_text(files, TextOptions(), 5, seed)
        # Said without the bytes: pytest would compare them line by line, for minutes.
        same = models[seed] == train_model(lines, 16, "bpe", 1.0)
        assert same, f"the model of seed {seed}"
    assert models[1] != models[2]


@pytest.mark.parametrize("model_type", ["bpe", "unigram"])
def test_a_size_the_text_cannot_fill(model_type):
    lines = ["aa ab", "ba bb"]
    with pytest.raises(UserError, match=r"vocab_size: 500 is more than .* at most \d+$") as error:
        train_model(iter(lines), 500, model_type, 1.0)
    largest = int(str(error.value).rsplit(" ", 1)[1])
    assert train_model(iter(lines), largest, model_type, 1.0)


@pytest.mark.shared("models/multi30k")
def test_the_dictionary_of_a_model_trained_elsewhere(shared):
    from workflow_scripts.data.train_subwords import dictionary_text

    folder = shared / "models/multi30k"
    assert dictionary_text(folder / "spm.model") == (folder / "dict.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", ["bpe", "unigram"])
def test_one_thread_trains_whatever_the_machine_has(monkeypatch, kind):
    """Pieces of a unigram model depend on the number of threads: with more, equal text gives other models."""
    given = []

    def train(**options):
        given.append(options)
        options["model_writer"].write(b"model")

    monkeypatch.setattr("sentencepiece.SentencePieceTrainer.train", train)
    assert train_model(iter(["a"]), 20, kind, 1.0) == b"model"
    assert [(one["model_type"], one["num_threads"]) for one in given] == [(kind, 1)]


def test_what_normalises_text_is_asked_for_and_by_default_what_always_did():
    text = ["the cat sat on the mat", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"]
    default = train_model(iter(text * 4), 40, "bpe", 1.0)
    assert default == train_model(iter(text * 4), 40, "bpe", 1.0, "nmt_nfkc")
    kept = {}
    for rule in ("nmt_nfkc", "nfkc", "identity"):
        model = SentencePieceProcessor(model_proto=train_model(iter(text * 4), 40, "bpe", 1.0, rule))
        kept[rule] = model.decode(model.encode(text[1])) == text[1]
    assert kept == {"nmt_nfkc": False, "nfkc": True, "identity": True}


def test_the_stage_takes_the_rule(tmp_path):
    lay_out(tmp_path)
    out = ["--out-model", str(tmp_path / "spm.model"), "--out-dict", str(tmp_path / "dict.txt")]
    words = ["--text-root", str(tmp_path), "--pairs", *PAIRS, "--languages", *LANGUAGES, "--vocab-size", "30"]
    main([*words, *out])
    default = (tmp_path / "spm.model").read_bytes()
    main([*words, "--normalization", "identity", *out])
    assert (tmp_path / "spm.model").read_bytes() != default
