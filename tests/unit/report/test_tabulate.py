"""report.tables.tabulate and report.tables.show: from score files to tables."""

import contextlib
import json

import pytest

from tests.unit.report import made
from tests.unit.report.made import csv_rows, put_job
from workflow_scripts.report.tables import show
from workflow_scripts.report.tables.tabulate import main as tabulate_main

SYSTEMS = ["baseline", "continued", "ns-k97.5", "ns-k70"]
BOTH = ("en-de", "de-en")
SIGNATURES = {"bleu": "nrefs:1|tok:13a", "chrf": "nc:6|nw:2"}
# (system, seed) -> en-de, de-en
BLEU = {
    ("baseline", 1): (10.0, 30.0),
    ("baseline", 2): (12.0, 30.0),
    ("continued", 1): (11.0, 31.0),
    ("continued", 2): (11.0, 31.0),
    ("ns-k70", 1): (9.0, 29.0),
    ("ns-k70", 2): (9.0, 29.0),
    ("ns-k97.5", 1): (13.0, 33.125),
    ("ns-k97.5", 2): (13.0, 33.125),
}


def write(root, system, seed, scores, profile="raw", references="ref"):
    directions = {}
    for direction, values in scores.items():
        listed = [{"metric": m, "score": x, "signature": SIGNATURES.get(m, m)} for m, x in values.items()]
        directions[direction] = {"n": 200, "scores": listed, "references_sha256": f"{references}-{direction}"}
    path = root / f"scores/{system}/s{seed}/test.{profile}.json"
    put_job(path, system, seed, profile=profile, directions=directions)


def write_all(root, more=0.0, **named):
    for (system, seed), values in BLEU.items():
        scores = {d: {"bleu": x + more, "chrf": 2 * (x + more)} for d, x in zip(BOTH, values, strict=True)}
        write(root, system, seed, scores, **named)


def forget(root, system, seed, direction):
    path = root / f"scores/{system}/s{seed}/test.raw.json"
    content = json.loads(path.read_text())
    del content["directions"][direction]
    path.write_text(json.dumps(content))


@pytest.fixture
def results(tmp_path):
    write_all(tmp_path)
    # A file of another experiment's life: not expected, so not read.
    write(tmp_path, "old", 9, {"en-de": {"bleu": 99.0}})
    return tmp_path


def tabulate(root, *more):
    groups = '{"family": {"germanic": ["de"], "romance": ["fr"]}}'
    given = {"seeds": (1, 2), "metrics": ("bleu", "chrf")}
    made.tabulate(root, SYSTEMS, BOTH, "--groups", groups, *more, **given)
    return root / "tables"


def shown(tables, capsys):
    capsys.readouterr()
    # The way to the results is part of a line, and of its length.
    with contextlib.chdir(tables.parent):
        show.main(["--tables", str(tables)])
    return capsys.readouterr().out.replace(f"{tables.parent}/", "")


def test_scores_csv_has_the_agreed_columns_and_every_score(results):
    path = tabulate(results) / "scores.csv"
    lines = path.read_text().splitlines()
    assert lines[0] == "experiment,system,seed,testset,profile,direction,metric,score,n,signature"
    assert lines[1] == "e,baseline,1,test,raw,en-de,BLEU,10.0,200,nrefs:1|tok:13a"
    assert len(lines) == 1 + 4 * 2 * 2 * 2
    assert "99.0" not in path.read_text()


def test_summary_csv(results):
    rows = csv_rows(tabulate(results) / "summary.csv")
    wanted = {"metric": "BLEU", "grouping": "family", "group": "germanic", "side": "both"}
    wanted["system"] = "ns-k97.5"
    [row] = [row for row in rows if wanted.items() <= row.items()]
    assert float(row["mean"]) == (13 + 33.125) / 2 == 23.0625
    assert (float(row["sd"]), row["n"], row["k"], row["scores"]) == (0.0, "2", "97.5", "4")
    # By seed 23.0625 - 20 and - 21; the deviation of two numbers 1 apart is 1 / sqrt 2.
    assert float(row["baseline_difference"]) == 2.5625
    assert float(row["baseline_difference_sd"]) == pytest.approx(0.5**0.5)
    assert float(row["continued_difference"]) == 2.0625
    [itself] = [row for row in rows if (wanted | {"system": "baseline"}).items() <= row.items()]
    assert (itself["baseline_difference"], itself["baseline_note"]) == ("", "is baseline")
    assert {row["group"] for row in rows} == {"all", "germanic", "en-de", "de-en"}


