"""Malformed hypotheses, references, scores and tables: the stages of the environment ``evaluate``."""

import gzip
import json
from typing import Any

import numpy as np
import pytest

from tests.malformed import off_target_cases
from tests.malformed.case import Accepted, Case, cases_of, deferred
from workflow_scripts.archive import write_archive
from workflow_scripts.report.summary import CSV_COLUMNS

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
def ceiling(folder, stats):
    for name in ("ref.de", "back.de"):
        (folder / name).write_bytes(LINES)
    (folder / "stats.json").write_text(stats)
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
    score("log", "fairseq-generate's log with a sentence twice", scoring(b"H-1\t-0.3\teins\nH-0\t-0.2\tnull\nH-1\t-0.4\tein\n"), "hyp.en-de, line 3: H-1 stands there twice, first in line 1: two logs in one, or several hypotheses of a sentence, of which this takes the best: cat hyp.en-de | grep -a '^H-' | LC_ALL=C sort -u -k1,1V | cut -f3- > NEW"),
    score("log-missing", "fairseq-generate's log that lacks a sentence", scoring(b"H-2\t-0.3\teins\nH-0\t-0.2\tnull\n"), "hyp.en-de: no H-1, though numbers go to 2: sentences that fairseq-generate left out as too long, or a part of a log"),
    score("log-sources", "fairseq-generate's sources for hypotheses", scoring(b"S-1\tone\nS-0\ttwo\nS-2\tthree\n"), "hyp.en-de, line 1: this is the log of fairseq-generate; it has no H- lines: name the right file"),
    score("utf-16", "UTF-16 for hypotheses", scoring(LINES.decode().encode("utf-16")), 'hyp.en-de: UTF-16; convert it: iconv -f UTF-16 -t UTF-8 hyp.en-de > NEW'),
    score("direction", "a direction with an underscore", scoring(options="--metrics bleu --directions en_de"), "'en_de' is not two language codes around a hyphen, as in de-en (did you mean 'en-de'?)"),
]  # fmt: skip

# ---- evaluate_outputs ----------------------------------------------------------------------------------


def outputs(name, what, options, said):
    def lay(folder):
        for system in ("old", "new"):
            (folder / f"{system}.en-de").write_bytes(LINES)
        (folder / "ref.de").write_bytes(LINES)
        return f"--hypotheses {{system}}.{{direction}} --references ref.{{target}} --out out {options}"

    return Case(f"outputs-{name}", what, "evaluate.evaluate_outputs", lay, said)


def two_readings(folder):
    (folder / "a").mkdir()
    (folder / "a/en-pt-br.txt").write_bytes(LINES)
    return "--hypotheses {system}/{direction}.txt --references ref.{target} --out out"


def two_spellings(folder):
    (folder / "a").mkdir()
    for name in ("en-pt-BR", "en-pt_BR"):
        (folder / "a" / f"{name}.txt").write_bytes(LINES)
    return "--hypotheses {system}/{direction}.txt --references ref.{target} --out out"


@deferred
def named(folder, name, taken=""):
    (folder / f"{name}.en-de").write_bytes(LINES)
    (folder / "ref.de").write_bytes(LINES)
    if taken:
        (folder / "out").mkdir()
        (folder / "out" / taken).write_text("mine")
    return "--hypotheses {system}.{direction} --references ref.{target} --out out"


