"""Malformed text, subwords, binarised text and data cards: the stages of ``data``."""

import bz2
import gzip
import json
import lzma

from tests.malformed import tiny
from tests.malformed.case import Accepted, Case, cases_of, deferred
from workflow_scripts.data.mmap_format import write_dataset

SENTENCES = b"ein Haus am Fluss\nam Fluss\nein Haus\n"


def put(folder, **files):
    for name, content in files.items():
        (folder / name.replace("_", ".")).write_bytes(content)


# ---- prepare_text ------------------------------------------------------------------------------------


@deferred
def pair(folder, de, en=SENTENCES, options="", out="o.de o.en"):
    put(folder, a_de=de, a_en=en)
    return f"--pair de-en --files a.de a.en --out {out} --stats o.json {options}"


text = cases_of("text-", "data.prepare_text")

LONG = b"w " * 100_000 + b"\n"
BOMB = gzip.compress(b"\0" * 50_000_000) * 6
BZIP2_BOMB = bz2.compress(b"\0" * 50_000_000) * 6
LINES_BOMB = gzip.compress((b"a b c " * 170 + b"\n") * 10_000) * 6


def folder_in_the_way(folder):
    (folder / "o.en").mkdir()
    return str(pair(SENTENCES)(folder))


TEXT = [
    text("absent", "a corpus that is not there", lambda folder: "--pair de-en --files a.de a.en --out o.de o.en --stats o.json", 'a.de: there is no such file or folder: check the path'),
    text("empty", "empty files", pair(b"", b""), 'a.de and a.en: no lines at all'),
    text("unequal", "sides of unequal length", pair(SENTENCES, SENTENCES + b"the river\n"), 'the two sides have unequal line counts: a.de has 3 lines, a.en has 4'),
    text("not-utf8", "Latin-1 in line 2", pair(b"ein Haus\nam Flu\xdf\nein\n"), 'a.de, line 2: not UTF-8 (byte 0xdf at byte 7 of the line); convert the file with iconv'),
    text("nul", "a NUL byte", pair(b"ein Haus\nam\0Fluss\nein\n"), 'a.de, line 2: a NUL byte; is this a text file?'),
    text("blank", "a line without text", pair(b"ein Haus\n \xe2\x80\x8b\nein\n"), 'a.de, line 2: the line is empty; mend it, or drop such pairs with data.empty_lines: drop (of test sets: evaluation.empty_references)'),
    text("long-line", "a line of 100,000 tokens", pair(SENTENCES[:18] + LONG + b"ein\n"), 'a.de, line 2: 199999 characters (100000 words) are no sentence; cut the line, or leave such pairs out of the training text with data.clean.max_words', bounded=True),
    text("endless-line", "5 MB without an end of line", pair(b"x" * 5_000_000), 'a.de, line 1: more than 524288 bytes without an end of line; is this a text file with one sentence a line?', bounded=True),
    text("gzip-cut", "a truncated .gz", pair(gzip.compress(SENTENCES * 9000)[:500]), 'a.de: the gzip file is broken after line 12288 (Compressed file ended before the end-of-stream marker was reached); fetch or pack it again'),
    text("gzip-bomb", "a .gz of 300 kB that unpacks to 300 MB without a line", pair(BOMB), 'a.de, line 1: more than 524288 bytes without an end of line; is this a text file with one sentence a line?', bounded=True),
    text("gzip-bomb-lines", "a .gz of 150 kB that unpacks to 61 MB of lines", pair(LINES_BOMB, LINES_BOMB), 'a.de: 150732 bytes unpack to more than 50029000 (49000 lines so far), which text does not; unpack it yourself if it is right', bounded=True),
    text("xz-cut", "a truncated .xz", pair(lzma.compress(SENTENCES * 9000)[:100]), 'a.de: the xz file is broken after line 682 (Compressed file ended before the end-of-stream marker was reached); fetch or pack it again'),
    text("bzip2-bomb", "a .bz2 of 1 kB that unpacks to 300 MB without a line", pair(BZIP2_BOMB), 'a.de, line 1: more than 524288 bytes without an end of line; is this a text file with one sentence a line?', bounded=True),
    text("lz4", "text packed with lz4", pair(b"\x04\x22\x4d\x18\x64"), 'a.de: compressed with lz4; unpack it: lz4 -dc a.de > NEW'),
    text("zip", "a zip archive", pair(b"PK\x03\x04\x14\0\0\0\x08\0"), 'a.de: a zip archive (or an office document); unpack it: unzip a.de'),
    text("utf-16", "UTF-16", pair(SENTENCES.decode().encode("utf-16")), 'a.de: UTF-16; convert it: iconv -f UTF-16 -t UTF-8 a.de > NEW'),
    text("pointer", "a pointer of Git LFS", pair(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"), 'a.de: a pointer of Git LFS, not the file; fetch it: git lfs pull'),
    text("range-form", "a range that is none", pair(SENTENCES, options="--lines 3-9"), '--lines 3-9: expected START:STOP, such as 0:1000'),
    text("range-reversed", "a range that ends before it starts", pair(SENTENCES, options="--lines 3:1"), '--lines 3:1: STOP must be greater than START'),
    text("range-beyond", "more lines than there are", pair(SENTENCES, options="--lines 0:9"), 'lines 0:9 were asked for, but a.de has only 3 lines'),
    text("all-dropped", "nothing left after cleaning", pair(SENTENCES, options="--max-words 1"), 'a.de and a.en: no sentence is left; dropped: too long 3'),
    text("max-words", "a limit of 0 words", pair(SENTENCES, options="--max-words 0"), '--max-words 0: must be at least 1'),
    text("max-ratio", "a ratio that is no number", pair(SENTENCES, options="--max-ratio nan"), '--max-ratio nan: must be at least 1'),
    text("pair-form", "a pair with an underscore", lambda folder: "--pair de_en --files a.de a.en --out o.de o.en --stats o.json", "'de_en' is not two language codes around a hyphen, as in de-en (did you mean 'de-en'?)"),
    text("pair-itself", "a language and itself", lambda folder: "--pair de-de --files a.de a.en --out o.de o.en --stats o.json", '--pair de-de: a language and itself are no pair'),
    text("out-folder", "a folder where the output goes", folder_in_the_way, 'o.en: this is a folder, where a file is needed: check the path'),
    text("out-long", "an output with a name of 260 letters", pair(SENTENCES, out=f"o.de {'x' * 260}"), 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx: this name is too long for the file system: use shorter names'),
    text("unequal-short", "a first side that is shorter", pair(b"ein\n", SENTENCES[:-1]), 'the two sides have unequal line counts: a.de has 1 lines, a.en has 3'),
    text("blank-tab", "a line of a blank and a tab", pair(SENTENCES, b"a\n \t\nb\n"), 'a.en, line 2: the line is empty; mend it, or drop such pairs with data.empty_lines: drop (of test sets: evaluation.empty_references)'),
    text("all-empty", "text of which every line is empty", pair(b"\n", b"x\n", "--empty drop"), 'a.de and a.en: no sentence is left; dropped: empty 1'),
    text("range-one", "a number for a range", pair(SENTENCES, options="--lines 5"), '--lines 5: expected START:STOP, such as 0:1000'),
    text("range-words", "letters for a range", pair(SENTENCES, options="--lines a:b"), '--lines a:b: expected START:STOP, such as 0:1000'),
    text("range-empty", "a range of nothing", pair(SENTENCES, options="--lines 3:3"), '--lines 3:3: STOP must be greater than START'),
    text("range-negative", "a range that begins before the text", pair(SENTENCES, options="--lines=-1:2"), '--lines -1:2: expected START:STOP, such as 0:1000'),
    text("range-three", "a range of three numbers", pair(SENTENCES, options="--lines 1:2:3"), '--lines 1:2:3: expected START:STOP, such as 0:1000'),
    text("range-of-two", "one range for two sources", pair(SENTENCES, options="--files a.de a.en b.de b.en --lines 0:1"), "--lines: 1 ranges for 2 sources; ':' is a whole source"),
    text("files-of-three", "three files for two languages", pair(SENTENCES, options="--files a.de a.en b.de"), '--files: two of each source are needed, not 3'),
    text("range-of-second", "a range of the second source that is too long", pair(SENTENCES, options="--files a.de a.en a.de a.en --lines : 2:9"), 'lines 2:9 were asked for, but a.de has only 3 lines'),
    text("tabs", "a table with tabs for text", pair(b"Hund\tdog\n" * 100, b"dog\n" * 100), 'a.de: these look like columns with tabs between them; take the column of text: cut -f1 a.de > NEW'),
    text("tabs-gzip", "a packed table with tabs for text", pair(gzip.compress(b"Hund\tdog\n" * 100), b"dog\n" * 100), 'a.de: these look like columns with tabs between them; take the column of text: cut -f1 <(gzip -dc a.de) > NEW'),
    text("one-file", "one file for both languages", pair(SENTENCES, options="--files a.de a.de"), 'a.de and a.de: one file for both languages; name that of each'),
]  # fmt: skip

# ---- subwords, binarised text and the data card --------------------------------------------------------


@deferred
def training(folder, content=SENTENCES * 20, options="--vocab-size 30", pairs="de-en"):
    """Training text for train_subwords."""
    (folder / "text/train").mkdir(parents=True)
    for lang in ("de", "en"):
        (folder / f"text/train/de-en.{lang}.txt").write_bytes(content)
    words = f"--text-root text --pairs {pairs} --languages de en --out-model spm.model --out-dict dict.txt"
    return [*words.split(), *options.split()]


subwords = cases_of("subwords-", "data.train_subwords")

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
    subwords("options-json", "text options that are not JSON", training(options="--vocab-size 30 --text moses"), "--text 'moses' is not JSON: Expecting value: line 1 column 1 (char 0)"),
    subwords("options-key", "a misspelt text option", training(options='--vocab-size 30 --text {"mosses":true}'), "text.mosses is unknown; known are normalize_punctuation, moses (did you mean 'moses'?)"),
    subwords("options-type", "a number for a text option", training(options='--vocab-size 30 --text {"moses":1}'), 'text.moses must be true or false, not 1'),
    subwords("no-file", "training text of a pair that is not there", training(pairs="cs-en", options="--vocab-size 30 --languages cs en"), 'text/train/cs-en.cs.txt: there is no such training text'),
    subwords("no-language", "a language without training text", training(options="--vocab-size 30 --languages de en it"), "language 'it' has no training text in the pairs de-en"),
    subwords("options-list", "text options that are a list", training(options="--vocab-size 30 --text []"), '--text \'[]\' must be a JSON object such as {"moses": false}'),
]  # fmt: skip


@deferred
def binary(folder, content=SENTENCES, model=None, dictionary=None, options=""):
    put(folder, a_txt=content)
    put(folder, spm_model=tiny.subwords() if model is None else model)
    put(folder, dict_txt=tiny.dictionary() if dictionary is None else dictionary)
    return (
        "--text-file a.txt --lang de --subwords spm.model --dictionary dict.txt --out-prefix bin/t.de"
        f" --stats t.json {options}"
    )


binarise = cases_of("binarise-", "data.binarise")

BINARISE = [
    binarise("no-model", "text named as SentencePiece model", binary(model=SENTENCES), 'spm.model: not a SentencePiece model; train it again, or name the right file'),
    binarise("empty-model", "an empty SentencePiece model", binary(model=b""), 'spm.model: not a SentencePiece model; train it again, or name the right file'),
    binarise("dict-twice", "a dictionary with a symbol twice", binary(dictionary=b"a 1\nb 1\na 1\n"), "dict.txt: 'a' occurs more than once in the vocabulary"),
    binarise("dict-line", "a dictionary without counts", binary(dictionary=b"a 1\nb\n"), "dict.txt, line 2: expected 'symbol count', found 'b'"),
    binarise("dict-flag", "a dictionary that overwrites a symbol", binary(dictionary=b"a 1\na 0 #fairseq:overwrite\n"), "dict.txt, line 2: #fairseq:overwrite gives 'a' a second id, which is not supported: remove such lines and train again with what is left"),
    binarise("dict-score", "scores that are no whole numbers in a dictionary", binary(dictionary=b"a -1\nb -1.5\n"), "dict.txt, line 2: expected 'symbol count', found 'b -1.5'"),
    binarise("dict-bom", "a dictionary with a byte order mark", binary(dictionary=b"\xef\xbb\xbfa 1\n"), 'dict.txt, line 1: begins with a byte order mark; remove it'),
    binarise("dict-utf8", "a dictionary in Latin-1", binary(dictionary=b"a 1\n\xfc 1\n"), "dict.txt, line 2: not UTF-8; is this fairseq's dict.txt?"),
    binarise("dict-empty", "an empty dictionary", binary(dictionary=b""), 'dict.txt: holds no symbol; train the subwords again'),
    binarise("dict-binary", "10 MB without a line as dictionary", binary(dictionary=b"x" * 10_000_000), "dict.txt, line 1: expected 'symbol count', found 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'…"),
    binarise("dict-other", "the dictionary of another model", binary(dictionary=b"xyzzy 1\nplugh 1\n"), "dict.txt is not of this SentencePiece model: the model lacks 2 of its 2 pieces, such as 'xyzzy'; name the two that were made together"),
    binarise("not-utf8", "Latin-1 in prepared text", binary(b"ein Haus\nam Flu\xdf\n"), 'a.txt, line 2: not UTF-8 (byte 0xdf at byte 7 of the line); convert the file with iconv'),
    binarise("shards", "more shards than lines", binary(options="--shards 5"), 'data.shards: a.txt has 3 lines, too few for 5 shards'),
    binarise("no-shards", "0 shards", binary(options="--shards 0"), '--shards 0: must be at least 1'),
    binarise("model-absent", "a SentencePiece model that is not there", binary(options="--subwords other.model"), 'other.model: there is no such SentencePiece model'),
    binarise("dict-word", "a word for a count", binary(dictionary=b"a 1\nb x\n"), "dict.txt, line 2: expected 'symbol count', found 'b x'"),
    binarise("dict-special", "a dictionary with a special of its own", binary(dictionary=b"a 1\n<unk> 2\n"), "dict.txt, line 2: '<unk>' occurs more than once in the vocabulary"),
    binarise("dict-language-twice", "a dictionary with a language's token twice", binary(dictionary=b"a 1\n__de__ 2\n__de__ 2\n"), "dict.txt: '__de__' occurs more than once in the vocabulary"),
    binarise("dict-fraction", "a fraction for a count", binary(dictionary=b"a 1.5\n"), "dict.txt, line 1: expected 'symbol count', found 'a 1.5'"),
    binarise("dict-flag-alone", "a flag for a count", binary(dictionary=b"a #fairseq:overwrite\n"), "dict.txt, line 1: expected 'symbol count', found 'a #fairseq:overwrite'"),
    binarise("dict-flag-twice", "a symbol that is flagged twice", binary(dictionary=b"a 1 #fairseq:overwrite\na 1 #fairseq:overwrite\n"), "dict.txt, line 2: #fairseq:overwrite gives 'a' a second id, which is not supported: remove such lines and train again with what is left"),
    binarise("dict-vocab", "SentencePiece's vocabulary for a dictionary", binary(dictionary=b"<unk>\t0\n<s>\t0\n</s>\t0\na\t-1.5\n"), "dict.txt: SentencePiece's vocabulary, not fairseq's dict.txt; make that of it: awk -F'\\t' '!/^<(unk|s|\\/s|pad)>\\t/ {print $1, 100}' dict.txt > dict.txt"),
    binarise("dict-vocab-bare", "SentencePiece's vocabulary of whole numbers for a dictionary", binary(dictionary=b"a\t-0\nb\t-1\n"), "dict.txt: SentencePiece's vocabulary, not fairseq's dict.txt; make that of it: awk -F'\\t' '!/^<(unk|s|\\/s|pad)>\\t/ {print $1, 100}' dict.txt > dict.txt"),
    binarise("dict-json", "a tokenizer's JSON for a dictionary", binary(dictionary=b'{\n "version": "1.0"\n}\n'), "dict.txt: JSON, such as a tokenizer.json; name fairseq's dict.txt, of lines 'symbol count'"),
    binarise("dict-json-line", "JSON on one line for a dictionary", binary(dictionary=b'{"a": 4, "b": 5}'), "dict.txt: JSON, such as a tokenizer.json; name fairseq's dict.txt, of lines 'symbol count'"),
    binarise("dict-model", "a SentencePiece model for a dictionary", binary(dictionary=b"\n\x0e\n\x05<unk>\x15\0\0"), "dict.txt: a SentencePiece model, not its dictionary; name fairseq's dict.txt"),
    binarise("dict-pointer", "a pointer of Git LFS for a dictionary", binary(dictionary=b"version https://git-lfs.github.com/spec/v1\noid"), 'dict.txt: a pointer of Git LFS, not the file; fetch it: git lfs pull'),
    binarise("dict-gzip", "a packed dictionary", binary(dictionary=gzip.compress(b"a 1\n")), 'dict.txt: packed with gzip; unpack it: gzip -dc dict.txt > NEW'),
    binarise("dict-brace", "a dictionary that begins like JSON, with another mistake", binary(dictionary=b"{ 1\nb\n"), "dict.txt, line 2: expected 'symbol count', found 'b'"),
]  # fmt: skip


@deferred
def dataset(folder, change, ids=None):
    put(folder, dict_txt=b"a 1\nb 1\n")
    write_dataset(folder / "t.de-en.de", ids or [[4, 5, 2], [5, 2]], 6)
    change(folder)
    return "--bin-prefix t.de-en.de --lang de --dictionary dict.txt --out ref.txt"


def cut(name, size):
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:-size])


