"""Is every line of a file a plain sentence? What programs write around a sentence would be scored with it.

In:  lines of hypotheses or references.
Out: what they look like, with the command that makes sentences of them; nothing where they are plain. Only a
     note follows from it: such lines may be what somebody wants to score.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

LOOKED_AT = 2000  # lines
#: Of the lines that are not empty: a sentence here and there has a tab, or stands in quotes.
MOST, SOME = 0.8, 0.2

#: Of fairseq, T5 and MADLAD, OPUS-MT, NLLB and mBART.
_TAG = r"(?:__[a-z]{2,3}(?:_[A-Za-z]+)?__|<2\w+>|>>\w+<<|[a-z]{3}_[A-Z][a-z]{3}|[a-z]{2}_[A-Z]{2})"
_TOKEN = r"(?:</?s>|<(?:pad|unk|bos|eos)>|<\|endoftext\|>|\[(?:CLS|SEP|PAD)\])"
#: What nearly all lines of such a file are: the form, what it is, what to do.
SHAPES = (
    (r"\{\s*\".*\}\s*,?\s*", "JSON, a record a line", "take the field of the text: jq -r .FIELD FILE > NEW"),
    (r"\s*\".*\"\s*,?\s*", "lines in quotes, as in JSON or CSV", "take them off"),
    (r".*\|\|\|.*\|\|\|.*", "a list of n best", "take the best: its second column alone"),
    (r".*\t.*", "columns with tabs between them", "take that of the text: cut -fN FILE > NEW"),
    (rf"\s*(?:{_TOKEN}.*|{_TAG}\s.*|.*{_TOKEN})\s*", "tokens of a model (</s>, a tag)", "leave them out"),
)
_SHAPES = tuple((re.compile(form, re.DOTALL), what, advice) for form, what, advice in SHAPES)
#: What a tokeniser leaves: a full stop by itself, and Moses' signs for quotes and hyphens.
_TOKENISED = re.compile(r" [.。।]\s*$|&(?:apos|quot|amp|#91|#93|#124);|(?:^| )@-@(?: |$)")


def shape_of(lines: Sequence[str]) -> str:
    """Return what nearly all lines look like, and what to do; "" for plain sentences."""
    text = [line for line in lines[:LOOKED_AT] if line.strip()]
    for form, what, advice in _SHAPES:
        if text and sum(bool(form.fullmatch(line)) for line in text) >= MOST * len(text):
            return f"these look like {what}; {advice}"
    return ""


def is_tokenised(lines: Sequence[str]) -> bool:
    """Return whether text looks tokenised: sacrebleu itself warns of a hundred full stops by themselves."""
    text = lines[:LOOKED_AT]
    return sum(bool(_TOKENISED.search(line)) for line in text) > SOME * len(text)
