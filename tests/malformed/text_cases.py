"""Malformed text, subwords, counts, masks and systems: the stages of the environment ``text``."""

from __future__ import annotations

import gzip
import json
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tests.malformed import tiny
from tests.malformed.case import Accepted, Case, Lay
from workflow_scripts.data.mmap_format import write_dataset
from workflow_scripts.units.archive import write_archive
from workflow_scripts.units.space import UnitSpace, ffn_space

SENTENCES = b"ein Haus am Fluss\nam Fluss\nein Haus\n"


def put(folder: Path, **files: bytes) -> None:
    """Write files; ``a_de`` is ``a.de``."""
    for name, content in files.items():
        (folder / name.replace("_", ".")).write_bytes(content)


# ---- prepare_text ------------------------------------------------------------------------------------


def pair(de: bytes, en: bytes = SENTENCES, options: str = "", out: str = "o.de o.en") -> Lay:
    """Two sides of text for prepare_text."""

    def lay(folder: Path) -> str:
        put(folder, a_de=de, a_en=en)
        return f"--pair de-en --files a.de a.en --out {out} --stats o.json {options}"

    return lay


def text(name: str, what: str, lay: Lay, said: str, bounded: bool = False) -> Case:
    """A case of prepare_text."""
    return Case(f"text-{name}", what, "data.prepare_text", lay, said, bounded)


LONG = b"w " * 100_000 + b"\n"
BOMB = gzip.compress(b"\0" * 50_000_000) * 6
LINES_BOMB = gzip.compress((b"a b c " * 170 + b"\n") * 10_000) * 6


def folder_in_the_way(folder: Path) -> str:
    (folder / "o.en").mkdir()
    return str(pair(SENTENCES)(folder))