OUTPUTS = [
    Case("outputs-option", "a system called as an option is", "evaluate.evaluate_outputs", named("--debug"), "system '--debug' (--debug.en-de): it begins with '-', as an option of a program does; rename it"),
    Case("outputs-formula", "a system called as a formula is", "evaluate.evaluate_outputs", named("=1+1"), "system '=1+1' (=1+1.en-de): it begins with '=', as a formula of a spreadsheet does; rename it"),
    Case("outputs-escape", "a system whose name holds an escape sequence", "evaluate.evaluate_outputs", named("a\x1b[31m"), "system 'a\\x1b[31m' (a\\x1b[31m.en-de): it holds '\\x1b', which does not print; rename it"),
    Case("outputs-taken", "a file of the user's where a table is to be written", "evaluate.evaluate_outputs", named("old", "groups.csv"), "out: groups.csv: not written by evaluate_outputs; move them, or name another folder by --out; nothing was written"),
    outputs("group-name", "a group called as an option is", '--groups {"family":{"-x":["de"]}}', "--groups: group '-x': it begins with '-', as an option of a program does; rename it"),
    outputs("references", "references that the shell has filled in", "--references ref.de", "--references: two patterns name one file for en-de"),
    outputs("hypotheses", "a pattern that the shell has filled in", "--hypotheses old.en-de new.en-de", "--hypotheses: one pattern, not 3 ({system}.{direction}, old.en-de, new.en-de); quote it, so that the shell leaves it"),
    outputs("systems", "a misspelt system", "--systems odl", "--systems: no files of 'odl' (did you mean 'old'?); there are new, old"),
    outputs("directions", "a direction without files", "--directions de-en", "--directions: no files of 'de-en'; there are en-de"),
    Case("outputs-two-readings", "a direction that may be two", "evaluate.evaluate_outputs", two_readings, "pattern '{system}/{direction}.txt': no file fits (left out: a/en-pt-br.txt: a direction that may be two: write _ inside a code, as in en-pt_BR, or name its languages)"),
    Case("outputs-two-spellings", "two spellings of one direction", "evaluate.evaluate_outputs", two_spellings, "a/en-pt-BR.txt and a/en-pt_BR.txt are both en-pt_BR of a: keep one of them"),
    outputs("processes", "no process", "--processes 0", "--processes is 0, at least 1 is needed"),
    outputs("pivot", "a pivot that no direction has", "--pivot fr", "--pivot: no direction has 'fr'"),
    outputs("tokenizers", "a tokenizer of a source language", '--tokenizers {"en":"char"}', "--tokenizers: 'en' is the target of no direction"),
    outputs("baseline", "a misspelt baseline", "--baseline odl", "--baseline: no system 'odl' (did you mean 'old'?); there are new, old"),
    outputs("control", "a control without a baseline", "--control old", "--control: needs --baseline, the system that all others are tested against"),
    outputs("resamples", "no resamples", "--resamples 0", "--resamples is 0, at least 1 is needed"),
    outputs("groups", "groups that are not JSON", "--groups {", "--groups: not JSON (Expecting property name enclosed in double quotes: line 1 column 2 (char 1))"),
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


compare = cases_of("segments-", "evaluate.compare")

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
    compare("nan", "statistics that are no numbers", comparing({"en-de/bleu": COUNTS * float("nan")}), "baseline.npz: not a segments-1 file (en-de/bleu has a number that is none); delete it and run the step that writes it again"),
    compare("itself", "a system against itself", comparing(RIGHT, "--against ns ns.npz"), "--against: ns is the system itself"),
    compare("other-twice", "another system named twice", comparing(RIGHT, "--against baseline baseline.npz"), "--against: baseline is named twice"),
    compare("direction-twice", "a direction named twice", comparing(RIGHT, "--directions en-de en-de"), "--directions: en-de is named twice"),
    compare("resamples", "no resamples", comparing(RIGHT, "--resamples 0"), "--resamples is 0, at least 1 is needed"),
    compare("seed", "a negative seed of the resamples", comparing(RIGHT, "--random-seed -1"), "--random-seed is -1, at least 0 is needed"),
]  # fmt: skip

# ---- tabulate ------------------------------------------------------------------------------------------


def entry(value=25.0, sha="ab"):
    return {
        "n": 3,
        "scores": [{"metric": "bleu", "score": value, "signature": "s"}],
        "references_sha256": sha,
    }


@deferred
def scores(folder, change=lambda _: None, raw=None, options="", systems="baseline ns"):
    """Score files of two systems for tabulate; that of ``ns`` changed, or of any bytes."""
    for system in ("baseline", "ns"):
        value = {"experiment": "x", "system": system, "seed": 1, "testset": "one", "profile": "raw"}
        content: dict[str, Any] = {**value, "directions": {"en-de": entry(), "de-en": entry()}}
        if system == "ns":
            change(content)
        path = folder / "scores" / system / "s1/one.raw.json"
        path.parent.mkdir(parents=True)
        path.write_bytes(raw if raw is not None and system == "ns" else json.dumps(content).encode())
    words = (
        f"--scores-root scores --experiment x --systems {systems} --seeds 1 --testsets one --out-dir tables"
    )
    return [
        *words.split(),
        *["--directions", "en-de", "de-en", "--metrics", "bleu", "--pivot", "en"],
        *options.split(),
    ]


def having(**values):
    return lambda content: content.update(values)


