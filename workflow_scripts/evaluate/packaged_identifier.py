"""The packaged identifier py3langid (langid.py, Lui and Baldwin 2012), as a check of the experiment's own.

It is kept to the experiment's languages: it errs more among all that it knows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache, cached_property
from importlib.metadata import version

from py3langid.langid import MODEL_FILE
from py3langid.langid import LanguageIdentifier as Py3langid

from workflow_scripts.languages import base_code

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
        told = [language for language in languages if language not in self.reasons]
        if len(told) == 1:
            self.reasons[told.pop()] = f"{PACKAGE} knows no other language of the experiment"
        self._languages = {base_code(language): language for language in told}
        if told:
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
