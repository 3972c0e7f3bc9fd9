"""Rank hypotheses the way fairseq's generator does.

CTranslate2 leaves the log probability of the forced language token out of a hypothesis's sum, but counts the
token in its length; fairseq counts it in both:

    score = (log p(__tgt__) + sum of log p(word) + log p(</s>)) / (words + 2) ** length_penalty
"""

from collections.abc import Sequence


def fairseq_score(log_probabilities: Sequence[float], length_penalty: float) -> float:
    """Return the score of one hypothesis from its token log probabilities, ``__tgt__`` and ``</s>`` included
    (fairseq 0.12.2, SequenceGenerator.finalize_hypos with ``normalize_scores``)."""
    length: float = len(log_probabilities) ** length_penalty
    return sum(log_probabilities) / length


def best_hypothesis(hypotheses: Sequence[Sequence[float]], length_penalty: float) -> int:
    """Return the index of the hypothesis that fairseq would put first; the earlier one on a tie."""
    scores = [fairseq_score(log_probabilities, length_penalty) for log_probabilities in hypotheses]
    return scores.index(max(scores))
