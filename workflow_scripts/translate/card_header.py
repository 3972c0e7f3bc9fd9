"""The header of a model card, which model hubs read: YAML between two lines of dashes."""

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

#: Licences that hubs know by these names; others are ``other``, with a name of their own.
HUB_LICENCES = (
    "afl-3.0", "agpl-3.0", "apache-2.0", "bsd-2-clause", "bsd-3-clause", "cc-by-4.0", "cc-by-nc-4.0",
    "cc-by-nc-nd-4.0", "cc-by-nc-sa-4.0", "cc-by-sa-4.0", "cc0-1.0", "gpl-3.0", "lgpl-3.0", "mit", "mpl-2.0",
)  # fmt: skip
NOT_KNOWN, OTHER = "unknown", "other"


def header(
    name: str,
    languages: Sequence[str],
    directions: Sequence[str],
    scores: Sequence[Mapping[str, Any]],
    licence: str | None,
    base_model: str | None,
) -> str:
    """Return the header of a system. ``scores``: files of ``evaluate.score``, of whose directions those in
    ``directions`` are taken; ``base_model``: a name on the hub."""
    facts: dict[str, Any] = {"language": list(languages), **_licence(licence)}
    if base_model is not None:
        facts["base_model"] = base_model
    facts |= {"pipeline_tag": "translation", "tags": ["translation", "neuronspec"]}
    results: list[dict[str, Any]] = [
        {
            "task": {"type": "translation", "name": f"Translation {direction}"},
            "dataset": {"type": one["testset"], "name": one["testset"]},
            "metrics": [_metric(score) for score in one["directions"][direction]["scores"]],
        }
        for one in scores
        for direction in directions
        if direction in one["directions"]
    ]
    if results:
        facts["metrics"] = sorted({metric["type"] for result in results for metric in result["metrics"]})
        facts["model-index"] = [{"name": name, "results": results}]
    text: str = yaml.safe_dump(facts, allow_unicode=True, sort_keys=False, width=10_000)
    return f"---\n{text}---\n"


def _licence(licence: str | None) -> dict[str, str]:
    if licence is None:
        return {"license": NOT_KNOWN}
    if licence.lower() in HUB_LICENCES:
        return {"license": licence.lower()}
    return {"license": OTHER, "license_name": licence}


def _metric(score: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": score["metric"],
        "value": round(float(score["score"]), 2),
        "name": f"{score['metric']} ({score['signature']})",
    }
