"""Checks that results agree with the files that they were made from, by the hashes that they hold.

Scores hold hashes of hypotheses and references; systems of their parent's weights; counts and masks of
weights and text; the data card of all text. Masks are computed again from their counts.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from workflow_scripts.common.directions import pair_of, split_direction
from workflow_scripts.common.errors import UserError
from workflow_scripts.config.base import BASELINE
from workflow_scripts.config.experiment import Experiment
from workflow_scripts.config.file_source import VALID
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.score_table import ACTIVATIONS, FORMS, IMPORTANCES, MAGNITUDE, ScoreTable
from workflow_scripts.units.selection import Selection
from workflow_scripts.workflow.provenance.records import read_record

WEIGHTS, MASKS = "model.safetensors", "masks.npz"
#: Folders of scores of units: of a direction's own text, and of the counts of all directions.
OF_TEXT, OF_COUNTS = (ACTIVATIONS, *IMPORTANCES, MAGNITUDE), FORMS
#: The vocabulary in every system is the experiment's.
VOCABULARY = ("spm.model", "dict.txt")
_HASH = re.compile("[0-9a-f]{64}")
#: The references of each profile, below the results.
REFERENCES = {
    "raw": "data/text/{testset}/{pair}.{target}.txt",
    "paper": "data/references/{testset}.{pair}.{target}.txt",
}
#: Folder → keys of its JSON files that are in their paths too, in that order.
PLACES = {
    **dict.fromkeys(("scores", "comet", "significance"), ("system", "seed", "testset", "profile")),
    **dict.fromkeys(("off_target", "likelihoods"), ("system", "seed", "testset")),
    "contrastive": ("system", "seed", "set"),
    "systems": ("system", "seed"),
}


@dataclass(frozen=True)
class Claim:
    """A file had this hash when another one (``by``) was made from it; names are below the results."""

    file: str
    sha256: str
    by: str


class Lineage:
    """What the files of a results folder say of each other. ``found``: SHA-256 of what is there, by name."""

    def __init__(self, experiment: Experiment, results: Path, found: Mapping[str, str]) -> None:
        self.experiment, self.results, self.found = experiment, results, found

    def broken(self) -> Iterator[tuple[Claim, int]]:
        """Yield each claim that does not hold, of those with the same content the first, and how many."""
        others: dict[tuple[str, str], list[Claim]] = {}
        for claim in self.claims():
            here = self.found.get(claim.file)
            if here is not None and _HASH.fullmatch(claim.sha256) and here != claim.sha256:
                others.setdefault((claim.file, claim.sha256), []).append(claim)
        for claims in others.values():
            yield claims[0], len(claims)

    def claims(self) -> Iterator[Claim]:
        """Yield all claims."""
        of_folder = {
            "scores": self._scored,
            "comet": self._scored,
            "likelihoods": self._asked,
            "contrastive": self._asked,
            "analysis": self._analysed,
            "systems": self._system,
            "data": self._data,
        }
        for name in self.found:
            read = of_folder.get(name.partition("/")[0])
            if read is None or not name.endswith(".json"):
                continue
            try:
                said = list(read(name, read_record(self.results / name)))
            except (IndexError, ValueError, UserError):  # a name or a direction that is not valid
                continue
            yield from (Claim(file, str(digest), name) for file, digest in said)
        yield from self._binary()

    def _scored(self, name: str, content: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        place, _, job = name.partition("/")[2].rpartition("/")
        testset, profile = job.split(".")[:2]
        for direction, entry in _objects(content.get("directions")):
            yield f"translations/{place}/{testset}/{direction}.txt", entry.get("hypotheses_sha256")
            yield from self._text(testset, direction, entry, profile)

    def _text(
        self, testset: str, direction: str, entry: Mapping[str, Any], profile: str = "raw"
    ) -> Iterator[tuple[str, Any]]:
        source, target = split_direction(direction)
        names = {"testset": testset, "pair": pair_of(direction), "target": target}
        if profile in REFERENCES:
            yield REFERENCES[profile].format(**names), entry.get("references_sha256")
        yield f"data/text/{testset}/{names['pair']}.{source}.txt", entry.get("sources_sha256")

    def _asked(self, name: str, content: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        kind, system, seed, job = name.split("/")
        yield f"systems/{system}/{seed}/{WEIGHTS}", content.get("weights_sha256")
        if kind == "likelihoods":
            for direction, entry in _objects(content.get("directions")):
                yield from self._text(job.removesuffix(".json"), direction, entry)

    def _analysed(self, name: str, content: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        _, _, system, seed, _ = name.split("/")
        masks = content.get("masks")
        if isinstance(masks, dict):
            yield f"systems/{system}/{seed}/{WEIGHTS}", masks.get("weights_sha256")

    def _system(self, name: str, content: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        _, system, seed, _ = name.split("/")
        parent, made = content.get("parent"), self.experiment.trainings.get(system)
        made = made or self.experiment.made.get(system)
        if isinstance(parent, dict):
            yield f"systems/{parent.get('system')}/{seed}/{WEIGHTS}", parent.get("weights_sha256")
        # What was taken has the other experiment's masks; what renewed them has its own.
        if made and system not in self.experiment.used and made.system.renew is None:
            yield f"masks/{BASELINE}/{seed}/{made.maskset}.npz", _items_of(content, "sha256").get(MASKS)
        for file in VOCABULARY:
            yield f"data/subwords/{file}", _items_of(content, "sha256").get(file)

    def _data(self, name: str, content: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        folder, _, job = name.rpartition("/")
        if name == "data/card.json":
            yield from self._card(content)
        elif folder.startswith("data/text/"):
            for language, digest in _items(content.get("sha256")):
                yield f"{folder}/{job.removesuffix('.json')}.{language}.txt", digest
        elif folder.startswith("data/bin"):
            stem = job.removesuffix(".json")
            for kind, digest in _items(content.get("sha256")):
                shard, _, suffix = kind.rpartition("/")
                yield f"{folder}/{shard}/{stem}.{suffix}".replace("//", "/"), digest
            subset, rest = stem.split(".", 1)
            of = {
                "text": f"data/text/{subset}/{rest}.txt",
                "subwords": "data/subwords/spm.model",
                "dictionary": "data/subwords/dict.txt",
            }
            for kind, digest in _items(content.get("made_from")):
                if kind in of:
                    yield of[kind], digest

    def _card(self, content: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        for file, digest in _items(_items_of(content, "subwords", "sha256")):
            yield f"data/subwords/{file}", digest
        for subset, pairs in _objects(content.get("subsets")):
            for pair, entry in _objects(pairs):
                for language, side in _objects(entry.get("languages")):
                    text = _items_of(side, "sha256").get("text")
                    yield f"data/text/{subset}/{pair}.{language}.txt", text

    def other_places(self) -> Iterator[tuple[str, str, str, str]]:
        """Yield (file, key, what it says, what its path says) of each file that belongs elsewhere."""
        for name in self.found:
            folder, *place, job = name.removesuffix(".json").split("/")
            if folder not in PLACES or len(place) != 2 or not name.endswith(".json"):
                continue
            keys, said = PLACES[folder], read_record(self.results / name)
            here = (place[0], place[1].removeprefix("s"), *(job.split(".") if "profile" in keys else [job]))
            for key, one in zip(keys, here, strict=False):
                if key in said and str(said[key]) != one:
                    yield name, key, str(said[key]), one

    def _binary(self) -> Iterator[Claim]:
        for name in self.found:
            folder, *rest = name.split("/")
            if folder in IMPORTANCES:  # its next folder names the kinds of units
                rest = rest[1:]
            if folder in (*OF_TEXT, *OF_COUNTS, "masks") and name.endswith(".npz") and len(rest) > 2:
                table = self._table(name)
                if table is not None:
                    said = table.manifest if isinstance(table, MaskTable) else table.metadata
                    yield Claim(
                        f"systems/{rest[0]}/{rest[1]}/{WEIGHTS}", str(said.get("weights_sha256")), name
                    )

    def _table(self, name: str) -> MaskTable | ScoreTable | None:
        path = self.results / name
        try:
            return MaskTable.read(path) if name.startswith("masks/") else ScoreTable.read(path)
        except UserError:  # damaged: workflow.provenance.damage reports it
            return None

    def other_masks(self) -> Iterator[tuple[str, str, str]]:
        """Yield (mask file, row, file of its scores) of each row that does not follow from its scores."""
        sets = self.experiment.masks.named
        for name in self.found:
            kind, *place = name.removesuffix(".npz").split("/")
            table = self._table(name) if kind == "masks" and name.endswith(".npz") else None
            if not isinstance(table, MaskTable) or len(place) < 3:
                continue
            system, seed, maskset = place[:3]
            folder, text = "activations", VALID
            if maskset in sets:
                folder, text = sets[maskset].one.scores, sets[maskset].text
            for row in table.rows:
                scored = f"{folder}/{system}/{seed}/{text}/{row}.npz"
                if scored in self.found and not self._follows(table, row, scored):
                    yield name, row, scored

    def _follows(self, table: MaskTable, row: str, scored: str) -> bool:
        """Tell whether a row is what its scores give; True if that cannot be known."""
        scores, selection = self._table(scored), Selection.of_masks(table)
        if not isinstance(scores, ScoreTable) or row not in scores.rows or scores.space != table.space:
            return True
        if selection is None:
            return True
        try:
            keep = selection.row(row, scores.row(row), scores.space)
        except (UserError, ValueError, KeyError, TypeError):
            return True
        return bool(np.array_equal(keep, table.row(row)))

    def other_text(self) -> Iterator[tuple[str, str]]:
        """Yield (file, direction) of scores of units that were made of other binarised text than there is."""
        for name in self.found:
            table = self._table(name) if name.partition("/")[0] in OF_TEXT else None
            if not isinstance(table, ScoreTable) or not _HASH.fullmatch(
                str(table.metadata.get("data_sha256"))
            ):
                continue
            subset, direction = name.removesuffix(".npz").split("/")[-2:]
            files = self._read_by_models(subset, direction)
            hashes = [bytes.fromhex(self.found[file]) for file in files if file in self.found]
            digest = hashlib.sha256(b"".join(hashes)).hexdigest()
            if len(hashes) == len(files) and digest != table.metadata["data_sha256"]:
                yield name, direction

    def _read_by_models(self, subset: str, direction: str) -> list[str]:
        if self.experiment.texts_alone is not None:
            return [f"data/text/{subset}/{direction}.txt"]
        pair, languages = pair_of(direction), split_direction(direction)
        if not self.experiment.is_binarised:
            return [f"data/text/{subset}/{pair}.{language}.txt" for language in languages]
        folder = "data/bin/shard0" if self.experiment.data.shards > 1 else "data/bin"
        return [
            f"{folder}/{subset}.{pair}.{language}.{suffix}"
            for language in languages
            for suffix in ("bin", "idx")
        ]


def _items(value: Any) -> Iterable[tuple[str, Any]]:
    return value.items() if isinstance(value, dict) else ()


def _objects(value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from ((key, one) for key, one in _items(value) if isinstance(one, dict))


def _items_of(value: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    found: Any = value
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}
