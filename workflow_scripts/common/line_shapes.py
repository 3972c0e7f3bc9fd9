"""Lines that are not plain sentences: tables, JSON, pieces of subwords, tags. Standard library only.

Training text of such lines is refused, hypotheses and references get a note.
"""

import json
import re
import shlex
from collections.abc import Sequence
from pathlib import Path

LOOKED_AT = 2000  # lines
FEWEST = 10  # lines of training text; of fewer any may have a tab by accident
#: Shares of the lines that have a mark (more than this), or are of a form (at least this).
MARKED, FORMED = 0.2, 0.8
MARKED_TO_TRAIN, FORMED_TO_TRAIN = 0.5, 1.0
MOST_KEYS = 4

#: A language tag of fairseq, T5 and MADLAD, OPUS-MT, NLLB and mBART; other tokens of a model.
_TAG = r"(?:__[A-Za-z_]+__|<2[\w-]+>|>>[\w-]+<<|[a-z]{3}_[A-Z][a-z]{3}|[a-z]{2}_[A-Z]{2})"
_TOKEN = r"(?:</?s>|<(?:pad|unk|bos|eos)>|<\|endoftext\|>|\[(?:CLS|SEP|PAD)\])"
#: In a line: SentencePiece's blank; subword-nmt's cut; the escape that begins Japanese in ISO-2022-JP; bytes
#: of UTF-8 that were read as Latin-1 or Windows-1252 (ä, é, a typographic apostrophe). Then what to do.
MARKS = (
    ("\u2581", "SentencePiece's pieces", "join them: sed 's/ //g; s/\u2581/ /g' {file} > NEW"),
    ("@@ ", "subwords of subword-nmt", "join them: sed 's/@@ //g' {file} > NEW"),
    (r"\x1b\$", "ISO-2022-JP", "convert it: iconv -f ISO-2022-JP -t UTF-8 {file} > NEW"),
    (
        "[\u00c2\u00c3][\u0080-\u00bf]|\u00e2\u20ac",
        "text made UTF-8 twice, such as {found!r}",
        "undo it once: iconv -f UTF-8 -t {code} {file} > NEW",
    ),
)
#: The whole line: what it is, what to do.
FORMS = (
    (r"\{\s*\".*\}\s*,?\s*", "JSON, a record a line", "take the text: jq -r KEY {file} > NEW{keys}"),
    (
        r'\s*"(?:[^"\\]|\\.|"")*"\s*,?\s*',
        "lines in quotes, as in JSON or CSV",
        "take them off (JSON: jq -r . {file} > NEW)",
    ),
    (r".*\|\|\|.*\|\|\|.*", "a list of n best", "take the best: its second column alone"),
    (
        r".* \|\|\| .*",
        "columns with ||| between them",
        "take the column of text: awk -F' [|]+ ' '{{print $1}}' {file} > NEW",
    ),
    (r".*\t.*", "columns with tabs between them", "take the column of text: cut -f1 {file} > NEW"),
    (rf"{_TAG} .*", "a tag before every line", "take it off: sed 's/^[^ ]* //' {file} > NEW"),
    (rf"\s*(?:{_TOKEN}.*|.*{_TOKEN})\s*", "tokens of a model, such as </s>", "take them off"),
)
#: What a tokeniser leaves: a full stop by itself, and Moses' signs for quotes and hyphens.
_TOKENISED = re.compile(r" [.。।]\s*$|&(?:apos|quot|amp|#91|#93|#124);|(?:^| )@-@(?: |$)")


def shape_of(
    lines: Sequence[str],
    path: str | Path = "FILE",
    packing: str | None = None,
    marked: float = MARKED,
    formed: float = FORMED,
) -> str:
    """Return what most lines look like, and what to do; "" for plain sentences. ``path`` and ``packing``
    (gzip, xz, bzip2) are for the command; ``marked``, ``formed``: see ``MARKED``."""
    text = [line for line in lines[:LOOKED_AT] if line.strip()]
    if not text:
        return ""
    file = f"<({packing} -dc {shlex.quote(str(path))})" if packing else shlex.quote(str(path))
    for form, what, advice in MARKS:
        found = [one[0] for line in text if (one := re.search(form, line))]
        if len(found) > marked * len(text):
            # Windows-1252 has letters where Latin-1 has control characters.
            code = "ISO-8859-1" if re.search("[\x80-\x9f]", "".join(text)) else "CP1252"
            return f"these look like {what}; {advice}".format(file=file, found=found[0], code=code)
    for form, what, advice in FORMS:
        if sum(bool(re.fullmatch(form, line, re.DOTALL)) for line in text) >= formed * len(text):
            keys = _texts(text[0])[:MOST_KEYS]
            named = f" (KEY: {' or '.join(keys)})" if keys else ""
            return f"these look like {what}; {advice}".format(file=file, keys=named)
    return ""


def training_shape(lines: Sequence[str], path: str | Path, packing: str | None = None) -> str:
    """Return what is wrong with the first lines of text to train on; "" for text, and for few lines."""
    first_words = {line.partition(" ")[0] for line in lines}
    # Tags that differ may be meant.
    if len(lines) < FEWEST or (len(first_words) > 1 and all(re.match(_TAG, word) for word in first_words)):
        return ""
    return shape_of(lines, path, packing, MARKED_TO_TRAIN, FORMED_TO_TRAIN)


def is_tokenised(lines: Sequence[str]) -> bool:
    """Return whether text looks tokenised: sacrebleu itself warns of a hundred full stops by themselves."""
    text = lines[:LOOKED_AT]
    return sum(bool(_TOKENISED.search(line)) for line in text) > MARKED * len(text)


def _texts(line: str) -> list[str]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return []
    found = {f".{key}": one for key, one in value.items()} if isinstance(value, dict) else {}
    for key, part in list(found.items()):
        if isinstance(part, dict):
            found |= {f"{key}.{name}": one for name, one in part.items()}
    return [key for key, one in found.items() if isinstance(one, str)]
