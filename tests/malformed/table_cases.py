"""Malformed score files and what lies beside them: the stages of ``report``."""

import json

from tests.malformed.case import Case, cases_of, deferred
from workflow_scripts.report.tables.summary import CSV_COLUMNS

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
        content = {**value, "directions": {"en-de": entry(), "de-en": entry()}}
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


def signed(signature):
    return direction(
        "en-de", {**entry(), "scores": [{"metric": "bleu", "score": 1.0, "signature": signature}]}
    )


def unfit(note):
    return direction("en-de", {**entry(), "unfit_tokenizer": note})


tabulate = cases_of("scores-", "report.tables.tabulate")

TABULATE = [
    tabulate("absent", "a system without scores", scores(systems="baseline ns other"), '2 of 6 scores are missing, the first: scores/other/s1/one.raw.json (--allow-partial makes tables marked PARTIAL)'),
    tabulate("none", "no scores at all", scores(systems="other", options="--allow-partial"), 'scores: none of 2 scores is there, the first missing: scores/other/s1/one.raw.json'),
    tabulate("cut", "a truncated score file", scores(raw=b'{"experiment": "x", "sys'), 'scores/ns/s1/one.raw.json: damaged, not JSON (line 1, column 21: Unterminated string starting at); delete it and run the step that writes it again'),
    tabulate("empty", "an empty score file", scores(raw=b""), 'scores/ns/s1/one.raw.json: damaged, not JSON (line 1, column 1: Expecting value); delete it and run the step that writes it again'),
    tabulate("list", "a list in place of scores", scores(raw=b"[]"), 'scores/ns/s1/one.raw.json: not a score file (TypeError: list indices must be integers or slices, not str); delete it and run again'),
    tabulate("key", "a score file without directions", scores(lambda content: content.pop("directions")), "scores/ns/s1/one.raw.json: not a score file (KeyError: 'directions'); delete it and run again"),
    tabulate("other", "the score file of another system", scores(having(system="baseline")), "scores/ns/s1/one.raw.json: system is 'baseline', its path says 'ns'"),
    tabulate("other-testset", "the score file of another test set", scores(having(testset="two")), "scores/ns/s1/one.raw.json: testset is 'two', its path says 'one'"),
    tabulate("other-seed", "the score file of another seed", scores(having(seed=2)), 'scores/ns/s1/one.raw.json: seed is 2, its path says 1'),
    tabulate("other-references", "a score file of other references than its name says", scores(having(profile="paper")), "scores/ns/s1/one.raw.json: profile is 'paper', its path says 'raw'"),
    tabulate("none-at-all", "nothing in place of a direction's scores", scores(direction("en-de", {**entry(), "scores": None})), "scores/ns/s1/one.raw.json: not a score file (TypeError: 'NoneType' object is not iterable); delete it and run again"),
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
    tabulate("seed-twice", "a seed named twice", scores(options="--seeds 1 1"), '--seeds: 1 is named twice'),
    tabulate("direction-name", "a direction without a hyphen", scores(options="--directions ende"), "'ende' is not two language codes around a hyphen, as in de-en"),
    tabulate("metric-twice", "a metric under two of its names", scores(options="--metrics chrf chrF2++"), '--metrics: chrF2++ is named twice, as chrf too'),
    tabulate("system-slash", "a system called as a path is", scores(options="--systems a/b"), "--systems: 'a/b': it holds '/', which parts folders; rename it"),
    tabulate("system-dots", "a system called as the folder above is", scores(options="--systems .."), "--systems: '..': it begins with '.', as a hidden file does; rename it"),
    tabulate("testset-escape", "a test set whose name holds an escape sequence", scores(options="--testsets a\x1b"), "--testsets: 'a\\x1b': it holds '\\x1b', which does not print; rename it"),
    tabulate("experiment-formula", "an experiment called as a formula is", scores(options="--experiment =x"), "--experiment: '=x': it begins with '=', as a formula of a spreadsheet does; rename it"),
    tabulate("without-formula", "directions left out under the name of a formula", scores(options='--without {"@x":["de-en"]}'), "--without: '@x': it begins with '@', as a formula of a spreadsheet does; rename it"),
    tabulate("group-line", "a group of two lines", scores(options='--groups {"f":{"a\\nb":["de"]}}'), "--groups: group 'a\\nb': it holds '\\n', which does not print; rename it"),
    tabulate("signature-quote", "a signature with the quote of code in it", scores(signed("a`b")), 'scores/ns/s1/one.raw.json: not a score file (ValueError: a signature that is no line of text); delete it and run again'),
    tabulate("signature-lines", "a signature of two lines", scores(signed("a\nb")), 'scores/ns/s1/one.raw.json: not a score file (ValueError: a signature that is no line of text); delete it and run again'),
    tabulate("signature-escape", "a signature with an escape sequence in it", scores(signed("\x1b[31m")), 'scores/ns/s1/one.raw.json: not a score file (ValueError: a signature that is no line of text); delete it and run again'),
    tabulate("testset-absent", "a test set without scores", scores(options="--testsets one two"), '4 of 8 scores are missing, the first: scores/baseline/s1/two.raw.json (--allow-partial makes tables marked PARTIAL)'),
    tabulate("partial-name", "a test set of some directions, misspelt", scores(options='--testsets one two --partial-testsets {"twoo":["de-en"]}'), "--partial-testsets: no 'twoo' (did you mean 'two'?)"),
    tabulate("partial-direction", "a test set of a direction that is none", scores(options='--testsets one two --partial-testsets {"two":["de-fr"]}'), "--partial-testsets: no 'de-fr' (did you mean 'de-en'?)"),
    tabulate("partial-none", "a test set of no direction", scores(options='--testsets one two --partial-testsets {"two":[]}'), '--partial-testsets: not of the shape {"talks": ["de-en"]}'),
    tabulate("systems-of", "a system of some directions, misspelt", scores(options='--partial-systems {"nss":["de-en"]}'), "--partial-systems: no 'nss' (did you mean 'ns'?)"),
    tabulate("systems-of-none", "a system of no direction", scores(options='--partial-systems {"ns":[]}'), '--partial-systems: not of the shape {"bilingual": ["de-en"]}'),
    tabulate("draws-form", "draws that are no lists", scores(options='--draws {"random":5}'), '--draws: not of the shape {"random": ["random-1", "random-2"]}'),
    tabulate("draws-name", "a draw that is no system", scores(options='--draws {"random":["nss"]}'), "--draws: no system 'nss' (did you mean 'ns'?)"),
    tabulate("draws-system", "draws under the name of a system", scores(options='--draws {"baseline":["ns"]}'), "--draws: 'baseline' is one system; a name of several is needed"),
    tabulate("draws-twice", "a draw in two distributions", scores(options='--draws {"a":["ns"],"b":["ns"]}'), '--draws: ns is named twice'),
    tabulate("choose", "a sweep that there is not", scores(options="--choose ns"), '--choose: no systems ns-k…'),
    tabulate("untrained", "an untrained direction that is not scored", scores(options="--untrained de-fr"), "--untrained: no direction de-fr (did you mean 'de-en'?)"),
    tabulate("costs-form", "costs of another form", scores(options='--costs {"ns":1}'), '--costs: not of the shape {"ns-k95": {"trained": "all", "engine": "ctranslate2", "extraction": ["select_masks"]}}'),
    tabulate("costs-absent", "costs of some systems only", scores(options='--costs {"ns":{"trained":"all","engine":"fairseq","extraction":[]}}'), '--costs: baseline is missing'),
    tabulate("costs-system", "costs of a system that there is not", scores(options='--costs {"nss":{"trained":"all","engine":"fairseq","extraction":[]}}'), "--costs: no system 'nss' (did you mean 'ns'?)"),
    tabulate("tokenizer-note", "half a note of an unfit tokenizer", scores(unfit({"tokenizer": "13a"})), "scores/ns/s1/one.raw.json: not a score file (TypeError: Unfit.__init__() missing 2 required positional arguments: 'script' and 'instead'); delete it and run again"),
    tabulate("tokenizer-number", "a number for a tokenizer's name", scores(unfit({"tokenizer": 1, "script": "a", "instead": "b"})), 'scores/ns/s1/one.raw.json: not a score file (ValueError: a tokenizer that is no text); delete it and run again'),
    tabulate("tokenizer-form", "a number for a note of an unfit tokenizer", scores(unfit(7)), 'scores/ns/s1/one.raw.json: not a score file (TypeError: workflow_scripts.evaluate.languages.scripts.Unfit() argument after ** must be a mapping, not int); delete it and run again'),
]  # fmt: skip

