"""Neuron Specialization under masks that leave out 22 % of the FFN units, against plain fairseq, base
size (``step``)."""

from tests.bench.steps import step

BENCHMARK = step("ns_step_22", kept=0.78)
