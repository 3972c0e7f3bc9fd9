"""The library's beam search over a network: the reference that a faster engine must agree with.

Every setting is written out: those that come with a model are other ones in each. A search stops when as
many hypotheses as its beam are finished. Padding is never generated, nor ``</s>`` before there is a word, and
these have no part in the probabilities of the others, as in CTranslate2; by itself the library would leave
their part out of every sum.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import workflow_scripts.models.huggingface.library  # noqa: F401  isort:skip  (before transformers)

import numpy as np
import torch
import transformers
from torch import Tensor, nn

from workflow_scripts.models.batching import cut
from workflow_scripts.models.gates import Gates
from workflow_scripts.models.huggingface.families import longest_of
from workflow_scripts.models.huggingface.tokens import Text


@contextmanager
def _settled(network: nn.Module, config: Any, gates: Iterable[Gates]) -> Iterator[None]:
    """Leave only these settings to a search: of those that came with the model it would take what is None."""

    words = 0 if config.forced_bos_token_id is None else -1

    def restrict(module: nn.Module, inputs: Any, logits: Tensor) -> None:
        nonlocal words
        logits[..., config.pad_token_id] = -torch.inf
        if words < 1:
            logits[..., config.eos_token_id] = -torch.inf
        words += 1

    before, network.generation_config = network.generation_config, config
    hook = network.get_output_embeddings().register_forward_hook(restrict)
    try:
        with ExitStack() as stack:
            for one in gates:
                stack.enter_context(one.repeated(config.num_beams))
            yield
    finally:
        hook.remove()
        network.generation_config = before


class BeamSearch:
    """Beam search of one network, in eval mode."""

    def __init__(
        self, network: nn.Module, text: Text, beam: int, length_penalty: float, max_length: int
    ) -> None:
        """Prepare the search. ``max_length``: in tokens, the language token counted and ``</s>`` not; fewer
        where the network has not so many positions."""
        self._network, self._text = network, text
        self._longest = min(max_length, longest_of(network.config) - 1)
        self._settings = {
            "num_beams": beam,
            "do_sample": False,
            "early_stopping": True,
            "length_penalty": length_penalty,
            "max_new_tokens": self._longest + 1,
            "forced_eos_token_id": None,
            "bos_token_id": None,
            "eos_token_id": text.end,
            "pad_token_id": text.padding,
            "decoder_start_token_id": text.start,
        }

    def search(
        self,
        sources: Sequence[Sequence[int]],
        prefix: int | None,
        batch_tokens: int,
        gates: Iterable[Gates] = (),
    ) -> Iterator[list[int]]:
        """Yield the best hypothesis of each sentence, in order: ids, ``prefix`` first, without ``</s>``.
        ``sources``: ids with all that is added; neighbours of like length pad least. ``gates``: those that
        may lie on the network."""
        config = transformers.GenerationConfig(**self._settings, forced_bos_token_id=prefix)
        device = next(self._network.parameters()).device
        for batch in cut(np.array([len(one) for one in sources]), batch_tokens):
            lines = [torch.tensor(one) for one in sources[batch]]
            ids = nn.utils.rnn.pad_sequence(lines, batch_first=True, padding_value=self._text.padding)
            sizes = torch.tensor([len(one) for one in lines])
            mask = torch.arange(ids.shape[1]) < sizes[:, None]
            with torch.inference_mode(), _settled(self._network, config, gates):
                found = self._network.generate(
                    input_ids=ids.to(device), attention_mask=mask.long().to(device), generation_config=config
                )
            for hypothesis in found[:, 1:].tolist():  # behind what the decoder reads first
                yield self._whole(hypothesis)

    def _whole(self, hypothesis: list[int]) -> list[int]:
        """Return a hypothesis without ``</s>`` and the padding behind it."""
        ends = {self._text.end, self._text.padding}
        length = next((place for place, one in enumerate(hypothesis) if one in ends), len(hypothesis))
        return hypothesis[: min(length, self._longest)]
