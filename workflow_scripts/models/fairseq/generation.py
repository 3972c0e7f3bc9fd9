"""fairseq's beam search over a network: the reference that a faster engine must agree with.

Stock ``SequenceGenerator`` with its defaults (normalised scores, ``<unk>`` allowed, ``<pad>`` never); the
target's language token is forced as a one-token prefix.
"""

from collections.abc import Iterator, Sequence

import workflow_scripts.models.fairseq.compat  # noqa: F401  isort:skip  (before fairseq)

import torch
from fairseq.data import data_utils
from fairseq.sequence_generator import SequenceGenerator

from workflow_scripts.models.fairseq.network import Network, fairseq_dictionary
from workflow_scripts.units.vocabulary import EOS, PAD, Vocabulary


def token_batches(lengths: Sequence[int], batch_tokens: int) -> Iterator[list[int]]:
    """Yield sentence numbers in consecutive batches of at most ``batch_tokens`` padded tokens (or one)."""
    batch: list[int] = []
    longest = 0
    for number, length in enumerate(lengths):
        longest = max(longest, length)
        if batch and longest * (len(batch) + 1) > batch_tokens:
            yield batch
            batch, longest = [], length
        batch.append(number)
    if batch:
        yield batch


class BeamSearch:
    """Beam search of one network."""

    def __init__(
        self, network: Network, vocabulary: Vocabulary, beam: int, length_penalty: float, max_length: int
    ) -> None:
        """Prepare the search. ``max_length``: in tokens, the language token counted and ``</s>`` not."""
        self._network = network.eval()
        self._generator = SequenceGenerator(
            [network],
            fairseq_dictionary(vocabulary),
            beam_size=beam,
            max_len_a=0,
            max_len_b=max_length,
            len_penalty=length_penalty,
        )

    def search(self, sources: Sequence[Sequence[int]], prefix: int, batch_tokens: int) -> Iterator[list[int]]:
        """Yield the best hypothesis of each sentence, in order: ids, ``prefix`` first, without ``</s>``.
        ``sources``: ids with the language token first and ``</s>`` last; neighbours of like length pad
        least."""
        device = next(self._network.parameters()).device
        for batch in token_batches([len(source) for source in sources], batch_tokens):
            # fairseq pads sources on the left, as in training.
            tokens = data_utils.collate_tokens(
                [torch.tensor(sources[number]) for number in batch], PAD, EOS, left_pad=True
            ).to(device)
            lengths = torch.tensor([len(sources[number]) for number in batch], device=device)
            sample = {"net_input": {"src_tokens": tokens, "src_lengths": lengths}}
            forced = torch.full((len(batch), 1), prefix, dtype=torch.long, device=device)
            beams = self._generator.generate([self._network], sample, prefix_tokens=forced)
            for hypotheses in beams:
                yield hypotheses[0]["tokens"].tolist()[:-1]
