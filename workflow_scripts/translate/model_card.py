"""The card of an exported system, in Markdown: what it is, what it was made of, how to load it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from workflow_scripts.common.directions import split_direction
from workflow_scripts.units.description import DEFAULT_PORT
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.sequences import Sequences
from workflow_scripts.units.system import SystemFolder
from workflow_scripts.units.vocabulary import language_token

UNKNOWN = "unknown: ask the owners of the training text before you pass the model on"
_OF_TEXT = {
    "normalize_punctuation": "punctuation was normalised",
    "moses": "it was split by Moses' tokenizer",
}

_SAFETENSORS = """\
`model.safetensors` has {library}'s names of parameters, `system.json` the rest: architecture, languages, and
what each direction has of its own. In a checkout of neuronspec:

```console
envs/bin/run-in {environment} workflow_scripts.translate.translate \\
    --system THIS_FOLDER --direction {direction}
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
_WITH_TOKENIZER = """\
One folder a direction, its masks compiled into the weights. CTranslate2 and the tokenizer are enough:

```python
import ctranslate2
from transformers import AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained(".")
translator = ctranslate2.Translator("{direction}")
found = translator.translate_batch(
    [[{before}*tokenizer.tokenize("{text}…")]],
    target_prefix={prefix},
    beam_size=5,
    min_decoding_length={shortest},
    max_decoding_length=200,
    suppress_sequences=[["{padding}"]],
)
ids = tokenizer.convert_tokens_to_ids(found[0].hypotheses[0])
print(tokenizer.decode(ids, skip_special_tokens=True))
```
"""
SAFETENSORS, CTRANSLATE2 = "safetensors", "ctranslate2"
HOW = {SAFETENSORS: _SAFETENSORS, CTRANSLATE2: _CTRANSLATE2}
#: Port → whose names its weights have, and the environment that decodes it.
LOADED_BY = {DEFAULT_PORT: ("fairseq", "text"), "huggingface": ("transformers", "hf")}


def model_card(
    system: SystemFolder,
    form: str,
    directions: Sequence[str],
    scores: Sequence[Mapping[str, Any]] = (),
    data: Mapping[str, Any] | None = None,
    licence: str | None = None,
    sequences: Sequences | None = None,
) -> str:
    """Return the card. ``form``: safetensors or ctranslate2; ``scores``: files of ``evaluate.score``;
    ``data``: the data card. ``sequences``: the first direction's, of a system with a tokenizer."""
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
    lines += ["", "## Load", "", _how(system, form, directions[0], sequences)]
    trained = (data or {}).get("subsets", {}).get("train", {})
    lines += ["## Training text", "", "| pair | sentences |", "|---|---:|"] if trained else []
    lines += [f"| {pair} | {entry['sentences']:,} |" for pair, entry in trained.items()]
    lines += ["## Training text", "", "Not known here."] if not trained else []
    return "\n".join([*lines, "", *_scores(scores, directions)])


def _how(system: SystemFolder, form: str, direction: str, sequences: Sequences | None) -> str:
    if form == SAFETENSORS:
        library, environment = LOADED_BY[system.port]
        return HOW[form].format(direction=direction, library=library, environment=environment)
    source, target = map(language_token, split_direction(direction))
    if sequences is None:
        return HOW[form].format(direction=direction, source=source, target=target)
    return _WITH_TOKENIZER.format(
        direction=direction,
        before="".join(f"{json.dumps(one, ensure_ascii=False)}, " for one in sequences.before),
        text=system.text.get("prefixes", {}).get(direction, ""),
        prefix=None if sequences.prefix is None else f'[["{sequences.prefix}"]]',
        shortest=sequences.shortest,
        padding=sequences.padding,
    )


def _origin(system: SystemFolder) -> str:
    training = system.training or {}
    updates = f", {training['updates']:,} updates" if training.get("updates") else ""
    if system.parent is None:
        return f"training{updates}" if training else f"a checkpoint of {LOADED_BY[system.port][0]}"
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
