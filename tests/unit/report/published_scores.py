"""The published scores of the paper as ours, for tests: the baseline and one system, one seed."""

import csv
from pathlib import Path

from workflow_scripts.report.read.read_scores import Plan, Score

PUBLISHED = Path(__file__).parents[3] / "config" / "published" / "ec30.csv"
TIERS = {
    "high": ["de", "nl", "fr", "es", "ru", "cs", "hi", "bn", "ar", "he"],
    "med": ["sv", "da", "it", "pt", "pl", "bg", "kn", "mr", "mt", "ha"],
    "low": ["af", "lb", "ro", "oc", "uk", "sr", "sd", "gu", "ti", "am"],
}
SYSTEMS = {"mT-big": "baseline", "mT-big-NS": "ns-k95"}
METRICS = {"BLEU": "bleu", "chrF++": "chrf", "COMET": "comet"}


def published():
    """Scores of sixty directions in the profile paper, and the plan that they fill."""
    with PUBLISHED.open(encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    scores = [
        Score(
            *("e", SYSTEMS[row["system"]], 1, "flores", "paper", row["direction"]),
            *(METRICS[row["metric"]], float(row["score"]), 2009, "sig"),
        )
        for row in rows
    ]
    directions = sorted({score.direction for score in scores})
    metrics = list(METRICS.values())
    plan = Plan("e", list(SYSTEMS.values()), [1], ["flores"], directions, metrics, ["paper"], ["comet"])
    return scores, plan