TEXT = [
    text("absent", "a corpus that is not there", lambda folder: "--pair de-en --files a.de a.en --out o.de o.en --stats o.json", 'a.de: there is no such file or folder: check the path'),
    text("empty", "empty files", pair(b"", b""), 'a.de and a.en: no lines at all'),
    text("unequal", "sides of unequal length", pair(SENTENCES, SENTENCES + b"the river\n"), 'the two sides have unequal line counts: a.de has 3 lines, a.en has 4'),
    text("not-utf8", "Latin-1 in line 2", pair(b"ein Haus\nam Flu\xdf\nein\n"), 'a.de, line 2: not UTF-8 (byte 0xdf at byte 7 of the line); convert the file with iconv'),
    text("nul", "a NUL byte", pair(b"ein Haus\nam\0Fluss\nein\n"), 'a.de, line 2: a NUL byte; is this a text file?'),
    text("blank", "a line without text", pair(b"ein Haus\n \xe2\x80\x8b\nein\n"), 'a.de, line 2: the line is empty; mend it, or drop such pairs with data.empty_lines: drop'),
    text("long-line", "a line of 100,000 tokens", pair(SENTENCES[:18] + LONG + b"ein\n"), 'a.de, line 2: 199999 characters (100000 words) are no sentence; cut the line, or leave such pairs out of the training text with data.clean.max_words', bounded=True),
    text("endless-line", "5 MB without an end of line", pair(b"x" * 5_000_000), 'a.de, line 1: more than 524288 bytes without an end of line; is this a text file with one sentence a line?', bounded=True),
    text("gzip-cut", "a truncated .gz", pair(gzip.compress(SENTENCES * 9000)[:500]), 'a.de: the gzip file is broken after line 12288 (Compressed file ended before the end-of-stream marker was reached); fetch or pack it again'),
    text("gzip-bomb", "a .gz of 300 kB that unpacks to 300 MB without a line", pair(BOMB), 'a.de, line 1: more than 524288 bytes without an end of line; is this a text file with one sentence a line?', bounded=True),
    text("gzip-bomb-lines", "a .gz of 150 kB that unpacks to 61 MB of lines", pair(LINES_BOMB, LINES_BOMB), 'a.de: 150732 bytes unpack to more than 50029000 (49000 lines so far), which text does not; unpack it yourself if it is right', bounded=True),
    text("range-form", "a range that is none", pair(SENTENCES, options="--lines 3-9"), '--lines 3-9: expected START:STOP, such as 0:1000'),
    text("range-reversed", "a range that ends before it starts", pair(SENTENCES, options="--lines 3:1"), '--lines 3:1: STOP must be greater than START'),
    text("range-beyond", "more lines than there are", pair(SENTENCES, options="--lines 0:9"), 'lines 0:9 were asked for, but a.de has only 3 lines'),
    text("all-dropped", "nothing left after cleaning", pair(SENTENCES, options="--max-words 1"), 'a.de and a.en: no sentence is left; dropped: too long 3'),
    text("max-words", "a limit of 0 words", pair(SENTENCES, options="--max-words 0"), '--max-words 0: must be at least 1'),
    text("max-ratio", "a ratio that is no number", pair(SENTENCES, options="--max-ratio nan"), '--max-ratio nan: must be at least 1'),
    text("pair-form", "a pair with an underscore", lambda folder: "--pair de_en --files a.de a.en --out o.de o.en --stats o.json", "'de_en' is not two language codes around a hyphen, as in de-en"),
    text("pair-itself", "a language and itself", lambda folder: "--pair de-de --files a.de a.en --out o.de o.en --stats o.json", '--pair de-de: a language and itself are no pair'),
    text("out-folder", "a folder where the output goes", folder_in_the_way, 'o.en: this is a folder, where a file is needed: check the path'),
    text("out-long", "an output with a name of 260 letters", pair(SENTENCES, out=f"o.de {'x' * 260}"), 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx: this name is too long for the file system: use shorter names'),
]  # fmt: skip

# ---- subwords, binarised text and the data card --------------------------------------------------------


def training(content: bytes = SENTENCES * 20, options: str = "--vocab-size 30", pairs: str = "de-en") -> Lay:
    """Training text for train_subwords."""

    def lay(folder: Path) -> list[str]:
        (folder / "text/train").mkdir(parents=True)
        for lang in ("de", "en"):
            (folder / f"text/train/de-en.{lang}.txt").write_bytes(content)
        words = (
            f"--text-root text --pairs {pairs} --languages de en --out-model spm.model --out-dict dict.txt"
        )
        return [*words.split(), *options.split()]

    return lay


def subwords(name: str, what: str, lay: Lay, said: str) -> Case:
    """A case of train_subwords."""
    return Case(f"subwords-{name}", what, "data.train_subwords", lay, said)


SUBWORDS = [
    subwords("absent", "training text that is not there", training(pairs="de-en fr-en"), "pair fr-en: 'fr' is not of the languages"),
    subwords("no-text", "text of no line", training(b""), 'the training text has no line; look at the prepared text'),
    subwords("not-utf8", "Latin-1 in prepared text", training(b"ein Haus\nam Flu\xdf\n"), 'text/train/de-en.de.txt, line 2: not UTF-8 (byte 0xdf at byte 7 of the line); convert the file with iconv'),
    subwords("too-many", "more pieces than the text can fill", training(options="--vocab-size 5000"), 'subwords.vocab_size: 5000 is more than the training text can fill; at most 41'),
    subwords("too-few", "fewer pieces than characters", training(options="--vocab-size 9"), 'subwords.vocab_size: 9 is too small for the characters of the training text; at least 14, or a lower subwords.character_coverage'),
    subwords("tiny", "a vocabulary of 3", training(options="--vocab-size 3"), 'subwords.vocab_size: 3 is too small; at least 8'),
    subwords("huge", "a vocabulary of 10**12", training(options="--vocab-size 1000000000000"), 'subwords.vocab_size: 1000000000000 is too large; at most 1000000'),
    subwords("coverage", "a character coverage of 2", training(options="--vocab-size 30 --character-coverage 2"), 'subwords.character_coverage: 2.0 is not from 0.98 to 1'),
    subwords("sample", "a negative sample", training(options="--vocab-size 30 --sample-sentences -5"), '--sample-sentences -5: must be at least 1, or 0 for all'),
    subwords("options-json", "text options that are not JSON", training(options="--vocab-size 30 --text moses"), "--text 'moses' is no JSON: Expecting value: line 1 column 1 (char 0)"),
    subwords("options-key", "a misspelt text option", training(options='--vocab-size 30 --text {"mosses":true}'), "text.mosses is unknown; known are normalize_punctuation, moses (did you mean 'moses'?)"),
    subwords("options-type", "a number for a text option", training(options='--vocab-size 30 --text {"moses":1}'), 'text.moses must be true or false, not 1'),
]  # fmt: skip


def binary(
    content: bytes = SENTENCES, model: bytes | None = None, dictionary: bytes | None = None, options: str = ""
) -> Lay:
    """A text, a model and a dictionary for binarise."""

    def lay(folder: Path) -> str:
        put(folder, a_txt=content)
        put(folder, spm_model=tiny.subwords() if model is None else model)
        put(folder, dict_txt=tiny.dictionary() if dictionary is None else dictionary)
        return (
            "--text-file a.txt --lang de --subwords spm.model --dictionary dict.txt --out-prefix bin/t.de"
            f" --stats t.json {options}"
        )

    return lay


def binarise(name: str, what: str, lay: Lay, said: str) -> Case:
    """A case of binarise."""
    return Case(f"binarise-{name}", what, "data.binarise", lay, said)


BINARISE = [
    binarise("no-model", "text named as SentencePiece model", binary(model=SENTENCES), 'spm.model: not a SentencePiece model; train it again, or name the right file'),
    binarise("empty-model", "an empty SentencePiece model", binary(model=b""), 'spm.model: not a SentencePiece model; train it again, or name the right file'),
    binarise("dict-twice", "a dictionary with a symbol twice", binary(dictionary=b"a 1\nb 1\na 1\n"), "dict.txt: 'a' occurs more than once in the vocabulary"),
    binarise("dict-line", "a dictionary without counts", binary(dictionary=b"a 1\nb\n"), "dict.txt, line 2: expected 'symbol count', found 'b'"),
    binarise("dict-bom", "a dictionary with a byte order mark", binary(dictionary=b"\xef\xbb\xbfa 1\n"), 'dict.txt, line 1: begins with a byte order mark; remove it'),
    binarise("dict-utf8", "a dictionary in Latin-1", binary(dictionary=b"a 1\n\xfc 1\n"), "dict.txt, line 2: not UTF-8; is this fairseq's dict.txt?"),
    binarise("dict-empty", "an empty dictionary", binary(dictionary=b""), 'dict.txt: holds no symbol; train the subwords again'),
    binarise("dict-binary", "10 MB without a line as dictionary", binary(dictionary=b"x" * 10_000_000), "dict.txt, line 1: expected 'symbol count', found 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'…"),
    binarise("dict-other", "the dictionary of another model", binary(dictionary=b"xyzzy 1\nplugh 1\n"), "dict.txt is not of this SentencePiece model: the model lacks 2 of its 2 pieces, such as 'xyzzy'; name the two that were made together"),
    binarise("not-utf8", "Latin-1 in prepared text", binary(b"ein Haus\nam Flu\xdf\n"), 'a.txt, line 2: not UTF-8 (byte 0xdf at byte 7 of the line); convert the file with iconv'),
    binarise("shards", "more shards than lines", binary(options="--shards 5"), 'data.shards: a.txt has 3 lines, too few for 5 shards'),
    binarise("no-shards", "0 shards", binary(options="--shards 0"), '--shards 0: must be at least 1'),
]  # fmt: skip


def dataset(change: Callable[[Path], Any], ids: list[list[int]] | None = None) -> Lay:
    """A binarised file for rebuild_references, spoiled."""

    def lay(folder: Path) -> str:
        put(folder, dict_txt=b"a 1\nb 1\n")
        write_dataset(folder / "t.de-en.de", ids or [[4, 5, 2], [5, 2]], 6)
        change(folder)
        return "--bin-prefix t.de-en.de --lang de --dictionary dict.txt --out ref.txt"

    return lay


def cut(name: str, size: int) -> Callable[[Path], Any]:
    """Cut the last bytes off a file."""
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:-size])