@deferred
def overwrite(folder, name, place, content):
    raw = (folder / name).read_bytes()
    (folder / name).write_bytes(raw[:place] + content + raw[place + len(content) :])


rebuild = cases_of("binarised-", "data.rebuild_references")

REBUILD = [
    rebuild("absent", "binarised text that is not there", dataset(lambda folder: (folder / "t.de-en.de.idx").unlink()), 't.de-en.de.idx: there is no such file or folder: check the path'),
    rebuild("magic", "another file named as index", dataset(lambda folder: put(folder, **{"t_de-en_de_idx": SENTENCES})), "t.de-en.de.idx: not an index of fairseq's mmap format"),
    rebuild("version", "an index of version 9", dataset(overwrite("t.de-en.de.idx", 9, b"\x09")), 't.de-en.de.idx: version 9, type 8 are unknown; expected version 1'),
    rebuild("index-cut", "a truncated index", dataset(cut("t.de-en.de.idx", 8)), 't.de-en.de.idx: 42 bytes, but 2 sentences need 50; binarise the text again'),
    rebuild("data-cut", "truncated data", dataset(cut("t.de-en.de.bin", 2)), 't.de-en.de.bin: 8 bytes, but its index says 10; binarise the text again'),
    rebuild("pointers", "an index whose sentences overlap", dataset(overwrite("t.de-en.de.idx", 42, b"\x02")), 't.de-en.de.idx: its sentences do not follow one another; binarise the text again'),
    rebuild("ids", "ids of a larger dictionary", dataset(lambda _: None, [[4, 9, 2]]), 't.de-en.de: id 9 is not of this dictionary, which has 6'),
]  # fmt: skip


