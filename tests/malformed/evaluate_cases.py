"""Malformed hypotheses, references, scores and tables: the stages of the environment ``evaluate``."""

import gzip
import hashlib
import json

import numpy as np
import pytest

from tests.malformed import drawn_cases, off_target_cases, table_cases
from tests.malformed.case import Accepted, Case, cases_of, deferred, laid
from workflow_scripts.common.archive import write_archive

LINES = b"ein Haus am Fluss\nam Fluss\nein Haus\n"
JOB = "--experiment x --system ns --testset one --seed 1"

# ---- score ---------------------------------------------------------------------------------------------


@deferred
def scoring(
    folder,
    hypotheses=LINES,
    references=LINES,
    patterns="--hypotheses hyp.{direction} --references ref.{target}",
    options="--metrics bleu chrf --directions en-de",
):
    (folder / "hyp.en-de").write_bytes(hypotheses)
    (folder / "ref.de").write_bytes(references)
    (folder / "src.en").write_bytes(b"a house by the river\n")
    (folder / "half.gz").write_bytes(gzip.compress(LINES)[:-9])
    return f"{JOB} --out score.json {patterns} {options}"


score = cases_of("score-", "evaluate.score")


@deferred
def ceiling(folder, stats, back=LINES):
    (folder / "ref.de").write_bytes(LINES)
    (folder / "back.de").write_bytes(back)
    right = {"references_sha256": hashlib.sha256(LINES).hexdigest(), "moses": None}
    whole = json.dumps({"format": "neuronspec-round-trip-1", "directions": {"en-de": right}})
    (folder / "stats.json").write_text(stats or whole)
    options = "--round-trips back.{target} --stats stats.json --directions en-de --experiment x --testset t"
    return f"--references ref.{{target}} {options} --out ceiling.json"


