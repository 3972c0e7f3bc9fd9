"""Mistakes in what is said of scripts, of losses in text processing, and of systems that learned nothing."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

W = "workflow_scripts"
SCRIPTS = "evaluate tests/unit/evaluate/test_scripts.py::"
FLOOR = "evaluate tests/unit/report/test_floor.py::"
CEILINGS = "evaluate tests/unit/report/test_ceilings.py::"
SCORED = "evaluate tests/unit/evaluate/test_score_ceiling.py::"
ROUND_TRIP = "text tests/unit/data/test_round_trip.py::"
ENTITIES = "text tests/unit/data/test_entities.py::"
SUBWORDS = "text tests/unit/data/test_train_subwords.py::"
CARD = "text tests/unit/data/test_overlap_and_card.py::"

MUTANTS = (
    Mutant(
        "tokenizers: text that is cut into words does not fit",
        f"{W}/evaluate/languages/scripts.py",
        "if lengths and sum(lengths) > longest * len(lengths):",
        "if lengths:",
        (f"{SCRIPTS}test_text_with_blanks_is_in_order",),
    ),
    Mutant(
        "tokenizers: that of one language divides all",
        f"{W}/evaluate/languages/scripts.py",
        'DIVIDES = {"zh": {CHINESE}, "ja-mecab": {JAPANESE}, "ko-mecab": {KOREAN}}',
        'DIVIDES = {"zh": {CHINESE, JAPANESE}, "ja-mecab": {JAPANESE}, "ko-mecab": {KOREAN}}',
        (f"{SCRIPTS}test_a_tokenizer_of_one_language_divides_that_one_alone",),
    ),
    Mutant(
        "floor: systems that have learned nothing are ranked",
        f"{W}/report/tables/cautions.py",
        "if any((testset, profile, part) in self.reasons for part in parts):",
        "if False and any((testset, profile, part) in self.reasons for part in parts):",
        (f"{FLOOR}test_the_tables_of_a_hardly_trained_baseline",),
    ),
    Mutant(
        "floor: a score that the tokenizer makes void is the system's",
        f"{W}/report/tables/cautions.py",
        "is_bleu(one.metric) and one.direction not in void]",
        "is_bleu(one.metric)]",
        (f"{FLOOR}test_a_score_that_the_tokenizer_makes_void_says_nothing_of_the_system",),
    ),
    Mutant(
        "floor: what is won below it stays won",
        f"{W}/report/tables/cautions.py",
        "one if ranks(one) else replace(one, outcome=TIE)",
        "one",
        (f"{FLOOR}test_below_the_floor_nothing_is_won",),
    ),
    Mutant(
        "ceiling: of rebuilt references too",
        f"{W}/report/read/ceilings.py",
        'self.directions.get(place) if row["profile"] == RAW else None',
        "self.directions.get(place)",
        (f"{CEILINGS}test_rebuilt_references_have_none",),
    ),
    Mutant(
        "ceiling: what comes back is what is scored against",
        f"{W}/evaluate/score_ceiling.py",
        '"scores": score_text(back, lines, METRICS, tokenizer),',
        '"scores": score_text(lines, back, METRICS, tokenizer),',
        (f"{SCORED}test_the_scores_are_sacrebleus",),
    ),
    Mutant(
        "round trip: without the dictionary",
        f"{W}/data/round_trip.py",
        "symbols = [vocabulary.symbols[number] for number in table[pieces]]",
        "symbols = [processor.subwords.id_to_piece(number) for number in pieces]",
        (f"{ROUND_TRIP}test_a_piece_that_the_dictionary_lacks_is_unknown",),
    ),
    Mutant(
        "round trip: a line that changes between words counts as words cut",
        f"{W}/data/round_trip.py",
        "if word not in back:",
        "if word not in back or True:",
        (f"{ROUND_TRIP}test_what_moses_alone_does",),
    ),
    Mutant(
        "entities: what has no semicolon is one",
        f"{W}/data/readers.py",
        "|([A-Za-z][A-Za-z0-9]{1,31}));",
        "|([A-Za-z][A-Za-z0-9]{1,31}));?",
        (f"{ENTITIES}test_what_is_no_entity_stays",),
    ),
    Mutant(
        "entities: undone once only",
        f"{W}/data/readers.py",
        "MOST_ROUNDS = 5",
        "MOST_ROUNDS = 1",
        (f"{ENTITIES}test_entities_become_characters",),
    ),
    Mutant(
        "subwords: as many threads as there are cores",
        f"{W}/data/train_subwords.py",
        "num_threads=1,",
        "num_threads=2,",
        (f"{SUBWORDS}test_one_thread_trains_whatever_the_machine_has",),
    ),
    Mutant(
        "card: blanks in a row are a change by the model",
        f"{W}/data/write_card.py",
        '_BLANKS.sub(" ", line).strip(" ")',
        'line.strip(" ")',
        (f"{CARD}test_lines_that_the_models_normalisation_changes_are_counted",),
    ),
)
