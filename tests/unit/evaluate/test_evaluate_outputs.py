"""Outputs of others, from files to tables (mistakes: tests/malformed)."""

import gzip
import re
from pathlib import Path

import pytest
from sacrebleu import corpus_bleu

from tests.unit.evaluate.made_outputs import REFERENCES, WORSE
from workflow_scripts.common.errors import UserError
from workflow_scripts.evaluate.outputs import score_sets
from workflow_scripts.evaluate.outputs.found import pivot_of

ENDINGS = ("md", "csv", "tex", "parquet")


def test_from_files_to_tables(at):
    at.lay()
    at.run("--baseline", "old")
    found = {(row["system"], row["direction"], row["metric"]): row for row in at.rows("scores")}
    assert len(found) == 3 * 2 * 2
    assert list(dict.fromkeys(system for system, _, _ in found)) == ["old", "new", "same"]
    worse = corpus_bleu(WORSE, [REFERENCES])
    assert float(found["old", "de-en", "BLEU"]["score"]) == worse.score
    assert float(found["new", "en-de", "chrF2++"]["score"]) == 100
    assert {row["n"] for row in found.values()} == {"40"}
    outcomes = {
        (row["system"], row["direction"], row["metric"]): (row["outcome"], float(row["difference"]))
        for row in at.rows("significance")
    }
    for direction in ("de-en", "en-de"):
        assert outcomes["new", direction, "BLEU"] == ("win", pytest.approx(100 - worse.score))
        assert outcomes["same", direction, "BLEU"] == outcomes["same", direction, "chrF2++"] == ("tie", 0)
    for table in ("scores", "summary", "groups", "significance", "health"):
        assert {path.suffix[1:] for path in (at.folder / "out").glob(f"{table}.*")} == set(ENDINGS)


@pytest.mark.usefixtures("here")
def test_without_a_baseline_nothing_is_tested(at):
    at.lay("de-en", "en-de", "fr-en")
    # A copy of the references is said to be one.
    assert at.run() == ["new: all its files are the references, line for line"]
    assert not (at.folder / "out/significance.csv").exists()
    assert "out of en" in at.text("groups.md")