SCORE = [
    Case("ceiling-other", "a record of references that is none", "evaluate.score_ceiling", ceiling('{"format": "x"}'), "stats.json: not of the form neuronspec-round-trip-1 (format 'x'); delete it and run again"),
    Case("ceiling-stale", "a record of other references", "evaluate.score_ceiling", ceiling('{"format": "neuronspec-round-trip-1", "directions": {"en-de": {"references_sha256": "0", "moses": null}}}'), 'stats.json: en-de was made from other references; delete it and run again'),
    score("shorter", "a hypothesis file of another length", scoring(LINES[:18]), 'hyp.en-de has 1 lines but ref.de has 3: line 2 has no counterpart'),
    score("empty", "empty references", scoring(references=b""), 'ref.de: no lines, nothing to score against'),
    score("blank", "a reference without text", scoring(references=b"ein Haus am Fluss\n\nein Haus\n"), 'ref.de, line 2: empty reference; mend it, or choose what is done: --empty-references count (scored as they are) or drop (left out for all systems); in a config evaluation.empty_references'),
    score("not-utf8", "Latin-1 in hypotheses", scoring(b"ein Haus\nam Flu\xdf\nein\n"), 'hyp.en-de, line 2: not UTF-8 at byte 7 of the line; convert the file with iconv'),
    score("nul", "a NUL byte in hypotheses", scoring(b"ein Haus\nam\0\nein\n"), 'hyp.en-de, line 2: a NUL byte; is this a text file?'),
    score("absent", "a direction without hypotheses", scoring(options="--metrics bleu --directions en-de de-en"), 'hyp.de-en: no such file, for de-en'),
    score("pattern", "a misspelt field in a pattern", scoring(patterns="--hypotheses hyp.{directon} --references ref.{target}"), "pattern 'hyp.{directon}': no wildcard {directon} (did you mean 'direction'?); there are {direction}, {pair}, {source}, {target}"),
    score("metric", "a misspelt metric", scoring(options="--metrics blue --directions en-de"), "--metrics: no 'blue' (did you mean 'bleu'?); there are bleu, chrf++, chrf2, ter"),
    score("metric-twice", "a metric named twice", scoring(options="--metrics bleu bleu --directions en-de"), '--metrics: bleu is named twice'),
    score("tokenizer", "a misspelt tokenizer", scoring(options="--metrics bleu --directions en-de --tokenizers {\"de\":\"13b\"}"), "--tokenizers: sacrebleu has no '13b' (did you mean '13a'?); it has none, zh, 13a, intl, char, ja-mecab, ko-mecab, spm, flores101, flores200, spBLEU-1K"),
    score("tokenizers-json", "tokenizers that are not JSON", scoring(options="--metrics bleu --directions en-de --tokenizers 13a"), "--tokenizers: not JSON (Extra data: line 1 column 3 (char 2))"),
    score("tokenizers-language", "a tokenizer of a misspelt language", scoring(options='--metrics bleu --directions en-de --tokenizers {"deu":"char"}'), "--tokenizers: 'deu' is the target of no direction (did you mean 'de'?)"),
    score("tokenizers-form", "a list of tokenizers", scoring(options='--metrics bleu --directions en-de --tokenizers ["13a"]'), '--tokenizers: not of the shape {"zh": "zh", "ja": "ja-mecab"}'),
    score("processes", "no process", scoring(options="--metrics bleu --directions en-de --processes 0"), "--processes is 0, at least 1 is needed"),
    score("sources", "sources of another length", scoring(options="--metrics bleu --directions en-de --sources src.{source}"), "src.en has 1 lines but ref.de has 3"),
    score("gzip", "half of a gzipped file", scoring(patterns="--hypotheses half.gz --references ref.{target}"), "half.gz: not a whole gzip file; make it again with gzip"),
    score("log", "fairseq-generate's log with a sentence twice", scoring(b"H-1\t-0.3\teins\nH-0\t-0.2\tnull\nH-1\t-0.4\tein\n"), "hyp.en-de, line 3: H-1 is there twice, first in line 1: two logs in one, or several hypotheses of a sentence, of which this takes the best: cat hyp.en-de | grep -a '^H-' | LC_ALL=C sort -u -k1,1V | cut -f3- > NEW"),
    score("log-missing", "fairseq-generate's log that lacks a sentence", scoring(b"H-2\t-0.3\teins\nH-0\t-0.2\tnull\n"), "hyp.en-de: no H-1, though numbers go to 2: sentences that fairseq-generate left out as too long, or a part of a log"),
    score("log-sources", "fairseq-generate's sources for hypotheses", scoring(b"S-1\tone\nS-0\ttwo\nS-2\tthree\n"), "hyp.en-de, line 1: this is the log of fairseq-generate; it has no H- lines: name the right file"),
    score("utf-16", "UTF-16 for hypotheses", scoring(LINES.decode().encode("utf-16")), 'hyp.en-de: UTF-16; convert it: iconv -f UTF-16 -t UTF-8 hyp.en-de > NEW'),
    score("direction", "a direction with an underscore", scoring(options="--metrics bleu --directions en_de"), "'en_de' is not two language codes around a hyphen, as in de-en (did you mean 'en-de'?)"),
    score("direction-plain", "a direction without a hyphen", scoring(options="--metrics bleu --directions ende"), "'ende' is not two language codes around a hyphen, as in de-en"),
    score("direction-twice", "a direction named twice", scoring(options="--metrics bleu --directions en-de en-de"), '--directions: en-de is named twice'),
    score("several", "faults of three directions", laid({"hyp.en-de": LINES[:18], "ref.de": LINES, "hyp.de-en": b"a\n", "ref.en": b" \n"}, f"{JOB} --out score.json --hypotheses hyp.{{direction}} --references ref.{{target}} --metrics bleu --directions en-de de-en fr-en"), 'hyp.fr-en: no such file, for fr-en\nhyp.en-de has 1 lines but ref.de has 3: line 2 has no counterpart\nref.en, line 1: empty reference; mend it, or choose what is done: --empty-references count (scored as they are) or drop (left out for all systems); in a config evaluation.empty_references'),
    score("blanks", "two references without text", scoring(references=b"\nein Haus\n\n"), 'ref.de, line 1: empty reference (and 1 more); mend it, or choose what is done: --empty-references count (scored as they are) or drop (left out for all systems); in a config evaluation.empty_references'),
    score("all-blank", "no reference with text", scoring(references=b"\n\n\n", options="--metrics bleu --directions en-de --empty-references drop"), 'ref.de: every reference is empty, nothing to score against'),
    score("second-shorter", "a second set of references that is shorter", scoring(patterns="--hypotheses hyp.{direction} --references ref.{target} --references src.en"), 'hyp.en-de has 3 lines but src.en has 1: line 2 has no counterpart'),
    Case("ceiling-none", "a record of no direction", "evaluate.score_ceiling", ceiling('{"format": "neuronspec-round-trip-1", "directions": {}}'), "stats.json: not of the form neuronspec-round-trip-1 ('en-de'); delete it and run again"),
    Case("ceiling-shorter", "references of which a line did not come back", "evaluate.score_ceiling", ceiling("", LINES[:18]), 'back.de has 1 lines but ref.de has 3: line 2 has no counterpart'),
]  # fmt: skip

