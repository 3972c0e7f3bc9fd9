"""report.formats: one frame and its blocks as Markdown, CSV, LaTeX and Parquet."""

import re

import pyarrow.parquet as pq
import pytest

from workflow_scripts.common.table_names import FORMATS
from workflow_scripts.report.tables.table import (
    Block,
    Shown,
    Table,
    escaped,
    frame_of,
    latex,
    markdown,
    plain_markdown,
    write_table,
)

BLOCK = Block(
    "tier × side",
    ["system", "out of en", "into en"],
    [["base_1", "-1.5", "n/a (is base_1)"], ["ns", Shown("27.1", bold=True, marks="†§"), "a|b"]],
    "flores, BLEU",
    [("high", 1), ("low", 1)],
    ["Signature `a|b`."],
)


def table(missing=0, blocks=None):
    frame = frame_of([["base_1", 25.55, 1], ["ns", None, 2]], ["system", "mean", "n"])
    return Table("groups", "Scores & more", frame, blocks or [BLOCK], ["A note."], ["a group"], missing, 8)


def test_markdown():
    assert markdown(table()).splitlines() == [
        "# Scores & more",
        "",
        "- A note.",
        "",
        "## flores, BLEU",
        "",
        "### tier × side",
        "",
        "| system | high out of en | low into en |",
        "| --- | ---: | ---: |",
        "| base_1 | -1.5 | n/a (is base_1) |",
        "| ns | **27.1** †§ | a\\|b |",
        "",
        "Signature `a|b`.",
        "",
        "## Not shown",
        "",
        "- a group",
    ]


def test_a_bar_in_any_cell_of_markdown_is_no_end_of_the_cell():
    """Signatures and names of systems may have one."""
    cells = [["a|b", Shown("1|2", bold=True, marks="†"), Shown("3|4")]]
    block = Block("", ["x|y", "p|q", "r"], cells, "s")
    lines = markdown(table(blocks=[block])).splitlines()
    assert [line for line in lines if line.startswith("|")] == [
        "| x\\|y | p\\|q | r |",
        "| --- | ---: | ---: |",
        "| a\\|b | **1\\|2** † | 3\\|4 |",
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("*bold* __x__ a_b", r"\*bold\* \_\_x\_\_ a_b"),
        ("`rm` ~~no~~", r"\`rm\` \~\~no\~\~"),
        ("<b>x</b> <!-- 1 < 2", r"\<b>x\</b> \<!-- 1 < 2"),
        ("&lt; &#60; R&D", r"\&lt; \&#60; R&D"),
        ("[a](http://x) [3/4] [b][c]", r"[a]\(http://x) [3/4] [b]\[c]"),
        ("$x^2$ C:\\*", r"\$x^2\$ C:\\\*"),
        ("title ##", r"title \#\#"),
        ("−0.12 ± 0.3 (3) † ns-k97.5", "−0.12 ± 0.3 (3) † ns-k97.5"),
    ],
)
def test_what_markdown_would_take_for_markup_is_escaped(text, shown):
    assert plain_markdown(text) == shown


def test_a_note_keeps_its_quotes_of_code_and_nothing_else():
    found = markdown(table(blocks=[Block("", ["a"], [], "s", notes=["of `a*b|c`, not *x*"])]))
    assert r"of `a*b|c`, not \*x\*" in found.splitlines()


def test_text_that_a_spreadsheet_would_run_has_an_apostrophe_before_it_in_csv_alone(tmp_path):
    texts = ["=1+1", "+1", "@a", "-cmd", "-1.5", "a=b", "\tx"]
    frame = frame_of([[text, -1.5] for text in texts], ["name", "number"])
    write_table(tmp_path, Table("groups", "t", frame, []))
    lines = (tmp_path / "groups.csv").read_text().splitlines()[1:]
    assert [line.rpartition(",")[0] for line in lines] == [
        *("'=1+1", "'+1", "'@a", "'-cmd", "-1.5", "a=b", "'\tx")
    ]
    assert {line.rpartition(",")[2] for line in lines} == {"-1.5"}
    assert pq.read_table(tmp_path / "groups.parquet")["name"].to_pylist() == texts


def test_a_row_of_latex_that_begins_with_a_bracket_is_no_option():
    lines = latex(table(blocks=[Block("", ["[a]", "b"], [["[new]", "1"], ["*", "2"]], "s")])).splitlines()
    assert [line for line in lines if line.startswith("{}")] == [
        *(r"{}[a] & b \\", r"{}[new] & 1 \\", r"{}* & 2 \\")
    ]


def test_headings_over_several_columns():
    """Columns 2 and 3, then column 4; in Markdown each column has its heading."""
    block = Block(
        "", ["system", "out", "into", "avg"], [["ns", "1", "2", "3"]], "s", [("high", 2), ("all", 1)]
    )
    lines = latex(table(blocks=[block])).splitlines()
    assert r" & \multicolumn{2}{c}{high} & \multicolumn{1}{c}{all} \\" in lines
    assert r"\cmidrule(lr){2-3} \cmidrule(lr){4-4}" in lines
    assert "| system | high out | high into | all avg |" in markdown(table(blocks=[block])).splitlines()


