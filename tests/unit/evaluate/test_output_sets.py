"""Outputs of others in several test sets and seeds, and further measures of them."""

import json

import pytest
from sacrebleu import corpus_bleu

from tests.unit.evaluate.made_outputs import OUTPUTS, REFERENCES, WORSE
from workflow_scripts.common.errors import UserError
from workflow_scripts.evaluate.outputs import measures
from workflow_scripts.evaluate.outputs.measures import named_places, read_given

PATTERNS = {"hypotheses": "{system}/{testset}/s{seed}/{direction}", "references": "{testset}/{direction}.ref"}
#: Of every eighth.
BETTER = [line.rsplit(" ", 1)[0] if i % 8 == 1 else line for i, line in enumerate(REFERENCES)]


@pytest.fixture
def sets(at, here):
    """Two test sets, of which talks has one direction, two seeds; `new` is better in the second."""
    for testset, directions in {"news": ("de-en", "en-de"), "talks": ("de-en",)}.items():
        for direction in directions:
            at.lines(f"{testset}/{direction}.ref", REFERENCES)
            for seed, new in ((1, WORSE), (2, BETTER)):
                at.lines(f"old/{testset}/s{seed}/{direction}", WORSE)
                at.lines(f"new/{testset}/s{seed}/{direction}", new)
    return at


def test_each_test_set_and_seed_has_its_rows(sets):
    assert sets.run("--baseline", "old", "--metrics", "bleu", **PATTERNS) == []
    worse, better = (corpus_bleu(lines, [REFERENCES]).score for lines in (WORSE, BETTER))
    found = {
        (row["system"], row["testset"], row["seed"], row["direction"]): float(row["score"])
        for row in sets.rows("scores")
    }
    places = [("news", "de-en"), ("news", "en-de"), ("talks", "de-en")]
    expected = {("old", t, s, d): worse for t, d in places for s in "12"}
    expected |= {("new", t, "1", d): worse for t, d in places}
    assert found == expected | {("new", t, "2", d): better for t, d in places}
    outcomes = {
        (row["testset"], row["seed"], row["direction"]): row["outcome"] for row in sets.rows("significance")
    }
    assert outcomes == {(t, s, d): "win" if s == "2" else "tie" for t, d in places for s in "12"}
    overall = next(
        row
        for row in sets.rows("summary")
        if (row["system"], row["testset"], row["grouping"]) == ("new", "talks", "all")
    )
    assert (overall["n"], float(overall["mean"])) == ("2", pytest.approx((worse + better) / 2))
    assert float(overall["sd"]) == pytest.approx((better - worse) / 2**0.5)


def test_some_sets_may_be_chosen(sets):
    sets.run("--testsets", "talks", "--seeds", "2", **PATTERNS)
    assert (sets.of("testset"), sets.of("seed"), sets.of("direction")) == ({"talks"}, {"2"}, {"de-en"})
    with pytest.raises(UserError, match=r"^--testsets: no files of 'talk' \(did you mean 'talks'\?\)"):
        sets.run("--testsets", "talk", **PATTERNS)
    with pytest.raises(UserError, match=r"^--seeds: no files of '3'; there are 1, 2$"):
        sets.run("--seeds", "3", **PATTERNS)


def test_what_one_set_lacks_is_named(sets):
    (sets.folder / "new/news/s2/en-de").unlink()
    (sets.folder / "old/talks/s1/de-en").unlink()
    for seed in (1, 2):
        (sets.folder / f"new/talks/s{seed}/de-en").unlink()
    (sets.folder / "old/talks/s2/de-en").rename(sets.folder / "old/news/s2/fr-en")
    sets.lines("news/fr-en.ref", REFERENCES)
    sets.lines("new/talks/s1/de-en", WORSE)
    with pytest.raises(UserError) as error:
        sets.run(**PATTERNS)
    assert str(error.value).replace(f"{sets.folder}/", "").splitlines() == [
        "test set talks: no file of seed 2; there are those of other seeds",
        "new/news/s1/fr-en: no such file; old of seed 2 has fr-en",
        "old/news/s1/fr-en: no such file; old of seed 2 has fr-en",
        "new/news/s2/en-de: no such file; old has en-de",
        "new/news/s2/fr-en: no such file; old has fr-en",
        "old/talks/s1/de-en: no such file; new has de-en",
    ]
    sets.run("--allow-partial", **PATTERNS)
    assert "PARTIAL" in sets.text("scores.md").splitlines()[0]


