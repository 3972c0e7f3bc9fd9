"""Malformed contrastive sets and texts whose likelihood is asked for."""

from tests.malformed import tiny
from tests.malformed.case import Case, cases_of, deferred

HEADER = "direction\tid\tsource\tcorrect\twrong\tphenomenon\n"
RIGHT = "de-en\t1\tein Haus\ta house\tthe river\tnumber\n"


@deferred
def asked(folder, readings):
    tiny.system(folder)
    if readings is not None:
        content = readings if isinstance(readings, bytes) else readings.encode()
        (folder / "set.tsv").write_bytes(content)
    return "--system system --directions de-en en-de --set set.tsv --out out.json"


def contrastive(name, what, readings, said):
    return Case(f"contrastive-{name}", what, "likelihood.score_contrastive", asked(readings), said)


CONTRASTIVE = [
    contrastive("absent", "a set that is not there", None, 'set.tsv: there is no such file or folder: check the path'),
    contrastive("empty", "an empty set", "", 'set.tsv: empty; the first line names the columns: direction, id, source, correct, wrong, phenomenon'),
    contrastive("no-names", "a set without the names of its columns", RIGHT, "set.tsv, line 1: no column 'de-en' is known; the columns, between tabs, are direction, id, source, correct, wrong, phenomenon"),
    contrastive("misspelt", "a misspelt column", HEADER.replace("phenomenon", "phenomena") + RIGHT, "set.tsv, line 1: no column 'phenomena' is known (did you mean 'phenomenon'?); the columns, between tabs, are direction, id, source, correct, wrong, phenomenon"),
    contrastive("commas", "commas for tabs", (HEADER + RIGHT).replace("\t", ","), "set.tsv, line 1: no column 'direction,id,source,correct,wrong,phenomenon' is known; the columns, between tabs, are direction, id, source, correct, wrong, phenomenon"),
    contrastive("column", "a column that is missing", HEADER.replace("\twrong", "") + RIGHT, "set.tsv, line 1: column 'wrong' is missing; it needs direction, id, source, correct, wrong, phenomenon"),
    contrastive("column-twice", "a column that is there twice", HEADER.replace("\twrong", "\twrong\twrong") + RIGHT, "set.tsv, line 1: column 'wrong' is there twice; it needs direction, id, source, correct, wrong, phenomenon"),
    contrastive("no-items", "a first line and nothing else", HEADER, 'set.tsv: only a first line, no items'),
    contrastive("short", "a line with a column less", HEADER + RIGHT + "de-en\t2\tein Haus\ta house\tthe river\n", 'set.tsv, line 3: 5 columns between tabs, line 1 names 6'),
    contrastive("blank", "a blank line", HEADER + "\n" + RIGHT, 'set.tsv, line 2: 1 columns between tabs, line 1 names 6'),
    contrastive("direction", "a misspelt direction", HEADER + RIGHT.replace("de-en", "de-ne"), "set.tsv, line 2, column 'direction': 'de-ne' is not one of de-en, en-de (did you mean 'de-en'?)"),
    contrastive("no-reading", "a wrong reading of blanks", HEADER + RIGHT.replace("the river", " "), "set.tsv, line 2, column 'wrong': empty"),
    contrastive("equal", "a wrong reading that is the right one", HEADER + RIGHT.replace("the river", "a house"), "set.tsv, line 2, column 'wrong': the same as 'correct'"),
    contrastive("source", "one id with two sources", HEADER + RIGHT + RIGHT.replace("ein", "am").replace("the", "by the"), "set.tsv, line 3, column 'source': another than in line 2, which has the same direction and id '1'; lines of one id differ in 'wrong' alone"),
    contrastive("twice", "a line twice", HEADER + RIGHT + RIGHT, "set.tsv, line 3, column 'wrong': a reading of id '1' that is there already"),
    contrastive("not-utf8", "Latin-1 in line 2", (HEADER + RIGHT.replace("Haus", "Fuß")).encode("latin-1"), 'set.tsv, line 2: not UTF-8 at byte 15 of the line; convert the file with iconv'),
    contrastive("nul", "a NUL byte", HEADER + RIGHT.replace(" ", "\0"), 'set.tsv, line 2: a NUL byte; is this a text file?'),
    contrastive("long", "a reading longer than the model's positions", HEADER + RIGHT.replace("river", "river " * 20), "set.tsv, line 2: a reading of id '1' is longer than the model's 14 subwords; shorten it"),
]  # fmt: skip


@deferred
def given(folder, references=b"a house\nthe river\n", options="", files="{pair}.{target}"):
    tiny.system(folder)
    (folder / "de-en.de").write_bytes(b"ein Haus\nam Fluss\n")
    (folder / "de-en.en").write_bytes(references)
    words = "--system system --directions de-en --sources {pair}.{source} --out out.json"
    return f"{words} --references {files} {options}"


likelihood = cases_of("likelihood-", "likelihood.score_likelihood")

LIKELIHOOD = [
    likelihood("absent", "no references", given(files="{pair}.xx"), 'de-en.xx: there is no such file or folder: check the path'),
    likelihood("unequal", "a reference less than sources", given(b"a house\n"), 'de-en.de has 2 lines but de-en.en has 1: line 2 has no counterpart'),
    likelihood("empty", "empty references", given(b""), 'de-en.en: no lines, nothing to score against'),
    likelihood("blank", "a reference without text", given(b"a house\n \n"), 'de-en.en, line 2: empty reference'),
    likelihood("not-utf8", "Latin-1 in line 2", given(b"a house\na \xdf\n"), 'de-en.en, line 2: not UTF-8 at byte 3 of the line; convert the file with iconv'),
    likelihood("pattern", "an unknown field in a pattern", given(files="{lang}.txt"), "pattern '{lang}.txt': no wildcard {lang}; there are {direction}, {pair}, {source}, {target}"),
    likelihood("direction", "a direction that the system lacks", given(options="--directions de-ne --sources de-en.de --references de-en.en"), "system/system.json: system 'tiny' has no direction 'de-ne'; it has de-en, en-de (did you mean 'de-en'?)"),
    likelihood("twice", "a direction named twice", given(options="--directions de-en de-en"), '--directions: de-en is named twice'),
    likelihood("batch", "batches of nothing", given(options="--batch-tokens 0"), '--batch-tokens is 0, at least 1 is needed'),
    likelihood("long", "only lines longer than the model's positions", given(b"river " * 20 + b"\n" + b"house " * 20 + b"\n"), "de-en.en: every line is longer than the model's 14 subwords"),
]  # fmt: skip

CASES = [*CONTRASTIVE, *LIKELIHOOD]
