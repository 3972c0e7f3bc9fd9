"""fairseq's beam search: what it is asked, and in what form sentences reach it."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")

from workflow_scripts.models.fairseq import generation  # noqa: E402
from workflow_scripts.models.fairseq.generation import BeamSearch, token_batches  # noqa: E402
from workflow_scripts.models.fairseq.network import build_network  # noqa: E402
from workflow_scripts.units.architecture import Architecture  # noqa: E402
from workflow_scripts.units.vocabulary import Vocabulary  # noqa: E402

# Numbers: specials 0-3, pieces 4-7, __de__ 8, __en__ 9.
VOCABULARY = Vocabulary("abcd", ["de", "en"])


def test_batches_hold_so_many_tokens_with_padding() -> None:
    # 2 × 3 is 6; with the 4 it would be 3 × 4; with the 1 it is 2 × 4; 9 is more than a batch, alone.
    assert list(token_batches([3, 3, 4, 1, 9, 2], 8)) == [[0, 1], [2, 3], [4], [5]]
    assert list(token_batches([], 8)) == []


class Answering:
    """In place of fairseq's generator: notes what it is made with and asked, and says a sentence's words."""

    made: dict[str, Any]
    asked: list[tuple[list[list[int]], list[int], list[list[int]]]]

    def __init__(self, models: list[Any], dictionary: Any, **options: Any) -> None:
        Answering.made, Answering.asked = options, []

    def generate(self, models: list[Any], sample: dict[str, Any], prefix_tokens: Any) -> list[Any]:
        words = sample["net_input"]
        tokens = words["src_tokens"].tolist()
        self.asked.append((tokens, words["src_lengths"].tolist(), prefix_tokens.tolist()))
        best = [
            [*prefix, *(t for t in row if 4 <= t < 8), 2]
            for prefix, row in zip(prefix_tokens.tolist(), tokens, strict=True)
        ]
        worse = {"tokens": torch.tensor([0, 2])}
        return [[{"tokens": torch.tensor(one)}, worse] for one in best]


def test_what_the_search_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generation, "SequenceGenerator", Answering)
    network = build_network(Architecture(1, 1, 8, 8, 2), len(VOCABULARY))
    search = BeamSearch(network, VOCABULARY, beam=3, length_penalty=0.5, max_length=6)
    # fairseq lets </s> follow max_len_b tokens.
    assert Answering.made == {"beam_size": 3, "max_len_a": 0, "max_len_b": 6, "len_penalty": 0.5}
    assert not network.training
    found = list(search.search([[8, 4, 5, 6, 2], [8, 7, 2], [8, 5, 4, 2]], 9, batch_tokens=10))
    # Left-padded, the target's tag forced; the best without </s>, in order.
    assert Answering.asked == [
        ([[8, 4, 5, 6, 2], [1, 1, 8, 7, 2]], [5, 3], [[9], [9]]),
        ([[8, 5, 4, 2]], [4], [[9]]),
    ]
    assert found == [[9, 4, 5, 6], [9, 7], [9, 5, 4]]
