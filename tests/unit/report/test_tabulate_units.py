"""``tables/units``: what it says of two small mask sets, and how fast it is."""

import csv
import json
import time

import numpy as np
import pytest

from workflow_scripts.report.tables.show import render_units
from workflow_scripts.report.tables.tabulate_units import main
from workflow_scripts.report.tables.units_page import console
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.space import ffn_space, model_space

# One encoder and one decoder layer of eight units.
K70 = {
    "en-a": "11110000 11000000",
    "en-b": "11110000 10100000",
    "a-en": "11000000 11110000",
    "b-en": "11100000 11110000",
}
K95 = dict.fromkeys(K70, "11111111 11111110")


def write(path, rows, k):
    keep = np.array([[bit == "1" for bit in bits.replace(" ", "")] for bits in rows.values()])
    MaskTable(rows, keep, ffn_space(1, 1, 8), {"rule": "mass", "k": k, "weights_sha256": "00"}).write(path)


@pytest.fixture
def tables(tmp_path):
    """Two sets, the larger k named first, of seed 3."""
    write(tmp_path / "s3/k70.npz", K70, "70")
    write(tmp_path / "s3/k95.npz", K95, "95")
    patterns = [f"{k}={tmp_path}/s{{seed}}/{k}.npz" for k in ("k95", "k70")]
    main(["--masks", *patterns, "--seeds", "3", "--pivot", "en", "--out-dir", str(tmp_path / "tables")])
    return tmp_path / "tables"


def test_the_page(tables):
    lines = (tables / "units.md").read_text(encoding="utf-8").splitlines()
    # k70: 6 of 16 units out of the pivot and of a-en, 7 of b-en; all share 4 + 1, own 1 each, and so on.
    assert lines[lines.index("## Every mask set") + 4 :][:2] == [
        "| k70 | 3 | 39.1% | 37.5% | 43.8% | 31.3% | 6.3% | 37.5% | 3.1% |",
        "| k95 | 3 | 93.8% | 93.8% | 93.8% | 93.8% | 0.0% | 93.8% | 0.0% |",
    ]
    at = lines.index("## k70, seed 3")
    assert lines[at + 4 : at + 8] == [
        "|  | encoder.0.ffn | decoder.0.ffn | all layers |",
        "| --- | ---: | ---: | ---: |",
        "| en-a | 50.0% | 25.0% | 37.5% |",
        "| en-b | 50.0% | 25.0% | 37.5% |",
    ]
    at = lines.index("### Out of en: overlap of languages (IoU)")
    # Above the diagonal the decoder (1 of 3 shared), below it the encoder (equal).
    assert lines[at + 4 : at + 6] == ["| a | – | 0.333 |", "| b | 1.000 | – |"]
    at = lines.index("### Out of en: shared and own units")
    assert lines[at + 4 : at + 7] == [
        "| all 2 | 4 | 1 | 5 | decoder.0.ffn 0; encoder.0.ffn 0, 1, 2, 3 |",
        "| a alone | 0 | 1 | 1 | decoder.0.ffn 1 |",
        "| b alone | 0 | 1 | 1 | decoder.0.ffn 2 |",
    ]
    at = lines.index("## k95, seed 3")
    # Of fifteen five are named: seven of the decoder are there.
    assert "| all 2 | 8 | 7 | 15 | decoder.0.ffn 0, 1, 2, 3, 4, … |" in lines[at:]


def page(tmp_path, space, rows, **manifest):
    keep = np.array([[bit == "1" for bit in bits.replace(" ", "")] for bits in rows.values()])
    MaskTable(rows, keep, space, manifest).write(tmp_path / "m.npz")
    main(["--masks", f"m={tmp_path}/m.npz", "--seeds", "1", "--pivot", "en", "--out-dir", str(tmp_path)])
    return (tmp_path / "units.md").read_text(encoding="utf-8").splitlines()


HEADS = model_space({"encoder_layers": 1, "decoder_layers": 1, "heads": 2, "ffn_dim": 2}, ["ffn", "head"])


def test_heads_of_the_encoder(tmp_path):
    space = HEADS.part(["head"], ["encoder"])
    lines = page(tmp_path, space, {"en-a": "10", "en-b": "11"}, rule="top", select="top:50%")
    assert lines[2].startswith("- A mask says which attention heads (units) a direction keeps: m `top:50%`.")
    assert "Of the 2 attention heads." in lines
    at = lines.index("### Out of en: overlap of languages (IoU)")
    # Of two heads one is shared; the decoder is not in the masks.
    assert lines[at + 2 : at + 6] == [
        "|  | a | b |", "| --- | ---: | ---: |", "| a | – | – |", "| b | 0.500 | – |",
    ]  # fmt: skip
    assert console(json.loads((tmp_path / "units.json").read_text()))[0] == (
        "Units that masks keep (m, seed 1; of 2 attention heads)"
    )


def test_kinds_of_units_have_tables_of_their_own(tmp_path):
    # Neurons of encoder and decoder, heads of encoder, decoder (self), decoder (cross).
    rows = {"en-a": "10 11 10 11 11", "en-b": "11 01 10 10 11"}
    lines = page(tmp_path, HEADS, rows, rule="mass", k="70")
    assert lines[2].startswith("- A mask says which units a direction keeps: those that carry most of")
    at = lines.index("### Out of en: overlap of languages (IoU)")
    assert lines[at + 2 : at + 12] == [
        "| ffn | a | b |", "| --- | ---: | ---: |", "| a | – | 0.500 |", "| b | 0.500 | – |", "",
        "| head | a | b |", "| --- | ---: | ---: |", "| a | – | 0.750 |", "| b | 1.000 | – |", "",
    ]  # fmt: skip