@pytest.mark.usefixtures("here")
def test_gzipped_files_give_the_same(at):
    at.lay()
    at.run("--baseline", "old")
    for path in at.folder.glob("*/*.hyp"):
        path.with_suffix(".hyp.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    named = "{system}/{source}-{target}.hyp.gz"
    at.run("--baseline", "old", "--processes", "2", hypotheses=named, out="second")
    assert at.text("significance.csv", "second") == at.text("significance.csv")


def test_what_is_missing_may_be_marked(at):
    at.lay()
    (at.folder / "new/de-en.hyp").unlink()
    at.run("--baseline", "old", "--allow-partial")
    assert "PARTIAL" in at.text("scores.md").splitlines()[0]
    compared = {(row["system"], row["direction"]) for row in at.rows("significance")}
    assert compared == {("new", "en-de"), ("same", "de-en"), ("same", "en-de")}


@pytest.mark.usefixtures("here")
def test_references_and_sources_that_fit_the_pattern_are_no_systems(at):
    for name, lines in {"base": WORSE, "ref": REFERENCES, "src": WORSE, ".base": WORSE}.items():
        for direction in ("de-en", "en-de"):
            at.lines(f"{direction}/{name}.txt", lines)
    at.lines("log_fr/base.txt", WORSE)
    given = {"hypotheses": "{direction}/{system}.txt"}
    sources = ("--sources", f"{at.folder}/{{direction}}/src.txt")
    assert at.run(*sources, **given) == [
        "left out: log_fr/base.txt: a direction is two language codes around a hyphen, as in de-en or"
        " en-pt_BR",
        "left out: de-en/.base.txt, en-de/.base.txt: hidden, or a backup (a pattern that spells the dot"
        " or the ending takes it)",
        "left out: de-en/ref.txt, en-de/ref.txt: these are the references",
        "left out: de-en/src.txt, en-de/src.txt: these are the sources",
    ]
    assert at.of("system") == {"base"}
    for direction in ("de-en", "en-de"):
        (at.folder / direction / "base.txt").unlink()
    with pytest.raises(UserError, match=r"no file fits \(.*ref\.txt: these are the references"):
        at.run(*sources, **given)


@pytest.mark.usefixtures("here")
def test_codes_with_a_hyphen_are_scored_under_their_id(at):
    for direction in ("en-pt-BR", "en-sr-Latn"):
        at.lines(f"t/base/{direction}.txt", WORSE)
    for direction in ("en-pt-BR", "en-sr_Latn"):
        at.lines(f"ref/{direction}.txt", REFERENCES)
    given = {"hypotheses": "t/{system}/{direction}.txt", "references": "ref/{direction}.txt"}
    named = ["--tokenizers", '{"pt-BR": "char"}', "--groups", '{"f": {"romance": ["pt-BR"]}}']
    assert at.run(*named, **given) == ["in names of files: en-pt-BR is en-pt_BR, en-sr-Latn is en-sr_Latn"]
    bleu = {row["direction"]: row for row in at.rows("scores") if row["metric"] == "BLEU"}
    assert list(bleu) == ["en-pt_BR", "en-sr_Latn"]
    assert "tok:char" in bleu["en-pt_BR"]["signature"]
    assert "tok:13a" in bleu["en-sr_Latn"]["signature"]
    assert float(bleu["en-sr_Latn"]["score"]) == corpus_bleu(WORSE, [REFERENCES]).score
    assert ("f", "romance") in {(row["grouping"], row["group"]) for row in at.rows("summary")}
    at.run("--directions", "en-pt-BR", "--pivot", "pt-BR", out="one", **given)
    assert at.of("direction", out="one") == {"en-pt_BR"}


@pytest.mark.usefixtures("here")
def test_systems_and_directions_may_be_chosen(at):
    at.lay("de-en", "en-de", "fr-en")
    (at.folder / "new/fr-en.hyp").unlink()  # not asked for, so not missing
    at.run("--systems", "old", "new", "--directions", "en-de", "de-en", "--baseline", "old")
    assert (at.of("system"), at.of("direction")) == ({"old", "new"}, {"en-de", "de-en"})


@pytest.mark.usefixtures("here")
def test_references_that_only_nearly_fit_are_no_news(at):
    at.lines("base.de-en", WORSE)
    at.lines("ref.en", REFERENCES)
    assert at.run(hypotheses="{system}.{direction}", references="ref.{target}") == []


@pytest.mark.usefixtures("here")
def test_systems_without_a_direction_in_common_are_not_tested(at):
    at.lay()
    for gone in ("old/de-en", "new/en-de"):
        (at.folder / f"{gone}.hyp").unlink()
    at.run("--baseline", "old", "--allow-partial")
    assert any("new: not tested, it has no direction that old has too" in line for line in at.said)
    # Of two systems, two directions and two metrics those of `same` in en-de are there.
    assert "PARTIAL (6 of 8 tests missing)" in at.text("significance.md").splitlines()[0]
    assert at.of("system", "significance") == {"same"}


@pytest.mark.usefixtures("here")
def test_nothing_of_an_earlier_call_stays(at):
    at.lay()
    at.run("--baseline", "old")
    (at.folder / "out/notes.md").touch()
    for path in (at.folder / "new").iterdir():
        path.unlink()
    at.run("--profile", "paper")
    made = {str(path.relative_to(at.folder / "out")) for path in (at.folder / "out").rglob("*.*")}
    stems = ("scores", "summary", "groups", "differences", "interference", "health")
    tables = {f"{stem}.{ending}" for stem in stems for ending in ENDINGS}
    parts = [f"scores/{system}/s0/outputs.paper" for system in ("old", "same")]
    scores = {f"{part}.{ending}" for part in parts for ending in ("json", "segments.npz")}
    pages = {"answer.html", "answer.md"}
    assert made == {"notes.md", ".written.json"} | tables | scores | pages
    assert {path.name for path in (at.folder / "out").iterdir() if path.is_dir()} == {"scores"}


def test_the_pivot_is_the_one_language_of_all_directions():
    assert pivot_of(["de-en", "en-fr", "it-en"]) == "en"
    assert pivot_of(["de-en", "en-de"]) == pivot_of(["de-en", "fr-it"]) == ""


ODD = ["a | b", "*x* _y_", "{direction}", "$(touch x)", "<b>&amp;", "[new]", "100%", "模型 é"]


@pytest.mark.usefixtures("here")
def test_names_of_systems_are_data_in_every_table(at):
    for system in ("old", *ODD):
        at.lines(f"t/{system}/de-en.txt", WORSE)
    at.lines("ref.de-en", REFERENCES)
    given = {"hypotheses": "t/{system}/{direction}.txt", "references": "ref.{direction}"}
    at.run("--baseline", "old", "--resamples", "50", "--control", ODD[0], **given)
    for table in ("scores", "summary", "groups"):
        assert at.of("system", table) == {"old", *ODD}
    assert at.of("system", "significance") == set(ODD)
    first = [x.split(" | ")[0] for x in at.text("summary.md").splitlines() if re.search(r" \| \*?\*?\d", x)]
    shown = ["old", "a \\| b", "\\*x\\* \\_y\\_", "{direction}", "\\$(touch x)", "\\<b>\\&amp;"]
    assert sorted(set(first)) == sorted(f"| {name}" for name in [*shown, "[new]", "100%", "模型 é"])
    assert "a $|$ b" in at.text("scores.tex")


def test_a_folder_whose_name_is_an_option_may_hold_the_results(at, monkeypatch):
    at.lay()
    monkeypatch.chdir(at.folder)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))
    at.run("--baseline", "old", "--out=--debug")
    assert [len(at.rows(table, "--debug")) for table in ("scores", "significance")] == [12, 8]


