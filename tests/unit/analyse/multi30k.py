"""What the shared Multi30k model counts, and how likely it finds references: figures that are kept.

`python -m tests.unit.analyse.multi30k` makes `multi30k.npz` and `multi30k.json` again, by the package's own
code and with one thread: three minutes, in the environment fairseq, with the shared material. The counts of
all 1,014 validation sentences take too long for every run of the tests; those of the first few are kept too,
and the tests count them again.

`multi30k.npz`: `counts_{sentences}` and `padded_{sentences}` [direction, unit]; the latter with padding
counted, in batches of 30,000 positions, as the paper's code has them. `multi30k.json`: what it was made with,
and by number of test sentences what `mask_control` says under the masks of all validation sentences, k = 70.
"""

from __future__ import annotations

import gzip
import json
import tempfile
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tests.shared_material import shared_folder
from workflow_scripts.activations.count_activations import PUBLISHED_MAX_TOKENS, count_direction
from workflow_scripts.analyse.mask_control import mask_control
from workflow_scripts.common.directions import direction_languages
from workflow_scripts.common.files import sha256_of
from workflow_scripts.models.fairseq.batches import direction_dataset, make_batches
from workflow_scripts.models.fairseq.import_checkpoint import import_fairseq_checkpoint
from workflow_scripts.models.port import Port, load
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.score_table import ScoreTable
from workflow_scripts.units.select_masks import mass_masks
from workflow_scripts.units.space import ffn_space
from workflow_scripts.units.vocabulary import EOS, Vocabulary

ARRAYS, FACTS = (Path(__file__).with_name(f"multi30k.{kind}") for kind in ("npz", "json"))
OUT_OF, INTO = ["en-de", "en-fr", "en-cs"], ["de-en", "fr-en", "cs-en"]
DIRECTIONS = OUT_OF + INTO
PAIRS = ["de-en", "en-fr", "cs-en"]
STEMS = {"valid": "val", "test": "test_2016_flickr"}
#: All of the validation sentences, and the test sentences of the paper-sized control.
COUNTED, MEASURED = 1014, 300
#: What every run of the tests does again.
FEW_COUNTED, FEW_MEASURED = 60, 20
#: A constant of the masks, whatever they are made from.
SPACE = ffn_space(3, 3, 1024)


def files(shared: Path) -> list[Path]:
    """What the figures depend on."""
    model, text = shared / "models/multi30k", shared / "data/multi30k"
    languages = sorted({language for pair in PAIRS for language in pair.split("-")})
    return [model / name for name in ("checkpoint.pt", "spm.model", "dict.txt")] + [
        text / f"{stem}.{language}.gz" for stem in STEMS.values() for language in languages
    ]


def table(counts: np.ndarray, weights_sha256: str) -> ScoreTable:
    """Return counts [direction, unit] as masks are selected from them."""
    return ScoreTable(DIRECTIONS, counts.astype(np.int64), SPACE, {"weights_sha256": weights_sha256})


