"""Mistakes in counting, selection, gates and the analysis of masks."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

W = "workflow_scripts"
SELECTORS = "text tests/unit/units/test_selectors.py::"
SETS = "text tests/unit/units/test_mask_sets.py::"
SELECT_MASKS = "text tests/unit/units/test_select_masks.py::"
TABLES = "text tests/unit/units/test_tables.py::"
COUNT = "fairseq tests/unit/activations/test_count_activations.py::"
ENCODER = "fairseq tests/unit/activations/test_count_encoder.py::"
GATES = "fairseq tests/unit/models/test_gates.py::"
SITES = "fairseq tests/unit/models/test_sites.py::"
NETWORK = "fairseq tests/unit/models/test_network.py::"
CONTROL = "fairseq tests/unit/analyse/test_mask_control.py::"
ASKED = "workflow tests/workflow/test_what_is_asked.py::"
KEPT = "text tests/unit/analyse/test_kept_units.py::"
OVERLAP = "text tests/unit/analyse/test_overlap.py::"

SELECTION = (
    Mutant(
        "selection: the unit that crosses the threshold is left out",
        f"{W}/units/selectors.py",
        'prefix = 1 + int(np.searchsorted(sums, needed, side="left"))',
        'prefix = max(1, int(np.searchsorted(sums, needed, side="left")))',
        (f"{SELECTORS}test_mass_on_one_group",),
    ),
    Mutant(
        "selection: a threshold that is just reached is not enough",
        f"{W}/units/selectors.py",
        'np.searchsorted(sums, needed, side="left")',
        'np.searchsorted(sums, needed, side="right")',
        (f"{SELECTORS}test_mass_on_one_group",),
    ),
    Mutant(
        "selection: of equal scores the higher index first",
        f"{W}/units/selectors.py",
        'order = np.argsort(-whole, kind="stable")',
        'order = np.argsort(whole, kind="stable")[::-1]',
        (f"{SELECTORS}test_mass_on_one_group",),
    ),
    Mutant(
        "selection: sums in floating point",
        f"{W}/units/selectors.py",
        "whole = _integers(values)",
        "whole = values.astype(np.float64)",
        (f"{SELECTORS}test_mass_is_exact_where_floats_are_not",),
    ),
    Mutant(
        "selection: whole numbers overflow",
        f"{W}/units/selectors.py",
        "fits = int(values.max()) * values.size < 2**63",
        "fits = True",
        (f"{SELECTORS}test_mass_is_exact_where_floats_are_not",),
    ),
    Mutant(
        "selection: the threshold rounded down",
        f"{W}/units/selectors.py",
        "needed = -(-numerator * int(sums[-1]) // (100 * denominator))",
        "needed = numerator * int(sums[-1]) // (100 * denominator)",
        (f"{SELECTORS}test_mass_on_one_group",),
    ),
    Mutant(
        "selection: one threshold for all layers together",
        f"{W}/units/selectors.py",
        "if self.whole_model else",
        "if True else",
        (f"{SELECTORS}test_mass_in_each_of_two_groups",),
    ),
    Mutant(
        "selection: k of 100 keeps units without a score",
        f"{W}/units/selectors.py",
        "if amount.number > 100:",
        "if amount.number >= 100:",
        (f"{SELECTORS}test_mass_on_one_group",),
    ),
    Mutant(
        "random masks: as many units as kept in all layers, not in each",
        f"{W}/units/mask_sets.py",
        "count = int(keep[span].sum())",
        "count = int(keep.sum()) // len(space.groups)",
        (f"{SETS}test_random_masks_have_equal_size_per_group",),
    ),
    Mutant(
        "random masks: one permutation for all directions",
        f"{W}/units/mask_sets.py",
        'f"{seed}:{name}".encode()',
        'f"{seed}".encode()',
        (f"{SELECT_MASKS}test_each_direction_has_its_own_random_units",),
    ),
    Mutant(
        "random masks: the seed is ignored",
        f"{W}/units/mask_sets.py",
        'f"{seed}:{name}".encode()',
        'f"1:{name}".encode()',
        (f"{SELECT_MASKS}test_random_has_the_sizes_of_its_model_mask",),
    ),
    Mutant(
        "masks: rows in another order than their names",
        f"{W}/units/select_masks.py",
        "return ScoreTable(directions, np.stack(rows),",
        "return ScoreTable(directions, np.stack(rows[::-1]),",
        (f"{SELECT_MASKS}test_mass_keeps_rows_in_the_order_given",),
    ),
    Mutant(
        "selection: units of a stack that a set does not speak of are left out",
        f"{W}/units/selection.py",
        "keep = np.ones(space.size",
        "keep = np.zeros(space.size",
        (f"{SELECT_MASKS}test_units_of_other_stacks_are_kept",),
    ),
    Mutant(
        "selection: directions out of the pivot by the selectors of those into it",
        f"{W}/units/selection.py",
        "OUT if source == self.pivot else INTO",
        "INTO if source == self.pivot else OUT",
        (f"{SELECT_MASKS}test_four_selectors",),
    ),
    Mutant(
        "masks: the bits of a row packed from the other end",
        f"{W}/units/mask_table.py",
        "np.unpackbits(bits, axis=1, count=units)",
        'np.unpackbits(bits, axis=1, count=units, bitorder="little")',
        (f"{TABLES}test_masks_pack_bits_and_round_trip",),
    ),
)

COUNTING = (
    Mutant(
        "counting: units at zero count as active",
        f"{W}/activations/count_activations.py",
        "fires = torch.sign(flat[start : start + self.block].to(torch.float32))",
        "fires = (flat[start : start + self.block] >= 0).to(torch.float32)",
        (f"{COUNT}test_counts_of_crafted_units",),
    ),
    Mutant(
        "counting: padding counts as text",
        f"{W}/activations/count_activations.py",
        "        if self.count_pads:\n            weights",
        "        if True:\n            weights",
        (f"{COUNT}test_without_pads_the_batching_does_not_matter",),
    ),
    Mutant(
        "counting: a block's end is not counted",
        f"{W}/activations/count_activations.py",
        "for start in range(0, len(flat), self.block):",
        "for start in range(0, len(flat) - self.block + 1, self.block):",
        (f"{COUNT}test_counts_of_crafted_units",),
    ),
    Mutant(
        "counting: decoder pieces lose their own sentences' states",
        f"{W}/models/fairseq/forward.py",
        "states = network.encoder.reorder_encoder_out(encoded, sentences.to(device))",
        "states = network.encoder.reorder_encoder_out(encoded, torch.arange(len(sentences)))",
        (f"{COUNT}test_without_pads_the_batching_does_not_matter",),
    ),
    Mutant(
        "counting: long targets are not left out",
        f"{W}/models/fairseq/batches.py",
        "lines = lines[np.maximum(sources, dataset.target_sizes[:max_lines])[lines] <= max_positions]",
        "lines = lines[sources[lines] <= max_positions]",
        (f"{COUNT}test_long_sentences_are_skipped_and_counted",),
    ),
    Mutant(
        "counting: an encoder pass is shared by other sources",
        f"{W}/activations/count_encoder.py",
        "(*map(sha256_of, files[: len(files) // 2]), lines)",
        "(lines,)",
        (f"{ENCODER}test_sources_of_other_content_are_not_shared",),
    ),
)

GATING = (
    Mutant(
        "gates: a masked unit loses its bias",
        f"{W}/models/fairseq/layers.py",
        "return F.linear(input, weight, self.bias)",
        "return F.linear(input, weight, self.bias * gate)",
        (f"{GATES}test_masked_ffn_by_hand",),
    ),
    Mutant(
        "gates: a sentence's masked unit loses its bias",
        f"{W}/models/fairseq/layers.py",
        "return masked + self.bias",
        "return masked + self.bias * gate",
        (f"{GATES}test_gate_per_sentence_by_hand",),
    ),
    Mutant(
        "gates: a gate that was never used is not told",
        f"{W}/models/fairseq/gates.py",
        'gate.name == "gradient", 0',
        'gate.name == "gradient", 1',
        (f"{GATES}test_a_gate_that_did_not_fire_is_named",),
    ),
    Mutant(
        "gates: a mask stays on the network after its block",
        f"{W}/models/fairseq/gates.py",
        "                site.rows.gate = None\n",
        "                pass\n",
        (f"{GATES}test_all_ones_and_cleared_gates_are_the_plain_network",),
    ),
    Mutant(
        "gates: a removed head takes its neighbour's place",
        f"{W}/models/fairseq/gates.py",
        "keep.repeat_interleave(site.width, dim=-1)",
        "keep.repeat(*[1] * (keep.dim() - 1), site.width)",
        (f"{GATES}test_a_removed_head_is_zeroed_columns_of_its_projection",),
    ),
    Mutant(
        "gates: the gradient of rows that are not kept goes on",
        f"{W}/models/fairseq/layers.py",
        "weight = weight + self.weight.detach() * (1 - gate)[:, None]",
        "weight = weight + self.weight * (1 - gate)[:, None]",
        (f"{GATES}test_a_gradient_gate_changes_no_output_and_stops_the_rows_gradient",),
    ),
    Mutant(
        "taps: torch's fused encoder layer goes around them",
        f"{W}/models/fairseq/layers.py",
        "        self.can_use_fastpath = False\n",
        "",
        (f"{NETWORK}test_the_fused_path_is_off_even_where_fairseq_would_take_it",),
    ),
    Mutant(
        "taps: torch's fused attention goes around heads",
        f"{W}/models/fairseq/layers.py",
        "bool(projection._forward_pre_hooks or projection._forward_hooks)",
        "False",
        (f"{SITES}test_every_site_fires",),
    ),
    Mutant(
        "taps: padding passes for words",
        f"{W}/models/fairseq/sites.py",
        "real = inputs[0].ne(PAD).t()",
        "real = inputs[0].ne(-1).t()",
        (f"{SITES}test_real_positions_are_those_of_the_stack",),
    ),
    Mutant(
        "taps: a value's gradient is lost",
        f"{W}/models/fairseq/sites.py",
        "return units.flatten(-2) if units.requires_grad else None",
        "return None",
        (f"{SITES}test_a_value_keeps_its_gradient",),
    ),
)

ANALYSES = (
    Mutant(
        "mask control: passed if any direction's own mask beats random ones",
        f"{W}/analyse/mask_control.py",
        "all(below_random.values()) and",
        "any(below_random.values()) and",
        (f"{CONTROL}test_verdict",),
    ),
    Mutant(
        "mask control: passed if any direction's own mask beats others",
        f"{W}/analyse/mask_control.py",
        "and all(below_others.values())",
        "and (not below_others or any(below_others.values()))",
        (f"{CONTROL}test_verdict",),
    ),
    Mutant(
        "mask control: better than the worst of the others is enough",
        f"{W}/analyse/mask_control.py",
        'entry["own"] < min(others)',
        'entry["own"] < max(others)',
        (f"{CONTROL}test_verdict",),
    ),
    Mutant(
        "mask control: masks of another seed",
        f"{W}/analyse/mask_control.py",
        "RANDOM_MASKS * seed + n",
        "RANDOM_MASKS + n",
        (f"{CONTROL}test_random_masks_are_those_of_the_seed",),
    ),
    Mutant(
        "mask control: the command's seed is not handed on",
        f"{W}/analyse/mask_control.py",
        "mask_control(port, masks, batches_of, languages_of, arguments.seed)",
        "mask_control(port, masks, batches_of, languages_of, 1)",
        (f"{CONTROL}test_command_line",),
    ),
    Mutant(
        "mask control: masks of the first seed's model for all",
        "rules/analysis.smk",
        'masks="<results>/masks/{system}/s{seed}/{maskset}.npz",\n        text=',
        'masks=f"<results>/masks/{{system}}/s{EXPERIMENT.train.seeds[0]}/{{maskset}}.npz",\n        text=',
        (f"{ASKED}test_nothing_of_one_seed_is_used_for_another",),
    ),
    Mutant(
        "fine-tuning: every seed begins with the first one's parent",
        "rules/inputs.smk",
        'BASELINE, wildcards.seed, "system.json"',
        'BASELINE, EXPERIMENT.train.seeds[0], "system.json"',
        (f"{ASKED}test_nothing_of_one_seed_is_used_for_another",),
    ),
    Mutant(
        "overlap: shared units by the larger mask, not by both together",
        f"{W}/analyse/overlap.py",
        "union = sizes[:, None] + sizes[None, :] - shared",
        "union = np.maximum(sizes[:, None], sizes[None, :])",
        (f"{OVERLAP}test_iou",),
    ),
    Mutant(
        "overlap: of random orders the given one does not count",
        f"{W}/analyse/overlap.py",
        "(as_large + 1) / (len(orders) + 1)",
        "as_large / len(orders)",
        (f"{OVERLAP}test_random_orders_count_the_given_one",),
    ),
    Mutant(
        "overlap: equal orders are no longer as large, for rounding",
        f"{W}/analyse/overlap.py",
        "within.sum() - ROUNDING",
        "within.sum() + ROUNDING",
        (f"{OVERLAP}test_one_side_by_hand",),
    ),
    Mutant(
        "units: one language's own units are those that any number of languages keep",
        f"{W}/analyse/kept_units.py",
        "bits & (by_how_many == 1)",
        "bits & (by_how_many >= 1)",
        (f"{KEPT}test_out_of_the_pivot_targets_share_units_and_have_some_alone",),
    ),
    Mutant(
        "units: shared is what more than one language keeps",
        f"{W}/analyse/kept_units.py",
        "by_how_many == len(rows)",
        "by_how_many > 1",
        (f"{KEPT}test_into_the_pivot_sources_do",),
    ),
    Mutant(
        "units: of a language's directions only the units that all of them keep",
        f"{W}/analyse/kept_units.py",
        "np.any([table.row(one)",
        "np.all([table.row(one)",
        (f"{KEPT}test_without_a_pivot_a_language_has_what_any_of_its_directions_keeps",),
    ),
    Mutant(
        "units: the stacks of the overlap table change places",
        f"{W}/report/tables/units_page.py",
        "encoder if column < row else decoder",
        "encoder if column > row else decoder",
        ("evaluate tests/unit/report/test_tabulate_units.py::test_the_page",),
    ),
    Mutant(
        "closing page: also after a part of a run, with tables of before",
        "rules/run.smk",
        "        and not part\n",
        "",
        ("workflow tests/workflow/test_closing.py::test_a_run_of_a_part_does_not",),
    ),
)

MUTANTS = (*SELECTION, *COUNTING, *GATING, *ANALYSES)
