"""Outputs of others, from files to tables."""

import csv
import gzip
import io
import re
from contextlib import redirect_stderr
from pathlib import Path

import pytest
from sacrebleu import corpus_bleu

from workflow_scripts.errors import UserError
from workflow_scripts.evaluate import evaluate_outputs
from workflow_scripts.evaluate.evaluate_outputs import main
from workflow_scripts.evaluate.found_outputs import pivot_of
from workflow_scripts.report import tabulate

WORDS = ["ein", "haus", "steht", "am", "see", "und", "der", "hund", "schläft"]
REFERENCES = [" ".join(WORDS[(i + j) % len(WORDS)] for j in range(5 + i % 4)) for i in range(40)]
#: Of every second line the last word is missing.
WORSE = [line.rsplit(" ", 1)[0] if i % 2 else line for i, line in enumerate(REFERENCES)]
OUTPUTS = {"old": WORSE, "new": REFERENCES, "same": WORSE}


@pytest.fixture
def here(monkeypatch):
    """Tables are made in this process, which spares a second; some tests start the program."""

    def run(module, words):
        assert module == "workflow_scripts.report.tabulate"
        said = io.StringIO()
        with redirect_stderr(said):
            tabulate.main(words)
        return 0, said.getvalue()

    monkeypatch.setattr(evaluate_outputs, "run_program", run)


def lay(folder, directions=("de-en", "en-de")):
    """Write all files (those of one direction gzipped), and return the options that name them."""
    for direction in directions:
        (folder / direction).mkdir(parents=True)
        write(folder / direction / "ref.txt", REFERENCES)
        for system, lines in OUTPUTS.items():
            write(folder / system / f"{direction}.hyp", lines)
    return [
        *("--hypotheses", f"{folder}/{{system}}/{{direction}}.hyp"),
        *("--references", f"{folder}/{{direction}}/ref.txt"),
        *("--out", f"{folder}/out", "--resamples", "200", "--processes", "1"),
    ]


