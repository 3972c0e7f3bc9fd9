"""Malformed text that other text is made of, and masks of other text: the stages of the key ``texts``."""

import json

from tests.malformed import tiny
from tests.malformed.case import Case, cases_of, deferred, laid
from workflow_scripts.data.mmap_format import write_dataset

TWO, THREE = b"ein Haus\nam Fluss\n", b"a house\nby the river\nthe end\n"
MADE = "--pair de-en --files a.de a.en --out o.de o.en --stats o.json"


def sides(name, what, options, said, german=TWO, english=TWO):
    files = {"a.de": german, "a.en": english}
    return Case(f"vary-{name}", what, "data.vary_text", laid(files, f"--name few {MADE} {options}"), said)


def latin(name, what, pair, said, files):
    words = f"--pair {pair} --files a b --change cyrillic_to_latin --languages {pair[:2]} --out o p --stats s"
    return Case(f"latin-{name}", what, "data.transliterate", laid(files, words), said)


@deferred
def randomised(folder, dictionary=b"ein 1\n", spoil=lambda _: None):
    write_dataset(folder / "few.de-en.de", [[4, 2]], 5)
    spoil(folder)
    (folder / "dict.txt").write_bytes(dictionary)
    return "--name noise --bin-prefix few.de-en.de --lang de --dictionary dict.txt --out-prefix o --stats s"


noise = cases_of("noise-", "data.randomise_tokens")


@deferred
def compared(folder, table, options=""):
    tiny.masks("ab" * 32).write(folder / "own.npz")
    table.write(folder / "other.npz")
    (folder / "stability.json").write_text(json.dumps({"format": "another"}))
    return f"--masks own.npz --others other.npz {options} --out-json o --out-csv p --out-markdown q"


control = cases_of("text-control-", "analyse.text_control")

CASES = [
    sides("unequal", "sides of unequal length", "--bootstrap", "a.de and a.en: 2 and 3 lines; prepare the text again", english=THREE),
    sides("first", "more sentences than there are", "--first 3", "a.de: 2 sentences, fewer than the first 3 asked for"),
    sides("none", "the first 0 sentences", "--first 0", "--first is 0, at least 1 is needed"),
    sides("not-utf8", "prepared text that was damaged", "--bootstrap", "a.de, line 1: not UTF-8 (byte 0xdf at byte 4 of the line); convert the file with iconv", german=b"Flu\xdf\n\n"),
    latin("language", "Ukrainian by the rules of Serbian", "uk-en", "--languages: cyrillic_to_latin is of Serbian alone, not of 'uk'; take latin", {"a": "так\n".encode(), "b": b"so\n"}),
    latin("already", "Serbian that is in Latin letters", "sr-en", "sr: no line has a Cyrillic letter: it is in Latin letters already", {"a": "već\n".encode(), "b": b"so\n"}),
    noise("index", "an index that is none", randomised(spoil=lambda folder: (folder / "few.de-en.de.idx").write_bytes(b"text")), "few.de-en.de.idx: not an index of fairseq's mmap format"),
    noise("pieces", "a dictionary of tokens of languages alone", randomised(b"__de__ 1\n"), "the dictionary has no piece of text, but tokens of languages and the like alone"),
    control("model", "masks of another model", compared(tiny.masks("cd" * 32)), "other.npz: masks were made from weights #, the model's are #; make masks from this model's activations"),
    control("row", "masks without a row of a direction", compared(tiny.masks("ab" * 32, ("de-en",))), "other.npz: no mask row 'en-de'; rows: de-en"),
    control("stability", "another file in the place of the stability", compared(tiny.masks("ab" * 32), "--stability stability.json"), "stability.json: not by stability, it lacks 'directions'"),
]  # fmt: skip
