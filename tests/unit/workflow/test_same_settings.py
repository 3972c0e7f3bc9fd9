"""What a job was given and would be given: the same settings in another form, or others."""

from __future__ import annotations

import json

import pytest

from workflow_scripts.workflow.plan.same_settings import CODE, COMMAND, FORM, Given, difference, kinds
from workflow_scripts.workflow.settings import as_json, as_options

TEXT_NOW, FAIRSEQ_NOW = "0" * 16, "1" * 16
OLD_CODE, NEW_CODE, OLD_TEXT = "a" * 16, "b" * 16, "c" * 16
IDENTITIES = {TEXT_NOW: "text", FAIRSEQ_NOW: "fairseq"}


def given(template: str, *params: object, wild: dict[str, object] | None = None, **values: object) -> Given:
    """A run with these params; ``values``: by their names in the template, quoted where JSON."""
    command = template
    for name, value in (wild or {}).items():
        command = command.replace(f"{{wildcards.{name}}}", str(value))
    for name, value in values.items():
        text = " ".join(map(str, value)) if isinstance(value, list) else str(value)
        command = command.replace(f"{{params.{name}}}", text).replace(f"{{params.{name}:q}}", f"'{text}'")
    assert "{params" not in command
    return Given(tuple(sorted(map(repr, params))), template, command.replace("{threads}", "1"))


def plain(template: str, **values: object) -> Given:
    """A run whose params are all in its command."""
    return given(template, *values.values(), **values)


BEFORE = plain(
    "run-in text x.y --beam {params.beam} --length {params.length} --metrics {params.metrics}"
    " --threads {threads} > {log} 2>&1",
    beam=5,
    length=1.5,
    metrics=["bleu", "chrf"],
)

#: As masks were selected, and as they are.
SELECTED = "run-in text select --activations-root r --directions {params.d} {params.rule} --out o > {log}"
SELECTS = "run-in text select {params.source} --directions {params.d} {params.settings} --out o > {log}"


def selected(rule: str) -> Given:
    return plain(SELECTED, d=["de-en", "en-de"], rule=rule)


def selects(settings: str) -> Given:
    source = "--activations-root r"
    return given(
        SELECTS, ["de-en", "en-de"], settings, d=["de-en", "en-de"], settings=settings, source=source
    )


