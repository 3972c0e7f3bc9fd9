"""Several models read side by side: which tokens, in which part and order, and that all read the same."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from workflow_scripts.common.errors import UserError

torch = pytest.importorskip("torch", reason="needs the fairseq environment")

from tests.unit.analyse.correlation_world import write_system, write_text  # noqa: E402
from tests.unit.analyse.small_model import VOCABULARY  # noqa: E402
from workflow_scripts.analyse.correlation import reading  # noqa: E402
from workflow_scripts.analyse.correlation.compare import compare  # noqa: E402
from workflow_scripts.analyse.correlation.reading import Block, Text  # noqa: E402
from workflow_scripts.analyse.unit_values import unit_values  # noqa: E402
from workflow_scripts.models.port import load  # noqa: E402
from workflow_scripts.units.vocabulary import EOS  # noqa: E402

MARKERS = {EOS, *(VOCABULARY.language_id(language) for language in VOCABULARY.languages)}


@pytest.fixture(scope="module")
def ports(tmp_path_factory):
    root = tmp_path_factory.mktemp("systems")
    return {name: load(write_system(root / name, seed)) for seed, name in enumerate("ab", start=1)}


@pytest.fixture
def data_bin(tmp_path):
    return write_text(tmp_path / "bin")


def opened(ports, data_bin, directions=("en-de", "de-en"), **more):
    given = {"max_lines": None, "left_out": MARKERS, "seed": 1, **more}
    return Text.open(ports, data_bin, "test", directions, **given)


def test_each_token_but_markers_is_read_once_by_both_models(ports, data_bin):
    text = opened(ports, data_bin)
    space = ports["a"].space().part(stacks=["encoder"])
    blocks = list(text.read(space))
    assert [block.held_out for block in blocks] == [False, True]
    expected = {}
    for name, port in ports.items():
        for direction in ("en-de", "de-en"):
            for values in unit_values(port, text.batches[name][direction], space):
                taken = ~np.isin(values.tokens, sorted(MARKERS))
                held_out = np.isin(values.lines, sorted(text.held_out))
                for part in (False, True):
                    rows = values.units[torch.from_numpy(taken & (held_out == part))]
                    expected.setdefault((name, part), []).append(rows)
    for block in blocks:
        for name, values in zip(ports, block.values, strict=True):
            whole = torch.cat(expected[name, block.held_out])
            # The order is drawn: compare as sorted rows.
            assert sorted(map(tuple, values.tolist())) == sorted(map(tuple, whole.tolist()))
    counts = {part: len(block.values[0]) for part, block in zip(("fit", "held_out"), blocks, strict=True)}
    assert text.tokens == {"encoder": counts} and list(text.tokens_sha256) == ["encoder"]
    assert text.sentences == {"en-de": 40, "de-en": 40} and len(text.held_out) == 8


def test_a_line_is_held_out_in_every_direction(ports, data_bin):
    one, other = opened(ports, data_bin), opened(ports, data_bin, directions=("en-fr",))
    assert one.held_out == other.held_out
    assert opened(ports, data_bin, seed=2).held_out != one.held_out


def test_blocks_mix_directions_and_are_cut_when_they_are_full(ports, data_bin, monkeypatch):
    monkeypatch.setattr(reading, "BATCH_TOKENS", 30)
    monkeypatch.setattr(reading, "BLOCK_TOKENS", 60)
    text = opened(ports, data_bin)
    blocks = list(text.read(ports["a"].space().part(stacks=["decoder"])))
    sizes = [len(block.values[0]) for block in blocks if not block.held_out]
    assert len(sizes) > 2 and all(60 <= size < 90 for size in sizes[:-1])
    again = list(text.read(ports["a"].space().part(stacks=["decoder"])))
    assert all(torch.equal(a.values[1], b.values[1]) for a, b in zip(blocks, again, strict=True))


def test_blocks_and_parts_of_a_text_give_what_plain_correlation_gives(ports, data_bin, monkeypatch):
    """A block's mean is not the text's: all blocks of both parts are shifted by the same."""
    monkeypatch.setattr(reading, "BATCH_TOKENS", 30)
    monkeypatch.setattr(reading, "BLOCK_TOKENS", 40)
    space = ports["a"].space().part(stacks=["encoder"])
    text = opened(ports, data_bin)
    values = []
    for name, port in ports.items():
        read = [one for d in ("en-de", "de-en") for one in unit_values(port, text.batches[name][d], space)]
        rows = [one.units[torch.from_numpy(~np.isin(one.tokens, sorted(MARKERS)))] for one in read]
        values.append(torch.cat(rows).double().numpy())
    _, scores = compare(text, space, "same", ["max", "min"], draws=5, seed=1)
    with np.errstate(invalid="ignore"):
        r = np.abs(np.corrcoef(np.hstack(values), rowvar=False)[: space.size, space.size :])
    r = np.nan_to_num(r)
    np.testing.assert_allclose(scores["max"], [r.max(axis=1), r.max(axis=0)], atol=1e-5)
    assert r.max() > 0.1


def test_an_order_keeps_sentences_whole_and_every_token_once():
    sentences = np.array([1, 1, 1, 2, 3, 3, 4, 4, 4, 4])
    block = Block(False, [], sentences)
    seen = set()
    for seed in range(50):
        order = block.order(np.random.default_rng(seed)).tolist()
        assert sorted(order) == list(range(10))
        turned = [sentences[place] for place in order]
        # Each sentence stays in one piece, but the one that the turn cuts in two.
        pieces = 1 + sum(a != b for a, b in pairwise(turned))
        assert pieces in (4, 5)
        inside = sum(b == a + 1 for a, b in pairwise(order))
        assert inside >= 5
        seen.add(tuple(order))
    assert len(seen) > 20


def test_models_that_read_other_ids_are_one_line(ports, data_bin):
    text = opened(ports, data_bin)
    changed = Text(
        ports,
        {"a": text.batches["a"], "b": _with_other_ids(text.batches["b"])},
        text.held_out,
        text.left_out,
        1,
    )
    with pytest.raises(
        UserError, match=r"--models: a and b do not read the same tokens of \w\w-\w\w; compare"
    ):
        list(changed.read(ports["a"].space().part(stacks=["encoder"])))


def _with_other_ids(batches):
    """The same lengths; the last batch of each direction has another subword in one place."""
    found = {direction: list(of) for direction, of in batches.items()}
    for every in found.values():
        every[-1].source[-1, -2] = 4 + (every[-1].source[-1, -2] - 3) % 12
    return found


def test_models_that_cut_other_batches_are_one_line(ports, data_bin):
    class Shorter:
        """A port whose model takes no sentence of seven subwords."""

        def __init__(self, port):
            self._port = port

        def __getattr__(self, name):
            return getattr(self._port, name)

        def batches(self, task, max_tokens, **more):
            made = self._port.batches(task, max_tokens, **more)
            made.lines = [made.lines[0][:-1], *made.lines[1:]]
            return made

    with pytest.raises(UserError, match="--models: a and b do not read the same tokens of en-de: one takes"):
        opened({"a": ports["a"], "b": Shorter(ports["b"])}, data_bin)


def test_one_line_has_no_part_to_hold_out(ports, data_bin):
    with pytest.raises(UserError, match="--subset test: has one line; a part of the lines is held out"):
        opened(ports, data_bin, max_lines=1)