def test_a_seed_is_a_number(sets):
    pattern = {"hypotheses": "{system}/{seed}/s1/{direction}", "references": "news/{direction}.ref"}
    with pytest.raises(UserError, match=r"no file fits, so \{seed\} has no value; a seed is a whole number$"):
        sets.run(**pattern)
    sets.lines("old/news/s01/de-en", WORSE)
    with pytest.raises(UserError, match=r"^seeds 01 and 1 of news are one number$"):
        sets.run(**PATTERNS)


def test_a_wildcard_that_only_others_have_is_refused(sets):
    for option in ("--references", "--sources"):
        with pytest.raises(UserError, match=r"no wildcard \{seed\}.*there are"):
            sets.run(
                option, f"{sets.folder}/{{seed}}.{{direction}}", hypotheses="{system}/news/s1/{direction}"
            )
    with pytest.raises(UserError, match=r"no wildcard \{system\}"):
        sets.run("--sources", f"{sets.folder}/{{system}}.{{direction}}", **PATTERNS)


def test_references_of_each_systems_own_must_be_one_text(at, here):
    at.lay("de-en", "en-de")
    for system in OUTPUTS:
        for direction in ("de-en", "en-de"):
            at.lines(f"{system}/{direction}.ref", REFERENCES)
    own = {"references": "{system}/{direction}.ref"}
    at.run(out="own", **own)
    at.run()
    assert at.text("scores.csv", "own") == at.text("scores.csv")
    at.lines("same/en-de.ref", [*REFERENCES[:6], "ein Haus", *REFERENCES[7:]])
    at.lines("old/de-en.ref", REFERENCES[:-1])
    with pytest.raises(UserError) as error:
        at.run(**own)
    advice = "; references of each system's own must be the same text, or scores do not compare"
    assert str(error.value).replace(f"{at.folder}/", "").splitlines()[:2] == [
        f"old/de-en.ref has 39 lines, new/de-en.ref has 40{advice}",
        f"same/en-de.ref, line 7: not that of new/en-de.ref{advice}",
    ]


def test_scores_of_sentences_by_other_programs(sets):
    for system, value in (("old", 0.25), ("new", 0.75)):
        for testset, directions in {"news": ("de-en", "en-de"), "talks": ("de-en",)}.items():
            for seed in (1, 2):
                for direction in directions:
                    numbers = [str(value + (i % 2) / 4) for i in range(40)]
                    sets.lines(f"{system}/{testset}/s{seed}/{direction}.mx", numbers)
    given = f"mx={sets.folder}/{{system}}/{{testset}}/s{{seed}}/{{direction}}.mx"
    sets.run("--segment-scores", given, "--baseline", "old", "--metrics", "bleu", **PATTERNS)
    rows = [row for row in sets.rows("scores") if row["metric"] == "mx"]
    assert {(row["system"], float(row["score"])) for row in rows} == {("old", 0.375), ("new", 0.875)}
    assert {row["signature"] for row in rows} == {"metric:mx|scores:given"}
    tests = [row for row in sets.rows("significance") if row["metric"] == "mx"]
    assert {(row["outcome"], float(row["difference"])) for row in tests} == {("win", 0.5)}
    assert len(tests) == 6
    kept = json.loads((sets.folder / "out/comet/new/s2/talks.raw.mx.json").read_text())
    assert kept["directions"]["de-en"]["references_sha256"] is None


def test_a_file_of_scores_has_a_number_for_each_sentence(tmp_path):
    path = tmp_path / "de-en.mx"
    path.write_text("0.5\n-1\n")
    assert read_given(path, 2) == [0.5, -1.0]
    with pytest.raises(UserError, match=r"has 2 lines, one for each of 3 sentences is needed$"):
        read_given(path, 3)
    path.write_text("0.5\nnan\n")
    with pytest.raises(UserError, match=r"line 2: 'nan' is not a number$"):
        read_given(path, 2)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["x"], "--comet: 'x' is not NAME=PLACE; a name is small letters and digits"),
        (["X=a"], "--comet: 'X=a' is not NAME=PLACE; a name is small letters and digits"),
        (["bleu=a"], "--comet: bleu is sacrebleu's; give yours another name"),
        (["a=b", "a=c"], "--comet: a is named twice"),
    ],
)
def test_names_of_metrics(given, said):
    assert named_places("comet", ["a=b=c"]) == {"a": "b=c"}
    with pytest.raises(UserError) as error:
        named_places("comet", given)
    assert str(error.value) == said


