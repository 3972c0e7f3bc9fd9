"""Mistakes in spaces, selectors, masks made of masks, and what a mask file and a system say of them."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

TESTS = "text tests/unit/units/test_"
_ROWS = (
    ("space", "unit_space", "parts_and_the_ids_of_their_units",
     "np.arange(span.start, span.stop)", "np.arange(span.stop - span.start)"),
    ("space", "unit_space", "what_is_no_part",
     "not all(group in rest for", "not all(group in self.groups for"),
    ("space", "unit_space", "every_kind_of_unit_has_its_groups_in_order",
     '[: 1 + (stack == "decoder")]', "[: 1 + (stack == 'encoder')]"),
    ("selectors", "selectors", "selection",
     "_: np.argsort(-values", "_: np.argsort(values"),
    ("selectors", "selectors", "selection",
     "_: np.argsort(values, ", "_: np.argsort(-values, "),
    ("selectors", "selectors", "selection",
     "np.abs(scores) if self.magnitude", "np.abs(scores) if self.whole_model"),
    ("selectors", "selectors", "selection",
     "slice(0, space.size)} if self.whole_model", "slice(0, space.size)} if False"),
    ("selectors", "selectors", "selection",
     "units * numerator // (100 * denominator)", "-(-units * numerator // (100 * denominator))"),
    ("selectors", "selectors", "random_draws_as_many_in_each_layer",
     "PCG64(seed)", "PCG64(1)"),
    ("selectors", "selectors", "one_text",
     'f":{_shortest(amount.number)}"', 'f":{number}"'),
    ("selectors", "selectors", "a_share_of_less_than_one_unit_is_refused",
     "if mistake := self.keeps_none(space):", "if mistake := None:"),
    ("mask_sets", "mask_sets", "the_manifest_names_the_text_that_a_row_is_made_from",
     "data.get((pairs or {}).get(name, name))", "data.get(name)"),
    ("mask_sets", "mask_sets", "shuffled_rows_keep_sizes_and_overlaps",
     "seed_of(seed, key)", "seed_of(seed, str(span.stop - span.start))"),
    ("mask_sets", "mask_sets", "shuffled_rows_keep_sizes_and_overlaps",
     "keep[:, span][:, generator.", "keep[:, span][::-1, generator."),
    ("mask_sets", "mask_sets", "swapped_rows",
     "pairs.get(direction, direction)", "pairs.get(direction, like.rows[0])"),
    ("mask_sets", "mask_sets", "units_of_groups",
     "units = stacks == bool(side)", "units = stacks != bool(side)"),
    ("mask_sets", "mask_sets", "units_of_groups",
     "[members.any(axis=0) for members", "[members[0] for members"),
    ("mask_sets", "mask_sets", "units_of_groups",
     "[members.all(axis=0)", "[members.any(axis=0)"),
    ("mask_sets", "mask_sets", "units_of_groups",
     "2 * members.sum(axis=0) >", "2 * members.sum(axis=0) >="),
    ("mask_sets", "mask_sets", "units_that_a_direction_alone_keeps",
     "& ~like.keep[~inside]", "& ~like.keep[rows != direction]"),
    ("mask_table", "tables", "masks_of_a_part_keep_what_is_outside",
     "keep = np.ones((len(self.rows)", "keep = np.zeros((len(self.rows)"),
    ("mask_table", "tables", "the_manifest_says_selector_and_gate_only_where_they_are_not_implied",
     "if text != DEFAULT_GATES[kind]", "if text"),
    ("mask_table", "tables", "another_gate_is_another_row",
     'if "gate" in self.manifest:', 'if "gates" in self.manifest:'),
    ("unit_table", "tables", "the_wrong_model_is_refused",
     "if made_from != weights_sha256:", "if made_from is None:"),
    ("system", "system_folder", "masks_that_do_not_fit",
     "table.space, table.manifest, table.origin", "table.space, {}, table.origin"),
    ("system", "system_folder", "the_space_is_of_the_kinds_that_masks_speak_of",
     "(self.masks, self.more_masks)", "(self.masks, None)"),
    ("system", "system_folder", "port_weights_and_adapters_of_single_directions",
     "self.own_weights.get(direction)", "None"),
)  # fmt: skip
_SLOPE = ("fairseq tests/unit/activations/test_score_importance.py::"
          "test_importance_is_the_slope_of_the_loss_by_each_gate",)  # fmt: skip
_IMPORTANCE = "workflow_scripts/activations/score_importance.py"
MUTANTS = (
    *(
        Mutant(f"units.{module}: {old} as {new}", f"workflow_scripts/units/{module}.py", old, new, (test,))
        for module, file, name, old, new in _ROWS
        for test in [f"{TESTS}{file}.py::test_{name}"]
    ),
    Mutant(
        "importance: the signs of sentences cancel",
        _IMPORTANCE,
        "by_sentence.abs().sum(dim=0)",
        "by_sentence.sum(dim=0).abs()",
        _SLOPE,
    ),
    Mutant(
        "importance: by batch, not by target token",
        _IMPORTANCE,
        "return sums / tokens",
        "return sums / len(batches)",
        _SLOPE,
    ),
    Mutant(
        "selection: units drawn as random rows of another file are",
        "workflow_scripts/units/selection.py",
        'name = " ".join([direction, *stacks])',
        "name = direction",
        ("text tests/unit/units/test_select_masks.py::test_random_units_of_each_direction_and_draw",),
    ),
    Mutant(
        "scores: of a masked system's network without its masks",
        "workflow_scripts/units/system.py",
        "else table.keep).all():",
        "else table.keep).any():",
        (
            "fairseq tests/training/test_use_masks.py::"
            "test_only_a_network_without_masks_is_looked_at_as_it_is",
        ),
    ),
    Mutant(
        "verify: importance may be of other weights",
        "workflow_scripts/workflow/plan/lineage.py",
        "if folder == IMPORTANCE:",
        "if False:",
        (
            "workflow tests/unit/workflow/test_lineage.py::"
            "test_importance_is_of_the_weights_and_the_text_that_there_are",
        ),
    ),
)