def write(path, lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def rows(path):
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def notes(said, folder):
    """The notes among what was said on stderr, without the folder."""
    lines = said.replace(f"{folder}/", "").splitlines()
    return [line.removeprefix("note: ") for line in lines if line.startswith("note: ")]


def test_from_files_to_tables(tmp_path):
    main([*lay(tmp_path), "--baseline", "old"])
    found = {
        (row["system"], row["direction"], row["metric"]): row for row in rows(tmp_path / "out/scores.csv")
    }
    assert len(found) == 3 * 2 * 2
    assert list(dict.fromkeys(system for system, _, _ in found)) == ["old", "new", "same"]
    worse = corpus_bleu(WORSE, [REFERENCES])
    assert float(found["old", "de-en", "BLEU"]["score"]) == worse.score
    assert float(found["new", "en-de", "chrF2++"]["score"]) == 100
    assert {row["n"] for row in found.values()} == {"40"}
    outcomes = {
        (row["system"], row["direction"], row["metric"]): (row["outcome"], float(row["difference"]))
        for row in rows(tmp_path / "out/significance.csv")
    }
    for direction in ("de-en", "en-de"):
        assert outcomes["new", direction, "BLEU"] == ("win", pytest.approx(100 - worse.score))
        assert outcomes["same", direction, "BLEU"] == outcomes["same", direction, "chrF2++"] == ("tie", 0)
    for table in ("scores", "summary", "groups", "significance", "health"):
        assert {path.suffix for path in (tmp_path / "out").glob(f"{table}.*")} == {
            *(".md", ".csv", ".tex", ".parquet")
        }


@pytest.mark.usefixtures("here")
def test_without_a_baseline_nothing_is_tested(tmp_path):
    main(lay(tmp_path, ("de-en", "en-de", "fr-en")))
    assert not (tmp_path / "out/significance.csv").exists()
    assert "out of en" in (tmp_path / "out/groups.md").read_text()


@pytest.mark.usefixtures("here")
def test_gzipped_files_give_the_same(tmp_path):
    main([*lay(tmp_path), "--baseline", "old"])
    first = (tmp_path / "out/significance.csv").read_bytes()
    for path in tmp_path.glob("*/*.hyp"):
        path.with_suffix(".hyp.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    options = ["--hypotheses", f"{tmp_path}/{{system}}/{{source}}-{{target}}.hyp.gz"]
    options += ["--references", f"{tmp_path}/{{direction}}/ref.txt", "--out", f"{tmp_path}/second"]
    main([*options, "--baseline", "old", "--resamples", "200", "--processes", "2"])
    assert (tmp_path / "second/significance.csv").read_bytes() == first


def test_what_is_missing_may_be_marked(tmp_path):
    options = lay(tmp_path)
    (tmp_path / "new/de-en.hyp").unlink()
    main([*options, "--baseline", "old", "--allow-partial"])
    assert "PARTIAL" in (tmp_path / "out/scores.md").read_text().splitlines()[0]
    compared = {(row["system"], row["direction"]) for row in rows(tmp_path / "out/significance.csv")}
    assert compared == {("new", "en-de"), ("same", "de-en"), ("same", "en-de")}


@pytest.mark.usefixtures("here")
def test_references_and_sources_that_fit_the_pattern_are_no_systems(tmp_path, capsys):
    for name, lines in {"base": WORSE, "ref": REFERENCES, "src": WORSE, ".base": WORSE}.items():
        write(tmp_path / f"de-en/{name}.txt", lines)
        write(tmp_path / f"en-de/{name}.txt", lines)
    write(tmp_path / "log_fr/base.txt", WORSE)
    options = ["--hypotheses", f"{tmp_path}/{{direction}}/{{system}}.txt", "--processes", "1"]
    for option, name in (("--references", "ref"), ("--sources", "src")):
        options += [option, f"{tmp_path}/{{direction}}/{name}.txt"]
    main([*options, "--out", f"{tmp_path}/out"])
    assert {row["system"] for row in rows(tmp_path / "out/scores.csv")} == {"base"}
    assert notes(capsys.readouterr().err, tmp_path) == [
        "left out: log_fr/base.txt: a direction is two language codes around a hyphen, as in de-en or"
        " en-pt_BR",
        "left out: de-en/.base.txt, en-de/.base.txt: hidden, or a backup (a pattern that spells the dot"
        " or the ending takes it)",
        "left out: de-en/ref.txt, en-de/ref.txt: these are the references",
        "left out: de-en/src.txt, en-de/src.txt: these are the sources",
    ]
    (tmp_path / "de-en/base.txt").unlink()
    (tmp_path / "en-de/base.txt").unlink()
    with pytest.raises(UserError, match=r"no file fits \(.*ref\.txt: these are the references"):
        main([*options, "--out", f"{tmp_path}/second"])


@pytest.mark.usefixtures("here")
def test_codes_with_a_hyphen_are_scored_under_their_id(tmp_path, capsys):
    for direction in ("en-pt-BR", "en-sr-Latn"):
        write(tmp_path / f"t/base/{direction}.txt", WORSE)
    write(tmp_path / "ref/en-pt-BR.txt", REFERENCES)
    write(tmp_path / "ref/en-sr_Latn.txt", REFERENCES)
    options = ["--hypotheses", f"{tmp_path}/t/{{system}}/{{direction}}.txt", "--processes", "1"]
    options += ["--references", f"{tmp_path}/ref/{{direction}}.txt", "--out", f"{tmp_path}/out"]
    main([*options, "--tokenizers", '{"pt-BR": "char"}', "--groups", '{"f": {"romance": ["pt-BR"]}}'])
    said = "in names of files: en-pt-BR is en-pt_BR, en-sr-Latn is en-sr_Latn"
    assert notes(capsys.readouterr().err, tmp_path) == [said]
    bleu = {row["direction"]: row for row in rows(tmp_path / "out/scores.csv") if row["metric"] == "BLEU"}
    assert list(bleu) == ["en-pt_BR", "en-sr_Latn"]
    assert "tok:char" in bleu["en-pt_BR"]["signature"]
    assert "tok:13a" in bleu["en-sr_Latn"]["signature"]
    assert float(bleu["en-sr_Latn"]["score"]) == corpus_bleu(WORSE, [REFERENCES]).score
    groups = {(row["grouping"], row["group"]) for row in rows(tmp_path / "out/summary.csv")}
    assert ("f", "romance") in groups
    main([*options, "--directions", "en-pt-BR", "--pivot", "pt-BR", "--out", f"{tmp_path}/one"])
    assert {row["direction"] for row in rows(tmp_path / "one/scores.csv")} == {"en-pt_BR"}


@pytest.mark.usefixtures("here")
def test_systems_and_directions_may_be_chosen(tmp_path):
    options = lay(tmp_path, ("de-en", "en-de", "fr-en"))
    (tmp_path / "new/fr-en.hyp").unlink()  # not asked for, so not missing
    main([*options, "--systems", "old", "new", "--directions", "en-de", "de-en", "--baseline", "old"])
    found = rows(tmp_path / "out/scores.csv")
    assert {row["system"] for row in found} == {"old", "new"}
    assert {row["direction"] for row in found} == {"en-de", "de-en"}


@pytest.mark.usefixtures("here")
def test_a_copy_of_the_references_is_said_to_be_one(tmp_path, capsys):
    main(lay(tmp_path))
    assert notes(capsys.readouterr().err, tmp_path) == [
        "new: all its files are the references, line for line"
    ]


@pytest.mark.usefixtures("here")
def test_references_that_only_nearly_fit_are_no_news(tmp_path, capsys):
    write(tmp_path / "base.de-en", WORSE)
    write(tmp_path / "ref.en", REFERENCES)
    options = ["--hypotheses", f"{tmp_path}/{{system}}.{{direction}}", "--out", f"{tmp_path}/out"]
    main([*options, "--references", f"{tmp_path}/ref.{{target}}", "--processes", "1"])
    assert notes(capsys.readouterr().err, tmp_path) == []


@pytest.mark.usefixtures("here")
def test_systems_without_a_direction_in_common_are_not_tested(tmp_path, capsys):
    options = lay(tmp_path)
    for gone in ("old/de-en", "new/en-de"):
        (tmp_path / f"{gone}.hyp").unlink()
    main([*options, "--baseline", "old", "--allow-partial"])
    assert "new: not tested, it has no direction that old has too" in capsys.readouterr().err
    # Of two systems, two directions and two metrics those of `same` in en-de are there.
    assert "PARTIAL (6 of 8 tests missing)" in (tmp_path / "out/significance.md").read_text().splitlines()[0]
    assert {row["system"] for row in rows(tmp_path / "out/significance.csv")} == {"same"}


@pytest.mark.usefixtures("here")
def test_nothing_of_an_earlier_call_stays(tmp_path):
    options = lay(tmp_path)
    main([*options, "--baseline", "old"])
    (tmp_path / "out/notes.md").touch()
    for path in (tmp_path / "new").iterdir():
        path.unlink()
    main([*options, "--profile", "paper"])
    made = {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.*")}
    stems = {"scores", "summary", "groups", "differences", "interference", "health"}
    tables = {f"{stem}.{ending}" for stem in stems for ending in ("md", "csv", "tex", "parquet")}
    scores = {
        f"scores/{system}/s0/outputs.paper.{ending}"
        for system in ("old", "same")
        for ending in ("json", "segments.npz")
    }
    assert made == {"notes.md", ".written.json"} | tables | scores
    assert {path.name for path in (tmp_path / "out").iterdir() if path.is_dir()} == {"scores"}


def test_the_pivot_is_the_one_language_of_all_directions():
    assert pivot_of(["de-en", "en-fr", "it-en"]) == "en"
    assert pivot_of(["de-en", "en-de"]) == pivot_of(["de-en", "fr-it"]) == ""


ODD = ["a | b", "*x* _y_", "{direction}", "$(touch x)", "<b>&amp;", "[new]", "100%", "模型 é"]


@pytest.mark.usefixtures("here")
def test_names_of_systems_are_data_in_every_table(tmp_path):
    for system in ("old", *ODD):
        write(tmp_path / f"t/{system}/de-en.txt", WORSE)
    write(tmp_path / "ref.de-en", REFERENCES)
    options = ["--hypotheses", f"{tmp_path}/t/{{system}}/{{direction}}.txt", "--baseline", "old"]
    options += ["--references", f"{tmp_path}/ref.{{direction}}", "--out", f"{tmp_path}/out"]
    main([*options, "--resamples", "50", "--processes", "1", "--control", ODD[0]])
    for table in ("scores", "summary", "groups"):
        assert {row["system"] for row in rows(tmp_path / f"out/{table}.csv")} == {"old", *ODD}
    assert {row["system"] for row in rows(tmp_path / "out/significance.csv")} == set(ODD)
    page = (tmp_path / "out/summary.md").read_text(encoding="utf-8").splitlines()
    first = [line.split(" | ")[0] for line in page if re.search(r" \| \*?\*?\d", line)]
    shown = ["old", "a \\| b", "\\*x\\* \\_y\\_", "{direction}", "\\$(touch x)", "\\<b>\\&amp;"]
    assert sorted(set(first)) == sorted(f"| {name}" for name in [*shown, "[new]", "100%", "模型 é"])
    assert "a $|$ b" in (tmp_path / "out/scores.tex").read_text(encoding="utf-8")


def test_a_folder_whose_name_is_an_option_may_hold_the_results(tmp_path, monkeypatch):
    options = lay(tmp_path)
    monkeypatch.chdir(tmp_path)
    root = str(Path(__file__).parents[3])
    monkeypatch.setenv("PYTHONPATH", root)
    main([*options, "--baseline", "old", "--out=--debug"])
    assert len(rows(tmp_path / "--debug/scores.csv")) == 12
    assert len(rows(tmp_path / "--debug/significance.csv")) == 8


@pytest.mark.usefixtures("here")
def test_tables_of_the_users_are_neither_removed_nor_written_over(tmp_path):
    options = lay(tmp_path)
    mine = ("published.csv", "seeds.csv", "wins.md", "significance.csv")
    for name in mine:
        (tmp_path / "out").mkdir(exist_ok=True)
        (tmp_path / "out" / name).write_text("mine")
    main(options)  # without a baseline, which would make seeds and wins
    main(options)
    assert [(tmp_path / "out" / name).read_text() for name in mine] == ["mine"] * len(mine)
    with pytest.raises(UserError, match=r"out: seeds\.csv, significance\.csv, wins\.md: not written by"):
        main([*options, "--baseline", "old"])
    (tmp_path / "out/groups.csv").write_text("edited")
    with pytest.raises(UserError, match=r"groups\.csv: changed since they were written"):
        main(options)
    assert [(tmp_path / "out" / name).read_text() for name in mine] == ["mine"] * len(mine)


def test_text_without_blanks_is_noted_with_the_option_to_give(tmp_path, capfd):
    """13a takes a clause of Chinese, Japanese or Thai for one word: BLEU 0.00 for nearly right output."""
    for target, right, wrong in (
        ("zh", "今天天气非常好。", "今天天气很好。"),
        ("ja", "今日は天気がとてもいい。", "今日は天気がいい。"),
        ("th", "วันนี้อากาศดีมาก", "วันนี้อากาศดี"),
    ):
        write(tmp_path / "ref" / f"en-{target}.txt", [right])
        write(tmp_path / "hyp" / "base" / f"en-{target}.txt", [wrong])
    where = ["--hypotheses", f"{tmp_path}/hyp/{{system}}/{{direction}}.txt", "--processes", "1"]
    where += ["--references", f"{tmp_path}/ref/{{direction}}.txt", "--out", str(tmp_path / "out")]
    main(where)
    option = """--tokenizers '{"ja": "ja-mecab", "th": "char", "zh": "zh"}'"""
    said = [line for line in capfd.readouterr().err.split("\n") if line.startswith("WARNING")]
    assert len(said) == 1 and said[0].endswith(option)
    for table in ("scores", "summary", "groups", "health"):
        assert (tmp_path / "out" / f"{table}.md").read_text().split("\n")[2] == f"- {said[0]}"
    main([*where, "--tokenizers", '{"ja": "ja-mecab", "th": "char", "zh": "zh"}'])
    assert "WARNING" not in capfd.readouterr().err
    assert "WARNING" not in (tmp_path / "out" / "scores.md").read_text()


@pytest.mark.usefixtures("here")
def test_several_references_of_every_sentence(tmp_path):
    options = lay(tmp_path)
    other = [f"{line} nein" for line in WORSE]
    for direction in ("de-en", "en-de"):
        write(tmp_path / direction / "other.txt", other)
    options = [*options, "--references", f"{tmp_path}/{{direction}}/other.txt", "--baseline", "old"]
    main(options)
    for row in rows(tmp_path / "out/scores.csv"):
        assert row["signature"].startswith("nrefs:2|")
        if (row["system"], row["metric"]) == ("old", "BLEU"):
            assert float(row["score"]) == corpus_bleu(WORSE, [REFERENCES, other]).score
    assert len(rows(tmp_path / "out/significance.csv")) == 8


LOG = "S-1\t__de__ zwei\nT-1\ttwo of the old ones\nH-1\t-0.3\ttwo of the old ones\nP-1\t-0.1 -0.2\n"
LOG += "S-0\t__de__ eins\nT-0\tone for all of us\nH-0\t-0.3\tone for all of you\nP-0\t-0.1 -0.2\n"


@pytest.mark.usefixtures("here")
def test_a_log_of_fairseq_generate_is_read_by_number(tmp_path, capsys):
    (tmp_path / "t/base").mkdir(parents=True)
    (tmp_path / "t/base/de-en.txt").write_text(LOG)
    write(tmp_path / "ref.de-en", ["one for all of us", "two of the old ones"])
    options = ["--hypotheses", f"{tmp_path}/t/{{system}}/{{direction}}.txt", "--processes", "1"]
    main([*options, "--references", f"{tmp_path}/ref.{{direction}}", "--out", f"{tmp_path}/one"])
    assert notes(capsys.readouterr().err, tmp_path) == [
        "t/base/de-en.txt: hypotheses are fairseq-generate's H- lines, by number"
    ]
    # References and sources of the same file, which is no reason to leave it out.
    for option in ("references", "sources"):
        options += [f"--{option}", f"{tmp_path}/t/base/{{direction}}.txt"]
    main([*options, "--out", f"{tmp_path}/two"])
    right = corpus_bleu(
        ["one for all of you", "two of the old ones"], [["one for all of us", "two of the old ones"]]
    )
    for folder in ("one", "two"):
        (score,) = [row["score"] for row in rows(tmp_path / folder / "scores.csv") if row["metric"] == "BLEU"]
        assert float(score) == right.score


@pytest.mark.usefixtures("here")
def test_empty_references_are_counted_or_dropped_on_request_and_shown(tmp_path, capsys):
    options = lay(tmp_path)
    write(tmp_path / "de-en/ref.txt", ["", *REFERENCES[1:]])
    with pytest.raises(UserError, match=r"ref\.txt, line 1: empty reference; mend it, or choose"):
        main(options)
    capsys.readouterr()
    main([*options, "--empty-references", "drop"])
    said = "1 of 40 references empty, left out for all systems"
    assert notes(capsys.readouterr().err, tmp_path)[:1] == [f"de-en: {said}"]
    sizes = {(row["direction"], row["n"]) for row in rows(tmp_path / "out/scores.csv")}
    assert sizes == {("de-en", "39"), ("en-de", "40")}
    assert said in (tmp_path / "out/scores.md").read_text()
    assert said in (tmp_path / "out/summary.csv").read_text()
    main([*options, "--empty-references", "count"])
    assert {row["n"] for row in rows(tmp_path / "out/scores.csv")} == {"40"}


@pytest.mark.parametrize(("option", "field"), [("--references", "target"), ("--sources", "source")])
@pytest.mark.usefixtures("here")
def test_one_file_of_two_languages_is_told_before_anything_is_scored(option, field, tmp_path):
    given = lay(tmp_path)
    if option in given:
        place = given.index(option)
        del given[place : place + 2]
    write(tmp_path / "ref.txt", REFERENCES)
    with pytest.raises(UserError) as error:
        main([*given, option, f"{tmp_path}/ref.txt"])
    assert str(error.value) == (
        f"{option}: {tmp_path}/ref.txt would serve de-en and en-de, of two languages; put {{{field}}} or "
        "{direction} into the pattern"
    )
    # Of one direction, or of links that somebody laid, it is in order.
    main([*given, option, f"{tmp_path}/ref.txt", "--directions", "de-en"])
    for code in ("de", "en"):
        (tmp_path / f"ref.{code}").symlink_to("ref.txt")
    main([*given, option, f"{tmp_path}/ref.{{{field}}}"])


@pytest.mark.usefixtures("here")
def test_a_system_with_the_name_of_an_experiments_control_is_one_of_many(tmp_path):
    given = lay(tmp_path, ("de-en",))
    (tmp_path / "same").rename(tmp_path / "continued")
    main([*given, "--baseline", "old"])
    assert {row["against"] for row in rows(tmp_path / "out/significance.csv")} == {"old"}
    for table in ("scores", "differences", "summary"):
        text = (tmp_path / f"out/{table}.md").read_text()
        assert "`continued`" not in text and "to continued" not in text
    main([*given, "--baseline", "old", "--control", "continued"])
    assert {row["against"] for row in rows(tmp_path / "out/significance.csv")} == {"old", "continued"}
    assert "‡: from `continued`" in (tmp_path / "out/scores.md").read_text()


@pytest.mark.usefixtures("here")
def test_faults_of_the_last_file_are_told_before_the_first_is_scored(tmp_path, capsys, monkeypatch):
    given = lay(tmp_path)
    write(tmp_path / "new/de-en.hyp", REFERENCES[:-1])
    write(tmp_path / "en-de/ref.txt", ["", *REFERENCES[1:]])
    monkeypatch.setattr(evaluate_outputs, "score_directions", lambda *_: pytest.fail("scored"))
    with pytest.raises(UserError) as error:
        main(given)
    one, two = str(error.value).replace(f"{tmp_path}/", "").split("\n")
    assert one == "new/de-en.hyp has 39 lines but de-en/ref.txt has 40: line 40 has no counterpart"
    assert two.startswith("en-de/ref.txt, line 1: empty reference")
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("here")
def test_a_language_of_a_group_that_no_direction_has_is_noted(tmp_path, capsys):
    groups = '{"family": {"germanic": ["de", "enn"], "romance": ["fr", "it", "ro", "enn"]}}'
    main([*lay(tmp_path, ("de-en",)), "--groups", groups])
    said = "--groups: family: no direction has enn (did you mean 'en'?), fr, it and 1 more"
    assert notes(capsys.readouterr().err, tmp_path)[0] == said


@pytest.mark.usefixtures("here")
def test_ter_of_text_without_blanks_is_noted(tmp_path, capsys):
    write(tmp_path / "a/en-zh.txt", ["今天天气很好，我们去公园散步。", "他说他不会来了。"])
    write(tmp_path / "ref.zh", ["今天天气很好，我们去散步。", "他说他不来了。"])
    given = ["--hypotheses", f"{tmp_path}/{{system}}/{{direction}}.txt", "--out", f"{tmp_path}/out"]
    given += ["--references", f"{tmp_path}/ref.{{target}}", "--tokenizers", '{"zh": "zh"}']
    main([*given, "--metrics", "bleu", "ter"])
    assert notes(capsys.readouterr().err, tmp_path) == [
        "ref.zh: TER counts edits of words between blanks; of Chinese, written without, it says next to "
        "nothing: take chrf2"
    ]
    main([*given, "--metrics", "bleu", "chrf2"])
    assert notes(capsys.readouterr().err, tmp_path) == []
