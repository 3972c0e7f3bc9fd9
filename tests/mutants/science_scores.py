"""Mistakes in scores, tests of significance and averages."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

W = "workflow_scripts"
SCORE = "evaluate tests/unit/evaluate/test_score.py::"
NGRAMS = "evaluate tests/unit/evaluate/test_ngrams.py::"
HEALTH = "evaluate tests/unit/evaluate/test_health.py::"
OFF_TARGET = "evaluate tests/unit/evaluate/test_off_target.py::"
IDENTIFIER = "evaluate tests/unit/evaluate/test_language_identifier.py::"
RESAMPLING = "evaluate tests/unit/evaluate/test_resampling.py::"
COMPARE = "evaluate tests/unit/evaluate/test_compare.py::"
CORRECTION = "evaluate tests/unit/evaluate/test_correction.py::"
SUMMARY = "evaluate tests/unit/report/test_summary.py::"
SIGNIFICANCE = "evaluate tests/unit/report/test_significance.py::"
COMET = "comet tests/unit/comet/test_comet.py::"
COMET_CACHE = "comet tests/unit/comet/test_comet_cache.py::"
ASKED = "workflow tests/workflow/test_what_is_asked.py::"

SCORES = (
    Mutant(
        "chrF++: without word bigrams",
        f"{W}/evaluate/metrics.py",
        "CHRF_WORD_ORDER = 2",
        "CHRF_WORD_ORDER = 0",
        (f"{SCORE}test_scores_worked_by_hand[chrf]",),
    ),
    Mutant(
        "n-grams: one that is said too often counts each time",
        f"{W}/evaluate/ngrams.py",
        "np.minimum(np.bincount(ranks, minlength=len(unique)), counts)",
        "np.bincount(ranks, minlength=len(unique))",
        (f"{NGRAMS}test_matches_worked_by_hand[often]",),
    ),
    Mutant(
        "n-grams: one crosses into the next sentence",
        f"{W}/evaluate/ngrams.py",
        "there = starts + n <= ends[starts]\n",
        "there = starts + n <= len(ends)\n",
        (f"{NGRAMS}test_matches_worked_by_hand",),
    ),
    Mutant(
        "health: five repetitions are enough",
        f"{W}/evaluate/health.py",
        "REPEATED_ORDER, REPEATED_TIMES = 4, 6",
        "REPEATED_ORDER, REPEATED_TIMES = 4, 5",
        (f"{HEALTH}test_a_4gram_six_times_is_a_repetition",),
    ),
    Mutant(
        "off target: lines without a letter are judged",
        f"{W}/evaluate/languages/identify.py",
        "judged = [line for line in hypotheses if has_letter(line)]",
        "judged = list(hypotheses)",
        (f"{OFF_TARGET}test_three_of_ten_and_lines_in_no_language",),
    ),
    Mutant(
        "off target: measured against the source's language",
        f"{W}/evaluate/languages/identify.py",
        "target = split_direction(direction)[1]",
        "target = split_direction(direction)[0]",
        (f"{OFF_TARGET}test_right_languages",),
    ),
    Mutant(
        "COMET: a score is kept for the same translation of another reference",
        f"{W}/evaluate/comet/score_comet.py",
        "key_of([one[text] for text in reads])",
        'key_of([one[text] for text in ("src", "mt")])',
        (f"{COMET}test_with_references_another_one_is_another_score",),
    ),
    Mutant(
        "COMET: a key does not tell where a text ends",
        f"{W}/evaluate/comet/comet_cache.py",
        'digest.update(len(data).to_bytes(8, "little") + data)',
        "digest.update(data)",
        (f"{COMET_CACHE}test_a_key_tells_where_one_text_ends",),
    ),
    Mutant(
        "identifier: a language of more text is likelier",
        f"{W}/evaluate/languages/language_identifier.py",
        "cls(languages, model.feature_log_prob_.astype(np.float32))",
        "cls(languages, np.log(model.feature_count_ + SMOOTHING).astype(np.float32))",
        (f"{IDENTIFIER}test_more_text_of_a_language_is_no_reason_for_it",),
    ),
)

TESTS = (
    Mutant(
        "bootstrap: its seed is hard-wired",
        f"{W}/evaluate/significance/resampling.py",
        "_in_blocks(resamples, n, _counts(seed, n))",
        "_in_blocks(resamples, n, _counts(12345, n))",
        (f"{RESAMPLING}test_another_seed_worked_by_hand",),
    ),
    Mutant(
        "randomisation: its seed is hard-wired",
        f"{W}/evaluate/significance/resampling.py",
        "_in_blocks(resamples, n, _coins(seed, n))",
        "_in_blocks(resamples, n, _coins(12345, n))",
        (f"{RESAMPLING}test_another_seed_worked_by_hand",),
    ),
    Mutant(
        "compare: --random-seed is not handed on",
        f"{W}/evaluate/significance/compare.py",
        "args.resamples, args.random_seed, args.processes",
        "args.resamples, DEFAULT_SEED, args.processes",
        (f"{COMPARE}test_the_file_of_a_system",),
    ),
    Mutant(
        "compare: the seed is not handed to the tests",
        f"{W}/evaluate/significance/compare.py",
        "other.statistics[d], resamples, seed)",
        "other.statistics[d], resamples, DEFAULT_SEED)",
        (f"{COMPARE}test_the_file_of_a_system",),
    ),
    Mutant(
        "compare: the systems changed over",
        f"{W}/evaluate/significance/compare.py",
        "tasks = [(system.statistics[d], other.statistics[d],",
        "tasks = [(other.statistics[d], system.statistics[d],",
        (f"{COMPARE}test_the_file_of_a_system",),
    ),
    Mutant(
        "compare: against the baseline alone, not the control",
        "rules/inputs.smk",
        "for other in (BASELINE, EXPERIMENT.control) if other",
        "for other in (BASELINE,) if other",
        (f"{ASKED}test_every_system_is_compared_with_the_baseline_and_the_control",),
    ),
    Mutant(
        "compare: the config's seed does not reach the command",
        "rules/inputs.smk",
        'return {**number, "random_seed": significance.seed}',
        "return number",
        (f"{ASKED}test_every_system_is_compared_with_the_baseline_and_the_control",),
    ),
    Mutant(
        "bootstrap: differences are not centred",
        f"{W}/evaluate/significance/resampling.py",
        "p_value(spread - spread.mean(), abs(difference))",
        "p_value(spread, abs(difference))",
        (f"{RESAMPLING}test_worked_by_hand",),
    ),
    Mutant(
        "p-values: what was observed does not count",
        f"{W}/evaluate/significance/resampling.py",
        "return (extreme + 1) / (len(statistics) + 1)",
        "return extreme / len(statistics)",
        (f"{RESAMPLING}test_p_counts_what_is_as_extreme",),
    ),
    Mutant(
        "p-values: only what is more extreme counts",
        f"{W}/evaluate/significance/resampling.py",
        "statistics >= observed - TOLERANCE",
        "statistics > observed + TOLERANCE",
        (f"{RESAMPLING}test_p_counts_what_is_as_extreme",),
    ),
    Mutant(
        "intervals: a twentieth on either side",
        f"{W}/evaluate/significance/resampling.py",
        "TAIL = 40",
        "TAIL = 20",
        (f"{RESAMPLING}test_interval_leaves_a_fortieth_on_either_side",),
    ),
    Mutant(
        "resampling: every block of rows draws the same",
        f"{W}/evaluate/significance/resampling.py",
        "        chosen = rng.choice(",
        "        chosen = np.random.default_rng(seed).choice(",
        (f"{RESAMPLING}test_the_order_of_blocks_changes_nothing",),
    ),
    Mutant(
        "correction: Holm and Benjamini-Hochberg changed over",
        f"{W}/evaluate/significance/correction.py",
        "return Corrected(holm, bh)",
        "return Corrected(bh, holm)",
        (f"{CORRECTION}test_corrections_worked_by_hand[four]",),
    ),
    Mutant(
        "outcomes: of an error rate more is better",
        f"{W}/evaluate/significance/correction.py",
        'LOWER_IS_BETTER = frozenset({"ter"})',
        "LOWER_IS_BETTER: frozenset[str] = frozenset()",
        (f"{CORRECTION}test_outcomes_follow_the_metric",),
    ),
    Mutant(
        "outcomes: a p-value at the level is a tie",
        f"{W}/evaluate/significance/correction.py",
        "p_value > level",
        "p_value >= level",
        (f"{CORRECTION}test_outcomes_follow_the_metric",),
    ),
    Mutant(
        "resamples needed: one for a corrected threshold",
        f"{W}/evaluate/significance/correction.py",
        "EXTREME_RESAMPLES = 10",
        "EXTREME_RESAMPLES = 1",
        (f"{CORRECTION}test_the_strictest_threshold_is_ten_resamples_wide",),
    ),
    Mutant(
        "correction: over all systems together",
        f"{W}/report/read/read_significance.py",
        "key = (one.system, one.against, one.seed, one.testset, one.profile, one.metric)",
        "key = (one.against, one.seed, one.testset, one.profile, one.metric)",
        (f"{SIGNIFICANCE}test_families_of_other_systems_test_sets_and_references_are_not_mixed",),
    ),
    Mutant(
        "correction: over all metrics and seeds together",
        f"{W}/report/read/read_significance.py",
        "key = (one.system, one.against, one.seed, one.testset, one.profile, one.metric)",
        "key = (one.system, one.against, one.testset, one.profile)",
        (f"{SIGNIFICANCE}test_families_are_not_mixed",),
    ),
    Mutant(
        "outcomes: by the uncorrected p-value",
        f"{W}/report/read/read_significance.py",
        "said = outcome(one.difference, values[0], one.metric, level)",
        "said = outcome(one.difference, one.p_randomisation, one.metric, level)",
        (f"{SIGNIFICANCE}test_correction_is_over_directions",),
    ),
)

AVERAGES = (
    Mutant(
        "averages: both sides as the mean of one",
        f"{W}/report/tables/summary.py",
        "if len(means) == len(parts):",
        "if means:",
        (f"{SUMMARY}test_both_sides_of_one_side_are_no_mean",),
    ),
    Mutant(
        "averages: both sides as the mean of all directions",
        f"{W}/report/read/layout.py",
        "rows.append((grouping, group, BOTH, [sides[OUT], sides[INTO]]))",
        "rows.append((grouping, group, BOTH, [[*sides[OUT], *sides[INTO]]]))",
        (f"{SUMMARY}test_both_sides_weigh_alike_however_many_directions_they_have",),
    ),
    Mutant(
        "averages: differences of what only one of two systems has",
        f"{W}/report/tables/summary.py",
        "return _average(differences, plan.seeds, parts, system)",
        "one, two = (_average(values, plan.seeds, parts, s).mean for s in (system, other))\n"
        "    return Estimate((one or 0.0) - (two or 0.0), None, 1)",
        (f"{SUMMARY}test_partial_differences_compare_only_what_both_have",),
    ),
    Mutant(
        "spread over sentences: the mean of standard deviations",
        f"{W}/report/tables/significance_tables.py",
        'math.sqrt(sum(row["sentence_sd"] ** 2 for row in rows) / len(rows))',
        'sum(row["sentence_sd"] for row in rows) / len(rows)',
        (f"{SIGNIFICANCE}test_the_spread_over_sentences_is_a_root_of_a_mean_square",),
    ),
    Mutant(
        "rounding: half to even",
        f"{W}/report/tables/writing.py",
        "return Decimal(repr(value)).quantize(unit, rounding=ROUND_HALF_UP)",
        "return Decimal(repr(value)).quantize(unit, rounding=ROUND_HALF_EVEN)",
        (f"{SUMMARY}test_rounding_is_half_up_and_once",),
    ),
    Mutant(
        "rounding: of the binary number",
        f"{W}/report/tables/writing.py",
        "return Decimal(repr(value)).quantize(unit, rounding=ROUND_HALF_UP)",
        "return Decimal(value).quantize(unit, rounding=ROUND_HALF_UP)",
        (f"{SUMMARY}test_rounding_is_half_up_and_once",),
    ),
    Mutant(
        "rounding: published scores half up",
        f"{W}/report/tables/writing.py",
        "return Decimal(value).quantize(unit, rounding=ROUND_HALF_EVEN)",
        "return Decimal(repr(value)).quantize(unit, rounding=ROUND_HALF_UP)",
        (f"{SUMMARY}test_rounding_is_half_up_and_once",),
    ),
    Mutant(
        "averages: published scores as they were before rounding",
        f"{W}/report/tables/writing.py",
        "    if profile != PAPER:\n        return score",
        "    if True:\n        return score",
        (f"{SUMMARY}test_stored_scores_have_one_decimal_in_the_profile_paper",),
    ),
    Mutant(
        "averages: means of binary numbers",
        f"{W}/report/tables/writing.py",
        "float(sum(Decimal(repr(value)) for value in values) / len(values))",
        "float(sum(values) / len(values))",
        (f"{SUMMARY}test_decimal_means_and_differences_do_not_see_binary_numbers",),
    ),
)

MUTANTS = (*SCORES, *TESTS, *AVERAGES)
