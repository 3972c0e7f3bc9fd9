"""Ablation on a model trained for seconds: a word in, and out the words that follow it in each language."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the fairseq environment")

from tests.unit.analyse.small_model import LANGUAGES, PIECES, VOCABULARY  # noqa: E402
from workflow_scripts.activations.score_importance import importance  # noqa: E402
from workflow_scripts.analyse.effects.ablation import KEPT, REMOVED, ablate, sets_of  # noqa: E402
from workflow_scripts.analyse.effects.fragility import advantage  # noqa: E402
from workflow_scripts.analyse.effects.language_units import Side  # noqa: E402
from workflow_scripts.analyse.effects.matrices import Chosen, effect_matrices, measure_language  # noqa: E402
from workflow_scripts.analyse.heads.dissociation import relative  # noqa: E402
from workflow_scripts.models.fairseq.network import build_network  # noqa: E402
from workflow_scripts.models.fairseq.port import FairseqPort  # noqa: E402
from workflow_scripts.units.architecture import Architecture  # noqa: E402
from workflow_scripts.units.score_table import ScoreTable  # noqa: E402
from workflow_scripts.units.system import SystemFolder  # noqa: E402

ARCHITECTURE = Architecture(1, 1, 8, 32, 2, dropout=0.0)
SIZES = ["10%", "25%", "50%"]
DRAWS = [f"random-{number}" for number in range(1, 6)]
UPDATES, LENGTH = 200, 5
WORDS = [*range(4, 4 + len(PIECES))]
#: Of each target language: which word follows a word. The source is the first word alone.
NEXT = {
    language: dict(zip(WORDS, np.random.default_rng(seed).permutation(WORDS).tolist(), strict=True))
    for seed, language in enumerate(("de", "fr"), start=1)
}


def text(port, name):
    pairs = []
    for word in WORDS:
        target = [word]
        while len(target) < LENGTH:
            target.append(NEXT[name.partition("-")[2]][target[-1]])
        pairs.append(([word], target))
    return port.batches(port.pairs(name, tuple(name.split("-")), pairs), 4096)


@pytest.fixture(scope="module")
def port():
    torch.manual_seed(5)
    network = build_network(ARCHITECTURE, len(VOCABULARY))
    port = FairseqPort(network.eval(), VOCABULARY)
    batches = [batch for name in ("en-de", "en-fr") for batch in text(port, name)]
    optimizer = torch.optim.Adam(network.parameters(), lr=0.02)
    for update in range(UPDATES):
        nll, tokens = port.loss(batches[update % len(batches)], count_language_tag=True)
        optimizer.zero_grad()
        (nll.sum() / tokens.sum()).backward()
        optimizer.step()
    return port


@pytest.mark.parametrize("name", ["en-de", "en-fr"])
def test_a16_top_costs_more_than_random_more_than_bottom(port, name):
    batches, space = text(port, name), port.space(["ffn"])
    scores, _ = importance(port, batches, space)
    table = ScoreTable([name], scores[None].numpy(), space, {"counting": "importance"})
    sets = sets_of({"importance": table}, name, SIZES, 5, 1, ["encoder", "decoder"])
    found = ablate(port, sets, batches)
    removed, kept = found.added[REMOVED], found.added[KEPT]
    assert found.full < 0.5
    for place in range(1, 1 + len(SIZES)):
        draws = [removed[draw][place] for draw in DRAWS]
        mean, sd = np.mean(draws), np.std(draws, ddof=1)
        assert removed["importance top"][place] >= mean - sd
        assert mean + sd >= removed["importance bottom"][place]
        assert removed["importance top"][place] > removed["importance bottom"][place]
        assert kept["importance top"][place] < kept["importance bottom"][place]
    # 0 % is the model itself; 100 % is near a choice among twelve words, ln 12 = 2.5 nats, or beyond it.
    nll, tokens = zip(*(port.loss(batch, count_language_tag=True) for batch in batches), strict=True)
    base = sum(float(one.detach().double().sum()) for one in nll) / sum(int(one.sum()) for one in tokens)
    assert found.full == base and all(curve[0] == 0 for curve in removed.values())
    assert found.off > 2 and found.off > 7 * found.full
    areas = found.areas()
    assert areas[REMOVED]["importance top"] > max(areas[REMOVED][draw] for draw in DRAWS)
    assert areas[KEPT]["importance top"] > np.mean([areas[KEPT][draw] for draw in DRAWS])


def test_a16_nothing_tells_identical_tasks_apart(port, tmp_path):
    """The same text as two languages: units of either harm both alike, whichever they are."""
    space = port.space(["ffn"]).part(stacks=["decoder"])
    side = Side("as targets", "decoder", {"de": ["en-de"], "fr": ["en-fr"]})
    keep = np.random.default_rng(1).random((2, space.size)) < 0.3
    names = ["en-de", "en-fr"]
    system = SystemFolder(
        tmp_path, "baseline", 1, tuple(LANGUAGES), dict.fromkeys(names), ARCHITECTURE.to_dict(), {},
        {"weights": "model.safetensors"}, {}, None, None,
    )  # fmt: skip
    laid = FairseqPort(port.network, VOCABULARY, system)
    laid._weights = system.weights  # they are in the network
    same = dict.fromkeys(names, text(port, "en-de"))
    units = Chosen(space, {("x", "30%"): keep}, {})
    texts = [measure_language(laid, units, side, language, same, "zero") for language in side.languages]
    (effects,) = effect_matrices(texts)
    assert (effects[:, 0] == effects[:, 1]).all() and (np.abs(effects[0] - effects[1]) > 0.01).all()
    assert advantage(effects) == pytest.approx(0, abs=1e-12)
    base = np.array([one.full.sum() / one.tokens for one in texts])
    assert relative(base + effects, base, rises=False) == pytest.approx([0, 0], abs=1e-9)