def test_a_table_that_fits_a_page_is_not_broken():
    for rows, kind in ((45, "table"), (46, "longtable")):
        block = Block("", ["direction", "x"], [[f"en-{n}", "1"] for n in range(rows)], "s")
        assert rf"\begin{{{kind}}}" in latex(table(blocks=[block]))


def test_latex():
    text = latex(table())
    assert text.splitlines() == [
        "% Scores & more", "% packages: booktabs", "", r"\begin{table}[tbp]", r"\centering",
        r"\caption{Scores \& more. flores, BLEU. tier $\times$ side}", r"\begin{tabular}{lrr}", r"\toprule",
        r" & \multicolumn{1}{c}{high} & \multicolumn{1}{c}{low} \\", r"\cmidrule(lr){2-2} \cmidrule(lr){3-3}",
        r"system & out of en & into en \\", r"\midrule", r"base\_1 & $-$1.5 & n/a (is base\_1) \\",
        r"ns & \textbf{27.1}$^{\dagger}$$^{\S}$ & a$|$b \\", r"\bottomrule", r"\end{tabular}",
        r"\par\footnotesize Signature a$|$b.", r"\end{table}", "", r"\begin{flushleft}\footnotesize",
        r"\par A note.", r"\par Not shown: a group.", r"\end{flushleft}",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("50% of a_b & {c} #1 $", r"50\% of a\_b \& \{c\} \#1 \$"),
        ("\\~^<>", r"\textbackslash{}\textasciitilde{}\textasciicircum{}$<$$>$"),
        ("-2.00 ± 0.10 [-1, 3]", r"$-$2.00 $\pm$ 0.10 [$-$1, 3]"),
        ("ns-k95 wmt22-comet 1-2", "ns-k95 wmt22-comet 1-2"),  # hyphens, no minus
        ("Δ ≤ √x² ↑↓", r"$\Delta$ $\le$ $\surd$x$^2$ $\uparrow$$\downarrow$"),
    ],
)
def test_escaping(text, expected):
    assert escaped(text) == expected


def test_what_latex_needs_is_balanced_and_a_long_table_breaks_over_pages():
    long = Block("long", ["direction", "x"], [[f"en-{n}", "1"] for n in range(46)], "s")
    text = latex(table(blocks=[BLOCK, long]))
    assert text.startswith("% Scores & more\n% packages: booktabs, longtable\n")
    begun, ended = (re.findall(rf"\\{word}{{(\w+)}}", text) for word in ("begin", "end"))
    assert sorted(begun) == sorted(ended) == ["flushleft", "longtable", "table", "tabular"]
    # In every row of a table as many separators as columns but one.
    body = text.split(r"\begin{longtable}{lr}")[1].split(r"\end{longtable}")[0]
    rows = [line for line in body.splitlines() if line.endswith(r"\\") and not line.startswith(r"\caption")]
    assert len(rows) == 47 and all(len(re.findall(r"(?<!\\)&", row)) == 1 for row in rows)


def test_csv_and_parquet_hold_the_same_unrounded_numbers(tmp_path):
    write_table(tmp_path, table())
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(f"groups.{f}" for f in FORMATS)
    assert (tmp_path / "groups.csv").read_text() == "system,mean,n\nbase_1,25.55,1\nns,,2\n"
    read = pq.read_table(tmp_path / "groups.parquet")
    assert read.to_pylist() == [
        {"system": "base_1", "mean": 25.55, "n": 1},
        {"system": "ns", "mean": None, "n": 2},
    ]
    assert read.schema.metadata == {b"title": b"Scores & more"}


def test_the_same_table_is_the_same_bytes(tmp_path):
    write_table(tmp_path / "a", table())
    write_table(tmp_path / "b", table())
    for name in FORMATS:
        assert (tmp_path / f"a/groups.{name}").read_bytes() == (tmp_path / f"b/groups.{name}").read_bytes()


def test_partial_is_said_in_every_format(tmp_path):
    write_table(tmp_path, table(missing=2))
    text = (tmp_path / "groups.md").read_text()
    assert text.startswith("# PARTIAL (2 of 8 scores missing): Scores & more\n")
    assert "## PARTIAL: flores, BLEU" in text and "### PARTIAL: tier × side" in text
    assert r"\caption{PARTIAL (2 of 8 scores missing): Scores" in (tmp_path / "groups.tex").read_text()
    lines = (tmp_path / "groups.csv").read_text().splitlines()
    assert lines == [
        "system,mean,n,partial",
        "base_1,25.55,1,2 of 8 scores missing",
        "ns,,2,2 of 8 scores missing",
    ]
    read = pq.read_table(tmp_path / "groups.parquet")
    assert read.schema.metadata[b"partial"] == b"2 of 8 scores missing"
    assert read.column("partial").to_pylist() == ["2 of 8 scores missing"] * 2