@deferred
def card(folder, change, pairs='{"train":["de-en"]}'):
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


def held_out(data):
    (data / "text/test").mkdir()
    for lang, lines in (("de", SENTENCES), ("en", SENTENCES[:18])):
        (data / f"text/test/de-en.{lang}.txt").write_bytes(lines)
        (data / f"bin/test.de-en.{lang}.json").write_bytes(
            (data / f"bin/train.de-en.{lang}.json").read_bytes()
        )
    (data / "text/test/de-en.json").write_bytes((data / "text/train/de-en.json").read_bytes())


def other_ceiling(data):
    (data / "ceiling").mkdir()
    (data / "ceiling/news.json").write_text('{"directions": {"en-de": {}}}')


data_card = cases_of("card-", "data.write_card")

CARD = [
    data_card("absent", "statistics that are not there", card(lambda data: (data / "text/train/de-en.json").unlink()), 'data/text/train/de-en.json: the statistics are missing'),
    data_card("ceiling", "a ceiling that is not there", card(lambda data: None, '{"train":["de-en"]} --testsets news'), 'data/ceiling/news.json: the ceiling is missing'),
    data_card("ceiling-other", "a ceiling file that is none", card(other_ceiling, '{"train":["de-en"]} --testsets news'), "data/ceiling/news.json: not a ceiling file ('references_sha256'); delete it and run again"),
    data_card("cut", "truncated statistics", card(cut("text/train/de-en.json", 20)), 'data/text/train/de-en.json: damaged, not JSON (line 1, column 167: Unterminated string starting at); delete it and run the step that writes it again'),
    data_card("form", "a list in place of statistics", card(lambda data: (data / "bin/train.de-en.en.json").write_text("[]")), 'data/bin/train.de-en.en.json: not statistics of the form neuronspec-binarised-1; delete it and run again'),
    data_card("key", "statistics without a key", card(lambda data: (data / "text/train/de-en.json").write_text('{"format": "neuronspec-text-1"}')), "data/text/train/de-en.json and those below data/bin: the statistics lack 'sentences'; delete them and run again"),
    data_card("stale", "binarised from another text", card(lambda data: (data / "bin/train.de-en.de.json").write_text('{"format": "neuronspec-binarised-1", "made_from": {"text": "9"}}')), 'data/bin/train.de-en.de.json was made from another text; binarise train de-en again'),
    data_card("unequal", "prepared sides of unequal length", card(held_out, '{"train":["de-en"],"test":["de-en"]}'), 'data/text/test/de-en.de.txt and data/text/test/de-en.en.txt: unequal numbers of lines; prepare the text again'),
    data_card("pairs-json", "pairs that are not JSON", card(lambda _: None, "de-en"), '--pairs is not JSON: Expecting value: line 1 column 1 (char 0)'),
    data_card("pairs-form", "pairs that are a list", card(lambda _: None, '["de-en"]'), '--pairs: not of the form {"train": ["de-en"], …}'),
]  # fmt: skip