def direction(name, value):
    return lambda content: content["directions"].update({name: value})


tabulate = cases_of("scores-", "report.tabulate")

TABULATE = [
    tabulate("absent", "a system without scores", scores(systems="baseline ns other"), '2 of 6 scores are missing, the first: scores/other/s1/one.raw.json (--allow-partial makes tables marked PARTIAL)'),
    tabulate("none", "no scores at all", scores(systems="other", options="--allow-partial"), 'scores: none of 2 scores is there, the first missing: scores/other/s1/one.raw.json'),
    tabulate("cut", "a truncated score file", scores(raw=b'{"experiment": "x", "sys'), 'scores/ns/s1/one.raw.json: damaged, not JSON (line 1, column 21: Unterminated string starting at); delete it and run the step that writes it again'),
    tabulate("empty", "an empty score file", scores(raw=b""), 'scores/ns/s1/one.raw.json: damaged, not JSON (line 1, column 1: Expecting value); delete it and run the step that writes it again'),
    tabulate("list", "a list in place of scores", scores(raw=b"[]"), 'scores/ns/s1/one.raw.json: not a score file (TypeError: list indices must be integers or slices, not str); delete it and run again'),
    tabulate("key", "a score file without directions", scores(lambda content: content.pop("directions")), "scores/ns/s1/one.raw.json: not a score file (KeyError: 'directions'); delete it and run again"),
    tabulate("other", "the score file of another system", scores(having(system="baseline")), "scores/ns/s1/one.raw.json: system is 'baseline', its path says 'ns'"),
    tabulate("other-testset", "the score file of another test set", scores(having(testset="two")), "scores/ns/s1/one.raw.json: testset is 'two', its path says 'one'"),
    tabulate("direction", "the score file of another direction", scores(having(directions={"en-fr": entry(), "de-en": entry()})), "1 of 4 scores are missing, the first: en-de in scores/ns/s1/one.raw.json (did you mean 'en-fr'?) (--allow-partial makes tables marked PARTIAL)"),
    tabulate("references", "scores against other references", scores(direction("en-de", entry(sha="cd"))), 'scores/ns/s1/one.raw.json: scored against other references than scores/baseline/s1/one.raw.json; score both again'),
    tabulate("nan", "a score that is no number", scores(direction("en-de", entry(float("nan")))), 'scores/ns/s1/one.raw.json: bleu of en-de is nan, not a number'),
    tabulate("text", "a score that is a word", scores(direction("en-de", entry("good"))), "scores/ns/s1/one.raw.json: not a score file (ValueError: could not convert string to float: 'good'); delete it and run again"),
    tabulate("sentences", "a number of sentences that is none", scores(direction("en-de", {**entry(), "n": "many"})), "scores/ns/s1/one.raw.json: not a score file (ValueError: invalid literal for int() with base 10: 'many'); delete it and run again"),
    tabulate("metric", "a score file without a metric", scores(direction("en-de", {**entry(), "scores": []})), '1 of 4 scores are missing, the first: bleu of en-de in scores/ns/s1/one.raw.json (--allow-partial makes tables marked PARTIAL)'),
    tabulate("twice", "a system named twice", scores(systems="baseline ns ns"), '--systems: ns is named twice'),
    tabulate("groups-json", "groups that are not JSON", scores(options="--groups family"), '--groups: not JSON (Expecting value: line 1 column 1 (char 0))'),
    tabulate("groups-form", "groups of another form", scores(options='--groups {"family":["de"]}'), '--groups: not of the shape {"family": {"germanic": ["de", "nl"]}}'),
    tabulate("groups-name", "a grouping that is always there", scores(options='--groups {"all":{"a":["de"]}}'), "--groups: 'all' is always there, name the grouping otherwise"),
]  # fmt: skip

# ---- what lies beside the scores ------------------------------------------------------------------------

TESTED = {
    "difference": 1.0,
    "low": 0.5,
    "high": 1.5,
    "sentence_sd": 0.2,
    "p_bootstrap": 0.01,
    "p_randomisation": 0.01,
}
RATED = {
    "n": 3,
    "without_letters": 0,
    "off_target_rate": 0.0,
    "packaged": {"off_target_rate": None, "reason": "unknown"},
}
LIKELY = dict.fromkeys(("n", "skipped", "cut_sources", "tokens"), 3)
LIKELY |= {"log_likelihood": -6.0, "nats_per_token": 2.0, "perplexity": 7.4}
SHARES = {"n": 2, "right": 1, "ties": 0, "accuracy": 0.5, "low": 0.1, "high": 0.9, "chance": 0.5}
RIGHTS = {**SHARES, "phenomena": {"number": SHARES}}
PUBLISHED = b"system,direction,metric,score\ntheirs,en-de,BLEU,25.0\n"


