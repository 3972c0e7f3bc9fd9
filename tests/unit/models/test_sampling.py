"""Sampling and batching: probabilities worked out by hand, published figures, and what a batch holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from tests.training.toy_world import DIRECTIONS, write_world
from workflow_scripts.common.errors import UserError
from workflow_scripts.common.sampling_rules import exponent
from workflow_scripts.models.fairseq.directions import DirectionData, load_directions
from workflow_scripts.models.fairseq.sampling import MultiDirectionDataset
from workflow_scripts.models.training.drawing import (
    default_virtual_size,
    draw,
    epoch_counts,
    temperature_probabilities,
)
from workflow_scripts.models.training.epochs import Epochs

PAD, EOS = 1, 2
# 4 specials, 20 words, then __en__ __de__ __fr__
TOKENS = {"en": 24, "de": 25, "fr": 26}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_world(tmp_path_factory.mktemp("world"))


def dataset(world: Path, **options: object) -> MultiDirectionDataset:
    data = load_directions(world / "bin", "train", DIRECTIONS, TOKENS)
    return MultiDirectionDataset(data, PAD, EOS, **options)


def test_temperature_of_two_sizes() -> None:
    """10 ** 0.2 = 1.584893, so p = 1.584893 / 2.584893 and 1 / 2.584893."""
    assert temperature_probabilities([100, 10], 5) == pytest.approx([0.613137, 0.386863], abs=1e-6)
    assert temperature_probabilities([100, 10], 1) == pytest.approx([10 / 11, 1 / 11])


def test_published_probabilities_and_virtual_size() -> None:
    """Spec 1.1: EC30 at T = 5, and the 36.2 M examples of one of its five shards."""
    sizes = [5_000_000] * 20 + [1_000_000] * 18 + [334_000] * 2 + [100_000] * 20
    found = temperature_probabilities(sizes, 5)
    assert found[[0, 20, 38, 40]].round(4).tolist() == [0.0231, 0.0167, 0.0134, 0.0105]
    shard = [size // 5 for size in sizes]
    assert default_virtual_size(shard, found) == 36_200_400  # 1.5 times 24,133,600


def test_virtual_size_keeps_the_largest_direction() -> None:
    """100 + 100 / 1.584893 = 163.09, below 1.5 x 110."""
    assert default_virtual_size([100, 10], temperature_probabilities([100, 10], 5)) == 163


def test_counts_add_up_with_largest_remainders() -> None:
    """10 x (.55, .25, .2) = 5.5, 2.5, 2: the one left over goes to the first of the two equal halves."""
    assert epoch_counts(np.array([0.55, 0.25, 0.2]), 10).tolist() == [6, 2, 2]


def test_draw_repeats_every_line_equally() -> None:
    counts = np.bincount(draw(4, 10, np.random.default_rng(0)), minlength=4)
    assert sorted(counts.tolist()) == [2, 2, 3, 3]
    # Of a hundred lines half are drawn once more, whatever the seed.
    for seed in range(5):
        counts = np.bincount(draw(100, 250, np.random.default_rng(seed)), minlength=100)
        assert sorted(counts.tolist()) == [2] * 50 + [3] * 50


@pytest.mark.parametrize("sampler", ["by_direction", "mixed"])
def test_each_example_once_at_temperature_one(world: Path, sampler: str) -> None:
    data = dataset(world, sampler=sampler)
    batches = data.batch_by_size(data.ordered_indices(), max_tokens=60)
    assert sorted(np.concatenate(batches).tolist()) == list(range(2 * 120 + 2 * 40))
    assert all(data.num_tokens_vec(batch).max() * len(batch) <= 60 for batch in batches)


def test_by_direction_batches_hold_one_direction(world: Path) -> None:
    data = dataset(world)
    batches = data.batch_by_size(data.ordered_indices(), max_tokens=60)
    assert all(len(set(data.direction_numbers(batch).tolist())) == 1 for batch in batches)
    named = {data.collater([data[int(i)] for i in batch])["direction"] for batch in batches}
    assert named == {0, 1, 2, 3}


def test_mixed_batches_hold_several_directions(world: Path) -> None:
    data = dataset(world, sampler="mixed")
    batches = data.batch_by_size(data.ordered_indices(), max_tokens=200)
    assert any(len(set(data.direction_numbers(batch).tolist())) > 1 for batch in batches)
    sample = data.collater([data[0], data[130]])
    assert sample["direction"] == -1


def test_temperature_changes_the_share_of_a_direction(world: Path) -> None:
    """Sizes 120, 120, 40, 40 at T = 1e9: equal shares of 200 are 50 each, the small ones repeat 10 lines."""
    data = dataset(world, temperature=1e9, virtual_epoch_size=200)
    drawn = data.ordered_indices()
    assert np.bincount(data.direction_numbers(drawn)).tolist() == [50, 50, 50, 50]
    per_line = np.bincount(drawn[data.direction_numbers(drawn) == 3] - 280, minlength=40)
    assert sorted(set(per_line.tolist())) == [1, 2]
    assert int((per_line == 2).sum()) == 10


def test_annealed_sampling_by_hand(world: Path) -> None:
    """Sizes 120, 120, 40, 40, three epochs: exponents 1, 0.6 and 0.2. 3 ** 0.6 = 1.933182 and 3 ** 0.2 =
    1.245731, so that of 200 examples a large direction has 75, 200 * 1.933182 / 5.866364 = 65.907 and
    200 * 1.245731 / 4.491462 = 55.471; a small one 25, 34.093 and 44.529.
    What is left over after rounding down goes to the largest remainders."""
    assert [exponent("annealed:3", epoch) for epoch in (1, 2, 3, 4, 9)] == pytest.approx(
        [1.0, 0.6, 0.2, 0.2, 0.2], abs=1e-15
    )
    data = dataset(world, sampling="annealed:3", virtual_epoch_size=200)
    found = []
    for epoch in (1, 2, 3, 4):
        data.set_epoch(epoch)
        drawn = data.ordered_indices()
        found.append(np.bincount(data.direction_numbers(drawn)).tolist())
    assert found == [[75, 75, 25, 25], [66, 66, 34, 34], [55, 55, 45, 45], [55, 55, 45, 45]]
    # Without a size an epoch grows while small directions are drawn more often: the largest has all its own.
    whole = dataset(world, sampling="annealed:3")
    assert whole.counts.tolist() == [120, 120, 40, 40]
    whole.set_epoch(2)
    # 40 becomes 120 / 1.933182 = 62.074; 364.15 of all.
    assert whole.counts.tolist() == [120, 120, 62, 62]


def test_rules_of_sampling() -> None:
    """Of one epoch there is no fall: a is 1."""
    assert [exponent(rule, 7) for rule in ("proportional", "square_root", "annealed:1")] == [1.0, 0.5, 1.0]
    assert exponent("annealed:11", 6) == pytest.approx(0.6)
    for wrong in ("annealed", "annealed:0", "annealed:1.5", "anneal:3", "square_root:2"):
        with pytest.raises(UserError, match="is not proportional, square_root or annealed:10"):
            exponent(wrong, 1)
    with pytest.raises(UserError, match=r"did you mean 'square_root'"):
        exponent("squareroot", 1)


@pytest.mark.parametrize(("sampling", "temperature"), [("proportional", 1.0), ("square_root", 2.0)])
def test_two_rules_are_temperatures(world: Path, sampling: str, temperature: float) -> None:
    one, two = dataset(world, sampling=sampling), dataset(world, temperature=temperature)
    assert one.counts.tolist() == two.counts.tolist()
    assert one.ordered_indices().tolist() == two.ordered_indices().tolist()


def sources_of(*sources: tuple[int, float]) -> DirectionData:
    """A direction of which only the numbers of lines are asked."""
    side = Sides(*[3] * sum(lines for lines, _ in sources))
    return DirectionData("de-en", side, side, 25, 24, sources)


def drawn(*directions: DirectionData, **options: object) -> list[list[int]]:
    """How often an epoch draws each line of each direction."""
    data = MultiDirectionDataset(directions, PAD, EOS, **options)
    times = np.bincount(data.ordered_indices(), minlength=len(data))
    return [part.tolist() for part in np.split(times, data.offsets[1:-1])]


def test_a_sentence_counts_as_often_as_its_source_weighs() -> None:
    """Sizes are 10 * 2 + 20 / 2 = 30 and 30: half of an epoch of 60 each; of the first, 20 and 10."""
    both, alone = sources_of((10, 2.0), (20, 0.5)), sources_of((30, 1.0))
    assert (both.weight, alone.weight) == (30.0, 30.0)
    first, second = drawn(both, alone)
    assert first[:10] == [2] * 10
    assert sorted(first[10:]) == [0] * 10 + [1] * 10
    assert second == [1] * 30
    # At temperature 5 equal sizes stay equal; unweighted, 10 lines and 1,000 would not.
    few, many = drawn(sources_of((10, 100.0)), sources_of((1000, 1.0)), temperature=5, virtual_epoch_size=40)
    assert (sum(few), sum(many)) == (20, 20)


def test_shares_of_sources_are_rounded_to_the_largest_remainders() -> None:
    """10 examples of sizes 3 * 1 and 4 * 3 = 12: exactly 2 and 8; of 3 * 1 and 4 * 0.5, 6 and 4."""
    for weight, shares in ((3.0, (2, 8)), (0.5, (6, 4))):
        [times] = drawn(sources_of((3, 1.0), (4, weight)), virtual_epoch_size=10)
        assert (sum(times[:3]), sum(times[3:])) == shares


def test_equal_weights_draw_what_none_draw() -> None:
    """Also where a source has no line; the draw is the same, line by line."""
    one = MultiDirectionDataset([sources_of((30, 1.0))], PAD, EOS, virtual_epoch_size=7)
    two = MultiDirectionDataset([sources_of((10, 1.0), (0, 4.0), (20, 1.0))], PAD, EOS, virtual_epoch_size=7)
    assert one.ordered_indices().tolist() == two.ordered_indices().tolist()


def test_an_epochs_draw_is_its_own_and_repeatable(world: Path) -> None:
    one, two = dataset(world, temperature=5.0), dataset(world, temperature=5.0)
    first = one.ordered_indices()
    one.set_epoch(2)
    two.set_epoch(2)
    assert one.ordered_indices().tolist() == two.ordered_indices().tolist()
    assert one.ordered_indices().tolist() != first.tolist()


def test_another_seed_draws_another_epoch(world: Path) -> None:
    """At temperature 5 some lines are left out or taken twice: which, the seed says."""
    one, again, other = (dataset(world, temperature=5.0, seed=seed).ordered_indices() for seed in (1, 1, 2))
    assert one.tolist() == again.tolist()
    assert sorted(one.tolist()) != sorted(other.tolist())


def test_layout_of_a_batch(world: Path) -> None:
    """`__src__ w… </s>` left-padded, target `__tgt__ w… </s>`, decoder input `</s> __tgt__ w…`."""
    data = dataset(world)
    number = DIRECTIONS.index("en-fr")
    first = int(data.offsets[number])
    lines = [data.directions[number].source[line].tolist() for line in range(2)]
    sample = data.collater([data[first], data[first + 1]])
    for row, which in enumerate((sample["id"] - first).tolist()):
        words = lines[which][:-1]
        source = [token for token in sample["net_input"]["src_tokens"][row].tolist() if token != PAD]
        assert source == [TOKENS["en"], *words, EOS]
        assert sample["net_input"]["src_tokens"][row, -1] == EOS
        size = len(words) + 2
        assert sample["target"][row, :size].tolist() == [TOKENS["fr"], *words, EOS]
        assert sample["net_input"]["prev_output_tokens"][row, :size].tolist() == [EOS, TOKENS["fr"], *words]
        assert set(sample["target"][row, size:].tolist()) <= {PAD}


def test_long_examples_are_left_out_and_counted(world: Path, caplog: pytest.LogCaptureFixture) -> None:
    data = dataset(world)
    indices = data.ordered_indices()
    kept, ignored = data.filter_indices_by_size(indices, (6, 6))
    assert len(kept) + len(ignored) == len(indices)
    # Words and two more tokens on the longer side.
    assert data.num_tokens_vec(kept).max() == 6
    assert data.num_tokens_vec(np.array(ignored)).min() == 7
    assert f"{len(ignored)} examples over 6/6 positions left out" in caplog.text


class Sides:
    """One side of a direction, of which only the lengths are asked: without the language token."""

    def __init__(self, *sizes: int) -> None:
        self.sizes = np.array(sizes)

    def __len__(self) -> int:
        return len(self.sizes)


def test_either_side_may_be_too_long() -> None:
    """With the token 4, 4 and 10 of the source, 4, 10 and 4 of the target."""
    data = MultiDirectionDataset([DirectionData("de-en", Sides(3, 3, 9), Sides(3, 9, 3), 25, 24)], PAD, EOS)
    kept = {
        most: data.filter_indices_by_size(np.arange(3), most)[0].tolist()
        for most in ((6, 6), (6, 10), (10, 6), (10, 10), 6)
    }
    assert kept == {(6, 6): [0], (6, 10): [0, 1], (10, 6): [0, 2], (10, 10): [0, 1, 2], 6: [0]}
    # A batch is as wide as its longest side.
    assert data.num_tokens_vec(np.arange(3)).tolist() == [4, 10, 10]
    assert [data.num_tokens(number) for number in range(3)] == [4, 10, 10]
    assert data.sizes.tolist() == [4, 10, 10]
    assert [data.size(number) for number in range(3)] == [(4, 4), (4, 10), (10, 4)]


def test_a_direction_without_a_sentence_that_fits_is_named() -> None:
    """With the token 4 and 10 of en-de, 9 and 10 of en-fr, of which the targets count, 8 of de-en."""
    data = Epochs(
        [
            DirectionData("en-de", Sides(3, 9), Sides(3, 9), 24, 25),
            DirectionData("en-fr", Sides(1, 1), Sides(8, 9), 24, 26),
            DirectionData("de-en", Sides(7), Sides(2), 25, 24),
        ]
    )
    data.check_each("valid", 9)
    with pytest.raises(UserError, match=r"^valid of en-fr, de-en: no sentence has at most 7 positions"):
        data.check_each("valid", 7)


def test_errors_name_the_file_and_the_language(world: Path) -> None:
    with pytest.raises(UserError, match=r"train\.de-fr\.de\.bin is missing: direction de-fr"):
        load_directions(world / "bin", "train", ["de-fr"], TOKENS)
    with pytest.raises(UserError, match="direction 'de-xx': 'xx' is not one of en, de, fr"):
        load_directions(world / "bin", "train", ["de-xx"], TOKENS)