def overwrite(name: str, place: int, content: bytes) -> Callable[[Path], Any]:
    """Put other bytes into a file."""

    def change(folder: Path) -> None:
        raw = (folder / name).read_bytes()
        (folder / name).write_bytes(raw[:place] + content + raw[place + len(content) :])

    return change


def rebuild(name: str, what: str, lay: Lay, said: str) -> Case:
    """A case of rebuild_references."""
    return Case(f"binarised-{name}", what, "data.rebuild_references", lay, said)


REBUILD = [
    rebuild("absent", "binarised text that is not there", dataset(lambda folder: (folder / "t.de-en.de.idx").unlink()), 't.de-en.de.idx: there is no such file or folder: check the path'),
    rebuild("magic", "another file named as index", dataset(lambda folder: put(folder, **{"t_de-en_de_idx": SENTENCES})), "t.de-en.de.idx: not an index of fairseq's mmap format"),
    rebuild("version", "an index of version 9", dataset(overwrite("t.de-en.de.idx", 9, b"\x09")), 't.de-en.de.idx: version 9, type 8 are unknown; expected version 1'),
    rebuild("index-cut", "a truncated index", dataset(cut("t.de-en.de.idx", 8)), 't.de-en.de.idx: 42 bytes, but 2 sentences need 50; binarise the text again'),
    rebuild("data-cut", "truncated data", dataset(cut("t.de-en.de.bin", 2)), 't.de-en.de.bin: 8 bytes, but its index says 10; binarise the text again'),
    rebuild("pointers", "an index whose sentences overlap", dataset(overwrite("t.de-en.de.idx", 42, b"\x02")), 't.de-en.de.idx: its sentences do not follow one another; binarise the text again'),
    rebuild("ids", "ids of a larger dictionary", dataset(lambda _: None, [[4, 9, 2]]), 't.de-en.de: id 9 is not of this dictionary, which has 6'),
]  # fmt: skip


def card(change: Callable[[Path], Any], pairs: str = '{"train":["de-en"]}') -> Lay:
    """Prepared and binarised text for write_card, spoiled."""

    def lay(folder: Path) -> str:
        for name in ("text/train", "bin", "subwords"):
            (folder / "data" / name).mkdir(parents=True)
        hashes = {"de": "1", "en": "2"}
        statistics = {
            "format": "neuronspec-text-1", "sentences": 3, "lines": [0, 3], "dropped": {"empty": 0},
            "words": {"de": 8, "en": 8}, "normalised": {"de": {}, "en": {}}, "sha256": hashes,
        }  # fmt: skip
        (folder / "data/text/train/de-en.json").write_text(json.dumps(statistics))
        for lang, digest in hashes.items():
            (folder / f"data/text/train/de-en.{lang}.txt").write_bytes(SENTENCES)
            one = {
                "format": "neuronspec-binarised-1", "tokens": 9, "unknown_tokens": 0,
                "sha256": {"bin": "3"}, "made_from": {"text": digest},
            }  # fmt: skip
            (folder / f"data/bin/train.de-en.{lang}.json").write_text(json.dumps(one))
        put(folder / "data/subwords", spm_model=b"", dict_txt=b"a 1\n")
        change(folder / "data")
        return f"--data-root data --vocabulary data/subwords --pairs {pairs} --out-json card.json --out-markdown card.md"

    return lay


def held_out(data: Path) -> None:
    """A test set whose sides differ in length."""
    (data / "text/test").mkdir()
    for lang, lines in (("de", SENTENCES), ("en", SENTENCES[:18])):
        (data / f"text/test/de-en.{lang}.txt").write_bytes(lines)
        (data / f"bin/test.de-en.{lang}.json").write_bytes(
            (data / f"bin/train.de-en.{lang}.json").read_bytes()
        )
    (data / "text/test/de-en.json").write_bytes((data / "text/train/de-en.json").read_bytes())


def data_card(name: str, what: str, lay: Lay, said: str) -> Case:
    """A case of write_card."""
    return Case(f"card-{name}", what, "data.write_card", lay, said)


