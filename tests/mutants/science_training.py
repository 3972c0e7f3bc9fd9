"""Mistakes in likelihoods and training."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

W = "workflow_scripts"
FORWARD = "fairseq tests/unit/models/test_batches_forward.py::"
CRITERION = "fairseq tests/unit/models/test_task_criterion.py::"
RUN = "fairseq tests/unit/models/test_fairseq_run.py::"
NETWORK = "fairseq tests/unit/models/test_task_network.py::"
VALIDATION = "fairseq tests/unit/models/test_task_validation.py::"
SAMPLING = "fairseq tests/unit/models/test_sampling.py::"
SHARDS = "fairseq tests/unit/models/test_shards.py::"

LIKELIHOODS = (
    Mutant(
        "likelihood: half precision is summed in half precision",
        f"{W}/models/fairseq/forward.py",
        "logits = logits.float()",
        "pass",
        (f"{FORWARD}test_half_precision_is_summed_in_single_precision",),
    ),
    Mutant(
        "likelihood: the given language tag counts",
        f"{W}/models/fairseq/forward.py",
        "counted[:, 0] = False",
        "pass",
        (f"{FORWARD}test_likelihood_is_that_of_the_full_distribution",),
    ),
    Mutant(
        "likelihood: padding counts",
        f"{W}/models/fairseq/forward.py",
        "counted = batch.target.ne(PAD)",
        "counted = batch.target.ne(-1)",
        (f"{FORWARD}test_uniform_network_has_log_v_per_token",),
    ),
    Mutant(
        "training loss: half precision is summed in half precision",
        f"{W}/models/fairseq/training/criterion.py",
        "values = logits.float()",
        "values = logits",
        (f"{CRITERION}test_half_precision_is_summed_in_single_precision",),
    ),
    Mutant(
        "training loss: smoothing gives the right word its share twice",
        f"{W}/models/fairseq/training/criterion.py",
        "loss = (1.0 - epsilon - each) * nll_sum",
        "loss = (1.0 - epsilon) * nll_sum",
        (f"{CRITERION}test_equals_fairseq_in_value_and_gradient",),
    ),
    Mutant(
        "training loss: padding has a gradient",
        f"{W}/models/fairseq/training/criterion.py",
        "gradient.mul_((real.to(gradient.dtype) * gradients[0])[:, None])",
        "gradient.mul_(gradients[0])",
        (f"{CRITERION}test_equals_fairseq_in_value_and_gradient",),
    ),
)

TRAINING = (
    *(
        Mutant(
            f"training: {what}",
            f"{W}/models/fairseq/training/fairseq_run.py",
            old,
            new,
            (f"{RUN}test_settings_in_fairseqs_words",),
        )
        for what, old, new in (
            ("the seed is not handed on", '"seed": plan.seed,', '"seed": 1,'),
            ("no label smoothing", '"label-smoothing": s["label_smoothing"]', '"label-smoothing": 0.0'),
            ("Adam's second beta is the first", "{s['adam_betas'][1]})", "{s['adam_betas'][0]})"),
            ("batches are not accumulated", "accumulation(s, processes)", "1"),
            ("gradients are not clipped", '"clip-norm": s["clip_norm"],', '"clip-norm": 0.0,'),
        )
    ),
    Mutant(
        "fine-tuning: begins with other weights than the parent's",
        f"{W}/models/fairseq/training/task.py",
        'load_weights(network, self.plan["initial_weights"])',
        "pass",
        (f"{NETWORK}test_it_begins_with_the_parents_weights",),
    ),
    Mutant(
        "fine-tuning: rows of masks by number, not by name",
        f"{W}/models/fairseq/training/task.py",
        "Gates(network, table)",
        "Gates(network, MaskTable(self.directions, table.keep[: len(self.directions)], table.space, {}))",
        (f"{NETWORK}test_rows_of_masks_go_by_their_names",),
    ),
    Mutant(
        "validation: BLEU of all directions under the last one's mask",
        f"{W}/models/fairseq/training/task.py",
        "                self.gates.select(direction)\n            scores",
        "                pass\n            scores",
        (f"{VALIDATION}test_bleu_is_under_each_directions_own_mask",),
    ),
    Mutant(
        "validation: a direction's losses are nats, not bits",
        f"{W}/models/fairseq/training/task.py",
        "(values[key] / max(tokens, 1) / math.log(2) for key",
        "(values[key] / max(tokens, 1) for key",
        (f"{VALIDATION}test_losses_are_in_bits_a_token",),
    ),
    Mutant(
        "validation: the loss of all directions is nats, not bits",
        f"{W}/models/fairseq/training/task.py",
        "sum(values[key] for values in sums.values()) / max(tokens, 1) / math.log(2)",
        "sum(values[key] for values in sums.values()) / max(tokens, 1)",
        (f"{VALIDATION}test_losses_are_in_bits_a_token",),
    ),
    Mutant(
        "validation: every direction under the first one's mask",
        f"{W}/models/fairseq/training/task.py",
        'self.gates.select(self.directions[sample["direction"]])',
        "self.gates.select(self.directions[0])",
        (f"{VALIDATION}test_a_batch_is_under_its_own_directions_mask",),
    ),
    Mutant(
        "sampling: the temperature is the exponent, not its inverse",
        f"{W}/models/fairseq/drawing.py",
        "** (1.0 / temperature)",
        "** temperature",
        (f"{SAMPLING}test_temperature_of_two_sizes",),
    ),
    Mutant(
        "sampling: a virtual epoch without its bound",
        f"{W}/models/fairseq/drawing.py",
        "size = min(scaled.sum(), MAX_SCALE_UP * sum(sizes))",
        "size = scaled.sum()",
        (f"{SAMPLING}test_published_probabilities_and_virtual_size",),
    ),
    Mutant(
        "sampling: the weights of sources are those of directions alone",
        f"{W}/models/fairseq/sampling.py",
        "return draw_weighted(self.sources, count, rng) if self.sources else draw(len(self), count, rng)",
        "return draw(len(self), count, rng)",
        (f"{SAMPLING}test_a_sentence_counts_as_often_as_its_source_weighs",),
    ),
    Mutant(
        "sampling: a direction's size is its lines, whatever they weigh",
        f"{W}/models/fairseq/sampling.py",
        "sizes = [data.weight for data in self.directions]",
        "sizes = counts",
        (f"{SAMPLING}test_a_sentence_counts_as_often_as_its_source_weighs",),
    ),
    Mutant(
        "sampling: equal weights are in the settings of a training",
        f"{W}/config/file_source.py",
        "return by_pair if len(different) > 1 else {}",
        "return by_pair",
        ("workflow tests/unit/config/test_config.py::test_equal_weights_are_none",),
    ),
    Mutant(
        "sampling: examples that rounding left over are lost",
        f"{W}/models/fairseq/drawing.py",
        "counts[order[: virtual_size - counts.sum()]] += 1",
        "pass",
        (f"{SAMPLING}test_counts_add_up_with_largest_remainders",),
    ),
    Mutant(
        "sampling: a line is drawn again before all others were",
        f"{W}/models/fairseq/drawing.py",
        "parts.append(rng.permutation(size)[:rest].astype(np.int64))",
        "parts.append(rng.integers(size, size=rest).astype(np.int64))",
        (f"{SAMPLING}test_draw_repeats_every_line_equally",),
    ),
    Mutant(
        "sampling: every epoch draws the same",
        f"{W}/models/fairseq/sampling.py",
        "np.random.default_rng([self.seed, self.epoch])",
        "np.random.default_rng([self.seed, 1])",
        (f"{SAMPLING}test_an_epochs_draw_is_its_own_and_repeatable",),
    ),
    Mutant(
        "sampling: the seed is ignored",
        f"{W}/models/fairseq/sampling.py",
        "np.random.default_rng([self.seed, self.epoch])",
        "np.random.default_rng([1, self.epoch])",
        (f"{SAMPLING}test_another_seed_draws_another_epoch",),
    ),
    Mutant(
        "sampling: long targets are not left out",
        f"{W}/models/fairseq/sampling.py",
        " & (self.target_sizes[indices] <= most_target)",
        "",
        (f"{SAMPLING}test_either_side_may_be_too_long",),
    ),
    Mutant(
        "sampling: a batch's width is that of its sources",
        f"{W}/models/fairseq/sampling.py",
        "return np.maximum(self.source_sizes[indices], self.target_sizes[indices]).astype(np.int64)",
        "return self.source_sizes[indices].astype(np.int64)",
        (f"{SAMPLING}test_either_side_may_be_too_long",),
    ),
    Mutant(
        "language tags: the source begins with the target's",
        f"{W}/models/fairseq/sampling.py",
        '"source": torch.cat([torch.tensor([data.source_tag]), data.source[line]])',
        '"source": torch.cat([torch.tensor([data.target_tag]), data.source[line]])',
        (f"{SAMPLING}test_layout_of_a_batch",),
    ),
    Mutant(
        "language tags: those of a direction's two sides changed over",
        f"{W}/models/fairseq/sampling.py",
        "DirectionData(direction, sides[0], sides[1], tags[0], tags[1], files=files)",
        "DirectionData(direction, sides[0], sides[1], tags[1], tags[0], files=files)",
        (f"{FORWARD}test_sequences_by_hand",),
    ),
    Mutant(
        "shards: the second epoch reads the first one's",
        f"{W}/models/fairseq/shards.py",
        "folders[(epoch - 1) % len(folders)]",
        "folders[epoch // 2 % len(folders)]",
        (f"{SHARDS}test_folders_of_a_data_bin",),
    ),
)

MUTANTS = (*LIKELIHOODS, *TRAINING)
