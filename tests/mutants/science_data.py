"""Mistakes in text, subwords, binarised data and the toy corpus."""

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
TEXT = "text tests/unit/data/test_text_processing.py::"

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
        f"{W}/data/text_overlap.py",
        "if lang == language and p != text.pair]",
        "if lang == language and p == text.pair]",
        (f"{LEAKS}test_counts_and_examples",),
    ),
    Mutant(
        "byte pieces: a byte that is no character is left out",
        f"{W}/data/text.py",
        'NO_CHARACTER = "\\ufffd"',
        'NO_CHARACTER = ""',
        (f"{TEXT}test_bytes_that_are_no_character",),
    ),
    Mutant(
        "byte pieces: text that looks like one is taken for it",
        f"{W}/data/text.py",
        "return model is None or bool(model.is_byte(model.piece_to_id(piece)))",
        "return True",
        (f"{TEXT}test_text_that_looks_like_a_byte_stays",),
    ),
    Mutant(
        "an import: a SentencePiece model of another training is taken",
        f"{W}/models/fairseq/import_checkpoint.py",
        "vocabulary.check_pieces(pieces, str(dictionary))",
        "pieces",
        ("fairseq tests/malformed/test_models.py::test_refused[checkpoint-subwords-other]",),
    ),
    Mutant(
        "an import: languages are inferred although a file said their order",
        f"{W}/models/fairseq/import_checkpoint.py",
        'if file := settings.get("lang_dict"):',
        'if (file := settings.get("lang_dict")) and not settings.get("lang_pairs"):',
        ("fairseq tests/malformed/test_models.py::test_refused[checkpoint-lang-dict]",),
    ),
    Mutant(
        "language tags: before the subwords in the vocabulary",
        f"{W}/units/vocabulary.py",
        "[*SPECIALS, *self.subwords, *(token for token in tokens if token not in listed)]",
        "[*SPECIALS, *(token for token in tokens if token not in listed), *self.subwords]",
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
        Mutant(
            f"toy corpus: the seed does not reach {what}",
            f"{W}/data/toy/corpus.py",
            seed + rest,
            seed.partition("(")[0] + "(1," + rest,
            (f"{TOY}test_every_stream_of_draws_is_the_seeds",),
        )
        for what, seed, rest in (
            ("what is said", "Draws(self.spec.seed,", ' "meanings", name)'),
            ("synonyms", "Draws(self.spec.seed,", ' "synonyms", name, code)'),
            ("grammars", "Draws(seed,", ' "grammar", family, code)'),
            ("the words' use", "Draws(seed,", ' "usage", family, code)'),
            ("the world", "World(spec.seed,", " spec.concepts)"),
        )
    ),
)

MUTANTS = (*DATA, *TOY_CORPUS)