CARD = [
    data_card("absent", "statistics that are not there", card(lambda data: (data / "text/train/de-en.json").unlink()), 'data/text/train/de-en.json: the statistics are missing'),
    data_card("cut", "truncated statistics", card(cut("text/train/de-en.json", 20)), 'data/text/train/de-en.json: damaged, not JSON (line 1, column 167: Unterminated string starting at); delete it and run the step that writes it again'),
    data_card("form", "a list in place of statistics", card(lambda data: (data / "bin/train.de-en.en.json").write_text("[]")), 'data/bin/train.de-en.en.json: not statistics of the form neuronspec-binarised-1; delete it and run again'),
    data_card("key", "statistics without a key", card(lambda data: (data / "text/train/de-en.json").write_text('{"format": "neuronspec-text-1"}')), "data/text/train/de-en.json and those below data/bin: the statistics lack 'sentences'; delete them and run again"),
    data_card("stale", "binarised from another text", card(lambda data: (data / "bin/train.de-en.de.json").write_text('{"format": "neuronspec-binarised-1", "made_from": {"text": "9"}}')), 'data/bin/train.de-en.de.json was made from another text; binarise train de-en again'),
    data_card("unequal", "prepared sides of unequal length", card(held_out, '{"train":["de-en"],"test":["de-en"]}'), 'data/text/test/de-en.de.txt and data/text/test/de-en.en.txt: unequal numbers of lines; prepare the text again'),
    data_card("pairs-json", "pairs that are not JSON", card(lambda _: None, "de-en"), '--pairs is no JSON: Expecting value: line 1 column 1 (char 0)'),
    data_card("pairs-form", "pairs that are a list", card(lambda _: None, '["de-en"]'), '--pairs: not of the form {"train": ["de-en"], …}'),
]  # fmt: skip


def toy(name: str, what: str, spec: str, said: str) -> Case:
    """A case of generate_toy."""
    return Case(
        f"toy-{name}", what, "data.generate_toy", lambda folder: ["--spec", spec, "--out", "toy"], said
    )


def fetch(name: str, what: str, words: str, said: str) -> Case:
    """A case of download_corpus."""
    return Case(f"fetch-{name}", what, "data.download_corpus", lambda folder: f"--out got {words}", said)


OTHERS = [
    toy("json", "a toy spec that is not JSON", "{seed: 1}", '--spec: not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)'),
    toy("key", "a misspelt key of a toy spec", '{"sead": 1}', "toy: unknown key 'sead' (did you mean 'seed'?); known: seed, pivot, families, tiers, valid_size, test_size, concepts, ambiguity, share_lexicon"),
    toy("type", "a word for a number in a toy spec", '{"test_size": "many"}', "toy.test_size: 'many' is not a whole number"),
    toy("range", "too few concepts", '{"concepts": 3}', 'toy.concepts: 3 is not in 40 … 2000'),
    toy("code", "a language code that is a path", '{"pivot": "../en"}', "toy: language code '../en' is not two or three letters a-z"),
    fetch("language", "a language that Multi30k lacks", "--corpus multi30k --languages en fi --home file:///nowhere", "multi30k has no language 'fi'; it has cs, de, en, fr"),
    fetch("json", "datasets that are not JSON", "--corpus mtdata --datasets train", '--datasets is no JSON: Expecting value: line 1 column 1 (char 0)'),
    fetch("form", "datasets that are a list", '--corpus mtdata --datasets {"train":["de-en"]}', "mtdata datasets of train: expected {pair: [dataset id, ...]}, found ['de-en']"),
    fetch("ids", "a pair without datasets", '--corpus mtdata --datasets {"train":{"de-en":[]}}', 'mtdata datasets of train, de-en: expected [dataset id, ...], found []'),
    fetch("id", "an id that mtdata does not know", '--corpus mtdata --datasets {"train":{"de-en":["Statmt-nothing-1-deu-eng"]}}', "mtdata knows no dataset 'Statmt-nothing-1-deu-eng'; list them with: mtdata list -l de-en"),
]  # fmt: skip

# ---- counts and masks ----------------------------------------------------------------------------------


def counted(spoil: Callable[[Path], Any] = lambda _: None, options: str = "--rule mass --k 95") -> Lay:
    """Counts of two directions for select_masks, spoiled: the second file."""

    def lay(folder: Path) -> str:
        (folder / "counts").mkdir()
        for direction in tiny.DIRECTIONS:
            tiny.counts(direction).write(folder / f"counts/{direction}.npz")
        spoil(folder / "counts/en-de.npz")
        return f"--activations-root counts --directions de-en en-de {options} --out masks.npz"

    return lay


def other_counts(**changes: Any) -> Callable[[Path], Any]:
    """Counts made otherwise."""
    direction = changes.pop("direction", "en-de")
    return lambda path: tiny.counts(direction, **changes).write(path)


def like(spoil: Callable[[Path], Any], directions: str = "de-en en-de") -> Lay:
    """Masks to draw random ones like, spoiled."""

    def lay(folder: Path) -> str:
        tiny.masks("ab" * 32).write(folder / "like.npz")
        spoil(folder / "like.npz")
        return f"--directions {directions} --rule random --like like.npz --seed 1 --out masks.npz"

    return lay


def masks_of(bits: Any, rows: Any = tiny.DIRECTIONS, space: str | None = None) -> Callable[[Path], Any]:
    """A mask archive of any content."""
    manifest = {"format": "neuronspec-masks-1", "rows": rows, "space": space or tiny.SPACE.to_json()}
    return lambda path: write_archive(path, {"bits": bits}, manifest)


def archive_bomb(path: Path) -> None:
    """300 kB that unpack to 300 MB of zeros."""
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("values.npy", "w") as member,
    ):
        header = np.lib.format.header_data_from_array_1_0(np.zeros(0))
        np.lib.format.write_array_header_1_0(member, header | {"shape": (37_500_000,)})
        for _ in range(300):
            member.write(b"\0" * 1_000_000)


