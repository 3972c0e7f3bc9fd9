"""The whole page, from files to HTML and Markdown."""

import json
import resource
import subprocess
import sys

import pytest

from tests.unit.report.page.made_page import (
    FULL,
    control_row,
    mask_set,
    put_results,
    strongest,
    summary_row,
    wins_row,
    write_page,
)
from workflow_scripts.common.errors import UserError

SUMMARY = [
    summary_row("baseline", "both", 20.0),
    summary_row("continued", "both", 22.0, baseline_difference=2.0, baseline_difference_n=1),
    summary_row(
        "ns-k70", "both", 22.5, baseline_difference=2.5, baseline_difference_n=1, continued_difference=0.5,
        continued_difference_n=1,
    ),
]  # fmt: skip
SENTENCE = "ns-k70 − continued: +0.50 BLEU (n = 1 seed): one seed, which cannot tell a difference from chance"
CONTROLS = [control_row("ns-k70", "continued", 0.5, SENTENCE)]
CARD = {
    "format": "neuronspec-card-1",
    "subsets": {
        "valid": {pair: {"sentences": 250} for pair in ("de-en", "en-nl", "en-fr")},
        "test": {pair: {"sentences": size} for pair, size in (("de-en", 1000), ("en-nl", 900))},
    },
}


def put_json(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return path


def full_page(tmp_path, *more, summary=SUMMARY, controls=CONTROLS, units=None, **about):
    tables = put_results(tmp_path, summary, controls, units or [mask_set()], cautions="WARNING: `x` is odd\n")
    card = put_json(tmp_path / "data/card.json", CARD)
    return write_page(tmp_path, tables, *FULL, "--card", card, *more, **about)


def test_the_page_answers_in_order(tmp_path):
    found = put_json(tmp_path / "analysis/strongest_units/baseline/s1.json", strongest())
    html, text = full_page(tmp_path, "--strongest", found)
    headings = [line for line in text.splitlines() if line.startswith(("# ", "## "))]
    assert headings == [
        "# e: which neurons serve which language?",
        "## 1. What was run, and how well does it translate?",
        "## 2. Which neurons serve which language?",
        "## 3. Did masks add anything over the controls?",
        "## 4. What is missing?",
        "## 5. How far do the counts carry, and where to look next?",
    ]
    lines = text.splitlines()
    assert lines.index("> - WARNING: `x` is odd") < lines.index(
        "| system | both (mean) | gain over baseline | gain over continued |"
    )
    assert "| `ns-k70` | 22.50 | +2.50 | +0.50 |" in lines
    assert "| `baseline` | 20.00 |  | – |" in lines
    assert (
        "- Sentences of a pair: valid 250 (3 pairs, 750 in all); test 900 to 1,000 (2 pairs, 1,900 in all)"
        in lines
    )
    assert "- Signatures of these numbers: `nrefs:1|tok:13a`" in lines
    assert lines.count(f"- {SENTENCE}") == 1 and lines.count(f"> - {SENTENCE}") == 1
    assert "<h1>e: which neurons serve which language?</h1>" in html
    assert "<td>+2.50</td><td>+0.50</td></tr>" in html


def test_of_several_seeds_every_mean_has_its_spread(tmp_path):
    row = summary_row("baseline", "both", 20.0, n=3, sd=0.25)
    _, text = full_page(tmp_path, summary=[row], seeds=(1, 2, 3))
    assert "| `baseline` | 20.00 ± 0.25 (3) |  | – |" in text
    assert "- Seeds: 1, 2, 3 (3 of them; ± is the standard deviation over them)" in text
    assert "cannot tell" not in text.partition("## 2.")[0].partition("## 1.")[2]


def test_of_one_seed_no_standard_deviation_is_said(tmp_path):
    _, text = full_page(tmp_path)
    assert "one seed, so no standard deviation" in text
    assert "± " not in text.partition("## 2.")[0].partition("## 1.")[2]
    assert "- A spread over seeds: one seed. train.seeds: [1, 2, 3] brings it." in text


def test_masks_against_controls_in_the_words_of_the_table(tmp_path):
    none = (
        "ns − continued: -0.21 ± 0.16 BLEU (n = 3 seeds): no difference that this design could detect (±0.52)"
    )
    some = "lass − continued: +1.00 ± 0.10 BLEU (n = 3 seeds): better (95 % interval …)"
    drawn = "random − continued: -0.52 ± 0.26 BLEU (n = 3 seeds, 5 draws): no difference …"
    spread = {"n": 3, "sd": 0.16, "low": -0.61, "high": 0.19, "detectable": 0.52}
    rows = [
        control_row("random", "continued", -0.52, drawn, **spread, draws=5),
        control_row("ns", "random", 0.31, "ns − random: …", **spread, draws=5, above=5),
        control_row("ns", "continued", -0.21, none, **spread),
        control_row("lass", "continued", 1.0, some, **{**spread, "low": 0.75, "high": 1.25}),
        control_row("full", "continued", 2.0, "full − continued: …", **spread),
    ]
    masked = '{"ns": "k95", "lass": "lass70", "random": "random-1"}'
    _, text = full_page(tmp_path, "--masked", masked, "--not-own", "random", controls=rows, seeds=(1, 2, 3))
    section = text.partition("## 3.")[2].partition("## 4.")[0]
    assert (
        "2 systems with masks, against `continued`: 1 better (`lass`); 1 without a difference that this"
        " design could detect." in section
    )
    assert [line for line in section.splitlines() if line.startswith("- ")] == [
        f"- {line}" for line in (none, some, "ns − random: …", drawn)
    ]
    assert "| ns − random | +0.31 ± 0.16 (3) | [-0.61, +0.19] | ±0.52 | 5 of 5 |" in section
    assert "> - **Did masks help?** 2 systems with masks, against `continued`: 1 better (`lass`);" in text


def test_systems_that_were_made_alike_share_a_row(tmp_path):
    made = '{"a": "trained", "b": "one of 2 draws", "c": "one of 2 draws"}'
    _, text = full_page(tmp_path, "--systems", "a", "b", "c", "--made", made)
    rows = [line for line in text.splitlines() if line.endswith("| trained |") or "2 draws" in line]
    assert rows == ["| `a` | trained |", "| `b`, `c` | one of 2 draws |"]
    # Forty-one ways, of which forty are shown; the last is that of two systems.
    made = {f"s{number}": f"way {min(number, 41)}" for number in range(1, 43)}
    _, text = full_page(tmp_path, "--systems", *made, "--made", json.dumps(made))
    assert "| `s40` | way 40 |" in text and "way 41" not in text
    assert "… 1 more kinds of systems in `tables/summary.csv`." in text


def test_how_the_control_was_made_is_said_only_where_it_is_known(tmp_path):
    _, text = full_page(tmp_path, "--made", '{"continued": "made elsewhere and taken as it is"}')
    assert "against `continued` (made elsewhere and taken as it is): 1 not to be judged" in text
    assert "trained further" not in text
    assert "| `continued` | made elsewhere and taken as it is |" in text
    _, text = full_page(tmp_path, "--made", '{"continued": "taken as it is from the experiment `other`"}')
    assert "against `continued` (taken as it is from the experiment `other`): 1 not to be judged" in text


def test_scores_that_are_not_to_be_compared_are_not(tmp_path):
    """A baseline may be hardly trained, or its target be written in a script that BLEU does not divide."""
    _, text = full_page(tmp_path, controls=[control_row("ns-k70", "continued", 0.5, "")])
    assert "The table of controls has no sentence here: these scores are not to be compared." in text
    assert "Did masks help?" not in text and "hardly trained" not in text


def test_of_one_side_that_may_be_compared_the_page_says_where_its_sentences_are(tmp_path):
    rows = [
        control_row("ns-k70", "continued", 0.5, ""),
        control_row("ns-k70", "continued", 0.7, SENTENCE, side="into pivot"),
    ]
    _, text = full_page(tmp_path, controls=rows)
    said = "say why. Those of one side alone may be: `tables/controls.md` has their sentences."
    assert said in text and SENTENCE not in text


def test_of_several_metrics_the_first_that_may_be_compared_is_told(tmp_path):
    sentence = SENTENCE.replace("+0.50 BLEU", "+0.25 chrF2++")
    rows = [
        control_row("ns-k70", "continued", 0.5, ""),
        control_row("ns-k70", "continued", 0.25, sentence, metric="chrF2++"),
    ]
    _, text = full_page(tmp_path, controls=rows)
    section = text.partition("## 3.")[2].partition("## 4.")[0]
    assert f"- {sentence}" in section
    assert "| ns-k70 − continued | +0.25 |" in section and "+0.50" not in section
    assert f"> - {sentence}" in text


def test_where_no_control_of_masks_was_tried_it_says_so(tmp_path):
    said = "No random, shuffled or swapped masks were tried, so that nothing says whether any mask of that"
    assert said in full_page(tmp_path)[1].partition("## 1.")[0]
    masked = '{"ns-k70": "k70", "random": "random"}'
    assert said not in full_page(tmp_path, "--masked", masked, "--not-own", "random")[1]


@pytest.mark.parametrize(
    ("masked", "said"),
    [
        ('{"ns": "k70"}', "no system was trained further with every unit kept"),
        ("{}", "No system of this experiment translates or is trained with masks"),
    ],
)
def test_without_a_control_it_says_so(tmp_path, masked, said):
    tables = put_results(tmp_path, SUMMARY, units=[mask_set()])
    _, text = write_page(tmp_path, tables, "--pivot", "en", "--masked", masked)
    assert said in text.partition("## 3.")[2]


def test_a_missing_table_marks_the_page_and_leaves_no_cell(tmp_path):
    tables = put_results(tmp_path, SUMMARY, units=[mask_set()])
    html, text = write_page(tmp_path, [*tables, "controls"], *FULL)
    assert text.startswith("# PARTIAL: e: which neurons serve which language?\n")
    assert "> - Missing: `tables/controls.csv`" in text
    assert "Missing: `tables/controls.csv`, each system against the controls." in text
    assert "| system − other" not in text
    assert "<title>PARTIAL: e: which neurons serve which language?</title>" in html


def test_a_file_of_an_earlier_state_is_missing_too(tmp_path):
    _, text = full_page(
        tmp_path,
        "--absent",
        "tables/summary.csv",
        "tables/units.json",
        "--unfinished",
        '{"decode": 3, "score": 1}',
    )
    assert "The last run ended before 4 jobs were done: decode 3, score 1." in text
    assert "Missing: `tables/summary.csv`, how well the systems translate." in text
    assert "Missing: `tables/units.json`, which units the masks keep." in text
    assert "22.50" not in text and "decoder.0.ffn" not in text


def test_missing_strongest_units_have_no_cell(tmp_path):
    _, text = full_page(tmp_path, "--strongest", tmp_path / "analysis/strongest_units/baseline/s1.json")
    assert "> - Missing: `analysis/strongest_units/baseline/s1.json`" in text
    assert "Missing: `analysis/strongest_units`, the strongest units of each language." in text
    assert "What they do" not in text


def test_partial_tables_say_how_many_scores_are_missing(tmp_path):
    rows = [
        summary_row("baseline", "both", "", n=0, scores=0),
        summary_row("continued", "both", 22.0, scores=2),
        summary_row(
            "baseline", "out of pivot", "", grouping="direction", group="en-de", scores=0, scores_expected=1
        ),
    ]
    _, text = full_page(tmp_path, summary=rows)
    assert text.startswith("# PARTIAL")
    assert "The tables lack 1 score; cells that lack some say how many, and differences are over" in text
    assert "| `baseline` | missing [0/3] |" in text
    assert "| `continued` | 22.00 [2/3] |" in text


def test_a_whole_page_removes_that_of_a_failed_run(tmp_path):
    for ending in ("html", "md"):
        put_json(tmp_path / f"report/answer_partial.{ending}", "")
    full_page(tmp_path)
    assert sorted(path.name for path in (tmp_path / "report").iterdir()) == ["answer.html", "answer.md"]


def test_names_that_are_html_do_nothing(tmp_path):
    bad = "<img src=x onerror=alert(1)>"
    rows = [summary_row(bad, "both", 20.0)]
    unit = mask_set()
    unit["kept"] = {bad: unit["kept"]["en-de"]}
    html, text = full_page(
        tmp_path, "--made", json.dumps({bad: bad}), summary=rows, units=[unit], systems=[bad]
    )
    assert "<img" not in html and "&lt;img src=x onerror=alert(1)&gt;" in html
    # In Markdown names stand in code, other text is escaped.
    assert f"| `{bad}` | \\{bad} |" in text


def test_outputs_of_others_have_no_masks_and_nothing_is_claimed_of_their_training(tmp_path):
    tables = put_results(
        tmp_path, [summary_row("a", "both", 20.0), summary_row("b", "both", 21.0)], wins=[wins_row()]
    )
    _, text = write_page(tmp_path, tables, "--outputs", "--baseline", "a", systems=("a", "b"))
    assert text.startswith("# Outputs of others: Which system translates best?\n")
    assert (
        "> - `b` against `a`, BLEU: better in 1 of 3 directions, worse in 0, no difference shown in 2."
        in text
    )
    assert "| b − a | test, BLEU | 3 | 1 | 0 | 2 |" in text
    assert "Nothing is known of the units of these systems: hypotheses of others have no masks." in text
    assert "trained further." in text  # of which nothing is known
    assert "was trained further" not in text.replace("which was trained further", "")
    assert "PARTIAL" not in text and "Seeds: 1" not in text


def test_tests_of_outputs_of_several_seeds_are_told_apart(tmp_path):
    rows = [wins_row(), {**wins_row(wins=2, ties=1), "seed": 1}]
    tables = put_results(tmp_path, [summary_row("a", "both", 20.0, n=2, sd=0.5)], wins=rows)
    words = ("--outputs", "--baseline", "a")
    _, text = write_page(tmp_path, tables, *words, systems=("a", "b"), seeds=(0, 1))
    assert "| b − a (seed 1) | test, BLEU | 3 | 2 | 0 | 1 |" in text
    assert "- Seeds: 0, 1 (2 of them; ± is the standard deviation over them)" in text
    assert "| `a` | 20.00 ± 0.50 (2) |" in text
    assert "> - **How sure?** 2 seeds; paired tests over sentences" in text


def test_outputs_without_a_baseline_were_not_tested(tmp_path):
    tables = put_results(tmp_path, [summary_row("a", "both", 20.0)])
    _, text = write_page(tmp_path, tables, "--outputs", systems=("a",))
    assert "nothing was tested (--baseline names the system to test against)" in text


def test_a_damaged_file_is_an_error_of_one_line(tmp_path):
    found = put_json(tmp_path / "s1.json", {"format": "other"})
    with pytest.raises(UserError, match=r"s1\.json: format 'other', not 'neuronspec-strongest-units-1'"):
        full_page(tmp_path, "--strongest", found)


def test_figures_have_their_captions_and_one_of_each_kind_is_shown(tmp_path):
    folder = tmp_path / "figures"
    folder.mkdir()
    names = ("sweep_ns", "sweep_other", "off_target_test", "iou_by_layer")
    for name in names:
        (folder / f"{name}.png").write_bytes(b"\x89PNG")
    (folder / "iou_by_layer.rst").write_text("How alike: a\\_b.\n\nDrawn from x.\n")
    html, text = full_page(tmp_path, "--figures", *(folder / f"{name}.png" for name in names))
    assert text.partition("### Figures")[2].partition("## 4")[0] == (
        "\n\n![iou\\_by\\_layer](../figures/iou_by_layer.png)\n\nHow alike: a\\_b. Drawn from x.\n\n"
        "![sweep\\_ns](../figures/sweep_ns.png)\n\nsweep\\_ns\n\n"
    ).replace("\\_", "_")
    assert html.count("data:image/png;base64,iVBORw==") == 2


def test_links_are_of_files_that_are_there(tmp_path):
    put_json(tmp_path / "data/card.md", "")
    put_json(tmp_path / "tables/summary.md", "")
    _, text = full_page(tmp_path)
    links = [line for line in text.splitlines() if line.startswith("- [")]
    assert links == [
        "- [../tables/summary.md](../tables/summary.md): scores by group, with signatures",
        "- [../tables/units.json](../tables/units.json): all ids of shared and own units",
        "- [../data/card.md](../data/card.md): what the text is",
    ]


def test_a_page_of_870_directions_is_small_and_quick(tmp_path):
    languages = [f"{first}{second}" for first in "abcdef" for second in "vwxyz"]
    directions = [f"{one}-{two}" for one in languages for two in languages if one != two]
    layers = {f"{stack}.{n}.ffn": 4096 for stack in ("encoder", "decoder") for n in range(6)}
    matrix = [[1.0 if row == column else 0.5 for column in range(30)] for row in range(30)]
    shared, own = list(range(0, 4000, 4)), list(range(0, 4000, 40))
    about = {
        "languages": {one: [d for d in directions if d.endswith(one)] for one in languages},
        "iou": dict.fromkeys([*layers, "encoder.mean", "decoder.mean"], matrix),
        "all": dict.fromkeys(layers, shared),
        "own": {one: dict.fromkeys(layers, own) for one in languages},
    }
    kept = {one: dict.fromkeys(layers, 2000) for one in directions}
    unit = {**mask_set(), "layers": layers, "kept": kept, "sides": {"as targets": about, "as sources": about}}
    rows = [summary_row("baseline", "other", 20.0)]
    rows += [summary_row("baseline", "other", 20.0, grouping="direction", group=one) for one in directions]
    tables = put_results(tmp_path, rows, units=[unit])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    html, text = write_page(tmp_path, tables, directions=directions)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - before < 20
    assert len(directions) == 870 and len(html) < 1_000_000
    assert "- Directions (870): `av-aw`" in text and " … 830 more" in text
    assert "… 830 more directions in `tables/units.csv`." in text


def test_neither_pandas_nor_matplotlib_is_loaded():
    said = (
        "import sys, workflow_scripts.report.page.write_answer;"
        " print({'pandas', 'matplotlib'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