def toy(name, what, spec, said):
    return Case(
        f"toy-{name}", what, "data.generate_toy", lambda folder: ["--spec", spec, "--out", "toy"], said
    )


def contrasts(name, what, words, said):
    return Case(
        f"contrasts-{name}", what, "data.generate_contrastive", lambda folder: f"{words} --out set.tsv", said
    )


def fetch(name, what, words, said):
    return Case(f"fetch-{name}", what, "data.download_corpus", lambda folder: f"--out got {words}", said)


OTHERS = [
    toy("json", "a toy spec that is not JSON", "{seed: 1}", '--spec: not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)'),
    toy("key", "a misspelt key of a toy spec", '{"sead": 1}', "toy: unknown key 'sead' (did you mean 'seed'?); known: seed, pivot, families, tiers, valid_size, test_size, concepts, ambiguity, share_lexicon"),
    toy("type", "a word for a number in a toy spec", '{"test_size": "many"}', "toy.test_size: 'many' is not a whole number"),
    toy("range", "too few concepts", '{"concepts": 3}', 'toy.concepts: 3 is not in 40 … 2000'),
    toy("code", "a language code that is a path", '{"pivot": "../en"}', "toy: language code '../en' is not two or three letters a-z, with script or region"),
    fetch("language", "a language that Multi30k lacks", "--corpus multi30k --languages en fi --home file:///nowhere", "multi30k has no language 'fi'; it has cs, de, en, fr"),
    fetch("json", "datasets that are not JSON", "--corpus mtdata --datasets train", '--datasets is not JSON: Expecting value: line 1 column 1 (char 0)'),
    fetch("form", "datasets that are a list", '--corpus mtdata --datasets {"train":["de-en"]}', "mtdata datasets of train: expected {pair: [dataset id, ...]}, found ['de-en']"),
    fetch("ids", "a pair without datasets", '--corpus mtdata --datasets {"train":{"de-en":[]}}', 'mtdata datasets of train, de-en: expected [dataset id, ...], found []'),
    fetch("id", "an id that mtdata does not know", '--corpus mtdata --datasets {"train":{"de-en":["Statmt-nothing-1-deu-eng"]}}', "mtdata knows no dataset 'Statmt-nothing-1-deu-eng'; list them with: mtdata list -l de-en"),
    toy("pivot", "the pivot in a family", '{"families": {"f": ["en"]}}', "toy.families: 'en' is the pivot and belongs to no family"),
    toy("no-tier", "a language in no tier", '{"families": {"f": ["na", "xx"]}, "tiers": {"high": {"size": 60, "languages": ["na"]}}}', "toy.tiers: language 'xx' is in no tier"),
    toy("no-family", "a language in no family", '{"families": {"f": ["na"]}, "tiers": {"high": {"size": 60, "languages": ["na", "so"]}}}', "toy.tiers: 'so' is in no family"),
    toy("twice", "a language listed twice", '{"families": {"f": ["na", "na"]}, "tiers": {"high": {"size": 60, "languages": ["na"]}}}', "toy.families: language 'na' is listed twice"),
    toy("no-test", "a test set of no sentence", '{"test_size": 0}', 'toy.test_size: 0 sentences; at least 1 is needed'),
    toy("seed", "a seed in quotes", '{"seed": "1"}', "toy.seed: '1' is not a whole number"),
    contrasts("direction", "a contrastive set of a language that the toy lacks", "--spec {} --directions en-xx", "direction 'en-xx': 'xx' is not one of en, na, no, sa, so"),
    contrasts("none", "a contrastive set of no item", "--spec {} --directions en-na --most 0", '--most is 0, needs at least 1'),
    contrasts("json", "a spec of a contrastive set that is not JSON", "--spec { --directions en-na", '--spec: not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)'),
    fetch("languages", "no languages to fetch", "--corpus ntrex", '--corpus ntrex needs --languages and --home'),
    fetch("home", "a home that is not there", "--corpus multi30k --languages de --home file:///nowhere", "file:///nowhere/train.de.gz cannot be downloaded ([Errno 2] No such file or directory: '/nowhere/train.de.gz'): run 'make fetch CONFIG=…' on a machine with internet, or fetch it by hand and name its folder in data.source.folder"),
    fetch("pair", "a pair without a hyphen", '--corpus mtdata --datasets {"train":{"deen":["x"]}}', "'deen' is not two language codes around a hyphen, as in de-en"),
    fetch("id-form", "no id of mtdata", '--corpus mtdata --datasets {"train":{"de-en":["news"]}}', '\'news\' is no mtdata dataset id: Dataset ID expected in format: <group>-<name>-<version>-<l1>[-<l2>]; but given news (1). If you are unsure, run "mtdata list -id | grep -i <name>" and copy its id.'),
    fetch("other-pair", "a dataset of another pair", '--corpus mtdata --datasets {"train":{"fr-en":["Home-news-1-deu-eng"]}}', 'mtdata dataset Home-news-1-deu-eng is not of the pair fr-en (fra-eng): it has deu-eng'),
]  # fmt: skip