def lying_header(path: Path) -> None:
    """An array that says to have 10**15 numbers, and has none."""
    with zipfile.ZipFile(path, "w") as archive, archive.open("values.npy", "w") as member:
        header = np.lib.format.header_data_from_array_1_0(np.zeros(0))
        np.lib.format.write_array_header_1_0(member, header | {"shape": (10**15,)})


def pickled(path: Path) -> None:
    """An array of objects, which only a pickle can hold."""
    with zipfile.ZipFile(path, "w") as archive, archive.open("values.npy", "w") as member:
        np.lib.format.write_array(member, np.array([tiny.Trap()], dtype=object), allow_pickle=True)


def select(name: str, what: str, lay: Lay, said: str, bounded: bool = False) -> Case:
    """A case of select_masks."""
    return Case(f"{name}", what, "select.select_masks", lay, said, bounded)


NEGATIVE = np.arange(tiny.SPACE.size)[None, :] - 3
UNDEFINED = np.where(np.arange(tiny.SPACE.size) == 5, np.nan, 1.0)[None, :]

SELECT = [
    select("counts-absent", "a direction without counts", counted(lambda path: path.unlink()), "counts/en-de.npz: no activations of direction 'en-de'; count them first"),
    select("counts-empty", "an empty .npz", counted(lambda path: path.write_bytes(b"")), 'counts/en-de.npz: not a neuronspec-scores-1 file (File is not a zip file); delete it and run the step that writes it again'),
    select("counts-cut", "a truncated .npz", counted(lambda path: path.write_bytes(path.read_bytes()[:-40])), 'counts/en-de.npz: not a neuronspec-scores-1 file (File is not a zip file); delete it and run the step that writes it again'),
    select("counts-text", "text named .npz", counted(lambda path: path.write_bytes(SENTENCES)), 'counts/en-de.npz: not a neuronspec-scores-1 file (File is not a zip file); delete it and run the step that writes it again'),
    select("counts-pickle", "a pickle named .npz that would run code", counted(lambda path: path.write_bytes(pickle.dumps(tiny.Trap()))), 'counts/en-de.npz: not a neuronspec-scores-1 file (File is not a zip file); delete it and run the step that writes it again'),
    select("counts-objects", "an array of objects that would run code", counted(pickled), 'counts/en-de.npz: not a neuronspec-scores-1 file (Object arrays cannot be loaded when allow_pickle=False); delete it and run the step that writes it again'),
    select("counts-bomb", "a .npz of 300 kB that unpacks to 300 MB", counted(archive_bomb), 'counts/en-de.npz: not a neuronspec-scores-1 file (it would unpack to 300000128 bytes); delete it and run the step that writes it again', bounded=True),
    select("counts-header", "an array that says to have 10**15 numbers", counted(lying_header), 'counts/en-de.npz: not a neuronspec-scores-1 file (Unable to allocate 7.11 PiB for an array with shape (1000000000000000,) and data type float64); delete it and run the step that writes it again'),
    select("counts-no-manifest", "arrays without a manifest", counted(lambda path: np.savez(path, values=NEGATIVE)), "counts/en-de.npz: not a neuronspec-scores-1 file ('manifest'); delete it and run the step that writes it again"),
    select("counts-masks", "masks named as counts", counted(lambda path: tiny.masks(None).write(path)), "counts/en-de.npz: format is 'neuronspec-masks-1', expected 'neuronspec-scores-1'; name the right file"),
    select("counts-keys", "a manifest without the units", counted(lambda path: write_archive(path, {"values": NEGATIVE}, {"format": "neuronspec-scores-1"})), "counts/en-de.npz: not a neuronspec-scores-1 file ('space'); delete it and run the step that writes it again"),
    select("counts-shape", "fewer counts than units", counted(lambda path: write_archive(path, {"values": NEGATIVE[:, :9]}, {"format": "neuronspec-scores-1", "rows": ["en-de"], "space": tiny.SPACE.to_json(), "metadata": {}})), 'counts/en-de.npz: not a neuronspec-scores-1 file (values (1, 9) do not fit 1 rows and 48 units); delete it and run the step that writes it again'),
    select("counts-type", "counts of another type", counted(lambda path: write_archive(path, {"values": NEGATIVE.astype(np.float32)}, {"format": "neuronspec-scores-1", "rows": ["en-de"], "space": tiny.SPACE.to_json(), "metadata": {}})), 'counts/en-de.npz: not a neuronspec-scores-1 file (scores are int64 or float64, not float32); delete it and run the step that writes it again'),
    select("counts-direction", "counts of another direction", counted(other_counts(direction="fr-en")), 'counts/en-de.npz: holds fr-en, not en-de'),
    select("counts-model", "counts of another model", counted(other_counts(weights_sha256="cd" * 32)), "counts/en-de.npz: weights_sha256 is '#', in de-en.npz '#'; count again"),
    select("counts-units", "counts of a larger model", counted(other_counts(space=ffn_space(2, 2, 16))), "counts/en-de.npz: counts another model's units than de-en.npz; count both again"),
    select("counts-counting", "counts with padding among those without", counted(other_counts(counting="pads counted")), "counts/en-de.npz: counting is 'pads counted', in de-en.npz 'pads excluded'; count again"),
    select("counts-negative", "negative counts", counted(other_counts(values=NEGATIVE)), 'counts/en-de.npz: 3 of 48 counts are negative, the first of unit 0; count again'),
    select("counts-undefined", "counts that are no number", counted(other_counts(values=UNDEFINED)), 'counts/en-de.npz: 1 of 48 counts are undefined, the first of unit 5; count again'),
    select("select-k-word", "k = ninety on the command line", counted(options="--rule mass --k ninety"), "k is 'ninety', not a decimal number such as 95 or 97.5"),
    select("select-k-zero", "k = 0 on the command line", counted(options="--rule mass --k 0"), 'k is 0, but a share of the activations in percent is above 0'),
    select("select-k-endless", "k = 1e-99999999 on the command line", counted(options="--rule mass --k 1e-99999999"), 'k is 1e-99999999, but a share in percent is from 0.000001 to 1000000', bounded=True),
    select("select-no-k", "no k", counted(options="--rule mass"), '--rule mass needs --k'),
    select("select-twice", "a direction named twice", lambda folder: "--activations-root counts --directions de-en de-en --rule all --out masks.npz", '--directions names a direction twice: de-en de-en'),
    select("masks-row", "a mask row that is missing", like(lambda _: None, "de-en en-ed"), "like.npz: no mask row 'en-ed'; rows: de-en, en-de (did you mean 'en-de'?)"),
    select("masks-bits", "fewer bits than units", like(masks_of(np.zeros((2, 3), np.uint8))), 'like.npz: not a neuronspec-masks-1 file (bits (2, 3), but its rows and units need (2, 6)); delete it and run the step that writes it again'),
    select("masks-type", "bits that are not bytes", like(masks_of(np.zeros((2, 6)))), 'like.npz: not a neuronspec-masks-1 file (Expected an input array of unsigned byte data type); delete it and run the step that writes it again'),
    select("masks-no-bits", "a mask file without bits", like(lambda path: write_archive(path, {"keep": NEGATIVE}, {"format": "neuronspec-masks-1", "rows": ["de-en"], "space": tiny.SPACE.to_json()})), "like.npz: not a neuronspec-masks-1 file ('bits'); delete it and run the step that writes it again"),
    select("masks-rows-twice", "a mask row that stands twice", like(masks_of(np.zeros((2, 6), np.uint8), ["de-en", "de-en"])), "like.npz: not a neuronspec-masks-1 file (row names are not distinct: ('de-en', 'de-en')); delete it and run the step that writes it again"),
    select("masks-space", "units of an unknown kind", like(masks_of(np.zeros((2, 6), np.uint8), space='[{"key": "a", "kind": "fnn", "stack": "encoder", "layer": 0, "size": 48}]')), "like.npz: not a neuronspec-masks-1 file (group 'a': unknown kind 'fnn'); delete it and run the step that writes it again"),
]  # fmt: skip

