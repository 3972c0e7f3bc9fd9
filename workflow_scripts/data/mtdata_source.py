"""Public corpora by their mtdata dataset ids (``Statmt-news_commentary-16-deu-eng``).

mtdata downloads, caches and parses, and leaves out pairs with an empty side; datasets are joined here, since
its own joining keeps no order.
"""

import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from workflow_scripts.common.directions import split_direction
from workflow_scripts.common.errors import UserError
from workflow_scripts.common.files import atomic_path
from workflow_scripts.common.languages import mtdata_code

Datasets = dict[str, dict[str, list[str]]]


def parse_datasets(value: Mapping[str, Any]) -> Datasets:
    """Return ``{subset: {pair: [id, ...]}}`` checked for shape; UserError names what is wrong."""
    for subset, pairs in value.items():
        if not isinstance(pairs, dict):
            expected = f"expected {{pair: [dataset id, ...]}}, found {pairs!r}"
            raise UserError(f"mtdata datasets of {subset}: {expected}")
        for pair, ids in pairs.items():
            split_direction(pair)
            if not isinstance(ids, list) or not ids or not all(isinstance(one, str) for one in ids):
                expected = f"expected [dataset id, ...], found {ids!r}"
                raise UserError(f"mtdata datasets of {subset}, {pair}: {expected}")
    return {subset: {pair: list(ids) for pair, ids in pairs.items()} for subset, pairs in value.items()}


def fetch_datasets(datasets: Datasets, out: Path) -> None:
    """Fetch every dataset and write the joined sides of each subset and pair into ``out``. Raises UserError
    for an unknown id, a dataset of other languages, and where a download fails."""
    for subset, pairs in datasets.items():
        for pair, ids in pairs.items():
            print(f"mtdata: {subset} {pair}: {', '.join(ids)}", file=sys.stderr, flush=True)
            out.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix="mtdata-", dir=out) as folder:
                parts = [_fetch_part(one, pair, Path(folder) / str(i)) for i, one in enumerate(ids)]
                targets = [out / f"{subset}.{pair}.{language}" for language in split_direction(pair)]
                join_parts(parts, targets)


def join_parts(parts: Sequence[tuple[Path, Path]], targets: Sequence[Path]) -> None:
    """Write the first sides of all parts to the first target and the second sides to the second."""
    with ExitStack() as stack:
        for side, target in enumerate(targets):
            temporary = stack.enter_context(atomic_path(target))
            with temporary.open("wb") as handle:
                for part in parts:
                    with part[side].open("rb") as source:
                        shutil.copyfileobj(source, handle)


def _fetch_part(dataset_id: str, pair: str, folder: Path) -> tuple[Path, Path]:
    from mtdata.data import Dataset
    from mtdata.entry import DatasetId
    from mtdata.index import INDEX
    from mtdata.iso.bcp47 import BCP47Tag, bcp47

    try:
        parsed = DatasetId.parse(dataset_id)
        known = parsed in INDEX
    except Exception as error:  # mtdata raises bare Exception and AssertionError for a malformed id
        raise UserError(f"{dataset_id!r} is no mtdata dataset id: {error}") from None
    if not known:
        raise UserError(f"mtdata knows no dataset {dataset_id!r}; list them with: mtdata list -l {pair}")
    codes = [mtdata_code(language) for language in split_direction(pair)]
    try:
        languages = tuple(bcp47(code) for code in codes)
    except Exception as error:  # a bare ValueError or KeyError, as the code has it
        named = ", ".join(codes)
        raise UserError(f"mtdata knows no language of the pair {pair} ({named}): {error}") from None
    fits, swapped = BCP47Tag.check_compat_swap(languages, parsed.langs)
    if not fits:
        expected, there = "-".join(codes), "-".join(str(tag) for tag in parsed.langs)
        raise UserError(f"mtdata dataset {dataset_id} is not of the pair {pair} ({expected}): it has {there}")
    try:
        how = {"drop_noise": (False, False), "fail_on_error": True}
        dataset = Dataset.prepare(languages, out_dir=folder, dataset_ids={"train": [parsed]}, **how)
    except Exception as error:  # whatever a server, an archive or a parser may do: the user needs its name
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UserError(
            f"mtdata could not fetch {dataset_id}: {reason}; if this machine has no internet, run"
            " 'make fetch CONFIG=…' on one that has"
        ) from None
    first, second, _ = Dataset.get_paths(dataset.train_parts_dir, INDEX[parsed])
    return (second, first) if swapped else (first, second)
