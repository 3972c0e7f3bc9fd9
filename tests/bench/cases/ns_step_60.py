"""Neuron Specialization under masks that leave out 60 % of the FFN units, against plain fairseq, base
size (``step``)."""

from tests.bench.steps import step

BENCHMARK = step("ns_step_60", kept=0.4)
