"""What a user of sacrebleu's library would write, on the text of ``noisy_outputs``; the last line is
its CPU seconds.

``run-in evaluate tests.bench.sacrebleu_way scores|tests|resampling TEXT SCALE DIRECTION …``.
``scores``: BLEU and chrF++ of each file. ``tests``: both paired tests of each direction; each scores
both systems first, as sacrebleu does. ``resampling``: the same tests when the statistics of the
sentences are there already, which is all that our `compare` does. SCALE: so many times the directions;
the seconds of the work are multiplied by it, those of start-up are not.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sacrebleu.metrics import BLEU, CHRF
from sacrebleu.significance import PairedTest

from tests.bench.evaluation import RESAMPLES, SYSTEMS


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").split("\n")[:-1]


def metrics() -> dict[str, Any]:
    return {"bleu": BLEU(), "chrf": CHRF(word_order=2)}


def scores(hypotheses: dict[str, list[str]], references: list[str]) -> None:
    for text in hypotheses.values():
        for metric in metrics().values():
            metric.corpus_score(text, [references])


def tests(
    hypotheses: dict[str, list[str]], references: list[str], made: Callable[..., Any] = metrics
) -> None:
    for kind in ("bs", "ar"):
        PairedTest(list(hypotheses.items()), made(), [references], kind, RESAMPLES)()


def with_statistics(hypotheses: dict[str, list[str]], references: list[str]) -> dict[str, Any]:
    """Return metrics that have counted these texts before they are asked."""
    made = metrics()
    for metric in made.values():
        found = {
            id(text): metric._extract_corpus_statistics(text, [references]) for text in hypotheses.values()
        }
        metric._extract_corpus_statistics = lambda text, _, found=found: found[id(text)]
    return made


def main() -> None:
    what, root, scale, *directions = sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]), *sys.argv[4:]
    start, work = time.process_time(), 0.0
    for direction in directions:
        texts = {system: lines(root / system / direction / "hyp.txt") for system in SYSTEMS}
        references = lines(root / direction / "ref.txt")
        known = with_statistics(texts, references) if what == "resampling" else None
        begin = time.process_time()
        if known:
            tests(texts, references, lambda known=known: known)
        else:
            {"scores": scores, "tests": tests}[what](texts, references)
        work += time.process_time() - begin
    print(start + scale * work)


if __name__ == "__main__":
    main()
