"""Checks, before anything is fetched, that a source has every language and pair of an experiment."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from workflow_scripts.common.errors import nearest
from workflow_scripts.common.languages import (
    MULTI30K,
    NTREX,
    THREE_LETTERS,
    base_code,
    known_to_mtdata,
    unknown_language,
)
from workflow_scripts.config.sources import MtdataSource, Multi30kSource, NtrexSource


def uncovered(source: Any, languages: Sequence[str], pairs_of: Callable[[str], list[str]]) -> Iterable[str]:
    """Yield a line for each language or pair that a public source does not have; ``pairs_of`` a subset."""
    if isinstance(source, Multi30kSource | NtrexSource) and source.folder is None:
        tool, known = ("Multi30k", MULTI30K) if isinstance(source, Multi30kSource) else ("NTREX", NTREX)
        for language in languages:
            if problem := unknown_language(language, tool, known):
                yield f"languages: {problem}"
    if isinstance(source, MtdataSource):
        for language in languages:
            if not known_to_mtdata(language):
                yield f"languages: mtdata has no language {language!r}{_alike(language)}"
        for subset, datasets in source.datasets().items():
            key = f"data.source.{subset}" if subset in ("train", "valid") else f"data.source.tests.{subset}"
            for pair in pairs_of(subset):
                if pair in datasets:
                    continue
                reverse = "-".join(reversed(pair.split("-")))
                hint = f" (write {reverse} as {pair})" if reverse in datasets else ""
                yield f"{key}: no dataset for the pair {pair}{hint}"


def _alike(language: str) -> str:
    base = base_code(language)
    return f" (did you mean {base!r}?)" if base in THREE_LETTERS else nearest(language, THREE_LETTERS)