@deferred
def beside(folder, kind, change=lambda _: None, raw=None, options=""):
    """Right score files, and beside them files of ``kind``, those of ``ns`` changed, or any bytes."""
    words = scores()(folder)
    assert isinstance(words, list)
    job = {"experiment": "x", "system": "ns", "seed": 1, "testset": "one"}
    directions = ("en-de", "de-en")
    comet = {
        "n": 3,
        "scores": [{"metric": "comet", "score": 0.8, "signature": "s"}],
        "references_sha256": "ab",
    }
    contents: dict[str, dict[str, Any]] = {
        "comet": {"profile": "raw", "directions": {name: {**comet} for name in directions}},
        "significance": {
            "profile": "raw",
            "resamples": 1000,
            "against": {"baseline": {name: {"bleu": {**TESTED}} for name in directions}},
        },
        "off_target": {"directions": {name: {**RATED} for name in directions}},
        "likelihoods": {"directions": {name: {**LIKELY} for name in directions}},
        "contrastive": {"set": "mine", "all": RIGHTS, "directions": {"en-de": RIGHTS}},
    }
    names = {"comet": "one.raw.comet.json", "significance": "one.raw.json", "off_target": "one.json"}
    names |= {"likelihoods": "one.json", "contrastive": "mine.json"}
    systems = ["ns"] if kind == "significance" else ["baseline", "ns"]
    for system in systems:
        content = json.loads(json.dumps({**job, "system": system, **contents[kind]}))
        if system == "ns":
            change(content)
        path = folder / kind / system / "s1" / names[kind]
        path.parent.mkdir(parents=True)
        path.write_bytes(raw if raw is not None and system == "ns" else json.dumps(content).encode())
    more = {
        "comet": "--metrics bleu comet --comet comet --comet-root comet",
        "likelihoods": "--likelihood-root likelihoods",
        "contrastive": "--contrastive mine --contrastive-root contrastive",
    }
    return [*words, *more.get(kind, f"--{kind.replace('_', '-')}-root {kind}").split(), *options.split()]


@deferred
def published(folder, content, asked='{"file":"theirs.csv","systems":{"ns":"theirs"}}'):
    words = scores()(folder)
    assert isinstance(words, list)
    (folder / "theirs.csv").write_bytes(content)
    return [*words, "--published", asked]


def of_test(**values):
    return lambda content: content["against"]["baseline"]["en-de"]["bleu"].update(values)


def of_direction(**values):
    return lambda content: content["directions"]["en-de"].update(values)


tables = cases_of("tables-", "report.tabulate")