def test_summary_markdown(results):
    text = (tabulate(results) / "summary.md").read_text()
    assert text.startswith("# Scores of e\n")
    assert "PARTIAL" not in text
    sweep = text.split("### Sweep of k: ns, all directions")[1].split("###")[0]
    assert sweep.strip().splitlines()[0].startswith("| k | out of en | Δ baseline | Δ continued | into en |")
    numbers = [line for line in sweep.splitlines() if line.startswith(("| 70 ", "| 97.5 "))]
    # 70 before 97.5 although given after; -1 and -3 to the baseline out of en: -2 ± 1.41.
    assert numbers[0].startswith("| 70 | 9.00 ± 0.00 (2) | -2.00 ± 1.41 (2) | -2.00 ± 0.00 (2) | 29.00")
    # 33.125 rounds half up; the better of the two is bold.
    assert "| **33.13 ± 0.00 (2)** | +3.13 ± 0.00 (2) | +2.13 ± 0.00 (2) |" in numbers[1]
    assert [text.count(signature) for signature in SIGNATURES.values()] == [1, 1]
    assert "- family/romance: no direction out of pivot and none into pivot" in text
    assert "## test, chrF2++" in text


def test_differences_to_systems_that_are_not_there_have_no_columns(results):
    text = (tabulate(results, "--control", "other") / "summary.md").read_text()
    assert "| system | out of en | Δ baseline | into en | Δ baseline | both (mean) | Δ baseline |" in text
    assert "Δ other" not in text and "the control" not in text
    wanted = {"system": "baseline", "grouping": "all", "side": "both", "metric": "BLEU"}
    [row] = [r for r in csv_rows(results / "tables/summary.csv") if wanted.items() <= r.items()]
    assert row["continued_note"] == "no system other"


def test_no_system_is_the_control_by_its_name(results):
    """The config says which one is, if any: another system `continued` may be trained in its own way."""
    words = f"--scores-root {results}/scores --experiment e --testsets test --seeds 1 2 --metrics bleu"
    named = ["--systems", *SYSTEMS, "--directions", *BOTH, "--out-dir", f"{results}/tables"]
    tabulate_main([*words.split(), *named])
    text = (results / "tables/summary.md").read_text()
    assert "the control" not in text and "Δ continued" not in text
    assert not (results / "tables/controls.md").exists()


def test_partial_tables_say_so_in_their_titles_and_in_the_terminal(results, capsys):
    """Two scores are missing, of BLEU and chrF2++; each is in one side and in both."""
    forget(results, "ns-k70", 2, "de-en")
    tables = tabulate(results, "--allow-partial")
    text = (tables / "summary.md").read_text()
    assert text.startswith("# PARTIAL (2 of 32 scores missing): Scores of e\n")
    titles = [line for line in text.splitlines() if line.startswith("##") and "Not shown" not in line]
    assert titles and all("PARTIAL: " in title for title in titles)
    assert "29.00 [1/2]" in text
    assert [x for x in shown(tables, capsys).splitlines() if x.startswith(("PARTIAL", "test"))] == [
        f"PARTIAL, 1 scores missing: test, {name} (n = 1–2 seeds, mean ± sd; gains on both)"
        for name in ("BLEU", "chrF2++")
    ]


def test_console_summary_fits_and_says_where_things_lie(results, capsys):
    text = shown(tabulate(results), capsys)
    assert max(len(line) for line in text.splitlines()) < 100
    [line] = [line for line in text.split("test, chrF2++")[0].splitlines() if line.startswith("ns-k97.5")]
    cells = ["13.00 ± 0.00", "33.13 ± 0.00", "23.06 ± 0.00", "+2.56 ± 0.71", "+2.06 ± 0.00"]
    assert line.split("  ")[0] == "ns-k97.5"
    assert [cell.strip() for cell in line.split("  ") if "±" in cell] == cells
    assert "test, BLEU (n = 2 seeds, mean ± sd; gains on both)" in text
    assert "tables/summary.md" in text
    assert "systems/" not in text  # this experiment has none


def test_more_of_a_metric_that_is_better_lower_is_no_gain(tmp_path, capsys):
    for system, ter in (("baseline", 40.0), ("ns-k70", 55.0)):
        write(tmp_path, system, 1, {direction: {"ter": ter} for direction in BOTH})
    more = ["--systems", "baseline", "ns-k70", "--seeds", "1", "--metrics", "ter"]
    lines = shown(tabulate(tmp_path, *more), capsys).splitlines()
    assert "test, TER (lower is better) (n = 1 seed, sd n/a; differences on both)" in lines
    assert any("difference: baseline" in line for line in lines)
    [line] = [line for line in lines if line.startswith("ns-k70")]
    assert line.split()[1:] == ["55.00", "55.00", "55.00", "+15.00", "-"]


