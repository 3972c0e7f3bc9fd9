"""The card of an exported system, in Markdown: what it is, what it was made of, how to load it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from workflow_scripts.translate.card_header import header
from workflow_scripts.translate.card_sections import (
    citation_section,
    files_section,
    limits_section,
    masks_line,
    masks_section,
    plain,
    scores_sections,
    text_section,
)
from workflow_scripts.units.description import DEFAULT_PORT
from workflow_scripts.units.sequences import Sequences
from workflow_scripts.units.system import SystemFolder

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
    [[{before}*pieces.encode("…", out_type=str)]],
    target_prefix={prefix},
    beam_size=5,
    max_decoding_length={longest},
    suppress_sequences=[["{padding}"]],
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
    max_decoding_length={longest},
    suppress_sequences=[["{padding}"]],
)
ids = tokenizer.convert_tokens_to_ids(found[0].hypotheses[0]{behind})
print(tokenizer.decode(ids, skip_special_tokens=True))
```
"""
SAFETENSORS, CTRANSLATE2 = "safetensors", "ctranslate2"
HOW = {SAFETENSORS: _SAFETENSORS, CTRANSLATE2: _CTRANSLATE2}
#: Most tokens of a translation, where the model has as many positions.
LONGEST = 200
#: Port → whose names its weights have, and the environment that decodes it.
LOADED_BY = {DEFAULT_PORT: ("fairseq", "text"), "huggingface": ("transformers", "hf")}


@dataclass(frozen=True)
class Told:
    """What a card says beyond the system's folder.

    Args:
        scores: files of ``evaluate.score``.
        data: the data card.
        licence, text_licence: of the model and of its training text.
        added: what the table ``controls`` says of the system.
        base: of a model that came from a hub, ``model``, ``revision`` and ``licence``.
        hashes: the files of the exported folder and their SHA-256.
    """

    scores: Sequence[Mapping[str, Any]] = ()
    data: Mapping[str, Any] | None = None
    licence: str | None = None
    text_licence: str | None = None
    added: Sequence[str] = ()
    base: Mapping[str, str] | None = None
    hashes: Mapping[str, str] = field(default_factory=dict)


def model_card(
    system: SystemFolder,
    form: str,
    directions: Sequence[str],
    told: Told | None = None,
    sequences: Sequences | None = None,
) -> str:
    """Return the card. ``form``: safetensors or ctranslate2; ``sequences``: the first direction's, of the
    second."""
    told = told or Told()
    before = [words for key, words in _OF_TEXT.items() if system.text.get(key)]
    facts = {
        "languages": ", ".join(system.languages),
        "directions": ", ".join(directions),
        "made from": _origin(system),
        "masks": masks_line(system),
        "text before subwords": "; ".join(before) or "as it is",
        "weights": f"SHA-256 {system.weights_sha256}",
        "licence": plain(told.licence) if told.licence else UNKNOWN,
    }
    if told.base is not None:
        model, revision, licence = (plain(told.base[key]) for key in ("model", "revision", "licence"))
        facts["parent model"] = f"{model} at {revision}, licence: {licence}"
    base = told.base["model"] if told.base else None
    top = header(system.system, system.languages, directions, told.scores, told.licence, base)
    lines = [f"# {system.system}, seed {system.seed}", ""]
    lines += [f"- {name}: {value}" for name, value in facts.items()]
    lines += ["", "## Load", "", _how(system, form, directions[0], sequences)]
    lines += masks_section(system, told.added)
    lines += text_section(told.data, told.text_licence)
    lines += scores_sections(told.scores, directions)
    lines += limits_section(system, directions, told.scores)
    lines += files_section(told.hashes or system.sha256)
    lines += citation_section(system)
    return top + "\n".join(lines)


def _how(system: SystemFolder, form: str, direction: str, sequences: Sequences | None) -> str:
    if form == SAFETENSORS:
        library, environment = LOADED_BY[system.port]
        return HOW[form].format(direction=direction, library=library, environment=environment)
    assert sequences is not None, "text is read by these"
    how = HOW[form] if system.port == DEFAULT_PORT else _WITH_TOKENIZER
    return how.format(
        direction=direction,
        before="".join(f"{json.dumps(one, ensure_ascii=False)}, " for one in sequences.before),
        text=system.text.get("prefixes", {}).get(direction, ""),
        prefix=None if sequences.prefix is None else f'[["{sequences.prefix}"]]',
        # Tokenizers do not know every tag as special.
        behind="" if sequences.prefix is None else "[1:]",
        shortest=sequences.shortest,
        longest=min(LONGEST, sequences.positions),
        padding=sequences.padding,
    )


def _origin(system: SystemFolder) -> str:
    training = system.training or {}
    updates = f", {training['updates']:,} updates" if training.get("updates") else ""
    if system.parent is None:
        return f"training{updates}" if training else f"a checkpoint of {LOADED_BY[system.port][0]}"
    return f"{system.parent['system']} (weights {system.parent['weights_sha256'][:12]}){updates}"
