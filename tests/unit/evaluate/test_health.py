"""evaluate.health: figures worked out by hand."""

from workflow_scripts.evaluate.health import health, repeats, without_blanks


def test_length_counts_characters_and_empty_lines():
    figures = health(["a b", " ", ""], ["abcd", "ef", "gh"])
    assert (figures["length_ratio"], figures["empty_hypotheses"]) == (2 / 8, 2)


def test_a_4gram_six_times_is_a_repetition():
    # Nine words alike hold six 4-grams alike, eight hold five.
    assert repeats(" ".join(["no"] * 9))
    assert not repeats(" ".join(["no"] * 8))
    # Two words by turns: "a b a b" stands at every second place, six times in 14 words, five in 13.
    assert repeats(" ".join(["a", "b"] * 7))
    assert not repeats(" ".join(["a", "b"] * 6 + ["a"]))
    # Each 4-gram but once.
    assert not repeats(" ".join(map(str, range(100))))


def test_text_without_blanks_repeats_by_characters():
    assert without_blanks(["我们昨天晚上去北京看了一场非常精彩的足球比赛", "今天天气很冷但是大家都很高兴"])
    assert not without_blanks(["Donaudampfschifffahrtsgesellschaft ist ein langes Wort"])
    figures = health(
        ["哈" * 9, "我爱北京"],
        ["我们昨天晚上去北京看了一场非常精彩的足球比赛", "今天天气很冷但是大家都很高兴"],
    )
    assert figures["repeated_4gram_rate"] == 0.5
    # Where blanks separate words, nine letters alike are one word.
    assert health(["a" * 9], ["one word after the other"])["repeated_4gram_rate"] == 0


def test_copied_sources_but_for_case_and_outer_blanks():
    hypotheses = ["Das Haus ", "the house", "", "BERLIN"]
    sources = ["das Haus", "Das Haus", "", "Berlin"]
    # The first and the last; an empty hypothesis is none.
    assert health(hypotheses, ["x"] * 4, sources)["copied_source_rate"] == 2 / 4
    assert health(hypotheses, ["x"] * 4)["copied_source_rate"] is None