BESIDE = [
    tables("comet-cut", "a truncated COMET file", beside("comet", raw=b'{"experiment": "x",'), 'comet/ns/s1/one.raw.comet.json: damaged, not JSON (line 1, column 20: Expecting property name enclosed in double quotes); delete it and run the step that writes it again'),
    tables("comet-references", "COMET scores against other references", beside("comet", of_direction(references_sha256="cd")), 'comet/ns/s1/one.raw.comet.json: scored against other references than scores/baseline/s1/one.raw.json; score both again'),
    tables("comet-flags", "a flag that is no list", beside("comet", of_direction(flags=[3])), 'comet/ns/s1/one.raw.comet.json: not a score file (ValueError: flags are no list of texts); delete it and run again'),
    tables("comet-none", "a COMET model that is no metric", scores(options="--comet kiwi"), '--comet: kiwi is none of --metrics'),
    tables("health-nan", "a figure of health that is no number", scores(direction("en-de", {**entry(), "health": {"length_ratio": float("nan")}})), 'scores/ns/s1/one.raw.json: not a score file (ValueError: a figure of health that is no number); delete it and run again'),
    tables("no-sentences", "scores of no sentence", scores(direction("en-de", {**entry(), "n": 0})), 'scores/ns/s1/one.raw.json: not a score file (ValueError: scored against nothing); delete it and run again'),
    tables("tests-cut", "a truncated file of tests", beside("significance", raw=b'{"experiment"'), "significance/ns/s1/one.raw.json: damaged, not JSON (line 1, column 14: Expecting ':' delimiter); delete it and run the step that writes it again"),
    tables("tests-other", "tests of another system", beside("significance", having(system="old")), "significance/ns/s1/one.raw.json: system is 'old', its path says 'ns'"),
    tables("tests-absent", "tests against another system only", beside("significance", having(against={"old": {}})), '2 of 2 tests of significance are missing, the first: bleu of en-de against baseline in significance/ns/s1/one.raw.json (--allow-partial makes tables marked PARTIAL)'),
    tables("tests-form", "tests that are a list", beside("significance", having(against=[])), "significance/ns/s1/one.raw.json: not a significance file (AttributeError: 'list' object has no attribute 'values'); delete it and run again"),
    tables("tests-figure", "a test without its interval", beside("significance", lambda c: c["against"]["baseline"]["en-de"]["bleu"].pop("low")), "significance/ns/s1/one.raw.json: not a significance file (KeyError: 'low'); delete it and run again"),
    tables("tests-p", "a p-value above one", beside("significance", of_test(p_bootstrap=1.5)), 'significance/ns/s1/one.raw.json: not a significance file (ValueError: a p-value that is not between 0 and 1); delete it and run again'),
    tables("tests-nan", "a difference that is no number", beside("significance", of_test(difference=float("nan"))), 'significance/ns/s1/one.raw.json: not a significance file (ValueError: a figure that is no number); delete it and run again'),
    tables("tests-resamples", "tests without their number of resamples", beside("significance", lambda c: c.pop("resamples")), 'significance/ns/s1/one.raw.json: resamples is None, not a number of them; delete it and run again'),
    tables("tests-level", "a level of significance in percent", beside("significance", options="--level 5"), '--level: 5.0 is not between 0 and 1'),
    tables("language-cut", "a truncated file of languages", beside("off_target", raw=b"{"), 'off_target/ns/s1/one.json: damaged, not JSON (line 1, column 2: Expecting property name enclosed in double quotes); delete it and run the step that writes it again'),
    tables("language-direction", "languages of one direction only", beside("off_target", lambda c: c["directions"].pop("de-en")), '1 off-target rates are missing, the first: de-en in off_target/ns/s1/one.json (--allow-partial makes tables marked PARTIAL)'),
    tables("language-rate", "a rate above one", beside("off_target", of_direction(off_target_rate=12)), 'off_target/ns/s1/one.json: not a language file (ValueError: a rate that is not between 0 and 1); delete it and run again'),
    tables("language-form", "a rate without the packaged one", beside("off_target", lambda c: c["directions"]["en-de"].pop("packaged")), "off_target/ns/s1/one.json: not a language file (KeyError: 'packaged'); delete it and run again"),
    tables("likelihood-absent", "no likelihoods", beside("off_target", options="--likelihood-root likelihoods"), '4 of 4 likelihoods are missing, the first: likelihoods/baseline/s1/one.json (--allow-partial makes tables marked PARTIAL)'),
    tables("likelihood-cut", "a truncated file of likelihoods", beside("likelihoods", raw=b"{"), 'likelihoods/ns/s1/one.json: damaged, not JSON (line 1, column 2: Expecting property name enclosed in double quotes); delete it and run the step that writes it again'),
    tables("likelihood-nan", "a likelihood that is no number", beside("likelihoods", of_direction(nats_per_token=float("nan"))), 'likelihoods/ns/s1/one.json: not a likelihood file (ValueError: nats_per_token is no number); delete it and run again'),
    tables("contrastive-twice", "a contrastive set named twice", beside("contrastive", options="--contrastive mine mine"), '--contrastive: mine is named twice'),
    tables("contrastive-set", "the accuracies of another set", beside("contrastive", having(set="yours")), "contrastive/ns/s1/mine.json: set is 'yours', its path says 'mine'"),
    tables("contrastive-all", "accuracies without those over all", beside("contrastive", lambda c: c.pop("all")), "contrastive/ns/s1/mine.json: not a contrastive file (KeyError: 'all'); delete it and run again"),
    tables("contrastive-share", "an accuracy in percent", beside("contrastive", of_direction(accuracy=50)), 'contrastive/ns/s1/mine.json: not a contrastive file (ValueError: a share that is not between 0 and 1); delete it and run again'),
    tables("published-absent", "published numbers that are not there", published(PUBLISHED, '{"file":"ours.csv","systems":{"ns":"theirs"}}'), 'ours.csv: no such file, for published numbers (report.published.file)'),
    tables("published-form", "published numbers named by a list", published(PUBLISHED, '["theirs.csv"]'), '--published: not of the shape {"file": "published.csv", "systems": {"ours": "theirs"}} (list indices must be integers or slices, not str)'),
    tables("published-system", "a published system that the file lacks", published(PUBLISHED, '{"file":"theirs.csv","systems":{"ns":"their"}}'), "theirs.csv: no system 'their' (did you mean 'theirs'?)"),
    tables("published-ours", "a system of ours that is none", published(PUBLISHED, '{"file":"theirs.csv","systems":{"nss":"theirs"}}'), "--published: no system 'nss' (did you mean 'ns'?)"),
    tables("published-references", "published numbers beside references that were not scored", published(PUBLISHED, '{"file":"theirs.csv","systems":{"ns":"theirs"},"references":"paper"}'), "--published: references must be one of raw, not 'paper'"),
    tables("published-number", "a word for a published score", published(PUBLISHED.replace(b"25.0", b"high")), "theirs.csv, line 2: score is 'high', not a number"),
    tables("published-empty", "no published score in a row", published(PUBLISHED.replace(b"25.0", b"")), "theirs.csv, line 2: score is '', not a number"),
    tables("published-twice", "a published score twice", published(PUBLISHED + b"theirs,en-de,BLEU,26.0\n"), 'theirs.csv, line 3: theirs en-de BLEU stands there twice'),
    tables("without-form", "directions left out that are no list", scores(options='--without {"x":"en-de"}'), '--without: not of the shape {"sindhi": ["en-sd", "sd-en"]}'),
    tables("without-json", "directions left out that are not JSON", scores(options="--without en-de"), '--without: not JSON (Expecting value: line 1 column 1 (char 0))'),
    tables("without-unknown", "a direction left out that is none", scores(options='--without {"x":["en-fr"]}'), "without x: no direction en-fr (did you mean 'en-de'?)"),
    tables("without-all", "all directions left out", scores(options='--without {"x":["en-de","de-en"]}'), 'without x: no direction is left'),
    tables("bilingual", "a bilingual system that is none", scores(options="--bilingual nss"), "--bilingual: no system 'nss' (did you mean 'ns'?)"),
    tables("signatures", "two systems with two signatures", scores(direction("en-de", {**entry(), "scores": [{"metric": "bleu", "score": 1.0, "signature": "t"}]})), "table one/BLEU: two signatures, 's' (baseline s1 en-de) and 't' (ns s1 en-de); score both again"),
]  # fmt: skip