# ---- evaluate_outputs ----------------------------------------------------------------------------------


PATTERNS = "--hypotheses {system}.{direction} --references ref.{target} --out out"
SLASH = "--hypotheses {system}/{direction}.txt --references ref.{target} --out out"
ONE = {"old.en-de": LINES, "new.en-de": LINES, "ref.de": LINES}
TWO = {**ONE, "old.de-en": LINES, "new.de-en": LINES, "ref.en": LINES}


def outputs(name, what, options, said, files=ONE, patterns=PATTERNS):
    words = laid(files, f"{patterns} {options}")
    return Case(f"outputs-{name}", what, "evaluate.evaluate_outputs", words, said)


def named(name, what, system, said):
    return outputs(name, what, "", said, {f"{system}.en-de": LINES, "ref.de": LINES})


OUTPUTS = [
    named("option", "a system called as an option is", "--debug", "system '--debug' (--debug.en-de): it begins with '-', as an option of a program does; rename it"),
    named("formula", "a system called as a formula is", "=1+1", "system '=1+1' (=1+1.en-de): it begins with '=', as a formula of a spreadsheet does; rename it"),
    named("escape", "a system whose name holds an escape sequence", "a\x1b[31m", "system 'a\\x1b[31m' (a\\x1b[31m.en-de): it holds '\\x1b', which does not print; rename it"),
    outputs("taken", "a file of the user's where a table is to be written", "", "out: groups.csv: not written by evaluate_outputs; move them, or name another folder by --out; nothing was written", {**ONE, "out/groups.csv": b"mine"}),
    outputs("group-name", "a group called as an option is", '--groups {"family":{"-x":["de"]}}', "--groups: group '-x': it begins with '-', as an option of a program does; rename it"),
    outputs("references", "references that the shell has filled in", "--references ref.de", "--references: two patterns name one file for en-de"),
    outputs("hypotheses", "a pattern that the shell has filled in", "--hypotheses old.en-de new.en-de", "--hypotheses: one pattern, not 3 ({system}.{direction}, old.en-de, new.en-de); quote it, so that the shell leaves it"),
    outputs("systems", "a misspelt system", "--systems odl", "--systems: no files of 'odl' (did you mean 'old'?); there are new, old"),
    outputs("directions", "a direction without files", "--directions de-en", "--directions: no files of 'de-en'; there are en-de"),
    outputs("two-readings", "a direction that may be two", "", "pattern '{system}/{direction}.txt': no file fits (left out: a/en-pt-br.txt: a direction that may be two: write _ inside a code, as in en-pt_BR, or name its languages)", {"a/en-pt-br.txt": LINES}, SLASH),
    outputs("two-spellings", "two spellings of one direction", "", "a/en-pt-BR.txt and a/en-pt_BR.txt are both en-pt_BR of a: keep one of them", dict.fromkeys(["a/en-pt-BR.txt", "a/en-pt_BR.txt"], LINES), SLASH),
    outputs("processes", "no process", "--processes 0", "--processes is 0, at least 1 is needed"),
    outputs("pivot", "a pivot that no direction has", "--pivot fr", "--pivot: no direction has 'fr'"),
    outputs("tokenizers", "a tokenizer of a source language", '--tokenizers {"en":"char"}', "--tokenizers: 'en' is the target of no direction"),
    outputs("baseline", "a misspelt baseline", "--baseline odl", "--baseline: no system 'odl' (did you mean 'old'?); there are new, old"),
    outputs("control", "a control without a baseline", "--control old", "--control: needs --baseline, the system that all others are tested against"),
    outputs("resamples", "no resamples", "--resamples 0", "--resamples is 0, at least 1 is needed"),
    outputs("groups", "groups that are not JSON", "--groups {", "--groups: not JSON (Expecting property name enclosed in double quotes: line 1 column 2 (char 1))"),
    outputs("wildcard", "a misspelt field in a pattern of references", "", "pattern 'ref.{lang}': no wildcard {lang}; there are {direction}, {pair}, {source}, {target}, {system}", patterns="--hypotheses {system}.{direction} --references ref.{lang} --out out"),
    outputs("seed-word", "a seed that is no number", "", "pattern '{system}.{seed}': no file fits, so {seed} has no value; a seed is a whole number", patterns="--hypotheses {system}.{seed} --references ref.{target} --out out"),
    outputs("comet", "a COMET model without a name", "--comet models/own", "--comet: 'models/own' is not NAME=PLACE; a name is small letters and digits"),
    outputs("comet-folder", "a COMET model that is nowhere", "--comet own=models/own --sources ref.{target}", "--comet: own: models/own has no hparams.yaml"),
    outputs("given", "scores of sentences without a system", "--segment-scores mx=new.mx", "--segment-scores: 'new.mx': {system} is needed"),
    outputs("references-twice", "a pattern of references named twice", "--references ref.{target}", '--references: ref.{target} is named twice'),
    outputs("sources-twice", "two patterns of sources", "--sources a --sources b", '--sources: one pattern, not 2 (a, b); quote it, so that the shell leaves it'),
    outputs("reference-of-all", "a file as one of two references of all directions", "--references ref.de", "--references: 'ref.de' has no wildcard, and would be one of 2 references of all 2 directions; quote it, so that the shell leaves it", TWO),
    outputs("one-reference", "one file of references of two languages", "", '--references: ref.de would serve de-en and en-de, of two languages; put {target} or {direction} into the pattern', TWO, "--hypotheses {system}.{direction} --references ref.de --out out"),
    outputs("one-source", "one file of sources of two languages", "--sources ref.de", '--sources: ref.de would serve de-en and en-de, of two languages; put {source} or {direction} into the pattern', TWO),
    outputs("tokenizer", "a misspelt tokenizer", '--tokenizers {"de":"mecab"}', "--tokenizers: sacrebleu has no 'mecab' (did you mean 'ko-mecab'?); it has none, zh, 13a, intl, char, ja-mecab, ko-mecab, spm, flores101, flores200, spBLEU-1K"),
    outputs("tokenizer-package", "a tokenizer whose package is not there", '--tokenizers {"de":"ko-mecab"}', '--tokenizers: ko-mecab needs the package mecab_ko, which this environment does not have; use char, which needs none'),
    outputs("system-twice", "a system named twice", "--systems old old", '--systems: old is named twice'),
    outputs("metric-twice", "a metric named twice", "--metrics bleu bleu", '--metrics: bleu is named twice'),
    outputs("seed", "a negative seed", "--seed -1", '--seed is -1, at least 0 is needed'),
    outputs("absent", "a direction that one of two systems lacks", "", 'new.de-en: no such file; old has de-en', {name: LINES for name in TWO if name != "new.de-en"}),
    outputs("none-chosen", "a system without any of the chosen directions", "--directions de-en", '--directions: new has none of them; name the others by --systems', {name: LINES for name in TWO if name != "new.de-en"}),
    outputs("none-chosen-partial", "a system without any of the chosen directions, for partial tables", "--directions de-en --allow-partial", '--directions: new has none of them; name the others by --systems', {name: LINES for name in TWO if name != "new.de-en"}),
    outputs("lengths", "two files of other lengths, and a reference without text", "--processes 1", 'old.de-en has 6 lines but ref.en has 3: line 4 has no counterpart\nnew.en-de has 1 lines but ref.de has 3: line 2 has no counterpart', {**TWO, "new.en-de": LINES[:18], "old.de-en": LINES * 2, "ref.en": b"a\n\nb\n"}),
    outputs("references-absent", "references of which there are others", "", "ref.EN: no such file, for DE-EN; there are ref.cs, ref.de, ref.it and 1 more\nref.DE: no such file, for EN-DE (did you mean 'ref.de'?); there are ref.cs, ref.de, ref.it and 1 more", dict.fromkeys(["a/EN-DE.txt", "a/DE-EN.txt", "ref.de", "ref.cs", "ref.it", "ref.pl"], LINES), SLASH),
    outputs("above", "a system called as the folder above is", "", "system '..' (x..y/de-en): it begins with '.', as a hidden file does; rename it", {"x..y/de-en": LINES, "ref.en": LINES}, "--hypotheses x{system}y/{direction} --references ref.{target} --out a/b/c"),
    named("short-option", "a system called as a short option is", "-x", "system '-x' (-x.en-de): it begins with '-', as an option of a program does; rename it"),
    named("plus", "a system called as a formula with a plus is", "+1", "system '+1' (+1.en-de): it begins with '+', as a formula of a spreadsheet does; rename it"),
    named("at", "a system called as an old formula is", "@a", "system '@a' (@a.en-de): it begins with '@', as a formula of a spreadsheet does; rename it"),
    named("lines", "a system whose name is two lines", "a\nb", "system 'a\\nb' (a\\nb.en-de): it holds '\\n', which does not print; rename it"),
    named("blank", "a system whose name begins with a blank", " a", "system ' a' ( a.en-de): it begins with ' ', which nobody sees; rename it"),
]  # fmt: skip

