"""Malformed configs of models whose units are compared."""

from tests.malformed.config_cases import config

CASES = [
    config("correlation-alone", "the units of one training compared", "analysis: {correlation: {}}\n", "config.yaml, line 5: analysis.correlation.between: seeds: one seed alone; give train.seeds two at least, or compare others"),
    config("correlation-systems", "the units of one system compared with itself", "train: {seeds: [1, 2]}\nanalysis: {correlation: {between: [systems], systems: [baseline, ns-k9]}}\n", "config.yaml, line 6: analysis.correlation.systems: no system 'ns-k9' (did you mean 'ns-k95'?); there are ['baseline', 'continued', 'ns-k95']"),
    config("correlation-text", "units compared on training text, of few draws", "train: {seeds: [1, 2]}\nanalysis: {correlation: {subset: train}}\n", "config.yaml, line 6: analysis.correlation.subset: no 'train' in the source; it has ['valid', 'one']"),
    config("correlation-draws", "chance of three draws, a size of all layers together", "train: {seeds: [1, 2]}\nanalysis: {correlation: {draws: 3, erase: [5%@model]}}\n", "config.yaml, line 6: analysis.correlation.draws: must be greater than or equal to 5, not 3\nconfig.yaml, line 6: analysis.correlation.erase.0: '5%@model': a share of each layer's units, such as 5%, or a number of them"),
]  # fmt: skip