@pytest.mark.usefixtures("here")
def test_tables_of_the_users_are_neither_removed_nor_written_over(at):
    at.lay()
    mine = {f"out/{name}": ["mine"] for name in ("published.csv", "seeds.csv", "wins.md", "significance.csv")}
    for name, lines in mine.items():
        at.lines(name, lines)
    at.run()  # without a baseline, which would make seeds and wins
    at.run()
    with pytest.raises(UserError, match=r"out: seeds\.csv, significance\.csv, wins\.md: not written by"):
        at.run("--baseline", "old")
    (at.folder / "out/groups.csv").write_text("edited")
    with pytest.raises(UserError, match=r"groups\.csv: changed since they were written"):
        at.run()
    assert {(at.folder / name).read_text() for name in mine} == {"mine\n"}


def test_text_without_blanks_is_noted_with_the_option_to_give(at):
    """13a takes a clause of Chinese, Japanese or Thai for one word: BLEU 0.00 for nearly right output."""
    for target, right, wrong in (
        ("zh", "今天天气非常好。", "今天天气很好。"),
        ("ja", "今日は天気がとてもいい。", "今日は天気がいい。"),
        ("th", "วันนี้อากาศดีมาก", "วันนี้อากาศดี"),
    ):
        at.lines(f"ref/en-{target}.txt", [right])
        at.lines(f"hyp/base/en-{target}.txt", [wrong])
    where = {"hypotheses": "hyp/{system}/{direction}.txt", "references": "ref/{direction}.txt"}
    at.run(**where)
    tokenizers = '{"ja": "ja-mecab", "th": "char", "zh": "zh"}'
    [said] = [line for line in at.said if line.startswith("WARNING")]
    assert said.endswith(f"--tokenizers '{tokenizers}'")
    for table in ("scores", "summary", "groups", "health"):
        assert at.text(f"{table}.md").split("\n")[2] == f"- {said}"
    at.run("--tokenizers", tokenizers, **where)
    assert not any("WARNING" in text for text in (*at.said, at.text("scores.md")))


@pytest.mark.usefixtures("here")
def test_several_references_of_every_sentence(at):
    at.lay()
    other = [f"{line} nein" for line in WORSE]
    for direction in ("de-en", "en-de"):
        at.lines(f"{direction}/other.txt", other)
    at.run("--references", f"{at.folder}/{{direction}}/other.txt", "--baseline", "old")
    for row in at.rows("scores"):
        assert row["signature"].startswith("nrefs:2|")
        if (row["system"], row["metric"]) == ("old", "BLEU"):
            assert float(row["score"]) == corpus_bleu(WORSE, [REFERENCES, other]).score
    assert len(at.rows("significance")) == 8


LOG = "S-1\t__de__ zwei\nT-1\ttwo of the old ones\nH-1\t-0.3\ttwo of the old ones\nP-1\t-0.1 -0.2\n"
LOG += "S-0\t__de__ eins\nT-0\tone for all of us\nH-0\t-0.3\tone for all of you\nP-0\t-0.1 -0.2"


