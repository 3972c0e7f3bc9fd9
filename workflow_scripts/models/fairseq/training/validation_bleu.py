"""BLEU on the validation data during training, without post-processing: for curves, not for tables."""

from typing import Any

import workflow_scripts.models.fairseq.compat  # noqa: F401  (before fairseq)

# isort: split
import numpy as np
import torch
from fairseq import utils
from fairseq.sequence_generator import SequenceGenerator
from sacrebleu.metrics import BLEU
from sentencepiece import SentencePieceProcessor

BEAM = 4
# Hypotheses end at 1.2 times the source length + 10 words.
LENGTH_FACTOR, LENGTH_OFFSET = 1.2, 10


def validation_bleu(task: Any, network: Any, number: int) -> float:
    """Return BLEU (0-100) of direction `number` on the valid subset, under the mask that is selected."""
    dictionary = task.target_dictionary
    dataset = task.dataset("valid")
    subwords = SentencePieceProcessor(model_file=task.plan["subwords"])
    lengths = {"max_len_a": LENGTH_FACTOR, "max_len_b": LENGTH_OFFSET}
    generator = SequenceGenerator([network], dictionary, beam_size=BEAM, **lengths)
    indices = dataset.ordered_indices()
    indices = indices[dataset.direction_numbers(indices) == number]
    indices, _ = dataset.filter_indices_by_size(indices, task.max_positions())
    tag = dataset.directions[number].target_tag
    device = next(network.parameters()).device
    hypotheses, references = [], []

    def text(tokens: torch.Tensor) -> str:
        # Neither the language tag nor </s> is text.
        words = [
            dictionary[int(token)]
            for token in tokens
            if int(token) not in (tag, dictionary.eos(), dictionary.pad())
        ]
        return str(subwords.decode_pieces(words))

    network.eval()
    for batch in dataset.batch_by_size(np.asarray(indices), max_tokens=task.settings["max_tokens"]):
        sample = dataset.collater([dataset[int(index)] for index in batch])
        if device.type == "cuda":
            sample = utils.move_to_cuda(sample)
        prefix = torch.full((len(batch), 1), tag, dtype=torch.long, device=device)
        with torch.no_grad():
            outputs = generator.generate([network], sample, prefix_tokens=prefix)
        hypotheses += [text(beams[0]["tokens"]) for beams in outputs]
        references += [text(target) for target in sample["target"]]
    return float(BLEU().corpus_score(hypotheses, [references]).score)