def test_console_summary_of_one_seed_and_long_names(tmp_path, capsys):
    name = "a-system-with-a-name-" + "x" * 90
    write(tmp_path, name, 1, {"en-de": {"bleu": 10.0, "chrf": 20.0}, "de-en": {"bleu": 20.0, "chrf": 40.0}})
    text = shown(tabulate(tmp_path, "--systems", name, "--seeds", "1"), capsys)
    assert max(len(line) for line in text.splitlines()) < 100
    assert "(n = 1 seed, sd n/a; gains on both)" in text
    [line] = [line for line in text.split("chrF2++")[0].splitlines() if line.startswith("a-system")]
    assert line.split()[1:] == ["10.00", "20.00", "15.00", "-", "-"]


def test_rebuilt_references_have_tables_of_their_own(results):
    # Other references, so other scores: the files lie beside those of the test set's own text.
    write_all(results, 5.0, profile="paper", references="rebuilt")
    tables = tabulate(results, "--profiles", "raw", "paper")
    titles = [x for x in (tables / "summary.md").read_text().splitlines() if x.startswith("## test")]
    rebuilt = ["## test, BLEU, paper references", "## test, chrF2++, paper references"]
    assert titles == ["## test, BLEU", "## test, chrF2++", *rebuilt]
    scores = [(r["profile"], r["score"]) for r in csv_rows(tables / "scores.csv") if r["metric"] == "BLEU"]
    assert scores[::16] == [("raw", "10.0"), ("paper", "15.0")]
    # Of the profile paper scores of one decimal are averaged: 38.125 is 38.1, (18 + 38.1) / 2 = 28.05.
    wanted = {"metric": "BLEU", "grouping": "all", "side": "both", "system": "ns-k97.5"}
    found = [row for row in csv_rows(tables / "summary.csv") if wanted.items() <= row.items()]
    assert [(row["profile"], float(row["mean"])) for row in found] == [("raw", 23.0625), ("paper", 28.05)]


# ---- COMET, significance, languages: files beside the scores ----------------------------------

MODEL = "model:tiny|sha256:0123abcd|version:2.2.7"
TABLES = {
    *("scores", "summary", "groups", "differences", "interference", "health"),
    *("significance", "wins", "seeds", "controls", "published"),
}


@pytest.fixture
def everything(results):
    rate = {"n": 200, "without_letters": 0, "off_target_rate": 0.01}
    rate["packaged"] = {"off_target_rate": None, "reason": "why"}
    entry = {"difference": 2.0, "low": 1.0, "high": 3.0, "sentence_sd": 0.5}
    entry |= {"p_bootstrap": 0.001, "p_randomisation": 0.001}
    for system in SYSTEMS:
        others = [other for other in ("baseline", "continued") if other != system]
        for seed in (1, 2):
            one = {"metric": "comet", "score": 0.8 + seed / 100, "signature": MODEL}
            comet = {d: {"n": 200, "scores": [one], "references_sha256": f"ref-{d}"} for d in BOTH}
            comet["de-en"]["flags"] = ["language not known to the model: de"]
            place = f"{system}/s{seed}/test"
            put_job(results / f"comet/{place}.raw.comet.json", system, seed, profile="raw", directions=comet)
            rates = dict.fromkeys(BOTH, rate)
            put_job(results / f"off_target/{place}.json", system, seed, directions=rates)
            for name, metrics in (("raw", ("bleu", "chrf")), ("raw.comet", ("comet",))):
                tests = {other: {d: dict.fromkeys(metrics, entry) for d in BOTH} for other in others}
                given = {"profile": "raw", "resamples": 1000, "against": tests}
                put_job(results / f"significance/{place}.{name}.json", system, seed, **given)
    return results


def tabulate_all(root, *more):
    words = f"--metrics bleu chrf comet --comet comet --comet-root {root}/comet"
    words += f" --significance-root {root}/significance --off-target-root {root}/off_target"
    (root / "published.csv").write_text("system,direction,metric,score\nmT-big,en-de,BLEU,10.0\n")
    asked = {"file": str(root / "published.csv"), "systems": {"baseline": "mT-big"}}
    without = ["--published", json.dumps(asked), "--without", '{"german": ["en-de"]}']
    return tabulate(root, *words.split(), *without, *more)


