"""Mistakes in decoding, ranking and the likelihoods of given translations."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

W = "workflow_scripts"
COMPACT = "text tests/unit/translate/test_compact.py::"
ENGINE = "text tests/unit/translate/test_ctranslate2_engine.py::"
SEARCH = "fairseq tests/unit/models/test_generation.py::"
RANK = "text tests/unit/translate/test_rank.py::"
PIPELINE = "text tests/unit/translate/test_pipeline.py::"
LIKELIHOOD = "fairseq tests/unit/likelihood/test_likelihood.py::"
CONTRASTIVE = "fairseq tests/unit/likelihood/test_contrastive.py::"

DECODING = (
    Mutant(
        "compact layers: the constants of masked units are left out",
        f"{W}/translate/compact.py",
        "bias = layer.b2.astype(np.float64) + layer.w2[:, masked].astype(np.float64) @ constant",
        "bias = layer.b2.astype(np.float64)",
        (f"{COMPACT}test_masked_units_become_a_constant_in_the_output_bias",),
    ),
    Mutant(
        "compact layers: a masked unit's constant may be negative",
        f"{W}/translate/compact.py",
        "np.maximum(layer.b1[masked].astype(np.float64), 0.0)",
        "layer.b1[masked].astype(np.float64)",
        (f"{COMPACT}test_masked_units_become_a_constant_in_the_output_bias",),
    ),
    Mutant(
        "compact layers: every layer has the first one's mask",
        f"{W}/translate/spec_builder.py",
        'masks.get(f"{place}.ffn")',
        'masks.get(f"{side}.0.ffn")',
        (f"{ENGINE}test_token_probabilities_equal_the_written_out_network",),
    ),
    Mutant(
        "compact layers: units are masked the wrong way round",
        f"{W}/translate/spec_builder.py",
        "compact_layer(full, mask.keep)",
        "compact_layer(full, ~mask.keep)",
        (f"{ENGINE}test_token_probabilities_equal_the_written_out_network",),
    ),
    Mutant(
        "decoding: positions count from the padding index",
        f"{W}/translate/spec_builder.py",
        "np.arange(PAD + 1, PAD + 1 + count,",
        "np.arange(PAD, PAD + count,",
        (f"{ENGINE}test_positions_start_after_the_padding_index",),
    ),
    Mutant(
        "decoding: embeddings are not scaled",
        f"{W}/translate/spec_builder.py",
        "stack.scale_embeddings = True",
        "stack.scale_embeddings = False",
        (f"{ENGINE}test_token_probabilities_equal_the_written_out_network",),
    ),
    Mutant(
        "decoding: keys and values of the encoder changed over",
        f"{W}/translate/spec_builder.py",
        'reader, [f"{attention}.{part}_proj" for part in "kv"])',
        'reader, [f"{attention}.{part}_proj" for part in "vk"])',
        (f"{ENGINE}test_token_probabilities_equal_the_written_out_network",),
    ),
    Mutant(
        "decoding: a direction decodes without its mask",
        f"{W}/translate/ctranslate2_engine.py",
        "removed = {} if masks is None else group_masks(masks)",
        "removed = {}",
        (f"{ENGINE}test_a_direction_decodes_with_its_own_mask",),
    ),
    Mutant(
        "decoding: a removed head takes another's columns",
        f"{W}/translate/spec_builder.py",
        "np.repeat(factors, weight.shape[1] // len(factors))",
        "np.resize(factors, weight.shape[1])",
        (f"{ENGINE}test_removed_heads_are_zeroed_columns_of_their_projection",),
    ),
    Mutant(
        "decoding: a gate that ctranslate2 lacks is left out",
        f"{W}/translate/ctranslate2_engine.py",
        'if kind == "resid" or gate.name == "mean":',
        'if kind == "resid":',
        (f"{ENGINE}test_masks_of_groups",),
    ),
    Mutant(
        "decoding: no room for </s> at the limit",
        f"{W}/translate/ctranslate2_engine.py",
        "self._limit = self._max_length + 1",
        "self._limit = self._max_length",
        (f"{ENGINE}test_what_is_asked_of_the_search",),
    ),
    Mutant(
        "decoding: the search without the length penalty",
        f"{W}/translate/ctranslate2_engine.py",
        "length_penalty=self._options.length_penalty,",
        "length_penalty=1.0,",
        (f"{ENGINE}test_what_is_asked_of_the_search",),
    ),
    Mutant(
        "decoding: the source begins with the target's tag",
        f"{W}/translate/ctranslate2_engine.py",
        "sources = [[self._source_token, *pieces]",
        "sources = [[self._target_token, *pieces]",
        (f"{ENGINE}test_what_is_asked_of_the_search",),
    ),
    Mutant(
        "fairseq's search: without the length penalty",
        f"{W}/models/fairseq/generation.py",
        "len_penalty=length_penalty,",
        "len_penalty=1.0,",
        (f"{SEARCH}test_what_the_search_is_asked",),
    ),
    Mutant(
        "fairseq's search: no room for </s> at the limit",
        f"{W}/models/fairseq/generation.py",
        "max_len_b=max_length,",
        "max_len_b=max_length - 1,",
        (f"{SEARCH}test_what_the_search_is_asked",),
    ),
    Mutant(
        "fairseq's search: the second best hypothesis",
        f"{W}/models/fairseq/generation.py",
        'hypotheses[0]["tokens"]',
        'hypotheses[1]["tokens"]',
        (f"{SEARCH}test_what_the_search_is_asked",),
    ),
    Mutant(
        "ranking: without the length penalty",
        f"{W}/translate/ctranslate2_engine.py",
        "best_hypothesis(scores, self._options.length_penalty)",
        "best_hypothesis(scores, 0.0)",
        (f"{ENGINE}test_ranking_asks_for_the_beam_and_weighs_length_by_the_penalty",),
    ),
    Mutant(
        "ranking: the language token counts in the sum, not in the length",
        f"{W}/translate/rank.py",
        "= len(log_probabilities) ** length_penalty",
        "= (len(log_probabilities) - 1) ** length_penalty",
        (f"{RANK}test_language_token_and_end_count_in_sum_and_length",),
    ),
    Mutant(
        "decoding: translations in the order of length",
        f"{W}/translate/pipeline.py",
        "for number, hypothesis in zip(order, engine",
        "for number, hypothesis in zip(sorted(order), engine",
        (f"{PIPELINE}test_order_and_empty_lines_are_kept",),
    ),
    Mutant(
        "likelihood of text: no room for the tag and </s>",
        f"{W}/likelihood/likelihood_scorer.py",
        'self.longest = int(system.architecture["max_positions"]) - MARKERS',
        'self.longest = int(system.architecture["max_positions"]) - 1',
        (f"{LIKELIHOOD}test_what_is_too_long",),
    ),
    Mutant(
        "likelihood of text: sentences that are too long count in the mean",
        f"{W}/likelihood/score_likelihood.py",
        "tokens = int(scored.tokens[known].sum())",
        "tokens = int(scored.tokens.sum())",
        (f"{LIKELIHOOD}test_command",),
    ),
    Mutant(
        "contrastive sets: a tie counts as right",
        f"{W}/likelihood/score_contrastive.py",
        "(margins > 0).sum()",
        "(margins >= 0).sum()",
        (f"{CONTRASTIVE}test_counts_by_hand",),
    ),
    Mutant(
        "contrastive sets: better than one wrong reading is enough",
        f"{W}/likelihood/score_contrastive.py",
        "right - max(wrong)",
        "right - min(wrong)",
        (f"{CONTRASTIVE}test_the_right_reading_must_beat_every_wrong_one",),
    ),
)

MUTANTS = DECODING