# ---- compare -------------------------------------------------------------------------------------------

COUNTS = np.arange(1, 31).reshape(3, 10)


@deferred
def comparing(folder, other=None, options="", **manifest):
    """Sentences' statistics of two systems: right ones of ``ns``, these of ``baseline``."""
    right = {"en-de/bleu": COUNTS}
    references = {"references_sha256": {"en-de": "ab"}}
    write_archive(folder / "ns.npz", right, {"format": "segments-1", "system": "ns", **references})
    path = folder / "baseline.npz"
    if isinstance(other, bytes):
        path.write_bytes(other)
    elif other is not None or manifest:
        said = {"format": "segments-1", "system": "baseline", **references, **manifest}
        write_archive(path, right if other is None else other, said)
    against = "--segments ns.npz --against baseline baseline.npz --directions en-de --resamples 100"
    return f"{JOB} --out tests.json {against} {options}"


compare = cases_of("segments-", "evaluate.significance.compare")

RIGHT = {"en-de/bleu": COUNTS}
COMPARE = [
    compare("absent", "no statistics of the other system", comparing(), "baseline.npz: no such file; evaluate.score writes it beside the scores"),
    compare("cut", "half a file of statistics", comparing(b"PK\x03\x04 half"), "baseline.npz: not a segments-1 file (File is not a zip file); delete it and run the step that writes it again"),
    compare("empty", "an empty file of statistics", comparing(b""), "baseline.npz: not a segments-1 file (File is not a zip file); delete it and run the step that writes it again"),
    compare("masks", "an archive of another kind", comparing(format="neuronspec-masks-1"), "baseline.npz: format is 'neuronspec-masks-1', expected 'segments-1'; name the right file"),
    compare("likelihoods", "likelihoods in place of statistics", comparing(format="likelihoods-1"), "baseline.npz: format is 'likelihoods-1', expected 'segments-1'; name the right file"),
    compare("swapped", "the file of another system", comparing(system="ns"), "baseline.npz: system is 'ns', expected 'baseline'"),
    compare("testset", "the file of another test set", comparing(testset="two"), "baseline.npz: testset is 'two', expected 'one'"),
    compare("lengths", "another number of sentences", comparing({"en-de/bleu": COUNTS[:2]}), "ns.npz has 3 sentences of en-de but baseline.npz has 2: score both again"),
    compare("direction", "a direction that one of two systems lacks", comparing({"en-fr/bleu": COUNTS}), "baseline.npz: no en-de; ns.npz has it"),
    compare("metric", "a metric that one of two systems lacks", comparing({**RIGHT, "en-de/ter": COUNTS[:, :2]}), "ns.npz: no ter of en-de; baseline.npz has it"),
    compare("references", "systems scored against different references", comparing(references_sha256={"en-de": "cd"}), "ns.npz: en-de scored against other references than baseline.npz; score both again"),
    compare("form", "statistics in one row", comparing({"en-de/bleu": COUNTS[0]}), "baseline.npz: not a segments-1 file (en-de/bleu is no table of numbers); delete it and run the step that writes it again"),
    compare("nan", "statistics that are no numbers", comparing({"en-de/bleu": COUNTS * float("nan")}), "baseline.npz: not a segments-1 file (en-de/bleu has a number that is not finite); delete it and run the step that writes it again"),
    compare("itself", "a system against itself", comparing(RIGHT, "--against ns ns.npz"), "--against: ns is the system itself"),
    compare("other-twice", "another system named twice", comparing(RIGHT, "--against baseline baseline.npz"), "--against: baseline is named twice"),
    compare("direction-twice", "a direction named twice", comparing(RIGHT, "--directions en-de en-de"), "--directions: en-de is named twice"),
    compare("resamples", "no resamples", comparing(RIGHT, "--resamples 0"), "--resamples is 0, at least 1 is needed"),
    compare("seed", "a negative seed of the resamples", comparing(RIGHT, "--random-seed -1"), "--random-seed is -1, at least 0 is needed"),
    compare("columns", "statistics of another metric", comparing({"en-de/bleu": COUNTS[:, :9]}), 'ns.npz: bleu of en-de has other statistics than baseline.npz'),
    compare("words", "words for statistics", comparing({"en-de/bleu": np.array([["a"]])}), 'baseline.npz: not a segments-1 file (en-de/bleu is no table of numbers); delete it and run the step that writes it again'),
    compare("no-row", "statistics of no sentence", comparing({"en-de/bleu": COUNTS[:0]}), 'baseline.npz: not a segments-1 file (en-de/bleu is no table of numbers); delete it and run the step that writes it again'),
]  # fmt: skip

CASES = [*SCORE, *OUTPUTS, *COMPARE, *table_cases.CASES, *off_target_cases.CASES, *drawn_cases.CASES]


def perfect(folder):
    found = json.loads((folder / "score.json").read_text())["directions"]["en-de"]
    assert [one["score"] for one in found["scores"]] == pytest.approx([100.0, 100.0])
    assert found["health"] == {
        "length_ratio": 1.0, "empty_hypotheses": 0, "repeated_4gram_rate": 0.0, "copied_source_rate": None,
    }  # fmt: skip


FULL = b"ein Haus am Fluss\nam Fluss steht ein Haus\n"
ACCEPTED = [
    Accepted("score-crlf", "hypotheses with byte order mark and CRLF", "evaluate.score", scoring(b"\xef\xbb\xbf" + FULL.replace(b"\n", b"\r\n"), FULL), "scored as without", perfect),
    *off_target_cases.ACCEPTED,
]  # fmt: skip