SAME = {
    "a threshold as a selector": (selected("--rule mass --k 97.5"), selects("--select mass:97.5")),
    "every unit as a selector": (selected("--rule all"), selects("--select all")),
    "options in another order, of another module": (
        BEFORE,
        plain(
            "run-in text a.b --metrics {params.metrics} --length {params.length} --beam {params.beam}",
            beam=5,
            length=1.5,
            metrics=["bleu", "chrf"],
        ),
    ),
    "as one string of options": (
        BEFORE,
        plain("run-in text x.y {params.o} > {log}", o="--length 1.5 --beam 5 --metrics bleu chrf"),
    ),
    "as JSON": (
        BEFORE,
        plain(
            "run-in text x.y --search {params.s:q}",
            s=json.dumps({"metrics": ["bleu", "chrf"], "beam": 5, "length": 1.5}),
        ),
    ),
    "two JSON objects as one, one of them inside": (
        plain("x --model {params.m:q} --text {params.t:q}", m='{"dim": 4, "heads": 2}', t='{"moses": false}'),
        plain("x --all {params.a:q}", a='{"model": {"dim": 4, "heads": 2}, "moses": false}'),
    ),
    "a JSON object that holds others, inside another": (
        plain("x --model {params.m:q}", m='{"encoder": {"dim": 4}, "decoder": {"layers": 3}}'),
        plain("x --all {params.a:q}", a='{"model": {"encoder": {"dim": 4}, "decoder": {"layers": 3}}}'),
    ),
    "one JSON object taken in by another": (
        plain("x --model {params.m:q} --text {params.t:q}", m='{"dim": 4}', t='{"moses": false}'),
        plain("x --model {params.m:q}", m='{"moses": false, "dim": 4}'),
    ),
    "a JSON object under another option": (
        plain("x --model {params.m:q}", m='{"dim": 4, "lang": "de"}'),
        plain("x --architecture {params.m:q}", m='{"lang": "de", "dim": 4}'),
    ),
    "a flag as JSON": (
        plain("x {params.pads}", pads="--count-pads"),
        plain("x --counting {params.c:q}", c='{"count_pads": true}'),
    ),
    "one word, and a list of one": (
        plain("x --metrics {params.metrics}", metrics=["bleu"]),
        plain("x --metrics {params.metrics}", metrics="bleu"),
    ),
    "two equal values, both named": (
        plain("x --seed {params.seed} --jobs {params.jobs}", seed=1, jobs=1),
        plain("x --jobs {params.jobs} --seed {params.seed}", seed=1, jobs=1),
    ),
    "words that are no params": (
        given("x --k {params.k} --out {output} --threads {threads} --subset valid", 70, k=70),
        given("x --k {params.k} --to {output} --threads 4 --subset 70 --strict", 70, k=70),
    ),
    "two values without a name": (
        plain("x --seed 1 --to t/{params.a}.txt {params.b}", a="one", b="two"),
        plain("x --to t/{params.a}.txt {params.b} --seed 2", a="one", b="two"),
    ),
    "a wildcard, and the same value": (
        given("x --k {params.k} --seed {wildcards.seed}", 70, k=70, wild={"seed": 1}),
        given("x --seed 1 --k {params.k} --system {wildcards.system}", 70, k=70, wild={"system": "a"}),
    ),
    "options repeated in the same order": (
        plain("x {params.a}", a=["--against", "one", "1.npz", "--against", "two", "2.npz"]),
        plain("x --more 1 {params.a}", a="--against one 1.npz --against two 2.npz"),
    ),
    "nothing instead of an empty string": (
        plain("x {params.pads} --k {params.k}", pads="", k=1),
        plain("x --k {params.k}", k=1),
    ),
}