class Multi30k:
    """The shared model as a system in a folder of its own, and some of its text, binarised."""

    def __init__(self, shared: Path, folder: Path) -> None:
        self.shared, self.folder = shared, folder
        checkpoint, subwords, dictionary = files(shared)[:3]
        (folder / "system").mkdir()
        self.system = import_fairseq_checkpoint(
            checkpoint, subwords, dictionary, folder / "system",
            system="baseline", seed=1, directions=DIRECTIONS,
        )  # fmt: skip
        self.vocabulary = Vocabulary.read(self.system.dictionary, self.system.languages)

    @cached_property
    def port(self) -> Port:
        """The model, loaded."""
        return load(self.system)

    def binarised(self, subset: str, sentences: int) -> Path:
        """Return the folder with the first sentences of a subset, in all languages."""
        import sentencepiece
        from fairseq.data.indexed_dataset import MMapIndexedDatasetBuilder

        folder = self.folder / f"{subset}{sentences}"
        if folder.exists():
            return folder
        folder.mkdir()
        subwords = sentencepiece.SentencePieceProcessor(model_file=str(self.system.subwords))
        for pair in PAIRS:
            for language in pair.split("-"):
                prefix = folder / f"{subset}.{pair}.{language}"
                builder = MMapIndexedDatasetBuilder(f"{prefix}.bin", dtype=np.uint16)
                text = self.shared / f"data/multi30k/{STEMS[subset]}.{language}.gz"
                with gzip.open(text, "rt", encoding="utf-8") as handle:
                    for line in list(handle)[:sentences]:
                        pieces = subwords.encode(line.strip(), out_type=str)
                        builder.add_item(torch.tensor([*self.vocabulary.encode(pieces), EOS]))
                builder.finalize(f"{prefix}.idx")
        return folder

    def counts(
        self, sentences: int, directions: Sequence[str] = tuple(DIRECTIONS), **options: Any
    ) -> np.ndarray:
        """Return [direction, unit]: how often each unit fires on the first validation sentences."""
        folder, rows = self.binarised("valid", sentences), []
        for direction in directions:
            dataset = direction_dataset(folder, "valid", direction, self.vocabulary)
            counts, tally = count_direction(self.port, dataset, **options)
            assert (tally.sentences, tally.skipped_sentences) == (sentences, 0)
            rows.append(counts.flatten().numpy())
        return np.stack(rows)

    def padded_counts(self, sentences: int) -> np.ndarray:
        """Return `counts` with padding counted."""
        return self.counts(sentences, count_pads=True, max_tokens=PUBLISHED_MAX_TOKENS)

    def likelihoods(self, masks: MaskTable, sentences: int) -> dict[str, Any]:
        """Return what the control measures on the first test sentences."""
        folder = self.binarised("test", sentences)
        batches = {
            name: make_batches(direction_dataset(folder, "test", name, self.vocabulary), 4096)
            for name in DIRECTIONS
        }
        languages = {name: direction_languages(name, self.vocabulary.languages) for name in DIRECTIONS}
        return mask_control(self.port, masks, batches, languages, seed=1)


class Kept:
    """The kept figures."""

    def __init__(self) -> None:
        with np.load(ARRAYS, allow_pickle=False) as arrays:
            self.arrays: dict[str, np.ndarray] = {name: arrays[name] for name in arrays.files}
        self.facts: dict[str, Any] = json.loads(FACTS.read_text(encoding="utf-8"))

    def scores(self, name: str) -> ScoreTable:
        """Return a table of counts."""
        return table(self.arrays[name], self.facts["weights_sha256"])

    def masks(self, k: str, name: str = f"counts_{COUNTED}") -> MaskTable:
        """Return the masks that the package selects from kept counts."""
        return mass_masks(self.scores(name), k)

    def likelihoods(self, sentences: int) -> dict[str, Any]:
        """Return what the control measured."""
        found: dict[str, Any] = self.facts["likelihoods"][str(sentences)]
        return found


def make(shared: Path, folder: Path, sizes: Sequence[tuple[int, int]]) -> None:
    """Make the kept figures anew, for pairs of validation and test sentences."""
    torch.set_num_threads(1)
    model = Multi30k(shared, folder)
    arrays, likelihoods = {}, {}
    for counted, _ in sizes:
        arrays[f"counts_{counted}"] = model.counts(counted)
        arrays[f"padded_{counted}"] = model.padded_counts(counted)
    masks = mass_masks(table(arrays[f"counts_{sizes[0][0]}"], model.system.weights_sha256), "70")
    for _, measured in sizes:
        likelihoods[str(measured)] = model.likelihoods(masks, measured)
    np.savez_compressed(ARRAYS, **{name: counts.astype(np.uint16) for name, counts in arrays.items()})
    facts = {
        "made_by": "python -m tests.unit.analyse.multi30k",
        "torch": torch.__version__,
        "numpy": np.__version__,
        "files": {str(path.relative_to(shared)): sha256_of(path) for path in files(shared)},
        "weights_sha256": model.system.weights_sha256,
        "likelihoods": likelihoods,
    }
    FACTS.write_text(json.dumps(facts, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        make(shared_folder(), Path(place), [(COUNTED, MEASURED), (FEW_COUNTED, FEW_MEASURED)])
