"""What the plugin in pytest and the runner outside it call the same things."""

import signal

FOLDER = "NEURONSPEC_TEST_SESSION"
LIMIT = "NEURONSPEC_TEST_LIMIT"
PACKAGES = "NEURONSPEC_TEST_PACKAGES"
REPORTS = "reports.jsonl"
UNITS = "units.json"
#: Real-time signals: no program of ours, and no test, knows them.
SHOW_STACKS = signal.SIGRTMIN + 10
STOP = signal.SIGRTMIN + 11
