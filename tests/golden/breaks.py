"""Does `make golden` notice a change of results? Five deliberate ones, each in a copy of the checkout.

``python -m tests.golden.breaks`` (``make golden-breaks``): runs the tiny experiment with each and prints how
many results it changed; the exit status is 1 if one changes none.
"""

import tempfile
from pathlib import Path

from tests.golden.golden import compare, kept, run
from tests.workflow.finished_experiment import copied_checkout
from tests.workflow.rerun_row import replace

#: What it is, the file, the text that stands once in it, and what takes its place.
BREAKS = (
    (
        "training: Adam's second beta, 0.98 → 0.9801",
        "workflow_scripts/models/fairseq/training/fairseq_run.py",
        "{s['adam_betas'][1]})",
        "0.9801)",
    ),
    (
        "counting: padding counts as text",
        "workflow_scripts/activations/count_activations.py",
        "        if self.count_pads:\n            weights",
        "        if True:\n            weights",
    ),
    (
        "selection: one unit a layer more",
        "workflow_scripts/units/selectors.py",
        "prefix = 1 + int(",
        "prefix = 2 + int(",
    ),
    (
        "decoding: a beam less",
        "workflow_scripts/translate/ctranslate2_engine.py",
        "beam_size=self._options.beam,",
        "beam_size=self._options.beam - 1,",
    ),
    (
        "tables: averages of one direction too many",
        "workflow_scripts/report/tables/writing.py",
        "for value in values) / len(values))",
        "for value in values) / (len(values) + 1))",
    ),
)


def main() -> int:
    expected, unnoticed = kept("tiny"), 0
    for what, *change in BREAKS:
        with tempfile.TemporaryDirectory(prefix="golden-") as place:
            checkout = copied_checkout(Path(place, "checkout"))
            replace(*change)(checkout)
            differing, _ = compare(expected, run("tiny", checkout, Path(place, "now")))
        unnoticed += not differing
        first = f", first {differing[0]}" if differing else ""
        print(f"{what}: {len(differing)} results differ{first}", flush=True)
    return 1 if unnoticed else 0


if __name__ == "__main__":
    raise SystemExit(main())