OTHER = {
    "another threshold, as a selector": (
        selected("--rule mass --k 95"),
        selects("--select mass:97.5"),
        "a setting changed: select mass:95 → mass:97.5",
    ),
    "a threshold for every unit": (
        selected("--rule all"),
        selects("--select mass:95"),
        "a setting changed: select all → mass:95",
    ),
    "another value": (
        BEFORE,
        plain(
            BEFORE.template,
            beam=4,
            length=1.5,
            metrics=["bleu", "chrf"],
        ),
        "a setting changed: beam 5 → 4",
    ),
    "a list in another order": (
        plain("x --metrics {params.m}", m=["bleu", "chrf"]),
        plain("x --metrics {params.m}", m=["chrf", "bleu"]),
        "a setting changed: metrics bleu chrf → chrf bleu",
    ),
    "two values swapped, which leaves the set of them as it was": (
        plain("x --seed {params.seed} --sample {params.sample}", seed=1, sample=100),
        plain("x --seed {params.seed} --sample {params.sample}", seed=100, sample=1),
        "a setting changed: seed 1 → 100, sample 100 → 1",
    ),
    "two values swapped in JSON": (
        plain("x --model {params.m:q}", m='{"heads": 4, "layers": 2}'),
        plain("x --all {params.m:q}", m='{"heads": 2, "layers": 4}'),
        "a setting changed: heads 4 → 2, layers 2 → 4",
    ),
    "two objects of the same keys swapped": (
        plain("x --encoder {params.e:q} --decoder {params.d:q}", e='{"layers": 6}', d='{"layers": 3}'),
        plain("x --encoder {params.e:q} --decoder {params.d:q}", e='{"layers": 3}', d='{"layers": 6}'),
        "a setting changed: layers 3 and 6 → 6 and 3",
    ),
    "a key moved between objects that both stay": (
        plain("x --a {params.a:q} --b {params.b:q}", a='{"lr": 1, "k": 2}', b='{"dim": 4}'),
        plain("x --a {params.a:q} --b {params.b:q}", a='{"k": 2}', b='{"dim": 4, "lr": 1}'),
        "a setting changed: lr moved from a to b",
    ),
    "a key moved between objects inside one that both stay": (
        plain("x --a {params.a:q}", a='{"e": {"lr": 1, "k": 2}, "d": {"dim": 4}}'),
        plain("x --a {params.a:q}", a='{"e": {"k": 2}, "d": {"dim": 4, "lr": 1}}'),
        "a setting changed: lr moved from a.e to a.d",
    ),
    "an object inside another that is called otherwise": (
        plain("x --groups {params.g:q}", g='{"family": {"germanic": ["de"]}, "tier": {"high": ["de"]}}'),
        plain("x --groups {params.g:q}", g='{"kin": {"germanic": ["de"]}, "tier": {"high": ["de"]}}'),
        "a setting changed: germanic moved from groups.family to groups.kin",
    ),
    "a key that is new": (
        plain("x --model {params.m:q}", m='{"dim": 4}'),
        plain("x --model {params.m:q}", m='{"dim": 4, "ranking": "native"}'),
        "a setting changed: ranking not set → native",
    ),
    "a key that is gone": (
        plain("x {params.o}", o="--dim 4 --pads"),
        plain("x {params.o}", o="--dim 4"),
        "a setting changed: pads on → not set",
    ),
    "another kind of value": (
        plain("x --model {params.m:q}", m='{"dim": 1, "moses": true, "seed": 5}'),
        plain("x --model {params.m:q}", m='{"dim": true, "moses": 1, "seed": "5"}'),
        "a setting changed: dim 1 → on, moses on → 1, seed 5 → 5",
    ),
    "a plain value under an option of another name": (
        plain("x --text {params.t}", t="a"),
        plain("x --words {params.t}", t="a"),
        "a setting changed: text a → not set, words not set → a",
    ),
    "a value without a name, and another": (
        given("x {params.k} --a b", 70, k=70),
        given("x {params.k} --a b", 80, k=80),
        "a setting changed: 70 → 80",
    ),
    "two values without a name that have changed places": (
        plain("x {params.a} {params.b} --k 1", a="one", b="two"),
        plain("x {params.a} {params.b} --k 1", a="two", b="one"),
        "a setting changed: which of 'one', 'two' is which is not known",
    ),
    "two parts of words that have changed places": (
        plain("x --to t/{params.a}.txt --from t/{params.b}.txt", a="en", b="de"),
        plain("x --to t/{params.a}.txt --from t/{params.b}.txt", a="de", b="en"),
        "a setting changed: which of 'de', 'en' is which is not known",
    ),
    "two behind a sign that have changed places": (
        plain("x --top={params.a} --low={params.b}", a=1, b=2),
        plain("x --top={params.a} --low={params.b}", a=2, b=1),
        "a setting changed: which of 1, 2 is which is not known",
    ),
    "what stood for a wildcard, and another value": (
        given("x --k {params.k} --seed {wildcards.seed}", 70, k=70, wild={"seed": 1}),
        given("x --k {params.k} --seed 7", 70, k=70),
        "a setting changed: seed 1 → 7",
    ),
    "an option of a param, given once more": (
        plain("x {params.o} --out {output}", o="--beam 5"),
        plain("x {params.o} --beam 4 --out {output}", o="--beam 5"),
        "a setting changed: beam is given twice",
    ),
    "options repeated in another order": (
        plain("x {params.a}", a=["--against", "one", "--against", "two"]),
        plain("x {params.a}", a=["--against", "two", "--against", "one"]),
        "a setting changed: against one and two → two and one",
    ),
    "a command whose quotes do not match": (
        plain("x --a {params.a}", a="it's"),
        plain("x --a {params.a:q}", a="its"),
        "its command cannot be taken apart",
    ),
}


@pytest.mark.parametrize(("before", "now"), SAME.values(), ids=SAME)
def test_the_same_settings_in_another_form(before: Given, now: Given) -> None:
    assert before != now
    assert difference(before, now, IDENTITIES) == ""
    assert difference(now, before, IDENTITIES) == ""


@pytest.mark.parametrize(("before", "now", "told"), OTHER.values(), ids=OTHER)
def test_other_settings(before: Given, now: Given, told: str) -> None:
    assert difference(before, now, IDENTITIES) == told
    assert difference(now, before, IDENTITIES) != ""


