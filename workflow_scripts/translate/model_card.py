"""The card of an exported system, in Markdown: what it is, what it was made of, how to load it."""

from collections.abc import Mapping, Sequence
from typing import Any

from workflow_scripts.common.directions import split_direction
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.system import SystemFolder
from workflow_scripts.units.vocabulary import language_token

UNKNOWN = "unknown: ask the owners of the training text before you pass the model on"
_OF_TEXT = {
    "normalize_punctuation": "punctuation was normalised",
    "moses": "it was split by Moses' tokenizer",
}

_SAFETENSORS = """\
`model.safetensors` has fairseq's names of parameters, `system.json` the rest: architecture, languages, and
what each direction has of its own. In a checkout of neuronspec:

```console
envs/bin/run-in text workflow_scripts.translate.translate --system THIS_FOLDER --direction {direction}
```
"""
_CTRANSLATE2 = """\
One folder a direction, its masks compiled into the weights. CTranslate2 and SentencePiece are enough:

```python
import ctranslate2, sentencepiece

pieces = sentencepiece.SentencePieceProcessor(model_file="spm.model")
translator = ctranslate2.Translator("{direction}")
found = translator.translate_batch(
    [["{source}", *pieces.encode("…", out_type=str)]],
    target_prefix=[["{target}"]],
    beam_size=5,
    max_decoding_length=200,
    suppress_sequences=[["<pad>"]],
)
print(pieces.decode(found[0].hypotheses[0][1:]))
```
"""
HOW = {"safetensors": _SAFETENSORS, "ctranslate2": _CTRANSLATE2}


def model_card(
    system: SystemFolder,
    form: str,
    directions: Sequence[str],
    scores: Sequence[Mapping[str, Any]] = (),
    data: Mapping[str, Any] | None = None,
    licence: str | None = None,
) -> str:
    """Return the card. ``form``: safetensors or ctranslate2; ``scores``: files of ``evaluate.score``;
    ``data``: the data card."""
    source, target = map(language_token, split_direction(directions[0]))
    before = [words for key, words in _OF_TEXT.items() if system.text.get(key)]
    facts = {
        "languages": ", ".join(system.languages),
        "directions": ", ".join(directions),
        "made from": _origin(system),
        "masks": _masks(system),
        "text before subwords": "; ".join(before) or "as it is",
        "weights": f"SHA-256 {system.weights_sha256}",
        "licence": licence or UNKNOWN,
    }
    lines = [f"# {system.system}, seed {system.seed}", ""]
    lines += [f"- {name}: {value}" for name, value in facts.items()]
    lines += ["", "## Load", "", HOW[form].format(direction=directions[0], source=source, target=target)]
    trained = (data or {}).get("subsets", {}).get("train", {})
    lines += ["## Training text", "", "| pair | sentences |", "|---|---:|"] if trained else []
    lines += [f"| {pair} | {entry['sentences']:,} |" for pair, entry in trained.items()]
    lines += ["## Training text", "", "Not known here."] if not trained else []
    return "\n".join([*lines, "", *_scores(scores, directions)])


def _origin(system: SystemFolder) -> str:
    training = system.training or {}
    updates = f", {training['updates']:,} updates" if training.get("updates") else ""
    if system.parent is None:
        return f"training{updates}" if training else "a checkpoint of fairseq"
    return f"{system.parent['system']} (weights {system.parent['weights_sha256'][:12]}){updates}"


def _masks(system: SystemFolder) -> str:
    if system.masks is None:
        return "none"
    table = MaskTable.read(system.masks)
    keep = [table.row(row).mean() for row in table.rows]
    how = table.select if isinstance(table.select, str) else str(table.manifest["rule"])
    kinds = ", ".join(table.space.kinds)
    return f"{how}, of {kinds}; a direction keeps {min(keep):.0%} to {max(keep):.0%} of the units"


def _scores(scores: Sequence[Mapping[str, Any]], directions: Sequence[str]) -> list[str]:
    lines = []
    for one in scores:
        rows = {name: one["directions"][name] for name in directions if name in one["directions"]}
        metrics = [score["metric"] for score in next(iter(rows.values()))["scores"]] if rows else []
        lines += [f"## Scores on {one['testset']}", "", f"| direction | {' | '.join(metrics)} |"]
        lines += [f"|---|{'---:|' * len(metrics)}"]
        for name, entry in rows.items():
            numbers = [f"{score['score']:.1f}" for score in entry["scores"]]
            lines.append(f"| {' | '.join([name, *numbers])} |")
        signatures = [f"`{score['signature']}`" for entry in rows.values() for score in entry["scores"]]
        lines += ["", f"Signatures: {', '.join(dict.fromkeys(signatures))}.", ""]
    return lines
