"""Likelihoods against log-softmax by hand, fairseq's own criterion and the mask control, on a tiny system."""

import json
import math
from types import SimpleNamespace

import numpy as np
import pytest

import workflow_scripts.models.fairseq.compat  # noqa: F401  isort:skip  (before fairseq)
import torch
from fairseq.criterions.label_smoothed_cross_entropy import LabelSmoothedCrossEntropyCriterion
from fairseq.data.language_pair_dataset import collate
from sentencepiece import SentencePieceProcessor

from tests.malformed import tiny
from tests.unit.models.loaded import load_network
from workflow_scripts.analyse import mask_control
from workflow_scripts.common.archive import read_archive
from workflow_scripts.common.errors import UserError
from workflow_scripts.data.mmap_format import write_dataset
from workflow_scripts.likelihood.likelihood_scorer import LikelihoodScorer
from workflow_scripts.likelihood.score_likelihood import main, open_scorer
from workflow_scripts.models.fairseq.network import fairseq_dictionary
from workflow_scripts.units.system import SystemFolder
from workflow_scripts.units.vocabulary import EOS, PAD, Vocabulary

DIRECTION = "de-en"
PAIRS = [
    ("ein Haus", "a house"),
    ("Haus am Fluss", "the river"),
    ("am", "by the river a"),
    ("Fluss", "a"),
    ("ein Fluss am Haus", "Ωa house"),
]


@pytest.fixture
def plain(tmp_path):
    tiny.system(tmp_path)
    return SystemFolder.read(tmp_path / "system")


@pytest.fixture
def masked(tmp_path):
    (tmp_path / "masked").mkdir()
    tiny.system(tmp_path / "masked", mask_table=tiny.masks)
    return SystemFolder.read(tmp_path / "masked/system")


def ids(system, text):
    """The vocabulary's ids of a text, by SentencePiece and the lines of dict.txt themselves."""
    pieces = SentencePieceProcessor(model_file=str(system.subwords)).encode(text, out_type=str)
    lines = [line.split(" ")[0] for line in system.dictionary.read_text(encoding="utf-8").splitlines()]
    return [4 + lines.index(piece) if piece in lines else 3 for piece in pieces]


def tags(system):
    first = 4 + len(system.dictionary.read_text(encoding="utf-8").splitlines())
    return first, first + 1  # __de__, __en__


@torch.no_grad()
def by_hand(system, source, target):
    """Return log p of the tag, of each target token and of </s>: one sentence, the plain network."""
    de, en = tags(system)
    network = load_network(system)
    inputs = torch.tensor([[de, *source, EOS]])
    logits, _ = network(inputs, torch.tensor([inputs.shape[1]]), torch.tensor([[EOS, en, *target]]))
    log_probabilities = torch.log_softmax(logits[0].double(), dim=-1)
    return [float(log_probabilities[place, token]) for place, token in enumerate([en, *target, EOS])]


def score(system, pairs=PAIRS, **options):
    return LikelihoodScorer(system, [DIRECTION]).score(DIRECTION, pairs, **options)


def test_sums_of_log_softmax(plain):
    found = score(plain)
    assert found.log_likelihood.dtype == np.float64 and found.tokens.dtype == np.int32
    assert found.cut_sources == 0
    for number, (source, target) in enumerate(PAIRS):
        tokens = ids(plain, target)
        values = by_hand(plain, ids(plain, source), tokens)
        # The tag is given, </s> counts.
        assert found.log_likelihood[number] == pytest.approx(sum(values[1:]), rel=1e-5)
        assert found.tokens[number] == len(tokens) + 1
    assert 3 in ids(plain, PAIRS[-1][1])  # an unknown character is scored as <unk>


def test_figures_depend_on_batches_by_rounding_alone(plain):
    scorer = LikelihoodScorer(plain, [DIRECTION])
    together = scorer.score(DIRECTION, PAIRS).log_likelihood
    alone = [scorer.score(DIRECTION, [pair]).log_likelihood[0] for pair in PAIRS]
    small = scorer.score(DIRECTION, PAIRS, batch_tokens=1).log_likelihood
    assert together == pytest.approx(alone, rel=1e-4)
    assert small == pytest.approx(alone, rel=1e-4)
    # The same to the last bit, wherever it stands.
    twice = scorer.score(DIRECTION, [*PAIRS, PAIRS[0]]).log_likelihood
    assert twice[0] == twice[-1]


def test_equals_the_nll_loss_of_fairseqs_validation(plain):
    """The criterion smooths labels by 0.1; its nll_loss, with the tag as in training, does not."""
    de, en = tags(plain)
    samples = [
        {
            "id": number,
            "source": torch.tensor([de, *ids(plain, source), EOS]),
            "target": torch.tensor([en, *ids(plain, target), EOS]),
        }
        for number, (source, target) in enumerate(PAIRS)
    ]
    dictionary = fairseq_dictionary(Vocabulary.read(plain.dictionary, plain.languages))
    task = SimpleNamespace(target_dictionary=dictionary)
    criterion = LabelSmoothedCrossEntropyCriterion(task, sentence_avg=False, label_smoothing=0.1)
    batch = collate(samples, PAD, EOS, left_pad_source=True, left_pad_target=False)
    with torch.no_grad():
        loss, tokens, logged = criterion.eval()(load_network(plain), batch)
    found = score(plain, count_language_tag=True)
    assert -found.log_likelihood.sum() == pytest.approx(float(logged["nll_loss"]), rel=1e-5)
    assert found.tokens.sum() == tokens
    assert abs(float(loss) - float(logged["nll_loss"])) > 1