def test_what_a_model_cannot_judge_is_refused_before_anything_is_scored(sets, monkeypatch):
    (sets.folder / "model").mkdir()
    (sets.folder / "model/hparams.yaml").touch()
    with pytest.raises(UserError, match=r"^--comet: x: .*/modle has no hparams.yaml \(did you mean"):
        sets.run("--comet", f"x={sets.folder}/modle", **PATTERNS)
    with pytest.raises(UserError, match=r"^--comet: needs --sources, which the model reads$"):
        sets.run("--comet", f"x={sets.folder}/model", **PATTERNS)
    sources = ["--sources", f"{sets.folder}/{{testset}}/{{direction}}.ref"]
    empty = ["--empty-references", "drop"]
    with pytest.raises(UserError, match=r"^--comet: of all lines, with empty references too"):
        sets.run("--comet", f"x={sets.folder}/model", *sources, *empty, **PATTERNS)
    monkeypatch.setattr(measures, "ROOT", sets.folder)  # no program there
    (sets.folder / "envs/bin").mkdir(parents=True)
    program = sets.folder / "envs/bin/run-in"
    program.write_text("#!/bin/sh\necho loading\necho 'error: no such environment'\nexit 1\n")
    program.chmod(0o755)
    with pytest.raises(UserError, match=r"^--comet: x: no such environment$"):
        sets.run("--comet", f"x={sets.folder}/model", *sources, **PATTERNS)
    assert not (sets.folder / "out").exists()


GERMAN = [
    "Das ist ein kleines Haus am See.",
    "Wir gehen heute in die Stadt.",
    "Er liest ein gutes Buch.",
    "12",
]
ENGLISH = ["This is a small house by the lake.", "We go to town today.", "He reads a book.", "12"]


def test_languages_of_the_hypotheses(at, here):
    for direction, right, wrong in (("de-en", ENGLISH, GERMAN), ("en-de", GERMAN, ENGLISH)):
        at.lines(f"ref/{direction}", right)
        at.lines(f"good/{direction}", right)
        at.lines(f"bad/{direction}", [*right[:1], *wrong[1:]])
    for system in ("good", "bad"):
        at.lines(f"{system}/en-qaa", ENGLISH)
    at.lines("ref/en-qaa", ENGLISH)
    given = {"hypotheses": "{system}/{direction}", "references": "ref/{direction}"}
    notes = at.run("--off-target", **given)
    assert "--off-target: py3langid does not know it (qaa)" in notes
    rates = {
        (row["system"], row["direction"]): (row["off_target_rate"], row["references_off_target_rate"])
        for row in at.rows("health")
    }
    # Three lines have letters; of `bad` two of them are in the other language.
    two_thirds = pytest.approx(2 / 3)
    for direction in ("de-en", "en-de"):
        assert tuple(map(float, rates["good", direction])) == (0, 0)
        assert tuple(map(float, rates["bad", direction])) == (two_thirds, 0)
        assert rates["good", "en-qaa"] == ("", "")
    kept = json.loads((at.folder / "out/off_target/bad/s0/outputs.json").read_text())
    assert kept["directions"]["de-en"]["labels"] == {"de": 2, "en": 1}
    # There is no experiment whose text an identifier could be trained on.
    assert "by the packaged identifier py3langid, among the languages of all" in at.text("health.md")
    assert "trained on" not in at.text("health.md")


def test_lines_whose_reference_is_left_out_are_in_no_language(at, here):
    """Of four lines the last two have no reference: a German one, and a number."""
    at.lines("ref/de-en", [*ENGLISH[:2], "", ""])
    at.lines("ref/en-de", GERMAN)
    at.lines("one/de-en", [*ENGLISH[:2], GERMAN[0], "12"])
    at.lines("one/en-de", GERMAN)
    given = {"hypotheses": "{system}/{direction}", "references": "ref/{direction}"}
    for empty, n, letters, rate in (("drop", 2, 0, 0.0), ("count", 4, 1, 1 / 3)):
        at.run("--off-target", "--empty-references", empty, **given)
        kept = json.loads((at.folder / "out/off_target/one/s0/outputs.json").read_text())
        found = kept["directions"]["de-en"]
        assert (found["n"], found["without_letters"]) == (n, letters), empty
        assert found["off_target_rate"] == pytest.approx(rate), empty