def test_importance_is_not_called_activations(tmp_path):
    lines = page(tmp_path, HEADS, {"en-a": "10 11 10 11 11"}, rule="mass", k="70", counting="importance: x")
    assert lines[2].startswith("- A mask says which units a direction keeps: m `mass:70` of importance.")


def test_sets_of_other_units_are_shares_of_their_own(tmp_path):
    write(tmp_path / "k70.npz", K70, "70")
    heads = np.array([[True, False], [True, True]])
    made = {"chance": {"rule": "random", "k": "80"}, "heads": {"rule": "top", "select": "top:50%"}}
    for name, manifest in made.items():
        space = HEADS.part(["head"], ["encoder"])
        MaskTable(["en-a", "en-b"], heads, space, manifest).write(tmp_path / f"{name}.npz")
    patterns = [f"{name}={tmp_path}/{name}.npz" for name in ("k70", *made)]
    main(["--masks", *patterns, "--seeds", "1", "--pivot", "en", "--out-dir", str(tmp_path)])
    lines = (tmp_path / "units.md").read_text(encoding="utf-8").splitlines()
    assert lines[2].startswith(
        "- A mask says which units a direction keeps: k70 `mass:70`; chance random; heads `top:50%`."
    )
    at = lines.index("## Every mask set")
    # Of two heads 1 and 2 are kept, 1 by both; nobody translates into English.
    assert "| heads | 1 | 75.0% | 50.0% | 100.0% | 50.0% | 25.0% | – | – |" in lines[at:]
    assert "Of the units of each set." in lines[at:]


def test_every_figure_is_in_the_csv(tables):
    with (tables / "units.csv").open(encoding="utf-8", newline="") as handle:
        rows = [tuple(row.values()) for row in csv.DictReader(handle)]
    # By set: 4 directions × 2 layers; 2 sides × 4 layers and means × 1 pair; 2 sides × 3 × 2 layers.
    assert len(rows) == 2 * (8 + 8 + 12)
    assert ("k70", "3", "kept", "", "encoder.0.ffn", "b-en", "", "3", "0.375000", "") in rows
    assert ("k70", "3", "iou", "out of en", "decoder.mean", "a", "b", "", "0.333333", "") in rows
    assert ("k70", "3", "all", "into en", "decoder.0.ffn", "", "", "4", "0.500000", "0 1 2 3") in rows
    assert ("k70", "3", "own", "into en", "encoder.0.ffn", "b", "", "1", "0.125000", "2") in rows


def test_a_terminal_is_told_of_the_smallest_k(tables):
    assert render_units(tables).splitlines() == [
        "",
        "Units that masks keep (k70, seed 3; of 16 FFN neurons)",
        "  out of en: 5 for all 2 languages; for one alone a 1, b 1",
        "  into en: 6 for all 2 languages; for one alone a 0, b 1",
    ]


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ({"chance-1": ("random", "95"), "k95": ("mass", "95"), "others": ("swapped", "95")}, "k95"),
        ({"few70": ("mass", "70"), "k70": ("mass", "70"), "k95": ("mass", "95")}, "k70"),
        ({"chance": ("random", None), "order": ("shuffled", None), "top30": ("top", None)}, "top30"),
        ({"chance": ("random", None)}, "chance"),
    ],
)
def test_a_terminal_is_not_told_of_random_units_where_there_are_others(rules, said):
    side = {"languages": {"a": ["en-a"]}, "all": {"layer": [0]}, "own": {"a": {"layer": [0]}}}
    parts = {"seed": 1, "layers": {"layer": 4}, "sides": {"out of en": side}}
    sets = [{"masks": name, "rule": rule, "k": k, **parts} for name, (rule, k) in rules.items()]
    assert console({"sets": sets})[0] == f"Units that masks keep ({said}, seed 1; of 4 units)"


def test_an_experiment_without_masks_has_no_such_lines(tmp_path):
    assert render_units(tmp_path) == ""


@pytest.mark.parametrize(
    ("languages", "end"),
    [
        (["aa", "bb"], "aa 1,000, bb 999"),
        ([f"l{n:02}" for n in range(30)], "985.5 on average (from l29 971 to l00 1,000)"),
        (["x" * 40, "y" * 40], "999.5 on average"),
    ],
)
def test_what_is_said_of_many_languages_fits_a_terminal(languages, end):
    own = {lang: {"layer": list(range(1000 - n))} for n, lang in enumerate(languages)}
    side = {"languages": {lang: [f"en-{lang}"] for lang in languages}, "all": {"layer": [0]}, "own": own}
    one = {
        "masks": "k70",
        "rule": "mass",
        "k": "70",
        "seed": 1,
        "layers": {"layer": 5000},
        "sides": {"out of en": side},
    }
    line = console({"sets": [one]})[1]
    assert line == f"  out of en: 1 for all {len(languages)} languages; for one alone {end}"
    assert len(line) < 100


def test_sixty_directions_of_the_largest_network_take_less_than_five_seconds(tmp_path):
    space = ffn_space(6, 6, 4096)
    generator = np.random.Generator(np.random.PCG64(1))
    rows = [row for n in range(30) for row in (f"en-l{n:02}", f"l{n:02}-en")]
    MaskTable(rows, generator.random((60, space.size)) < 0.9, space, {"rule": "mass", "k": "95"}).write(
        tmp_path / "k95.npz"
    )
    before = time.process_time()
    main(["--masks", f"k95={tmp_path}/k95.npz", "--seeds", "1", "--pivot", "en", "--out-dir", str(tmp_path)])
    assert time.process_time() - before < 5
    assert len(json.loads((tmp_path / "units.json").read_text())["sets"][0]["sides"]["into en"]["own"]) == 30
