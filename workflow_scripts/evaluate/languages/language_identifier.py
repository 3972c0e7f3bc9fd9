"""Language identifiers: naive Bayes over the experiment's own text, and the packaged py3langid as a check.

The experiment's own knows invented languages, and none but the experiment's (Cavnar and Trenkle 1994). Its
settings were measured: docs/explanation/language-identifier.md. py3langid (Lui and Baldwin 2012) is kept to
the same languages, since it errs more among all that it knows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from py3langid.langid import MODEL_FILE
from py3langid.langid import LanguageIdentifier as Py3langid
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.naive_bayes import MultinomialNB

from workflow_scripts.common.archive import not_a, read_archive, write_archive
from workflow_scripts.common.errors import UserError
from workflow_scripts.common.languages import base_code

PACKAGE = "py3langid"


class PackagedIdentifier:
    """``languages``: the experiment's; ``reasons``: why it does not tell some of them."""

    def __init__(self, languages: Sequence[str]) -> None:
        self._py3langid = Py3langid.from_model_file(MODEL_FILE)
        known = set(self._py3langid.labels)
        shared = Counter(base_code(language) for language in languages)
        self.reasons: dict[str, str] = {}
        for language in languages:
            code = base_code(language)
            if code not in known:
                self.reasons[language] = f"{PACKAGE} does not know it"
            elif shared[code] > 1:
                alike = [other for other in languages if base_code(other) == code]
                self.reasons[language] = f"{PACKAGE} takes {' and '.join(alike)} for one language"
        known_here = [language for language in languages if language not in self.reasons]
        if len(known_here) == 1:
            self.reasons[known_here.pop()] = f"{PACKAGE} knows no other language of the experiment"
        self._languages = {base_code(language): language for language in known_here}
        if known_here:
            self._py3langid.set_languages(list(self._languages))
        # Many directions share references.
        self._code = cache(lambda line: self._py3langid.classify(line)[0])

    def identify(self, lines: Sequence[str]) -> list[str]:
        """Return the likeliest of the languages that it tells, for each line."""
        return [self._languages[self._code(line)] for line in lines]

    @cached_property
    def name(self) -> str:
        """The package and its version."""
        return f"{PACKAGE} {version(PACKAGE)}"


FORMAT = "language-identifier-1"
NGRAMS = (1, 4)
FEATURES = 2**17
SMOOTHING = 0.01  # occurrences that an n-gram of another language is taken to have
BATCH = 2000  # lines hashed at a time: some 10 MB
NONE = np.zeros((1, FEATURES))


class LanguageIdentifier:
    """``languages``: codes; ``weights``: log-probability of each n-gram, language × feature, float32."""

    def __init__(self, languages: Sequence[str], weights: NDArray[np.float32]) -> None:
        self.languages = list(languages)
        self.weights = weights
        self._labels: dict[str, str] = {}  # of lines that were asked for: many directions share references
        self._by_feature = np.ascontiguousarray(weights.T)  # or each product would make its own copy

    @classmethod
    def train(cls, texts: Iterable[tuple[str, Sequence[str]]]) -> LanguageIdentifier:
        """Return the identifier of pairs of a language and its lines; one language is looked at at a time."""
        languages, counts = [], []
        for language, lines in texts:
            languages.append(language)
            counts.append(sum((hashed.sum(axis=0, dtype=np.float64) for hashed in _hashed(lines)), NONE))
        # The sum of a language's lines is to naive Bayes what the lines are.
        model = MultinomialNB(alpha=SMOOTHING, fit_prior=False)
        model.fit(np.asarray(np.concatenate(counts)), np.arange(len(languages)))
        return cls(languages, model.feature_log_prob_.astype(np.float32))

    def identify(self, lines: Sequence[str]) -> list[str]:
        """Return the likeliest language of each line; of two alike the first (so of a blank line)."""
        new = [line for line in dict.fromkeys(lines) if line not in self._labels]
        best = [row for hashed in _hashed(new) for row in (hashed @ self._by_feature).argmax(axis=1)]
        self._labels.update(zip(new, (self.languages[row] for row in best), strict=True))
        return [self._labels[line] for line in lines]

    def write(self, path: str | Path) -> None:
        """Write it to ``path``; equal identifiers give equal bytes."""
        write_archive(
            path, {"weights": self.weights}, {"format": FORMAT, "languages": self.languages, **settings()}
        )

    @classmethod
    def read(cls, path: str | Path) -> LanguageIdentifier:
        """Read what ``write`` wrote. Raises UserError: the file is not an identifier, a damaged one, or of
        other settings than these."""
        if not Path(path).is_file():
            raise UserError(f"{path}: no such identifier; evaluate.languages.train_identifier writes it")
        arrays, manifest = read_archive(path, FORMAT)
        languages, weights = manifest.get("languages"), arrays.get("weights")
        if {key: manifest.get(key) for key in settings()} != settings():
            raise UserError(f"{path}: an identifier with other n-grams; delete it and train it again")
        if not isinstance(languages, list) or not languages or not all(isinstance(x, str) for x in languages):
            raise not_a(FORMAT, path, ValueError("it names no languages"))
        if weights is None or weights.shape != (len(languages), FEATURES) or weights.dtype != np.float32:
            raise not_a(FORMAT, path, ValueError(f"no float32 weights of {len(languages)} × {FEATURES}"))
        if not np.isfinite(weights).all():
            raise not_a(FORMAT, path, ValueError("a weight is not a finite number"))
        return cls(languages, weights)


def settings() -> dict[str, Any]:
    """Return what a line's n-grams are, as the file keeps it."""
    return {"analyzer": "char_wb", "ngrams": list(NGRAMS), "features": FEATURES, "smoothing": SMOOTHING}


def has_letter(line: str) -> bool:
    """Tell whether a line is in any language at all: numbers and signs alone are in none."""
    return any(character.isalpha() for character in line)


def _hashed(lines: Sequence[str]) -> Iterator[Any]:
    plain = {"alternate_sign": False, "norm": None, "lowercase": False, "dtype": np.float32}
    vectorizer = HashingVectorizer(analyzer="char_wb", ngram_range=NGRAMS, n_features=FEATURES, **plain)
    for start in range(0, len(lines), BATCH):
        yield vectorizer.transform(lines[start : start + BATCH])