# ---- systems -------------------------------------------------------------------------------------------


def decoding(options: str = "", source: bytes = SENTENCES, direction: str = "de-en", **changes: Any) -> Lay:
    """A system for decode, spoiled."""

    def lay(folder: Path) -> str:
        tiny.system(folder, **changes)
        put(folder, a_de=source)
        return f"--system system --direction {direction} --source a.de --out hyp.txt --beam 2 {options}"

    return lay


def setting(*keys: str, to: Any) -> Callable[[dict[str, Any]], Any]:
    """Set a key of the description."""

    def describe(value: dict[str, Any]) -> None:
        for key in keys[:-1]:
            value = value[key]
        value[keys[-1]] = to

    return describe


def without(key: str) -> Callable[[dict[str, Any]], Any]:
    """Leave out a key of the description, or a tensor."""
    return lambda value: value.pop(key)


def no_system(folder: Path) -> str:
    put(folder, a_de=SENTENCES)
    return "--system system --direction de-en --source a.de --out hyp.txt"


def with_nan(weights: tiny.Weights) -> None:
    weights["decoder.layers.1.fc1.weight"][3, 2] = np.nan


def with_layer(weights: tiny.Weights) -> None:
    weights["encoder.layers.2.fc1.bias"] = np.zeros(12, np.float32)


def of_type(kind: Any) -> Callable[[tiny.Weights], Any]:
    """All weights in another type."""
    return lambda weights: weights.update({name: value.astype(kind) for name, value in weights.items()})


def after(name: str, content: bytes) -> Lay:
    """A system of which a file is changed after it was described."""

    def lay(folder: Path) -> Any:
        words = decoding()(folder)
        path = folder / "system" / name
        path.write_bytes(content) if content else path.unlink()
        return words

    return lay


REVERSED = UnitSpace(reversed(tiny.SPACE.groups))
NOTHING = np.ones((2, tiny.SPACE.size), bool)
NOTHING[:, 12:24] = False


def decode(name: str, what: str, lay: Lay, said: str, bounded: bool = False) -> Case:
    """A case of decode."""
    return Case(name, what, "translate.decode", lay, said, bounded)


