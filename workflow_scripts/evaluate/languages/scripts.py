"""Does BLEU's tokenizer fit the script of the references? Where it does not, the score says next to nothing.

13a, intl and none divide text at blanks only; in text without blanks between words a "word" is a whole
clause. Judged by the references' characters, not by the language's code.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from workflow_scripts.evaluate.health import without_blanks

#: The key of a direction in a score file; absent where the tokenizer fits.
UNFIT = "unfit_tokenizer"

_HAN = "\u2e80-\u2fdf\u3005\u3007\u3021-\u3029\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_KANA = "\u3041-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\uff66-\uff9f"
_KANA_CHARACTER = re.compile(f"[{_KANA}]")
_EAST_ASIAN = re.compile(f"[{_HAN}{_KANA}]+")
_HANGUL = re.compile("[\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff]+")
_LETTER = re.compile(r"[^\W\d_]")
#: Scripts whose words follow each other without blanks.
_SOUTH_EAST_ASIAN = {
    "Thai": "\u0e00-\u0e7f",
    "Lao": "\u0e80-\u0eff",
    "Tibetan": "\u0f00-\u0fff",
    "Burmese": "\u1000-\u109f\ua9e0-\ua9ff\uaa60-\uaa7f",
    "Khmer": "\u1780-\u17ff\u19e0-\u19ff",
    "Tai": "\u1950-\u19df\u1a20-\u1aaf\uaa80-\uaadf",
    "Javanese": "\ua980-\ua9df",
    "Balinese": "\u1b00-\u1b7f",
}
_RUNS = {name: re.compile(f"[{characters}]+") for name, characters in _SOUTH_EAST_ASIAN.items()}
_CONCERNED = re.compile("|".join(p.pattern for p in (_EAST_ASIAN, _HANGUL, *_RUNS.values())))
_ZERO_WIDTH = re.compile("[\u200b-\u200d\u2060\ufeff]")
CHINESE, JAPANESE, KOREAN, OTHER = "Chinese", "Japanese", "Korean", "very long words"
#: Characters that follow each other on average where there are blanks between words; clauses are longer.
LONGEST_EAST_ASIAN_WORD, LONGEST_WORD = 4, 8
#: Of the letters and kana: more in other scripts are names and quotations.
LEAST_SHARE, LEAST_KANA = 0.2, 0.05
#: What divides any text, by characters or by pieces that were learned from many languages.
ALL_TEXT = frozenset({"char", "flores101", "flores200", "spm", "spBLEU-1K"})
DIVIDES = {"zh": {CHINESE}, "ja-mecab": {JAPANESE}, "ko-mecab": {KOREAN}}
#: What to take, of sacrebleu's tokenizers that the environment has.
INSTEAD = {CHINESE: "zh", JAPANESE: "ja-mecab"}


def is_bleu(metric: str) -> bool:
    """Return whether a metric is BLEU, by its name in the config or in files: no other needs a tokenizer."""
    return metric.lower() == "bleu"


@dataclass(frozen=True)
class Unfit:
    """A tokenizer, the script that it does not divide, and one that does."""

    tokenizer: str
    script: str
    instead: str

    @property
    def reason(self) -> str:
        """What is wrong, for a note."""
        if self.script == KOREAN:
            return f"{self.tokenizer} counts Korean words with their particles (sacrebleu's own: ko-mecab)"
        return f"{self.tokenizer} does not divide {self.script}, written without blanks between words"

    @property
    def of_ter(self) -> str:
        """What a user should know of TER, which has no tokenizer for such text (sacrebleu's default)."""
        return (
            f"TER counts edits of words between blanks; of {self.script}, written without, it says next to "
            "nothing: take chrf2"
        )

    @property
    def is_void(self) -> bool:
        """Whether the score says next to nothing: not of Korean, which has blanks."""
        return self.script != KOREAN


def unfit_tokenizer(references: Sequence[str], tokenizer: str) -> Unfit | None:
    """Return what of the references a tokenizer leaves undivided; None where it fits them."""
    if tokenizer in ALL_TEXT:
        return None
    # Khmer has them between words: no tokenizer looks at them.
    text = _ZERO_WIDTH.sub("", "\n".join(references))
    undivided, letters, hangul = _undivided(text) if _CONCERNED.search(text) else ({}, 0, 0)
    left = {script: n for script, n in undivided.items() if script not in DIVIDES.get(tokenizer, ())}
    if sum(left.values()) >= LEAST_SHARE * max(letters, 1):
        script = max(left, key=lambda name: left[name])
        return Unfit(tokenizer, script, INSTEAD.get(script, "char"))
    if hangul >= LEAST_SHARE * max(letters, 1) and KOREAN not in DIVIDES.get(tokenizer, ()):
        return Unfit(tokenizer, KOREAN, "char")
    if tokenizer not in DIVIDES and without_blanks(references):
        return Unfit(tokenizer, OTHER, "char")
    return None


def _undivided(text: str) -> tuple[dict[str, int], int, int]:
    """Return the characters of each script that blanks leave in long runs, all letters, and Hangul."""
    found: dict[str, int] = {}
    letters = 0
    kana = len(_KANA_CHARACTER.findall(text))
    runs = {script: (_lengths(pattern, text), LONGEST_WORD) for script, pattern in _RUNS.items()}
    east_asian = _lengths(_EAST_ASIAN, text)
    of_japan = kana >= LEAST_KANA * max(sum(east_asian), 1)
    runs[JAPANESE if of_japan else CHINESE] = (east_asian, LONGEST_EAST_ASIAN_WORD)
    for script, (lengths, longest) in runs.items():
        letters += sum(lengths)
        if lengths and sum(lengths) > longest * len(lengths):
            found[script] = sum(lengths)
    rest = _EAST_ASIAN.sub("", text)
    for pattern in _RUNS.values():
        rest = pattern.sub("", rest)
    return found, letters + len(_LETTER.findall(rest)), sum(_lengths(_HANGUL, text))


def _lengths(pattern: re.Pattern[str], text: str) -> list[int]:
    return [len(run) for run in pattern.findall(text)]


def note_on_tokenizers(
    unfit: Mapping[str, Unfit], tokenizers: Mapping[str, str], as_option: bool = False
) -> str:
    """Return one note on all target languages, which ends in what to write; "" where every tokenizer fits.

    ``tokenizers``: what is set already. ``as_option``: as ``evaluate_outputs`` takes it; else as the config
    does.
    """
    if not unfit:
        return ""
    said = []
    for name in dict.fromkeys(one.tokenizer for one in unfit.values()):
        void = {target: one for target, one in unfit.items() if one.tokenizer == name and one.is_void}
        if void:
            scripts = ", ".join(f"{target} ({one.script})" for target, one in void.items())
            said.append(
                f"BLEU's tokenizer {name} does not divide {scripts}, written without blanks between words: "
                "these scores say next to nothing."
            )
    said += [f"{target}: {one.reason}." for target, one in unfit.items() if not one.is_void]
    wanted = dict(sorted({**tokenizers, **{target: one.instead for target, one in unfit.items()}}.items()))
    if as_option:
        return f"{' '.join(said)} Give the option: --tokenizers '{json.dumps(wanted)}'"
    # YAML reads a bare "no" as false.
    pairs = ", ".join(f'"{key}": {name}' if key == "no" else f"{key}: {name}" for key, name in wanted.items())
    return f"{' '.join(said)} In the config, under evaluation: tokenizers: {{{pairs}}}"