@pytest.mark.usefixtures("here")
def test_a_log_of_fairseq_generate_is_read_by_number(at):
    at.lines("t/base/de-en.txt", LOG.split("\n"))
    references = ["one for all of us", "two of the old ones"]
    at.lines("ref.de-en", references)
    log = "t/{system}/{direction}.txt"
    assert at.run(hypotheses=log, references="ref.{direction}") == [
        "t/base/de-en.txt: hypotheses are fairseq-generate's H- lines, by number"
    ]
    # References and sources of the same file, which is no reason to leave it out.
    own = "t/base/{direction}.txt"
    sources = ["--sources", f"{at.folder}/{own}", "--references", f"{at.folder}/{own}"]
    at.run(*sources, hypotheses=log, references="ref.{direction}", out="two")
    right = corpus_bleu(["one for all of you", "two of the old ones"], [references])
    for folder in ("out", "two"):
        (score,) = [row["score"] for row in at.rows("scores", folder) if row["metric"] == "BLEU"]
        assert float(score) == right.score


@pytest.mark.usefixtures("here")
def test_empty_references_are_counted_or_dropped_on_request_and_shown(at):
    at.lay()
    at.lines("de-en/ref.txt", ["", *REFERENCES[1:]])
    said = "1 of 40 references empty, left out for all systems"
    assert at.run("--empty-references", "drop")[:1] == [f"de-en: {said}"]
    assert {(row["direction"], row["n"]) for row in at.rows("scores")} == {("de-en", "39"), ("en-de", "40")}
    assert said in at.text("scores.md") and said in at.text("summary.csv")
    at.run("--empty-references", "count")
    assert at.of("n") == {"40"}


@pytest.mark.parametrize(("option", "field"), [("--references", "target"), ("--sources", "source")])
@pytest.mark.usefixtures("here")
def test_one_file_of_one_direction_or_links_that_somebody_laid_are_in_order(option, field, at):
    at.lay()
    at.lines("ref.txt", REFERENCES)
    references = None if option == "--references" else "{direction}/ref.txt"
    at.run(option, f"{at.folder}/ref.txt", "--directions", "de-en", references=references)
    for code in ("de", "en"):
        (at.folder / f"ref.{code}").symlink_to("ref.txt")
    at.run(option, f"{at.folder}/ref.{{{field}}}", references=references)


@pytest.mark.usefixtures("here")
def test_a_system_with_the_name_of_an_experiments_control_is_one_of_many(at):
    at.lay("de-en")
    (at.folder / "same").rename(at.folder / "continued")
    at.run("--baseline", "old")
    assert at.of("against", "significance") == {"old"}
    for table in ("scores", "differences", "summary"):
        assert "`continued`" not in at.text(f"{table}.md") and "to continued" not in at.text(f"{table}.md")
    at.run("--baseline", "old", "--control", "continued")
    assert at.of("against", "significance") == {"old", "continued"}
    assert "‡: from `continued`" in at.text("scores.md")


@pytest.mark.usefixtures("here")
def test_faults_of_the_last_file_are_told_before_the_first_is_scored(at, monkeypatch):
    at.lay()
    at.lines("new/de-en.hyp", REFERENCES[:-1])
    at.lines("en-de/ref.txt", ["", *REFERENCES[1:]])
    monkeypatch.setattr(score_sets, "score_directions", lambda *_: pytest.fail("scored"))
    with pytest.raises(UserError) as error:
        at.run()
    one, two = str(error.value).replace(f"{at.folder}/", "").split("\n")
    assert one == "new/de-en.hyp has 39 lines but de-en/ref.txt has 40: line 40 has no counterpart"
    assert two.startswith("en-de/ref.txt, line 1: empty reference")
    assert at.capture.readouterr().err == ""


@pytest.mark.usefixtures("here")
def test_a_language_of_a_group_that_no_direction_has_is_noted(at):
    at.lay("de-en")
    groups = '{"family": {"germanic": ["de", "enn"], "romance": ["fr", "it", "ro", "enn"]}}'
    said = "--groups: family: no direction has enn (did you mean 'en'?), fr, it and 1 more"
    assert at.run("--groups", groups)[0] == said


@pytest.mark.usefixtures("here")
def test_ter_of_text_without_blanks_is_noted(at):
    at.lines("a/en-zh.txt", ["今天天气很好，我们去公园散步。", "他说他不会来了。"])
    at.lines("ref.zh", ["今天天气很好，我们去散步。", "他说他不来了。"])
    given = {"hypotheses": "{system}/{direction}.txt", "references": "ref.{target}"}
    chinese = ["--tokenizers", '{"zh": "zh"}', "--metrics", "bleu"]
    assert at.run(*chinese, "ter", **given) == [
        "ref.zh: TER counts edits of words between blanks; of Chinese, written without, it says next to "
        "nothing: take chrf2"
    ]
    assert at.run(*chinese, "chrf2", **given) == []