DECODE = [
    decode("system-absent", "no system where one is named", no_system, 'system: no system here (system.json is missing)'),
    decode("system-cut", "a truncated system.json", after("system.json", b'{"format": "neuronspec-system-1", "sys'), 'system/system.json: damaged, not JSON (line 1, column 35: Unterminated string starting at); delete it and run the step that writes it again'),
    decode("system-list", "a list in system.json", after("system.json", b"[1, 2]"), "system/system.json: format is [1, 2], expected 'neuronspec-system-1'; export it again"),
    decode("system-version", "a system.json of a later version", decoding(describe=setting("format", to="neuronspec-system-9")), "system/system.json: format is 'neuronspec-system-9', expected 'neuronspec-system-1'; export it again"),
    decode("system-key", "a system.json without its files", decoding(describe=without("files")), 'system/system.json: files is missing; export the system again'),
    decode("system-type", "text for the seed in system.json", decoding(describe=setting("seed", to="one")), "system/system.json: seed is 'one', not a whole number; export the system again"),
    decode("system-path", "weights out of the system's folder", decoding(describe=setting("files", "weights", to="../../secret")), "system/system.json: files.weights is '../../secret', not the name of a file in this folder; export the system again"),
    decode("system-sha", "weights without a hash", decoding(describe=setting("sha256", to={})), "system/system.json: sha256 lacks 'model.safetensors'; export the system again"),
    decode("system-language", "a direction of an unknown language in system.json", decoding(describe=setting("directions", to={"de-fr": {"mask_row": None}})), "system/system.json: directions: direction 'de-fr': 'fr' is not one of de, en; export the system again"),
    decode("system-layers", "layers that are no number", decoding(describe=setting("architecture", "encoder_layers", to="2")), "system/system.json: architecture.encoder_layers is '2', not a positive whole number; export the system again"),
    decode("system-heads", "heads that do not divide the width", decoding(describe=setting("architecture", "heads", to=3)), 'system/system.json: architecture.heads: 3 heads do not divide model_dim 8; export the system again'),
    decode("system-architecture", "a misspelt key of the architecture", decoding(describe=setting("architecture", "pre_nrom", to=True)), "system/system.json: architecture: unknown key 'pre_nrom' (did you mean 'pre_norm'?); export the system again"),
    decode("system-positions", "an unknown activation", decoding(describe=setting("architecture", "activation", to="gelu")), "system/system.json: architecture.activation: 'gelu' is not one of ('relu',); export the system again"),
    decode("system-text", "an unknown text option", decoding(describe=setting("text", "lowercase", to=True)), 'system/system.json: text.lowercase is unknown; known are normalize_punctuation, moses; export the system again'),
    decode("system-file-absent", "a file of the system that is gone", after("dict.txt", b""), 'system/dict.txt: missing, and system.json names it; export the system again'),
    decode("system-changed", "weights that were changed afterwards", after("model.safetensors", b"other"), 'system/model.safetensors: SHA-256 is #, system.json says #; the file was changed after the system was written: export it again'),
    decode("weights-cut", "truncated .safetensors", decoding(spoil=lambda folder: (folder / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes()[:-64])), 'system/model.safetensors: not a safetensors file of float32 (Error while deserializing header: incomplete metadata, file not fully covered); export the system again'),
    decode("weights-nan", "NaN in the weights", decoding(change=with_nan), 'system/model.safetensors: tensor decoder.layers.1.fc1.weight holds NaN or infinite values; export the system again'),
    decode("weights-type", "weights of whole numbers", decoding(change=of_type(np.int32)), 'system/model.safetensors: tensor decoder.embed_tokens.weight is int32, not float32; export the system again'),
    decode("weights-missing", "a tensor that is missing", decoding(change=without("decoder.layers.0.fc1.bias")), "system/model.safetensors: the weights lack 'decoder.layers.0.fc1.bias' (did you mean 'encoder.layers.0.fc1.bias'?); export the system again"),
    decode("weights-layer", "a layer more than the architecture has", decoding(change=with_layer), 'system/model.safetensors: tensor encoder.layers.2.fc1.bias is not part of the architecture, which has 2 encoder layers; export the system again'),
    decode("weights-shape", "an architecture with more units than the weights", decoding(describe=setting("architecture", "ffn_dim", to=16)), 'system/model.safetensors: tensor encoder.layers.0.fc1.weight is (12, 8), its architecture and dictionary need (16, 8); export the system again'),
    decode("weights-vocabulary", "a dictionary with fewer symbols than the weights", decoding(files={"dict.txt": b"a 1\n"}, symbols=43), 'system/model.safetensors: tensor decoder.embed_tokens.weight is (43, 8), its architecture and dictionary need (7, 8); export the system again'),
    decode("system-subwords", "text in place of spm.model", decoding(files={"spm.model": SENTENCES}), 'system/spm.model: not a SentencePiece model; train it again, or name the right file'),
    decode("system-dict-twice", "dict.txt with a symbol twice", decoding(files={"dict.txt": b"a 1\na 1\n"}), "system/dict.txt: 'a' occurs more than once in the vocabulary"),
    decode("mask-cut", "truncated masks.npz", decoding(mask_table=lambda sha: tiny.masks(sha), spoil=lambda folder: (folder / "masks.npz").write_bytes((folder / "masks.npz").read_bytes()[:-100])), 'system/masks.npz: not a neuronspec-masks-1 file (File is not a zip file); delete it and run the step that writes it again'),
    decode("mask-row", "a direction without its mask row", decoding(mask_table=lambda sha: tiny.masks(sha, ("en-de",))), "system/masks.npz: no mask row 'de-en'; rows: en-de"),
    decode("mask-model", "masks made from another model", decoding(mask_table=lambda sha: tiny.masks("cd" * 32)), "system/masks.npz: masks were made from weights #, the model's are #; make masks from this model's activations"),
    decode("mask-larger", "masks of a larger model", decoding(mask_table=lambda sha: tiny.masks(sha, space=ffn_space(2, 2, 16))), "system/masks.npz: masks are for another model: 64 units in 4 groups, not 48 in 4; make masks from this model's activations"),
    decode("mask-permuted", "masks with the layers in another order", decoding(mask_table=lambda sha: tiny.masks(sha, space=REVERSED)), "system/masks.npz: masks are for another model: 12 units of decoder.1.ffn where it has 12 of encoder.0.ffn; make masks from this model's activations"),
    decode("mask-nothing", "a mask that keeps no unit of a layer", decoding(mask_table=lambda sha: tiny.masks(sha, keep=NOTHING)), "system/masks.npz: mask group 'encoder.1.ffn' keeps no unit; ctranslate2 has no layer without any; use --engine fairseq, or make the masks again"),
    decode("mask-absent", "a zero-shot direction of a masked system, without masks", decoding(direction="de-fr", mask_table=lambda sha: tiny.masks(sha), describe=setting("languages", to=["de", "en", "fr"])), 'system: de-fr was not trained, so its mask row is not part of the system; give it with --masks FILE'),
    decode("direction-of-system", "a misspelt direction", decoding(direction="de-ne"), "system/system.json: system 'tiny' has no direction 'de-ne'; it has de-en, en-de (did you mean 'de-en'?)"),
    decode("source-absent", "no source file", decoding("--source b.de"), 'b.de: there is no such file or folder: check the path'),
    decode("source-not-utf8", "Latin-1 in the source", decoding(source=b"ein\nFlu\xdf\n"), 'a.de, line 2: not UTF-8 (invalid continuation byte); convert the file with iconv'),
    decode("source-nul", "a NUL byte in the source", decoding(source=b"ein\0\n"), 'a.de, line 1: a NUL byte; is this a text file?'),
    decode("beam-zero", "--beam 0", decoding("--beam 0"), '--beam 0: must be at least 1'),
    decode("penalty", "--length-penalty nan", decoding("--length-penalty nan"), '--length-penalty nan: must be a number of at least 0'),
    decode("float16", "float16 without a GPU", decoding("--compute-type float16"), '--compute-type float16 needs a GPU, and there is none: use float32 or int8'),
    decode("engine", "the reference engine in an environment without fairseq", decoding("--engine fairseq"), "--engine fairseq needs the fairseq environment: module 'torch' is missing here; use --engine ctranslate2 or run it there"),
]  # fmt: skip