def hashed(*hashes: str, k: int = 70) -> Given:
    return given("x --k {params.k}", k, *hashes, k=k)


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        (hashed(OLD_CODE, TEXT_NOW), hashed(NEW_CODE, TEXT_NOW), ""),
        (hashed(OLD_CODE), hashed(NEW_CODE), ""),
        (
            hashed(OLD_CODE, OLD_TEXT),
            hashed(NEW_CODE, TEXT_NOW),
            "the pins of environment text changed",
        ),
        (
            hashed(NEW_CODE, OLD_TEXT),
            hashed(NEW_CODE, TEXT_NOW),
            "the pins of environment text changed",
        ),
        (
            hashed(OLD_CODE, TEXT_NOW),
            hashed(NEW_CODE, FAIRSEQ_NOW),
            "the pins of environment fairseq changed",
        ),
        (
            hashed(OLD_CODE, OLD_TEXT),
            hashed(NEW_CODE),
            "whether its packages changed is not known",
        ),
        (hashed(OLD_CODE), hashed(NEW_CODE, TEXT_NOW), "the pins of environment text changed"),
        (
            hashed(OLD_CODE, OLD_TEXT),
            hashed(NEW_CODE, TEXT_NOW, k=80),
            "a setting changed: k 70 → 80; the pins of environment text changed",
        ),
    ],
)
def test_code_may_differ_and_packages_may_not(before: Given, now: Given, told: str) -> None:
    assert difference(before, now, IDENTITIES) == told


def test_a_setting_of_the_form_of_a_hash_is_a_setting() -> None:
    before, now = (plain("x --revision {params.r}", r=revision) for revision in (OLD_CODE, NEW_CODE))
    assert difference(before, now, IDENTITIES) == f"a setting changed: revision {OLD_CODE} → {NEW_CODE}"
    before, now = (plain("x --model hub/{params.r}/bin", r=revision) for revision in (OLD_CODE, NEW_CODE))
    assert difference(before, now, IDENTITIES) == f"a setting changed: {OLD_CODE!r} → {NEW_CODE!r}"


def test_what_snakemake_would_run_it_for() -> None:
    before = hashed(OLD_CODE, TEXT_NOW)
    assert kinds(before, before) == ()
    assert kinds(before, hashed(NEW_CODE, TEXT_NOW)) == (CODE,)
    written = given("x {params.k}", "--k 70", NEW_CODE, TEXT_NOW, k="--k 70")
    assert kinds(before, written) == (CODE, COMMAND, FORM)
    assert kinds(hashed(NEW_CODE, TEXT_NOW), written) == (COMMAND, FORM)


#: What rules of earlier versions had, and what they have now: the same settings.
NAMED = "run-in text x.y {params.options} --out {output} > {log}"


def named(**settings: object) -> Given:
    """A run whose settings are one object."""
    text = as_json({**settings, "code": NEW_CODE, "environment": TEXT_NOW})
    return Given((repr(text),), NAMED, f"run-in text x.y {as_options(settings)} --out o > l")


def earlier(template: str, *more: object, **values: object) -> Given:
    """A run of an earlier version; `more`: params that are in the command as they are."""
    return given(template, OLD_CODE, TEXT_NOW, *values.values(), *more, **values)