CASES = [*TEXT, *SUBWORDS, *BINARISE, *REBUILD, *CARD, *OTHERS]

# ---- what looks wrong and is right -----------------------------------------------------------------------


@deferred
def prepared(folder, de, **normalised):
    assert (folder / "o.de").read_bytes().decode() == de
    assert (folder / "o.en").read_bytes() == SENTENCES[: len(SENTENCES)][: (folder / "o.en").stat().st_size]
    found = json.loads((folder / "o.json").read_text())["normalised"]["de"]
    assert {name: count for name, count in found.items() if count} == normalised


def dropped(folder):
    assert (folder / "o.de").read_bytes() == b"ein Haus am Fluss\nein Haus\n"
    assert json.loads((folder / "o.json").read_text())["dropped"] == {"empty": 0, "too_long": 1}


PLAIN = SENTENCES.decode()
ACCEPTED = [
    Accepted("text-bom", "a byte order mark", "data.prepare_text", pair(b"\xef\xbb\xbf" + SENTENCES), "left out and counted", prepared(PLAIN, byte_order_mark=1)),
    Accepted("text-crlf", "CRLF line ends", "data.prepare_text", pair(SENTENCES.replace(b"\n", b"\r\n")), "read as LF and counted", prepared(PLAIN, crlf=3)),
    Accepted("text-no-end", "no end of the last line", "data.prepare_text", pair(SENTENCES[:-1]), "the line counts", prepared(PLAIN)),
    Accepted("text-separator", "a line separator of Unicode inside a line", "data.prepare_text", pair(SENTENCES.replace(b"am Fluss\nam", "am\u2028Fluss\nam".encode())), "a blank, and counted", prepared(PLAIN, separators=1)),
    Accepted("text-gzip", "a gzip file without .gz", "data.prepare_text", pair(gzip.compress(SENTENCES)), "unpacked: content tells, not the name", prepared(PLAIN)),
    Accepted("text-xz", "an xz file without .xz", "data.prepare_text", pair(lzma.compress(SENTENCES)), "unpacked: content tells, not the name", prepared(PLAIN)),
    Accepted("text-long-dropped", "a line of 100,000 tokens under data.clean.max_words", "data.prepare_text", pair(SENTENCES[:18] + LONG + b"ein Haus\n", options="--max-words 100"), "the pair is left out and counted", dropped),
]  # fmt: skip