# ---- figures and the console -----------------------------------------------------------------------------

ROW = "x,one,raw,bleu,,all,all,both,ns-k95,95,2,2,2,25.0,,1,1.0,,1,,0.5,,1,,s,"


@deferred
def summary(folder, content, words="--summary summary.csv --out sweep.png"):
    (folder / "summary.csv").write_bytes(content)
    return words


def table(*rows):
    return "\n".join([",".join(CSV_COLUMNS), *rows, ""]).encode()


sweep = cases_of("summary-", "report.plot_sweep")


def curve(name, what, content, said):
    def lay(folder):
        (folder / "validation.csv").write_bytes(content)
        return "--validation baseline=validation.csv --out training.png"

    return Case(f"curve-{name}", what, "report.plot_training", lay, said)


def shown(folder):
    (folder / "tables").mkdir()
    (folder / "tables/summary.csv").write_bytes(table(ROW))
    control = folder / "analysis/mask_control/baseline/s1/k95.json"
    control.parent.mkdir(parents=True)
    control.write_text('{"control": []}')
    return "--tables tables"


def shown_units(folder):
    (folder / "tables").mkdir()
    (folder / "tables/summary.csv").write_bytes(table(ROW))
    (folder / "tables/units.json").write_text('{"sets": [{"masks": "k95", "seed": 1, "layers": 3}]}')
    return "--tables tables"


def units(name, what, masks, said):
    def lay(folder):
        (folder / "k95.npz").write_bytes(b"PK\x03\x04")
        return f"--masks {masks} --seeds 1 --pivot en --out-dir tables"

    return Case(f"units-{name}", what, "report.tabulate_units", lay, said)