CASES = [*TEXT, *SUBWORDS, *BINARISE, *REBUILD, *CARD, *OTHERS, *SELECT, *DECODE]

# ---- what looks wrong and is right -----------------------------------------------------------------------


def prepared(de: str, **normalised: int) -> Callable[[Path], None]:
    """The German side and the counts of what was normalised."""

    def check(folder: Path) -> None:
        assert (folder / "o.de").read_bytes().decode() == de
        assert (folder / "o.en").read_bytes() == SENTENCES[: len(SENTENCES)][
            : (folder / "o.en").stat().st_size
        ]
        found = json.loads((folder / "o.json").read_text())["normalised"]["de"]
        assert {name: count for name, count in found.items() if count} == normalised

    return check


def as_without(changed: bytes) -> Callable[[Path], None]:
    """The hypotheses of a source are those of another."""

    def check(folder: Path) -> None:
        from workflow_scripts.translate import decode as stage

        first = (folder / "hyp.txt").read_bytes()
        (folder / "b.de").write_bytes(changed)
        words = "--system system --direction de-en --beam 2 --source b.de --out other.txt"
        stage.main(words.split())
        assert first == (folder / "other.txt").read_bytes()
        assert first.count(b"\n") == changed.count(b"\n")

    return check


def dropped(folder: Path) -> None:
    assert (folder / "o.de").read_bytes() == b"ein Haus am Fluss\nein Haus\n"
    assert json.loads((folder / "o.json").read_text())["dropped"] == {"empty": 0, "too_long": 1}


PLAIN = SENTENCES.decode()
ACCEPTED = [
    Accepted("text-bom", "a byte order mark", "data.prepare_text", pair(b"\xef\xbb\xbf" + SENTENCES), "left out and counted", prepared(PLAIN, byte_order_mark=1)),
    Accepted("text-crlf", "CRLF line ends", "data.prepare_text", pair(SENTENCES.replace(b"\n", b"\r\n")), "read as LF and counted", prepared(PLAIN, crlf=3)),
    Accepted("text-no-end", "no end of the last line", "data.prepare_text", pair(SENTENCES[:-1]), "the line counts", prepared(PLAIN)),
    Accepted("text-separator", "a line separator of Unicode inside a line", "data.prepare_text", pair(SENTENCES.replace(b"am Fluss\nam", "am\u2028Fluss\nam".encode())), "a blank, and counted", prepared(PLAIN, separators=1)),
    Accepted("text-gzip", "a gzip file without .gz", "data.prepare_text", pair(gzip.compress(SENTENCES)), "unpacked: content tells, not the name", prepared(PLAIN)),
    Accepted("text-long-dropped", "a line of 100,000 tokens under data.clean.max_words", "data.prepare_text", pair(SENTENCES[:18] + LONG + b"ein Haus\n", options="--max-words 100"), "the pair is left out and counted", dropped),
    Accepted("source-bom", "a source with byte order mark and CRLF", "translate.decode", decoding(source=b"\xef\xbb\xbf" + SENTENCES.replace(b"\n", b"\r\n")), "translated as without", as_without(SENTENCES)),
    Accepted("source-long", "a source line of 100,000 tokens", "translate.decode", decoding(source=b"ein " * 100_000 + b"\n"), "cut to the model's positions, with a warning", as_without(b"ein " * 99 + b"\n")),
    Accepted("weights-half", "weights in float16", "translate.decode", decoding(change=of_type(np.float16)), "computed in float32", as_without(SENTENCES)),
]  # fmt: skip
