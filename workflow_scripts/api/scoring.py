"""Scores of text: hypotheses against references, each score beside sacrebleu's signature."""

from collections.abc import Sequence
from typing import Any

from workflow_scripts.api.extras import needs
from workflow_scripts.common.errors import UserError
from workflow_scripts.common.metric_names import metric_ids


def score_text(
    hypotheses: Sequence[str],
    references: Sequence[str],
    metrics: Sequence[str] = ("bleu", "chrf++"),
    tokenizer: str = "13a",
) -> list[dict[str, Any]]:
    """Score hypotheses against references; needs the extra ``evaluate``.

    Args:
        hypotheses: n detokenised sentences.
        references: n detokenised sentences, one reference each.
        metrics: any of ``bleu``, ``chrf++`` (chrF2++) and ``chrf2`` (chrF2), 0-100, and ``ter`` (0 is best,
            in percent); ``chrf`` is the old name of ``chrf++``.
        tokenizer: sacrebleu's, for BLEU; the other metrics need none.

    Returns:
        One ``{"metric", "score", "signature"}`` for each metric, called as it was asked for; the score
        unrounded.

    Raises:
        UserError: the extra is missing, the numbers of sentences differ or are 0, or an unknown metric or
            tokenizer.
    """
    with needs("evaluate", "score_text"):
        from workflow_scripts.evaluate.score import score_text as score
    if isinstance(hypotheses, str) or isinstance(references, str):
        raise UserError("score_text takes lists of sentences, not one text")
    if len(hypotheses) != len(references):
        raise UserError(f"score_text: {len(hypotheses)} hypotheses, but {len(references)} references")
    if not references:
        raise UserError("score_text: there are no sentences")
    found = score(hypotheses, references, metric_ids(metrics), tokenizer)
    return [{**one, "metric": name} for name, one in zip(metrics, found, strict=True)]
