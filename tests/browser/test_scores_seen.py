"""Scores and hypotheses in the page: the table of directions, and two systems' sentences side by side."""

from tests.made_up_experiment import SYSTEM
from workflow_scripts.report.explorer.document import FOLDER

TABLE = "#table tbody tr"


def rows(page):
    """The table as it is seen: a list of texts a row."""
    return page.eval_on_selector_all(
        TABLE, "all => all.map((row) => [...row.children].map((one) => one.innerText))"
    )


def first_column(page):
    return [row[0] for row in rows(page)]


def test_means_over_seeds_and_in_how_many_a_difference_is_significant(page):
    # BLEU 30, 32 against 33.5, 34.5: means 31 and 34, differences 3.5 and 2.5, sd .707.
    better = [
        "de-en",
        "3",
        "31.00",
        "34.00",
        "+3.00",
        "0.71 (n = 2)",
        "–",
        "better in 2, worse in 0 of 2 seeds",
    ]
    assert rows(page)[0] == better
    assert rows(page)[1][4] == "0.00" and rows(page)[1][7] == "better in 0, worse in 0 of 2 seeds"
    heads = page.eval_on_selector_all("#table thead th", "all => all.map((one) => one.innerText)")
    assert heads[:6] == ["Direction ▲", "Sentences", "baseline", SYSTEM, "Difference", "sd over seeds"]


def test_one_seed_has_intervals_and_corrected_p(page):
    page.select_option("#seed", "1")
    # Holm over four directions: 4 × 0.001, then 1.
    assert rows(page) == [
        ["de-en", "3", "30.00", "33.50", "+3.50", "+2.50 to +4.50", "0.004", "better"],
        ["fr-en", "3", "20.00", "19.00", "-1.00", "-2.00 to 0.00", "1.000", "no significant difference"],
        ["<s>-en", "3", "10.00", "10.00", "0.00", "-1.00 to +1.00", "1.000", "no significant difference"],
        ["en-de", "3", "25.00", "26.00", "+1.00", "0.00 to +2.00", "1.000", "no significant difference"],
    ]


def test_the_table_sorts_by_any_column_both_ways(page):
    page.select_option("#seed", "1")
    page.click("#table th button:text('Difference')")
    assert first_column(page) == ["fr-en", "<s>-en", "en-de", "de-en"]
    assert page.get_attribute("#table th:nth-child(5)", "aria-sort") == "ascending"
    page.keyboard.press("Enter")
    assert first_column(page) == ["de-en", "en-de", "<s>-en", "fr-en"]
    assert page.get_attribute("#table th:nth-child(5)", "aria-sort") == "descending"


def test_the_table_is_narrowed_by_name_sign_and_verdict(page):
    page.select_option("#seed", "1")
    page.fill("#find", "DE")
    assert first_column(page) == ["de-en", "en-de"]
    page.fill("#find", "")
    page.select_option("#outcome", "win")
    assert first_column(page) == ["de-en"]
    page.select_option("#outcome", "down")
    assert first_column(page) == ["fr-en"]
    assert page.inner_text("#scores-note").startswith(
        "1 of 4 directions. Difference: ns-<b>&\"k70' − baseline."
    )


def test_another_metric(page):
    page.select_option("#metric", "chrf")
    assert rows(page)[0][2:5] == ["50.00", "50.00", "0.00"]


def test_words_that_two_hypotheses_do_not_share_are_marked(page):
    page.select_option("#kind", "random")
    page.wait_for_function("document.querySelectorAll('#lines > li').length === 3")

    def marked(line):
        return page.eval_on_selector_all(
            f"#lines > li:nth-child({line}) mark", "all => all.map((one) => [one.className, one.textContent])"
        )

    assert marked(1) == [["one", "old"], ["other", "down"]]
    assert marked(2) == []
    assert marked(3) == [["one", "end"], ["other", "<b>end</b>"]]


def test_sentences_are_those_that_differ_most_and_then_some_at_random(page):
    # Line 2 is the same of both systems, so two of three differ.
    assert page.inner_text("#page") == "1 to 2 of 2"
    page.select_option("#kind", "random")
    page.wait_for_function("document.getElementById('page').textContent === '1 to 3 of 3'")
    assert page.inner_text("#lines-note").startswith(
        "Of 3 sentences of test, seed 1: 3 at random (at most 50)."
    )
    lines = page.eval_on_selector_all("#lines strong", "all => all.map((one) => one.textContent)")
    assert lines == ["Line 1", "Line 2", "Line 3"]


def test_a_direction_of_the_table_leads_to_its_hypotheses(page):
    page.click("#table button:text-is('<s>-en')")
    page.wait_for_function("document.getElementById('direction').value === '<s>-en'")
    assert page.evaluate("document.activeElement.id") == "direction"
    assert page.get_attribute("#lines dd >> nth=0", "lang") == "<s>"


def test_texts_are_shown_sign_by_sign(page):
    """Tags, tokens and odd line ends of corpora are text, and nothing of them runs."""
    page.select_option("#kind", "random")
    page.wait_for_function("document.querySelectorAll('#lines > li').length === 3")
    shown = page.eval_on_selector_all("#lines dd", "all => all.map((one) => one.textContent)")
    assert shown == [
        "die </script> Katze", "the cat sat down", "the old cat </script> sat", "the cat </script> sat down",
        "<s> guten\u2028Tag </s> <unk>", "<s> good day </s>", "<s> good day </s>", "<s> good day </s>",
        'Ende "&amp;" <img src=x onerror=alert(1)>', "the end", "the end", "the <b>end</b>",
    ]  # fmt: skip
    assert page.query_selector("main img, main s, main b, main u") is None
    assert page.inner_text("#system option:checked") == "ns-<b>&\"k70'"


def test_words_are_compared_as_a_longest_common_subsequence(page):
    def same(one, other):
        others = (
            "compareWords(one, other).map((words) => words.filter((word) => !word.same)"
            ".map((word) => word.text))"
        )
        return page.evaluate(f"([one, other]) => {{ {script}\nreturn {others}; }}", [one, other])

    script = (FOLDER / "words.js").read_text(encoding="utf-8")
    assert same("a b c d", "b c x d a") == [["a"], ["x", "a"]]
    assert same("", "x y") == [[], ["x", "y"]]
    # Chinese is compared by characters.
    assert same("我喜歡貓", "我喜歡狗") == [["貓"], ["狗"]]
    # difflib's rule against frequent items would not see these 250 equal words as equal.
    assert same("w " * 250 + "a", "w " * 250 + "b") == [["a"], ["b"]]
