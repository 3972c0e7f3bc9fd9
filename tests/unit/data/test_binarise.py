"""Prepared text to binarised ids."""

import hashlib
import json

import pytest

from workflow_scripts.common.errors import UserError
from workflow_scripts.common.subword_model import load_subwords
from workflow_scripts.data.binarise import count_lines, id_table, main, shard_sizes, sources_of_parts
from workflow_scripts.data.mmap_format import MmapReader
from workflow_scripts.data.readers import read_text_lines
from workflow_scripts.data.train_subwords import dictionary_text, train_model
from workflow_scripts.units.vocabulary import Vocabulary

SENTENCES = ["the cat sat", "the dog sat"]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "spm.model").write_bytes(train_model(iter(SENTENCES * 3), 20, "bpe", 1.0))
    (tmp_path / "dict.txt").write_text(dictionary_text(tmp_path / "spm.model"), encoding="utf-8")
    return tmp_path


def run(folder, text, dictionary="dict.txt", **options):
    (folder / "text.txt").write_bytes(text.encode())
    arguments = ["--text-file", str(folder / "text.txt"), "--lang", "en", "--text", json.dumps(options)]
    arguments += ["--subwords", str(folder / "spm.model"), "--dictionary", str(folder / dictionary)]
    main([*arguments, "--out-prefix", str(folder / "valid.de-en.en"), "--stats", str(folder / "stats.json")])
    return MmapReader(folder / "valid.de-en.en"), json.loads((folder / "stats.json").read_text())


def test_ids_follow_the_dictionary_and_end_with_eos(folder):
    reader, stats = run(folder, "the cat sat\n\nthe \u20ac\u20ac dog\n")
    vocabulary = Vocabulary.read(folder / "dict.txt")
    model = load_subwords(folder / "spm.model")
    expected = [
        [vocabulary.id_of(piece) for piece in model.encode(line, out_type=str)] + [2]
        for line in ("the cat sat", "", "the \u20ac\u20ac dog")
    ]
    assert [ids.tolist() for ids in reader] == expected
    assert expected[1] == [2]
    assert expected[2].count(3) == 1  # unknown characters side by side are one piece
    assert stats["sentences"] == 3
    assert stats["tokens"] == sum(map(len, expected)) - 3
    assert stats["unknown_tokens"] == 1


def test_no_special_symbol_comes_out_of_text(folder):
    reader, _ = run(folder, "<s> the </s> <pad> <unk> __en__\n")
    (ids,) = [ids.tolist() for ids in reader]
    assert ids[-1] == 2
    assert not {0, 1, 2} & set(ids[:-1])
    vocabulary, model = Vocabulary.read(folder / "dict.txt"), load_subwords(folder / "spm.model")
    assert max(ids) < len(vocabulary)
    # Nor would it if SentencePiece gave one: its specials are no symbols of the vocabulary.
    table = id_table(model, vocabulary)
    assert [table[special] for special in (model.bos_id(), model.eos_id(), model.unk_id())] == [3, 3, 3]


def test_checksums(folder):
    _, stats = run(folder, "the cat\n")
    for suffix in ("bin", "idx"):
        content = (folder / f"valid.de-en.en.{suffix}").read_bytes()
        assert stats["sha256"][suffix] == hashlib.sha256(content).hexdigest()
    assert stats["made_from"]["text"] == hashlib.sha256(b"the cat\n").hexdigest()
    assert stats["made_from"]["subwords"] == hashlib.sha256((folder / "spm.model").read_bytes()).hexdigest()


def test_moses_comes_first(folder):
    plain, _ = run(folder, "the cat-sat\n")
    ids = plain[0].tolist()
    tokenised, _ = run(folder, "the cat-sat\n", moses=True)
    spelled, _ = run(folder, "the cat @-@ sat\n")
    assert tokenised[0].tolist() == spelled[0].tolist() != ids


def test_a_smaller_dictionary_in_another_order_is_used(folder):
    # fairseq-preprocess sorts by frequency, leaves out pieces that never occur, and fills up.
    symbols = Vocabulary.read(folder / "dict.txt").subwords
    kept = list(reversed(symbols))[:-1]
    lines = "".join(f"{symbol} 100\n" for symbol in [*kept, "madeupword0000"])
    (folder / "small.txt").write_text(lines, encoding="utf-8")
    model = load_subwords(folder / "spm.model")
    table = id_table(model, Vocabulary.read(folder / "small.txt"))
    assert table[model.piece_to_id(symbols[-1])] == 4
    assert table[model.piece_to_id(symbols[0])] == 3
    assert [table[model.piece_to_id(s)] for s in ("<unk>", "<s>", "</s>")] == [3, 3, 3]


def run_shards(folder, text, *options):
    (folder / "text.txt").write_text(text)
    arguments = ["--text-file", str(folder / "text.txt"), "--lang", "en", *options]
    arguments += ["--subwords", str(folder / "spm.model"), "--dictionary", str(folder / "dict.txt")]
    main([*arguments, "--out-prefix", str(folder / "bin/x.en"), "--stats", str(folder / "bin/x.en.json")])
    return json.loads((folder / "bin/x.en.json").read_text())


def shards_of(folder, shards=3):
    return [[s.tolist() for s in MmapReader(folder / f"bin/shard{n}/x.en")] for n in range(shards)]