SUBWORDS = "x --vocab-size {params.vocab} --sample-sentences {params.sample} --model-type {params.kind}"
EARLIER = {
    "plain values": (
        earlier(SUBWORDS, vocab=600, sample=620, kind="bpe"),
        named(vocab_size=600, sample_sentences=620, model_type="bpe"),
    ),
    "an option behind a value": (
        earlier(SUBWORDS, vocab=600, sample=620, kind="bpe --normalization identity"),
        named(vocab_size=600, sample_sentences=620, model_type="bpe", normalization="identity"),
    ),
    "an option behind a list": (
        earlier("x --metrics {params.m}", m=["bleu", "ter", "--empty-references", "drop"]),
        named(metrics=["bleu", "ter"], empty_references="drop"),
    ),
    "an option that is given twice": (
        earlier("x {params.a}", a=["--against", "baseline", "b.npz", "--against", "continued", "c.npz"]),
        named(against=[["baseline", "b.npz"], ["continued", "c.npz"]]),
    ),
    "options in a string, one of them JSON": (
        earlier("x {params.o}", o='--level 0.05 --groups \'{"family": {"a": ["de"]}}\' --comet own c'),
        named(level=0.05, groups={"family": {"a": ["de"]}}, comet=["own", "c"]),
    ),
    "a switch, and what is not given": (
        earlier("x {params.c}", "", c="--dedup"),
        named(dedup=True),
    ),
    "JSON that is empty": (earlier("x --tokenizers {params.t:q}", t="{}"), named(tokenizers={})),
    "a file of the user's in another folder": (
        earlier("x --folder {params.f}", f="/a/models/own"),
        named(folder="/b/own"),
    ),
}


@pytest.mark.parametrize(("before", "now"), EARLIER.values(), ids=EARLIER)
def test_nameless_params_of_an_earlier_version_and_named_settings(before: Given, now: Given) -> None:
    assert difference(before, now, IDENTITIES) == ""
    assert kinds(before, now) == (CODE, COMMAND, FORM)


def test_two_nameless_values_and_the_same_ones_swapped() -> None:
    before = earlier(SUBWORDS, vocab=600, sample=620, kind="bpe")
    now = named(vocab_size=620, sample_sentences=600, model_type="bpe")
    swapped = "a setting changed: vocab_size 600 → 620, sample_sentences 620 → 600"
    assert difference(before, now, IDENTITIES) == swapped


def test_named_settings_are_compared_by_name() -> None:
    before, now = named(beam=5, length=4, like={"a": 1}), named(beam=4, length=5, like={"a": 2})
    assert difference(before, now, IDENTITIES) == "a setting changed: beam 5 → 4, length 4 → 5, a 1 → 2"
    assert kinds(before, now) == (FORM,)
    other_code = Given((before.params[0].replace(NEW_CODE, OLD_CODE),), before.template, before.command)
    assert (difference(other_code, before, IDENTITIES), kinds(other_code, before)) == ("", (CODE,))
    other_pins = Given((before.params[0].replace(TEXT_NOW, OLD_TEXT),), before.template, before.command)
    assert difference(other_pins, before, IDENTITIES) == "the pins of environment text changed"


def reading(files: str, order: list[int] | None = None) -> Given:
    """A run of files of the user."""
    settings: dict[str, object] = {"empty": "drop"} | ({"order": order} if order else {})
    text = as_json({**settings, "code": NEW_CODE, "environment": TEXT_NOW})
    template = "run-in text x.y {params.options} {params.files} --out {output}"
    return Given((repr(text),), template, f"run-in text x.y {as_options(settings)} {files} --out o")


def test_files_that_changed_places_are_a_change() -> None:
    one, other = "--files a.de a.en b.de b.en", "--files b.de b.en a.de a.en"
    before, now = reading(one), reading(other, [2, 3, 0, 1])
    assert kinds(before, now) == (FORM,)
    assert difference(before, now, IDENTITIES) == "a setting changed: order not set → 2 3 0 1"
    assert difference(now, before, IDENTITIES) == "a setting changed: order 2 3 0 1 → not set"
    # Tables of a task are options of their own.
    before, now = reading("--train a --test b"), reading("--train b --test a", [1, 0])
    assert difference(before, now, IDENTITIES) == "a setting changed: order not set → 1 0"


def test_an_order_that_an_earlier_version_did_not_say_is_that_of_its_command() -> None:
    now = reading("--files /new/b.de /new/b.en a.de a.en", [2, 3, 0, 1])
    assert difference(reading("--files /old/b.de /old/b.en a.de a.en"), now, IDENTITIES) == ""
    # A manifest's record has no names of files.
    unknown = reading("--files {input.files}")
    assert difference(unknown, now, IDENTITIES) == "a setting changed: order not set → 2 3 0 1"
