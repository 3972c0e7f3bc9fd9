"""An update without masks, against plain fairseq, base size (``step``)."""

from tests.bench.steps import step

BENCHMARK = step("baseline_step", kept=1.0)