LINES = ["the cat", "the dog", "sat the cat", "cat", "the € dog sat", "dog", "sat"]


def test_shards_cut_the_lines_in_order(folder):
    """Seven lines in three shards: 3, 2 and 2."""
    whole, _ = run(folder, "\n".join(LINES) + "\n")
    expected = [ids.tolist() for ids in whole]
    stats = run_shards(folder, "\n".join(LINES), "--shards", "3")
    assert shards_of(folder) == [expected[:3], expected[3:5], expected[5:]]
    assert stats["sentences"] == 7
    assert stats["tokens"] == sum(map(len, expected)) - 7
    assert stats["unknown_tokens"] == 1
    parts = [json.loads((folder / f"bin/shard{n}/x.en.json").read_text()) for n in range(3)]
    assert [part["sentences"] for part in parts] == [3, 2, 2]
    assert [part["unknown_tokens"] for part in parts] == [0, 1, 0]
    assert all(part["made_from"] == stats["made_from"] for part in parts)
    assert stats["sha256"] == {
        f"shard{n}/{end}": hashlib.sha256((folder / f"bin/shard{n}/x.en.{end}").read_bytes()).hexdigest()
        for n in range(3)
        for end in ("bin", "idx")
    }
    assert not (folder / "bin/x.en.bin").exists()


def test_held_out_text_is_whole_in_every_shard(folder, monkeypatch):
    stats = run_shards(folder, "the cat\nthe dog\n", "--shards", "3", "--whole")
    first, second, third = shards_of(folder)
    assert len(first) == 2 and first == second == third
    assert (folder / "bin/shard0/x.en.bin").samefile(folder / "bin/shard2/x.en.bin")
    assert set(stats["sha256"]) == {"bin", "idx"}
    # Again, over the links that are there, on a file system that has none.
    monkeypatch.setattr("os.link", lambda *_: (_ for _ in ()).throw(PermissionError()))
    run_shards(folder, "the dog\n", "--shards", "3", "--whole")
    assert shards_of(folder) == [first[1:]] * 3
    assert not (folder / "bin/shard0/x.en.bin").samefile(folder / "bin/shard2/x.en.bin")


@pytest.mark.parametrize("text", ["", "a", "a\n", "\n", "a\n\nb", "a\r\x0b\n\u2028b\n"])
@pytest.mark.parametrize("block", [1, 2, 1000])
def test_lines_are_counted_as_they_are_read(tmp_path, monkeypatch, text, block):
    monkeypatch.setattr("workflow_scripts.data.binarise.COUNTED_BYTES", block)
    (tmp_path / "t").write_bytes(text.encode())
    assert count_lines(tmp_path / "t") == len(list(read_text_lines(tmp_path / "t")))


def test_published_shards_are_equal():
    """Spec 1.1: 5,000,000 lines are five shards of 1,000,000."""
    assert shard_sizes(5_000_000, 5) == [1_000_000] * 5
    assert shard_sizes(334_000, 5) == [66_800] * 5


@pytest.mark.parametrize(
    ("sources", "parts", "lines"),
    [
        ([3, 4], [7], [[3, 4]]),
        ([3, 4], [4, 3], [[3, 1], [0, 3]]),
        ([2, 0, 5], [3, 2, 2], [[2, 0, 1], [0, 0, 2], [0, 0, 2]]),
    ],
)
def test_lines_of_each_source_in_each_shard(sources, parts, lines):
    assert sources_of_parts(sources, parts) == lines


def test_lines_of_sources_are_recorded_beside_the_data(folder):
    (folder / "text.json").write_text(json.dumps({"sources": [{"sentences": 1}, {"sentences": 2}]}))
    (folder / "text.txt").write_text("the cat\nthe dog\nsat\n")
    words = ["--text-file", f"{folder}/text.txt", "--lang", "en", "--subwords", f"{folder}/spm.model"]
    words += ["--dictionary", f"{folder}/dict.txt", "--out-prefix", f"{folder}/train.de-en.en"]
    words += ["--stats", f"{folder}/train.de-en.en.json", "--text-stats", f"{folder}/text.json"]
    main(words)
    assert json.loads((folder / "train.de-en.en.json").read_text())["sources"] == [1, 2]
    main([*words, "--shards", "2"])
    assert json.loads((folder / "train.de-en.en.json").read_text())["sources"] == [1, 2]
    shards = [json.loads((folder / f"shard{n}/train.de-en.en.json").read_text()) for n in (0, 1)]
    assert [shard["sources"] for shard in shards] == [[1, 1], [0, 1]]
    (folder / "text.txt").write_text("the cat\n")
    with pytest.raises(UserError, match=r"text\.json: its sources have 3 sentences, the text has 1$"):
        main(words)


def test_specials_that_stand_in_the_dictionary_again_move_the_ids(folder):
    """As fairseq gives them: four rows more before the first subword, and </s> is still 2."""
    before = [ids.tolist() for ids in run(folder, "the cat\n")[0]]
    flagged = "".join(f"{special} 0 #fairseq:overwrite\n" for special in ("<s>", "<pad>", "</s>", "<unk>"))
    (folder / "flagged.txt").write_text(flagged + (folder / "dict.txt").read_text())
    after = [ids.tolist() for ids in run(folder, "the cat\n", dictionary="flagged.txt")[0]]
    assert after == [[*(number + 4 for number in ids[:-1]), 2] for ids in before]