def test_masks_act_as_in_the_mask_control(plain, masked, tmp_path):
    assert plain.weights_sha256 == masked.weights_sha256
    sides = (plain, 0), (plain, 1)
    for (system, side), lang in zip(sides, DIRECTION.split("-"), strict=True):
        lines = [[*ids(system, pair[side]), EOS] for pair in PAIRS]
        write_dataset(tmp_path / f"bin/test.de-en.{lang}", lines, tags(system)[1] + 1)
    words = f"--system {plain.folder} --masks {masked.masks} --data-bin {tmp_path}/bin --subset test"
    mask_control.main([*words.split(), "--directions", DIRECTION, "--out", str(tmp_path / "control.json")])
    expected = json.loads((tmp_path / "control.json").read_text())["directions"][DIRECTION]
    for system, key in ((plain, "full"), (masked, "own")):
        found = score(system, count_language_tag=True)
        assert found.tokens.sum() == expected["tokens"]
        assert -found.log_likelihood.sum() / found.tokens.sum() == pytest.approx(expected[key], rel=1e-6)
    assert abs(expected["full"] - expected["own"]) > 1e-2


def test_a_direction_that_was_not_trained_has_its_mask_row_elsewhere(tmp_path):
    def only(value):
        del value["directions"]["en-de"]

    tiny.system(tmp_path, mask_table=tiny.masks, describe=only)
    system = SystemFolder.read(tmp_path / "system")
    with pytest.raises(UserError, match="en-de was not trained"):
        LikelihoodScorer(system, ["de-en", "en-de"])
    keep = np.zeros((1, tiny.SPACE.size), bool)
    keep[:, 1::2] = True
    tiny.masks(system.weights_sha256, ("en-de",), keep=keep).write(tmp_path / "en-de.npz")
    scorer = LikelihoodScorer(system, ["de-en", "en-de"], {"en-de": tmp_path / "en-de.npz"})
    one = scorer.score("en-de", [("a house", "ein Haus")]).log_likelihood
    # Of the trained direction there is no such file.
    asked = SimpleNamespace(
        system=tmp_path / "system",
        directions=["de-en", "en-de"],
        masks=str(tmp_path / "{direction}.npz"),
        batch_tokens=4000,
    )
    assert open_scorer(asked)[1].score("en-de", [("a house", "ein Haus")]).log_likelihood == one
    # The same row, of the direction as a trained one.
    (tmp_path / "other").mkdir()
    tiny.system(
        tmp_path / "other",
        mask_table=lambda sha: tiny.masks(sha, ("de-en", "en-de"), keep=np.repeat(keep, 2, 0)),
    )
    trained = LikelihoodScorer(SystemFolder.read(tmp_path / "other/system"), ["en-de"])
    assert one == trained.score("en-de", [("a house", "ein Haus")]).log_likelihood


def test_what_is_too_long(plain):
    """Sixteen positions: fourteen subwords beside the tag and </s>."""
    long = "Haus " * 20
    assert len(ids(plain, long)) > 14
    found = score(plain, [("ein Haus", "a house"), ("ein", long), (long, "a")])
    assert np.isnan(found.log_likelihood).tolist() == [False, True, False]
    assert found.cut_sources == 1
    values = by_hand(plain, ids(plain, long)[:14], ids(plain, "a"))
    assert found.log_likelihood[2] == pytest.approx(sum(values[1:]), rel=1e-5)
    assert np.isnan(score(plain, [("ein", long)]).log_likelihood).all()


def run(system, folder, *options):
    words = ["--system", str(system.folder), "--sources", f"{folder}/{{pair}}.{{source}}"]
    words += ["--references", f"{folder}/{{pair}}.{{target}}", "--out", str(folder / "out.json"), *options]
    main(words)
    return json.loads((folder / "out.json").read_text())


def test_command(plain, tmp_path):
    long = "the river " * 20
    (tmp_path / "de-en.de").write_text("ein Haus\nFluss\nam\n", encoding="utf-8")
    (tmp_path / "de-en.en").write_text(f"a house\n{long}\nby the river\n", encoding="utf-8")
    written = run(plain, tmp_path, "--directions", "de-en", "en-de", "--experiment", "x", "--testset", "news")
    assert {key: written[key] for key in ("experiment", "system", "seed", "testset")} == {
        "experiment": "x", "system": "tiny", "seed": 1, "testset": "news",
    }  # fmt: skip
    assert list(written["directions"]) == ["de-en", "en-de"]
    entry = written["directions"]["de-en"]
    assert (entry["n"], entry["skipped"], entry["cut_sources"]) == (2, 1, 0)
    expected = score(plain, [("ein Haus", "a house"), ("am", "by the river")])
    total, tokens = expected.log_likelihood.sum(), expected.tokens.sum()
    assert entry["log_likelihood"] == pytest.approx(total) and entry["tokens"] == tokens
    assert entry["nats_per_token"] == pytest.approx(-total / tokens)
    assert entry["perplexity"] == pytest.approx(math.exp(-total / tokens))
    assert written["directions"]["en-de"]["cut_sources"] == 1
    arrays, manifest = read_archive(tmp_path / "out.npz", "likelihoods-1")
    assert manifest["system"] == "tiny"
    assert np.isnan(arrays["de-en/log_likelihood"]).tolist() == [False, True, False]
    assert arrays["de-en/tokens"].dtype == np.int32
    assert arrays["de-en/tokens"][[0, 2]].tolist() == expected.tokens.tolist()
