"""How large the page becomes: of 60 directions and 12 layers at most 15 MB; of more what is cut is said."""

import numpy as np

from workflow_scripts.report.explorer.lines import Texts, add_lines
from workflow_scripts.report.explorer.packing import LIMIT, Store
from workflow_scripts.report.explorer.unit_sets import add_masks, add_rates
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.score_table import ScoreTable
from workflow_scripts.units.space import ffn_space

DIRECTIONS = [f"l{n}-en" for n in range(30)] + [f"en-l{n}" for n in range(30)]
SPACE = ffn_space(6, 6, 2048)
K, SEEDS, SYSTEMS = ["k70", "k90", "k95"], [1], ["baseline", "continued", "ns-k70", "ns-k90", "ns-k95"]
#: What the page has beside its data: Vega, its own script and what it opens with.
REST = 1_500_000 + 900_000
SENTENCES, WORDS = 1000, 20


def sentences(draws):
    """Random words of a vocabulary of 8,000: text packs better, so this is more than text needs."""
    words = np.array([f"word{n:x}" for n in range(8000)])
    return [" ".join(words[row]) for row in draws.integers(0, len(words), (SENTENCES, WORDS))]


def test_sixty_directions_and_twelve_layers_fit_whole(tmp_path):
    draws = np.random.default_rng(1)
    keep = draws.random((len(DIRECTIONS), SPACE.size)) < 0.4
    for name in K:
        MaskTable(DIRECTIONS, keep, SPACE, {"rule": "mass", "k": name[1:]}).write(tmp_path / f"{name}.npz")
    facts = {"source_positions": 30000, "target_positions": 30000, "source_pads": 0, "target_pads": 0}
    for direction in DIRECTIONS:
        counts = draws.integers(0, 12000, (1, SPACE.size))
        ScoreTable([direction], counts, SPACE, facts | {"counting": "pads excluded"}).write(
            tmp_path / f"{direction}.npz"
        )
    store = Store(LIMIT - REST)
    masks, _ = add_masks(store, {name: f"{tmp_path}/{name}.npz" for name in K}, SEEDS, {})
    rates, _ = add_rates(store, str(tmp_path), DIRECTIONS, SEEDS)
    assert len(masks) == 3 and len(rates) == 1
    references = sentences(draws)
    # Two systems shown, whose sentences are other words: hypotheses of one sentence are alike.
    texts = Texts(
        references,
        sentences(draws),
        {"baseline": sentences(draws), "ns-k95": sentences(draws)},
        {name: draws.random(SENTENCES) * 100 for name in ("baseline", "ns-k95")},
    )
    found = add_lines(store, dict.fromkeys(DIRECTIONS, texts), "baseline")
    used = LIMIT - store.room
    assert store.left_out == [] and (found["largest"], found["random"]) == (200, 50)
    assert used <= 15_000_000


def test_of_more_directions_than_have_room_the_masks_come_first_and_what_is_cut_is_said(tmp_path):
    draws = np.random.default_rng(1)
    rows = [f"d{n}-en" for n in range(870)]
    space = ffn_space(1, 1, 512)
    for name in ("k70", "k90"):
        keep = draws.random((len(rows), space.size)) < 0.5
        MaskTable(rows, keep, space, {"rule": "mass", "k": name[1:]}).write(tmp_path / f"{name}.npz")
    one = 870 * 1024 // 8 * 4 // 3
    store = Store(int(one * 1.5))
    masks, _ = add_masks(store, {name: f"{tmp_path}/{name}.npz" for name in ("k70", "k90")}, [1], {})
    assert [found["name"] for found in masks] == ["k70"] and len(masks[0]["similar"]["encoder.0.ffn"]) == 870
    assert store.left_out == ["the masks k90 of seed 1: no room"]