HEADER = b"update,direction,loss,nll_loss,tokens\n"
FIGURES = [
    sweep("absent", "no summary", lambda folder: "--summary summary.csv --out sweep.png", 'summary.csv: no summary here; report.tabulate writes it'),
    sweep("empty", "an empty summary", summary(b""), "summary.csv: no column 'experiment'"),
    sweep("no-row", "a summary without a row", summary(table()), 'summary.csv: a summary without a row; run report.tabulate again'),
    sweep("column", "a summary without a column", summary(table(ROW).replace(b"baseline_difference,", b"baseline_diference,")), "summary.csv: no column 'baseline_difference' (did you mean 'baseline_diference'?)"),
    sweep("cut", "a summary that is cut off", summary(table(ROW, ROW[:40])), 'summary.csv, line 3: not 26 fields, as the header has'),
    sweep("number", "a word for a mean", summary(table(ROW.replace("25.0", "high"))), "summary.csv, line 2: mean is 'high', not a number"),
    sweep("not-utf8", "a summary in Latin-1", summary(table(ROW).replace(b"one", b"f\xfcr")), 'summary.csv: not UTF-8; delete it and run the step again'),
    sweep("long", "a field of a megabyte", summary(table("x" * 1_000_000)), 'summary.csv, line 1: not a table (field larger than field limit (131072)); delete it and run the step again'),
    sweep("metric", "a metric that the summary lacks", summary(table(ROW), "--summary summary.csv --out a.png --metric blue"), "--metric: the summary has no 'blue' (did you mean 'bleu'?); it has bleu"),
    sweep("sweep", "a sweep that the summary lacks", summary(table(ROW), "--summary summary.csv --out a.png --sweep nss"), "--sweep: the summary has no systems nss-k… (did you mean 'ns'?)"),
    curve("empty", "no validation yet", HEADER, 'validation.csv: no validation yet'),
    curve("column", "validation losses without a column", HEADER.replace(b"loss,", b"los,", 1), "validation.csv: no column 'loss' (did you mean 'los'?)"),
    curve("cut", "validation losses that are cut off", HEADER + b"100,all,2.5,2.0,300\n200,all,2.", 'validation.csv, line 3: not 5 fields, as the header has'),
    curve("number", "a word for a loss", HEADER + b"100,all,low,2.0,300\n", "validation.csv, line 2: loss is 'low', not a number"),
    curve("update", "half an update", HEADER + b"0.5,all,2.5,2.0,300\n", "validation.csv: update is '0.5', not a whole number"),
    Case("units-form", "a table of units that is none", "report.show", shown_units, "tables/units.json: not a table of units (AttributeError: 'int' object has no attribute 'values'); delete it and run again"),
    units("name", "masks without the name of their set", "k95.npz", '--masks k95.npz: not NAME=FILE, as k95=masks/s{seed}/k95.npz'),
    units("absent", "masks of a seed that are not there", "k95=s{seed}.npz", 's1.npz: there is no such file or folder: check the path'),
    units("cut", "masks that are cut off", "k95=k95.npz", 'k95.npz: not a neuronspec-masks-1 file (File is not a zip file); delete it and run the step that writes it again'),
    Case("control-form", "a mask control that is none", "report.show", shown, 'analysis/mask_control/baseline/s1/k95.json: not a mask control (TypeError: list indices must be integers or slices, not str); delete it and run again'),
]  # fmt: skip

CASES = [*SCORE, *OUTPUTS, *COMPARE, *TABULATE, *BESIDE, *FIGURES, *off_target_cases.CASES]


def perfect(folder):
    found = json.loads((folder / "score.json").read_text())["directions"]["en-de"]
    assert [one["score"] for one in found["scores"]] == pytest.approx([100.0, 100.0])
    assert found["health"] == {
        "length_ratio": 1.0,
        "empty_hypotheses": 0,
        "repeated_4gram_rate": 0.0,
        "copied_source_rate": None,
    }


FULL = b"ein Haus am Fluss\nam Fluss steht ein Haus\n"
ACCEPTED = [
    Accepted("score-crlf", "hypotheses with byte order mark and CRLF", "evaluate.score", scoring(b"\xef\xbb\xbf" + FULL.replace(b"\n", b"\r\n"), FULL), "scored as without", perfect),
    *off_target_cases.ACCEPTED,
]  # fmt: skip
