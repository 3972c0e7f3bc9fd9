"""Text of random subwords with realistic lengths, for benchmarks that need no words."""

from pathlib import Path

import numpy as np

from workflow_scripts.data.mmap_format import write_dataset
from workflow_scripts.units.vocabulary import EOS, Vocabulary

VOCABULARY = Vocabulary([f"p{number}" for number in range(8000)], ["xx", "yy"])
MEAN_LENGTH, LENGTH_SPREAD = 23, 0.45  # subwords without tag and </s>; log-normal, as in news text


def write_data(folder: Path, sentences: int, seed: int = 0) -> None:
    """Write a direction xx-yy of random subwords whose two sides have similar lengths."""
    rng = np.random.default_rng(seed)
    sources = np.clip(rng.lognormal(np.log(MEAN_LENGTH), LENGTH_SPREAD, sentences).round(), 3, 150)
    targets = np.clip((sources.astype(int) * rng.lognormal(0, 0.2, sentences)).round(), 3, 200)
    for language, lengths in (("xx", sources), ("yy", targets)):
        rows = ([*rng.integers(4, 8004, int(length)), EOS] for length in lengths)
        write_dataset(folder / f"valid.xx-yy.{language}", rows, len(VOCABULARY))
