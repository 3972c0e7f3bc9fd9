"""Scores of analyses for each direction: the highest of any label, the stacks together, units without any."""

from __future__ import annotations

import numpy as np
import pytest

from workflow_scripts.common.errors import UserError
from workflow_scripts.common.files import write_json
from workflow_scripts.units.score_table import ScoreTable, score_of
from workflow_scripts.units.select_masks import read_scores
from workflow_scripts.units.selection import Selection
from workflow_scripts.units.space import ffn_space
from workflow_scripts.units.spread_scores import main, spread
from workflow_scripts.units.system import SystemFolder

SPACE = ffn_space(1, 1, 4)
ENCODER, DECODER = (SPACE.part(stacks=[stack]) for stack in ("encoder", "decoder"))
PROBE = "probe: mean |weight| over splits"
DIRECTIONS = ["en-de", "de-en"]


def described(folder):
    """A folder with a description alone: what is spread needs no weights."""
    folder.mkdir()
    files = {"weights": "model.safetensors", "subwords": "spm.model", "dictionary": "dict.txt"}
    value = {
        "format": "neuronspec-system-1", "system": "baseline", "seed": 1, "languages": ["en", "de"],
        "directions": {name: {"mask_row": None} for name in DIRECTIONS},
        "architecture": {"encoder_layers": 1, "decoder_layers": 1, "ffn_dim": 4},
        "text": {}, "files": files, "sha256": dict.fromkeys(files.values(), "aa"),
        "parent": None, "training": None,
    }  # fmt: skip
    write_json(folder / "system.json", value)
    return SystemFolder.read(folder)


def table(rows, values, space=ENCODER, counting=PROBE, weights="aa"):
    facts = {"counting": counting, "weights_sha256": weights, "data_sha256": "bb"}
    return ScoreTable(rows, np.array(values, dtype=np.float64), space, facts, f"{'-'.join(rows)}.npz")


@pytest.fixture
def system(tmp_path):
    return described(tmp_path / "system")


def test_a_unit_has_its_highest_score_of_any_label(system):
    nouns = table(["NOUN", "VERB"], [[0.5, 0, 0.25, 0], [0, 0.125, 0.75, 0]])
    others = table(["NOUN", "ADJ", "VERB"], [[1, 2, 3, 4], [4, 3, 2, 1], [0, 5, 0, 0]], DECODER)
    found = spread([nouns, others], system, DIRECTIONS)
    assert [*found] == DIRECTIONS
    for direction, one in found.items():
        assert (one.rows, one.space) == ((direction,), SPACE)
        assert one.values.tolist() == [[0.5, 0.125, 0.75, 0, 4, 5, 3, 4]]
        assert one.metadata["counting"] == f"{PROBE}, the highest of any label"
        assert (score_of(one.metadata["counting"]), one.metadata["weights_sha256"]) == ("probe", "aa")


def test_units_that_were_not_read_have_no_score(system):
    found = spread([table(["NOUN"], [[1, 2, 0, 0]])], system, DIRECTIONS)
    assert found["de-en"].values.tolist() == [[1, 2, 0, 0, 0, 0, 0, 0]]


def test_scores_of_a_comparison_are_of_each_direction(system):
    both = table(["de-en", "en-de"], [[*range(8)], [*range(8, 16)]], SPACE, "correlation: min")
    found = spread([both], system, DIRECTIONS)
    assert found["en-de"].values.tolist() == [[*range(8, 16)]]
    assert found["de-en"].values.tolist() == [[*range(8)]]
    assert found["de-en"].metadata["counting"] == "correlation: min"
    with pytest.raises(UserError, match="no score row 'en-de'"):
        spread([table(["de-en"], [[*range(8)]], SPACE, "correlation: min")], system, DIRECTIONS)


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (table(["NOUN"], [[1, 2, 3, 4]]), "of another score than VERB.npz, or of the same units"),
        (table(["NOUN"], [[1, 2, 3, 4]], DECODER, "probeless: x"), "of another score than VERB.npz"),
        (table(["NOUN"], [[1, 2, 3, 4]], DECODER, weights="cc"), "made from weights cc, the model's are aa"),
        (table(["NOUN"], [[1, 2, 3]], ffn_space(1, 1, 3).part(stacks=["decoder"])), "for another model"),
    ],
)
def test_tables_that_do_not_go_together(system, other, said):
    with pytest.raises(UserError, match=said):
        spread([table(["VERB"], [[1, 2, 3, 4]]), other], system, DIRECTIONS)


def test_from_probes_to_masks(tmp_path, system):
    files = []
    for name, space in (("encoder", ENCODER), ("decoder", DECODER)):
        files.append(str(tmp_path / f"{name}.npz"))
        table(["NOUN", "VERB"], [[8, 1, 0, 0], [0, 1, 2, 0]], space).write(files[-1])
    out = tmp_path / "valid"
    main(["--scores", *files, "--system", str(system.folder), "--directions", *DIRECTIONS,
          "--out-root", str(out)])  # fmt: skip
    masks = Selection("top:50%", ("encoder",)).masks(read_scores(out, DIRECTIONS))
    # Of 8, 1, 2, 0; the decoder is kept whole.
    assert masks.keep.astype(int).tolist() == [[1, 0, 1, 0, 1, 1, 1, 1]] * 2
    assert masks.of == "probe"
