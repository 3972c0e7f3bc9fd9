"""Mistakes in data and decoding."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

W = "workflow_scripts"
CLEANING = "text tests/unit/data/test_cleaning.py::"
PREPARE = "text tests/unit/data/test_prepare_text.py::"
SUBWORDS = "text tests/unit/data/test_train_subwords.py::"
TOY = "text tests/unit/data/test_toy.py::"
LEAKS = "text tests/unit/data/test_overlap_and_card.py::"
BINARISE = "text tests/unit/data/test_binarise.py::"
REBUILD = "text tests/unit/data/test_rebuild_references.py::"
VOCABULARY = "text tests/unit/units/test_vocabulary.py::"
COMPACT = "text tests/unit/translate/test_compact.py::"
ENGINE = "text tests/unit/translate/test_ctranslate2_engine.py::"
RANK = "text tests/unit/translate/test_rank.py::"
PIPELINE = "text tests/unit/translate/test_pipeline.py::"
LIKELIHOOD = "fairseq tests/unit/likelihood/test_likelihood.py::"
CONTRASTIVE = "fairseq tests/unit/likelihood/test_contrastive.py::"

DATA = (
    Mutant(
        "cleaning: max_words looks at the source alone",
        f"{W}/data/cleaning.py",
        "if source > most or target > most:",
        "if source > most:",
        (f"{CLEANING}test_limits_look_at_both_sides",),
    ),
    Mutant(
        "cleaning: max_ratio looks at the source alone",
        f"{W}/data/cleaning.py",
        "elif source > ratio * target or target > ratio * source:",
        "elif source > ratio * target:",
        (f"{CLEANING}test_limits_look_at_both_sides",),
    ),
    Mutant(
        "cleaning: a pair is a duplicate by its source",
        f"{W}/data/cleaning.py",
        'blake2b(f"{source}\\n{target}".encode(), digest_size=8)',
        'blake2b(f"{source}\\n".encode(), digest_size=8)',
        (f"{CLEANING}test_what_stays_and_what_is_counted",),
    ),
    Mutant(
        "text: a range that begins blocks later begins elsewhere",
        f"{W}/data/prepare_text.py",
        "first = max(start - before, 0)",
        "first = max(start - min(before, BLOCK_LINES), 0)",
        (f"{CLEANING}test_a_range_that_begins_in_a_later_block",),
    ),
    Mutant(
        "text: of a pair with an empty side the other side stays",
        f"{W}/data/prepare_text.py",
        "either = blank[0] | blank[1]",
        "either = blank[0]",
        (f"{PREPARE}test_pairs_with_an_empty_side_are_dropped_together",),
    ),
    Mutant(
        "subwords: the seed is not handed on",
        f"{W}/data/train_subwords.py",
        "arguments.sample_sentences, arguments.seed)",
        "arguments.sample_sentences, 1)",
        (f"{SUBWORDS}test_the_command_samples_with_its_seed",),
    ),
    Mutant(
        "subwords: the sample is the first lines",
        f"{W}/data/train_subwords.py",
        "rng = np.random.default_rng(seed)\n    for",
        "yield from range(sample)\n    return\n    for",
        (f"{SUBWORDS}test_a_sample_is_some_lines_in_order_and_depends_on_the_seed",),
    ),
    Mutant(
        "binarised text: no </s> at a sentence's end",
        f"{W}/data/binarise.py",
        "ids[-1] = EOS",
        "ids[-1] = UNKNOWN",
        (f"{BINARISE}test_ids_follow_the_dictionary_and_end_with_eos",),
    ),
    Mutant(
        "binarised text: a sentence that spells </s> ends there",
        f"{W}/data/binarise.py",
        "table[specials] = UNKNOWN",
        "pass",
        (f"{BINARISE}test_no_special_symbol_comes_out_of_text",),
    ),
    Mutant(
        "shards: all lines that are left over go to the last",
        f"{W}/data/binarise.py",
        "[lines // shards + (shard < lines % shards) for shard in range(shards)]",
        "[lines // shards + (shard == shards - 1) * (lines % shards) for shard in range(shards)]",
        (f"{BINARISE}test_shards_cut_the_lines_in_order",),
    ),
    Mutant(
        "references: an unknown token is written as in hypotheses",
        f"{W}/data/rebuild_references.py",
        "pieces.append(ESCAPED_UNKNOWN if",
        'pieces.append("<unk>" if',
        (f"{REBUILD}test_debris_and_unknown_tokens_by_hand",),
    ),
    Mutant(
        "overlap of text: sentences seen through another language are not counted",
        f"{W}/data/overlap.py",
        "if lang == language and p != text.pair]",
        "if lang == language and p == text.pair]",
        (f"{LEAKS}test_counts_and_examples",),
    ),
    Mutant(
        "language tags: before the subwords in the vocabulary",
        f"{W}/units/vocabulary.py",
        "[*SPECIALS, *self.subwords, *(language_token(language) for language in languages)]",
        "[*SPECIALS, *(language_token(language) for language in languages), *self.subwords]",
        (f"{VOCABULARY}test_order_of_ids",),
    ),
)

TOY_CORPUS = (
    Mutant(
        "toy corpus: sentences of the test set are trained on",
        f"{W}/data/toy/corpus.py",
        "if skeleton in held_out or key in seen:",
        "if key in seen:",
        (
            f"{TOY}test_no_test_or_validation_sentence_in_training_on_any_side",
            f"{TOY}test_skeletons_differ_between_training_and_test",
        ),
    ),
    Mutant(
        "toy corpus: validation repeats the test set, and training both",
        f"{W}/data/toy/corpus.py",
        "            held_out.update(self.world.skeleton(meaning) for meaning in meanings)\n",
        "",
        (f"{TOY}test_no_test_or_validation_sentence_in_training_on_any_side",),
    ),
    Mutant(
        "toy corpus: another article makes another sentence",
        f"{W}/data/toy/meaning.py",
        "(fold(value.noun), value.plural, fold(value.adjective))",
        "(fold(value.noun), value.plural, value.definite, fold(value.adjective))",
        (f"{TOY}test_skeleton_folds_articles_and_shared_words",),
    ),
    *(
        Mutant(f"toy corpus: the seed does not reach {what}", f"{W}/data/toy/{file}", old, new, tests)
        for what, file, old, new in (
            (
                "what is said",
                "corpus.py",
                'Draws(self.spec.seed, "meanings", name)',
                'Draws(1, "meanings", name)',
            ),
            ("synonyms", "corpus.py", 'Draws(self.spec.seed, "synonyms"', 'Draws(1, "synonyms"'),
            ("grammars", "corpus.py", 'Draws(seed, "grammar"', 'Draws(1, "grammar"'),
            ("the words' use", "corpus.py", 'Draws(seed, "usage", family', 'Draws(1, "usage", family'),
            ("the world", "corpus.py", "World(spec.seed,", "World(1,"),
        )
        for tests in [(f"{TOY}test_every_stream_of_draws_is_the_seeds",)]
    ),
)

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
        "None if keep is None else keep.get(name))",
        'None if keep is None else keep.get(f"{side}.layers.0"))',
        (f"{ENGINE}test_token_probabilities_equal_the_written_out_network",),
    ),
    Mutant(
        "compact layers: units are masked the wrong way round",
        f"{W}/translate/spec_builder.py",
        "compact_layer(full, keep)",
        "compact_layer(full, ~keep)",
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
        "        if keep is not None:\n            masks = layer_masks",
        "        if keep is None:\n            masks = layer_masks",
        (f"{ENGINE}test_a_direction_decodes_with_its_own_mask",),
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
        "ranking: without the length penalty",
        f"{W}/translate/ctranslate2_engine.py",
        "best_hypothesis(scores, self._options.length_penalty)",
        "best_hypothesis(scores, 0.0)",
        (f"{ENGINE}test_ranking_asks_for_the_beam_and_weighs_length_by_the_penalty",),
    ),
    Mutant(
        "ranking: the language token counts in the sum, not in the length",
        f"{W}/translate/rank.py",
        "/ len(log_probabilities) ** length_penalty",
        "/ (len(log_probabilities) - 1) ** length_penalty",
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
        f"{W}/translate/fairseq_likelihood.py",
        'self.longest = int(system.architecture["max_positions"]) - MARKERS',
        'self.longest = int(system.architecture["max_positions"]) - 1',
        (f"{LIKELIHOOD}test_what_is_too_long",),
    ),
    Mutant(
        "likelihood of text: sentences that are too long count in the mean",
        f"{W}/translate/likelihood.py",
        "tokens = int(scored.tokens[known].sum())",
        "tokens = int(scored.tokens.sum())",
        (f"{LIKELIHOOD}test_command",),
    ),
    Mutant(
        "contrastive sets: a tie counts as right",
        f"{W}/translate/contrastive.py",
        "(margins > 0).sum()",
        "(margins >= 0).sum()",
        (f"{CONTRASTIVE}test_counts_by_hand",),
    ),
    Mutant(
        "contrastive sets: better than one wrong reading is enough",
        f"{W}/translate/contrastive.py",
        "right - max(wrong)",
        "right - min(wrong)",
        (f"{CONTRASTIVE}test_the_right_reading_must_beat_every_wrong_one",),
    ),
)

MUTANTS = (*DATA, *TOY_CORPUS, *DECODING)