def test_every_table_in_every_format(everything):
    tables = tabulate_all(everything)
    names = {f"{name}.{ending}" for name in TABLES for ending in ("md", "csv", "tex", "parquet")}
    assert {path.name for path in tables.iterdir()} == names
    lines = (tables / "scores.csv").read_text().splitlines()
    assert lines[0] == "experiment,system,seed,testset,profile,direction,metric,score,n,signature"
    assert lines[3] == f"e,baseline,1,test,raw,en-de,comet,0.81,200,{MODEL}"
    text = (tables / "scores.md").read_text()
    # BLEU 13 and 13, significant against both in both seeds; COMET has four digits and flags.
    cells = ["11.00 ± 1.41 (2)", "11.00 ± 0.00 (2) †", "**13.00 ± 0.00 (2)** †‡", "9.00 ± 0.00 (2) †‡"]
    assert {cell.strip() for cell in text.split("| en-de |")[1].splitlines()[0].split("|")} == {*cells, ""}
    assert "| de-en § | **0.8150 ± 0.0071 (2)** | **0.8150 ± 0.0071 (2)** †" in text
    assert "PARTIAL" not in "".join(path.read_text() for path in tables.glob("*.[mct]*"))


def test_flags_of_a_model_reach_every_table_of_averages(everything):
    """COMET's model does not know a language of de-en, sacrebleu's metrics know no such thing."""
    tables = tabulate_all(everything, "--bilingual", "baseline")
    for name in ("scores", "summary", "groups", "differences", "interference"):
        sections = (tables / f"{name}.md").read_text().split("\n## ")[1:]
        marked = [section.splitlines()[0] for section in sections if " §" in section]
        assert marked and all("COMET" in title for title in marked), name


def test_the_level_of_the_command_line_is_that_of_marks(everything):
    """p of .001 in two directions: .002 after Holm."""
    text = (tabulate_all(everything, "--level", "0.0015") / "scores.md").read_text()
    assert "**13.00 ± 0.00 (2)** |" in text and "(2)** †‡" not in text
    wins = (everything / "tables/wins.csv").read_text().splitlines()
    assert all(line.endswith((",0,0,1", ",0,0,2")) for line in wins[1:])


def test_tables_that_are_no_longer_asked_for_go(everything):
    (tabulate_all(everything) / "own.csv").touch()
    names = ["controls", "differences", "groups", "health", "interference", "own", "scores", "summary"]
    assert sorted({path.stem for path in tabulate(everything).iterdir()}) == names


def test_the_same_files_give_the_same_bytes(everything):
    tables = tabulate_all(everything)
    before = {path.name: path.read_bytes() for path in tables.iterdir()}
    tabulate_all(everything)
    assert {path.name: path.read_bytes() for path in tables.iterdir()} == before


def test_partial_tables_of_what_lies_beside_the_scores(everything):
    for name in (
        "comet/ns-k70/s2/test.raw.comet",
        "significance/ns-k70/s2/test.raw",
        "off_target/ns-k70/s2/test",
    ):
        (everything / f"{name}.json").unlink()
    tables = tabulate_all(everything, "--allow-partial")
    for name in TABLES:
        assert (tables / f"{name}.md").read_text().startswith("# PARTIAL ("), name
        assert (tables / f"{name}.csv").read_text().splitlines()[0].endswith(",partial"), name


def test_a_model_without_references_has_none(everything):
    for path in everything.glob("comet/*/*/*.json"):
        content = json.loads(path.read_text())
        content["directions"]["en-de"]["references_sha256"] = None
        path.write_text(json.dumps(content))
    assert (tabulate_all(everything) / "scores.md").is_file()


def test_a_test_set_of_some_directions_misses_nothing(results, capsys):
    """talks has de-en alone; of the same names a file of its own."""
    for path in sorted((results / "scores").glob("*/s[12]/test.raw.json")):
        content = json.loads(path.read_text())
        content["directions"].pop("en-de")
        content["testset"] = "talks"
        path.with_name("talks.raw.json").write_text(json.dumps(content))
    partial = ["--testsets", "test", "talks", "--partial-testsets", '{"talks": ["de-en"]}']
    tables = tabulate(results, *partial)
    scores = [(row["testset"], row["direction"]) for row in csv_rows(tables / "scores.csv")]
    assert scores.count(("test", "en-de")) == 16  # four systems, two seeds, two metrics
    assert (scores.count(("talks", "de-en")), scores.count(("talks", "en-de"))) == (16, 0)
    rows = csv_rows(tables / "summary.csv")
    whole = [row for row in rows if (row["testset"], row["grouping"]) == ("talks", "all")]
    assert {(row["side"], row["directions"]) for row in whole} == {("into pivot", "1")}
    said = shown(tables, capsys)
    assert "\ntest, BLEU, 2 directions (n = 2 seeds" in said
    assert "\ntalks, BLEU, 1 direction (n = 2 seeds" in said
    markdown = (tables / "summary.md").read_text(encoding="utf-8")
    assert "talks: averages are over the 1 of 2 directions that it has" in markdown
    assert "PARTIAL" not in markdown
    assert "| en-de |" not in (tables / "scores.md").read_text(encoding="utf-8").split("talks")[1]