# ---- what lies beside the scores ------------------------------------------------------------------------

TESTED = {
    "difference": 1.0, "low": 0.5, "high": 1.5, "sentence_sd": 0.2, "p_bootstrap": 0.01,
    "p_randomisation": 0.01,
}  # fmt: skip
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
    contents = {
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
def ceilings(folder, change=lambda _: None, name="one"):
    words = scores()(folder)
    made = {"n": 9, "changed_lines": 1, "references_sha256": "ab", "moses": None}
    made["scores"] = [{"metric": "bleu", "score": 99.0, "signature": "s"}]
    entries = {direction: dict(made) for direction in ("en-de", "de-en")}
    change(entries)
    (folder / "ceiling").mkdir()
    content = {"experiment": "x", "testset": name, "directions": entries}
    (folder / f"ceiling/{name}.json").write_text(json.dumps(content))
    return [*words, "--ceiling-root", "ceiling"]


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


tables = cases_of("tables-", "report.tables.tabulate")

BESIDE = [
    tables("comet-cut", "a truncated COMET file", beside("comet", raw=b'{"experiment": "x",'), 'comet/ns/s1/one.raw.comet.json: damaged, not JSON (line 1, column 20: Expecting property name enclosed in double quotes); delete it and run the step that writes it again'),
    tables("comet-references", "COMET scores against other references", beside("comet", of_direction(references_sha256="cd")), 'comet/ns/s1/one.raw.comet.json: scored against other references than scores/baseline/s1/one.raw.json; score both again'),
    tables("comet-flags", "a flag that is no list", beside("comet", of_direction(flags=[3])), 'comet/ns/s1/one.raw.comet.json: not a score file (ValueError: flags are no list of texts); delete it and run again'),
    tables("comet-none", "a COMET model that is no metric", scores(options="--comet kiwi"), '--comet: kiwi is not one of --metrics'),
    tables("comet-absent", "no COMET files", scores(options="--metrics bleu comet --comet comet --comet-root comet"), '4 of 8 scores are missing, the first: comet/baseline/s1/one.raw.comet.json (--allow-partial makes tables marked PARTIAL)'),
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
    tables("language-other", "languages of another system", beside("off_target", having(system="old")), "off_target/ns/s1/one.json: system is 'old', its path says 'ns'"),
    tables("language-letters", "more hypotheses without letters than there are", beside("off_target", of_direction(without_letters=4)), 'off_target/ns/s1/one.json: not a language file (ValueError: more hypotheses without letters than there are); delete it and run again'),
    tables("likelihood-absent", "no likelihoods", beside("off_target", options="--likelihood-root likelihoods"), '4 of 4 likelihoods are missing, the first: likelihoods/baseline/s1/one.json (--allow-partial makes tables marked PARTIAL)'),
    tables("likelihood-cut", "a truncated file of likelihoods", beside("likelihoods", raw=b"{"), 'likelihoods/ns/s1/one.json: damaged, not JSON (line 1, column 2: Expecting property name enclosed in double quotes); delete it and run the step that writes it again'),
    tables("likelihood-nan", "a likelihood that is no number", beside("likelihoods", of_direction(nats_per_token=float("nan"))), 'likelihoods/ns/s1/one.json: not a likelihood file (ValueError: nats_per_token is no number); delete it and run again'),
    tables("likelihood-direction", "likelihoods of one direction only", beside("likelihoods", lambda c: c["directions"].pop("de-en")), '1 of 4 likelihoods are missing, the first: de-en in likelihoods/ns/s1/one.json (--allow-partial makes tables marked PARTIAL)'),
    tables("likelihood-key", "likelihoods without their tokens", beside("likelihoods", lambda c: c["directions"]["en-de"].pop("tokens")), "likelihoods/ns/s1/one.json: not a likelihood file (KeyError: 'tokens'); delete it and run again"),
    tables("likelihood-seed", "likelihoods of another seed", beside("likelihoods", having(seed=2)), 'likelihoods/ns/s1/one.json: seed is 2, its path says 1'),
    tables("contrastive-twice", "a contrastive set named twice", beside("contrastive", options="--contrastive mine mine"), '--contrastive: mine is named twice'),
    tables("contrastive-set", "the accuracies of another set", beside("contrastive", having(set="yours")), "contrastive/ns/s1/mine.json: set is 'yours', its path says 'mine'"),
    tables("contrastive-all", "accuracies without those over all", beside("contrastive", lambda c: c.pop("all")), "contrastive/ns/s1/mine.json: not a contrastive file (KeyError: 'all'); delete it and run again"),
    tables("contrastive-share", "an accuracy in percent", beside("contrastive", of_direction(accuracy=50)), 'contrastive/ns/s1/mine.json: not a contrastive file (ValueError: a share that is not between 0 and 1); delete it and run again'),
    tables("contrastive-absent", "no accuracies of a contrastive set", scores(options="--contrastive mine --contrastive-root contrastive"), '2 of 2 contrastive files are missing, the first: contrastive/baseline/s1/mine.json (--allow-partial makes tables marked PARTIAL)'),
    tables("contrastive-phenomena", "accuracies of a direction without its phenomena", beside("contrastive", lambda c: c["directions"]["en-de"].pop("phenomena")), "contrastive/ns/s1/mine.json: not a contrastive file (KeyError: 'phenomena'); delete it and run again"),
    tables("ceiling-absent", "no ceiling of a test set", ceilings(name="two"), 'ceiling/one.json: the ceiling of one is missing; run the workflow again'),
    tables("ceiling-direction", "a ceiling without a direction", ceilings(lambda entries: entries.pop("de-en")), 'ceiling/one.json: no ceiling of de-en; delete it and run again'),
    tables("ceiling-cuts", "a number for what Moses cuts", ceilings(lambda entries: entries["en-de"].update(moses=7)), "ceiling/one.json: not a ceiling file (TypeError: 'int' object is not subscriptable); delete it and run again"),
    tables("ceiling-cuts-none", "nothing of what Moses cuts", ceilings(lambda entries: entries["en-de"].update(moses={})), "ceiling/one.json: not a ceiling file (KeyError: 'split_words'); delete it and run again"),
    tables("ceiling-nan", "a ceiling that is no number", ceilings(lambda entries: entries["en-de"].update(scores=[{"metric": "bleu", "score": "nan", "signature": ""}])), 'ceiling/one.json: not a ceiling file (ValueError: no score); delete it and run again'),
    tables("published-absent", "published numbers that are not there", published(PUBLISHED, '{"file":"ours.csv","systems":{"ns":"theirs"}}'), 'ours.csv: no such file, for published numbers (report.published.file)'),
    tables("published-form", "published numbers named by a list", published(PUBLISHED, '["theirs.csv"]'), '--published: not of the shape {"file": "published.csv", "systems": {"ours": "theirs"}} (list indices must be integers or slices, not str)'),
    tables("published-system", "a published system that the file lacks", published(PUBLISHED, '{"file":"theirs.csv","systems":{"ns":"their"}}'), "theirs.csv: no system 'their' (did you mean 'theirs'?)"),
    tables("published-ours", "a system of ours that is none", published(PUBLISHED, '{"file":"theirs.csv","systems":{"nss":"theirs"}}'), "--published: no system 'nss' (did you mean 'ns'?)"),
    tables("published-references", "published numbers beside references that were not scored", published(PUBLISHED, '{"file":"theirs.csv","systems":{"ns":"theirs"},"references":"paper"}'), "--published: references must be one of raw, not 'paper'"),
    tables("published-number", "a word for a published score", published(PUBLISHED.replace(b"25.0", b"high")), "theirs.csv, line 2: score is 'high', not a number"),
    tables("published-empty", "no published score in a row", published(PUBLISHED.replace(b"25.0", b"")), "theirs.csv, line 2: score is '', not a number"),
    tables("published-twice", "a published score twice", published(PUBLISHED + b"theirs,en-de,BLEU,26.0\n"), 'theirs.csv, line 3: theirs en-de BLEU is there twice'),
    tables("published-nan", "a published score that is no number", published(PUBLISHED.replace(b"25.0", b"nan")), "theirs.csv, line 2: score is 'nan', not a number"),
    tables("published-column", "published numbers without a column", published(PUBLISHED.replace(b"score", b"scores")), "theirs.csv: no column 'score' (did you mean 'scores'?)"),
    tables("published-json", "published numbers named by what is not JSON", published(PUBLISHED, "{"), '--published: not of the shape {"file": "published.csv", "systems": {"ours": "theirs"}} (Expecting property name enclosed in double quotes: line 1 column 2 (char 1))'),
    tables("published-systems", "published numbers of no system", published(PUBLISHED, '{"file":"theirs.csv"}'), '--published: not of the shape {"file": "published.csv", "systems": {"ours": "theirs"}} (\'systems\')'),
    tables("published-testset", "published numbers of a misspelt test set", published(PUBLISHED, '{"file":"theirs.csv","systems":{"ns":"theirs"},"testset":"on"}'), "--published: testset must be one of one, not 'on' (did you mean 'one'?)"),
    tables("without-form", "directions left out that are no list", scores(options='--without {"x":"en-de"}'), '--without: not of the shape {"sindhi": ["en-sd", "sd-en"]}'),
    tables("without-json", "directions left out that are not JSON", scores(options="--without en-de"), '--without: not JSON (Expecting value: line 1 column 1 (char 0))'),
    tables("without-unknown", "a direction left out that is none", scores(options='--without {"x":["en-fr"]}'), "without x: no direction en-fr (did you mean 'en-de'?)"),
    tables("without-all", "all directions left out", scores(options='--without {"x":["en-de","de-en"]}'), 'without x: no direction is left'),
    tables("bilingual", "a bilingual system that is none", scores(options="--bilingual nss"), "--bilingual: no system 'nss' (did you mean 'ns'?)"),
    tables("signatures", "two systems with two signatures", scores(signed("t")), "table one/BLEU: two signatures, 's' (baseline s1 en-de) and 't' (ns s1 en-de); score both again"),
]  # fmt: skip

# ---- figures and the console -----------------------------------------------------------------------------

ROW = "x,one,raw,bleu,,all,all,both,ns-k95,95,2,2,2,25.0,,1,1.0,,1,,0.5,,1,,s,"


@deferred
def summary(folder, content, more="--sweeps ns"):
    (folder / "summary.csv").write_bytes(content)
    return f"--tables . --benchmarks benchmarks --seeds 1 --out-dir figures {more}"


def table(*rows):
    return "\n".join([",".join(CSV_COLUMNS), *rows, ""]).encode()


sweep = cases_of("summary-", "report.figures.plot_tables")


def curve(name, what, content, said):
    def lay(folder):
        (folder / "validation.csv").write_bytes(content)
        return "--validation baseline.s1=validation.csv --out training.png"

    return Case(f"curve-{name}", what, "report.figures.plot_training", lay, said)


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

    return Case(f"units-{name}", what, "report.tables.tabulate_units", lay, said)


def drawn(name, what, directions, said):
    def lay(folder):
        if directions is not None:
            (folder / "off/ns/s1").mkdir(parents=True)
            (folder / "off/ns/s1/one.json").write_text(json.dumps({"directions": directions}))
        return "--root off --systems ns --seeds 1 --testset one --directions en-de --out a.png"

    return Case(f"drawn-{name}", what, "report.figures.plot_off_target", lay, said)


def cut_benchmark(folder):
    (folder / "benchmarks/decode").mkdir(parents=True)
    (folder / "benchmarks/decode/one.tsv").write_text("s\tmax_rss\tcpu_time\n1.5\n")
    return summary(table(ROW), "")(folder)


def units_drawn(name, what, content, masks, said):
    def lay(folder):
        if content is not None:
            (folder / "units.json").write_bytes(content)
        return f"--units units.json --masks {masks} --out-dir figures"

    return Case(f"units-drawn-{name}", what, "report.figures.plot_masks", lay, said)


def curves(folder):
    (folder / "ns.csv").write_bytes(HEADER + b"100,all,2.5,2.0,300\n")
    return "--validation ns.s1=ns.csv --out training.png"


def answered(name, what, said, words="", **files):
    """The page of a table of units, or of strongest units, that is no such file."""

    def lay(folder):
        (folder / "tables").mkdir()
        (folder / "tables/summary.csv").write_bytes(table(ROW))
        for stem, content in files.items():
            (folder / f"tables/{stem}.json").write_text(json.dumps(content))
        named = "--experiment x --systems a --testsets one --directions en-de --out report/a.html"
        return f"--root . --tables tables {named} {words}"

    return Case(f"answer-{name}", what, "report.page.write_answer", lay, said)


def found(name, what, content, said):
    """The page of tasks and language models of the JSON of something else."""

    def lay(folder):
        (folder / "a.json").write_text(json.dumps(content))
        named = "--experiment x --rows tasks --names a --model bert --systems trained --seeds 1"
        return f"--root . {named} --results a.json --out report/a.html"

    return Case(f"findings-{name}", what, "report.page.write_findings", lay, said)


UNITS = {"format": "neuronspec-units-1", "sets": [{"masks": "k95", "seed": 1, "layers": 3}]}
HEADER = b"update,direction,loss,nll_loss,tokens\n"
FIGURES = [
    sweep("testset", "gains on a test set that the summary lacks", summary(table(ROW), "--testsets news"), "--testsets: the summary has no gains on 'news'"),
    sweep("units", "no shares of units", summary(table(ROW), "--also units"), "units.json: no such file; report.tables.tabulate_units writes it"),
    sweep("benchmark", "a benchmark that is cut off", cut_benchmark, "benchmarks/decode/one.tsv: not a benchmark (ValueError: zip() argument 2 is shorter than argument 1); delete it and run again"),
    units_drawn("absent", "no units to draw", None, "k95", "units.json: no such file; report.tables.tabulate_units writes it"),
    units_drawn("text", "units to draw that are no table", b'{"sets": [1]}', "k95", "units.json: not a file of kept units (TypeError: 'int' object is not subscriptable); delete it and run again"),
    units_drawn("set", "a mask set that is not listed", b'{"sets": [{"masks": "k95", "seed": 1, "layers": {}, "kept": {}, "sides": {}}]}', "k9", "--masks: units.json has no set 'k9' (did you mean 'k95'?)"),
    Case("curve-after", "a training that begins after the baseline's and is not named", "report.figures.plot_training", lambda folder: curves(folder) + " --after nss", "--after: no training of 'nss' is named (did you mean 'ns'?)"),
    sweep("absent", "no summary", lambda folder: "--tables . --benchmarks benchmarks --seeds 1 --out-dir figures", 'summary.csv: no summary here; report.tables.tabulate writes it'),
    sweep("empty", "an empty summary", summary(b""), "summary.csv: no column 'experiment'"),
    sweep("no-row", "a summary without a row", summary(table()), 'summary.csv: a summary without a row; run report.tables.tabulate again'),
    sweep("column", "a summary without a column", summary(table(ROW).replace(b"baseline_difference,", b"baseline_diference,")), "summary.csv: no column 'baseline_difference' (did you mean 'baseline_diference'?)"),
    sweep("cut", "a summary that is cut off", summary(table(ROW, ROW[:40])), 'summary.csv, line 3: not 26 fields, as the header has'),
    sweep("number", "a word for a mean", summary(table(ROW.replace("25.0", "high"))), "summary.csv, line 2: mean is 'high', not a number"),
    sweep("not-utf8", "a summary in Latin-1", summary(table(ROW).replace(b"one", b"f\xfcr")), 'summary.csv: not UTF-8; delete it and run the step again'),
    sweep("long", "a field of a megabyte", summary(table("x" * 1_000_000)), 'summary.csv, line 1: not a table (field larger than field limit (131072)); delete it and run the step again'),
    sweep("metric", "a metric that the summary lacks", summary(table(ROW), "--sweeps ns --metric blue"), "--metric: the summary has no 'blue' (did you mean 'bleu'?); it has bleu"),
    sweep("sweep", "a sweep that the summary lacks", summary(table(ROW), "--sweeps nss"), "--sweeps: the summary has no systems nss-k… (did you mean 'ns'?)"),
    curve("empty", "no validation yet", HEADER, 'validation.csv: no validation yet'),
    curve("column", "validation losses without a column", HEADER.replace(b"loss,", b"los,", 1), "validation.csv: no column 'loss' (did you mean 'los'?)"),
    curve("cut", "validation losses that are cut off", HEADER + b"100,all,2.5,2.0,300\n200,all,2.", 'validation.csv, line 3: not 5 fields, as the header has'),
    curve("number", "a word for a loss", HEADER + b"100,all,low,2.0,300\n", "validation.csv, line 2: loss is 'low', not a number"),
    curve("update", "half an update", HEADER + b"0.5,all,2.5,2.0,300\n", "validation.csv: update is '0.5', not a whole number"),
    Case("curve-name", "validation losses without the name of their system", "report.figures.plot_training", lambda folder: "--validation baseline=x.csv --out x.png", "--validation: 'baseline=x.csv' is not SYSTEM.sSEED=CSV, as baseline.s1=validation.csv"),
    Case("curve-absent", "validation losses that are not there", "report.figures.plot_training", lambda folder: "--validation a.s1=no.csv --out x.png", 'no.csv: no such file; a training writes it at its first validation'),
    drawn("absent", "no rates to draw", None, 'off/ns/s1/one.json: no such file; evaluate.languages.identify writes it'),
    drawn("direction", "rates of no direction to draw", {}, "off/ns/s1/one.json: not a file of off-target rates (KeyError: 'en-de'); delete it and run the step that writes it again"),
    drawn("rate", "a word for a rate to draw", {"en-de": {"labels": {}, "off_target_rate": "high", "references_off_target_rate": 0.0}}, "off/ns/s1/one.json: not a file of off-target rates (TypeError: unsupported operand type(s) for +: 'int' and 'str'); delete it and run the step that writes it again"),
    Case("show-none", "tables that are not there", "report.tables.show", lambda folder: "--tables tables", 'tables/summary.csv: no summary here; report.tables.tabulate writes it'),
    Case("units-form", "a table of units that is none", "report.tables.show", shown_units, "tables/units.json: not a table of units (AttributeError: 'int' object has no attribute 'values'); delete it and run again"),
    units("name", "masks without the name of their set", "k95.npz", '--masks k95.npz: not NAME=FILE, as k95=masks/s{seed}/k95.npz'),
    units("no-name", "masks of a set with an empty name", "=k95.npz", '--masks =k95.npz: not NAME=FILE, as k95=masks/s{seed}/k95.npz'),
    units("no-file", "a set of masks without a file", "k95=", '--masks k95=: not NAME=FILE, as k95=masks/s{seed}/k95.npz'),
    units("absent", "masks of a seed that are not there", "k95=s{seed}.npz", 's1.npz: there is no such file or folder: check the path'),
    units("cut", "masks that are cut off", "k95=k95.npz", 'k95.npz: not a neuronspec-masks-1 file (File is not a zip file); delete it and run the step that writes it again'),
    answered("form", "strongest units of another form", "tables/s1.json: format 'x', not 'neuronspec-strongest-units-1'; delete it and run again", "--strongest tables/s1.json", s1={"format": "x"}),
    answered("units", "a page of units of no layer", "tables/units.json: not a table of units (AttributeError: 'int' object has no attribute 'values'); delete it and run again", "--with-tables units", units=UNITS),
    answered("strongest", "strongest units of no language", "analysis/strongest_units: not strongest units of languages (KeyError: 'system'); delete it and run again", "--strongest tables/s1.json", s1={"format": "neuronspec-strongest-units-1"}),
    found("form", "an analysis that the page does not know", {"format": "neuronspec-probe-1"}, "a.json: the page has no section for 'neuronspec-probe-1' (did you mean 'neuronspec-probes-1'?)"),
    found("list", "an analysis that is a list", [1], "a.json: not the result of an analysis (TypeError: list indices must be integers or slices, not str); delete it and run again"),
    found("units", "pruned heads of no task", {"format": "neuronspec-prune-tasks-1"}, "analysis: not results of analyses (KeyError: 'sizes'); delete it and run again"),
    answered("made", "how systems were made as a list", '--made: not of the shape {"continued": "all"}', "--made []"),
    Case("control-form", "a mask control that is none", "report.tables.show", shown, 'analysis/mask_control/baseline/s1/k95.json: not a mask control (TypeError: list indices must be integers or slices, not str); delete it and run again'),
]  # fmt: skip

CASES = [*TABULATE, *BESIDE, *FIGURES]
