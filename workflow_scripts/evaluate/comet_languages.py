"""Which languages COMET's encoders were trained on; tables flag the scores of others.

XLM-R and InfoXLM, and with them Unbabel's models of 2020 to 2023, were trained on CC-100 (Conneau et al.
2020); the list is ``language`` of the model card of Unbabel/wmt22-comet-da.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from workflow_scripts.directions import split_direction
from workflow_scripts.languages import base_code

_XLM_R = """
af am ar as az be bg bn br bs ca cs cy da de el en eo es et eu fa fi fr fy ga gd gl gu ha he hi hr hu hy
id is it ja jv ka kk km kn ko ku ky la lo lt lv mg mk ml mn mr ms my ne nl no om or pa pl ps pt ro ru sa
sd si sk sl so sq sr su sv sw ta te th tl tr ug uk ur uz vi xh yi zh
"""
XLM_R = frozenset(_XLM_R.split())
#: Bokmål is what the list calls Norwegian.
_OTHER_CODES = {"nb": "no"}
#: ``encoder_model`` of hparams.yaml where the list holds.
_ENCODERS = ("XLM-RoBERTa", "XLM-RoBERTa-XL")


def languages_of(encoder: str) -> frozenset[str] | None:
    """Return the languages that an encoder was trained on; None where they are not listed here."""
    return XLM_R if encoder in _ENCODERS else None


def flags_of(direction: str, known: Iterable[str] | None) -> list[str]:
    """Return a line for each language of a direction that is not ``known`` (None: nobody has said)."""
    if known is None:
        return ["languages known to the model: not listed (evaluation.comet: known_languages)"]
    codes = {_plain(code) for code in known}
    sides: Sequence[str] = split_direction(direction)
    return [f"language not known to the model: {side}" for side in sides if _plain(side) not in codes]


def _plain(code: str) -> str:
    base = base_code(code)
    return _OTHER_CODES.get(base, base)
