"""The page as a whole: colours, width, keys, paper, requests; and pages of what is not complete."""

import shutil

import pytest

from tests import made_up_experiment as made_up
from tests.browser.conftest import PHONE
from workflow_scripts.report.explorer.build_explorer import main


def paper(page):
    return page.evaluate("getComputedStyle(document.body).backgroundColor")


def build(results, *more, without=()):
    """Return the page of a folder, with further options, without some."""
    out = results / "other.html"
    words = made_up.options(results, out)
    for option in without:
        start = words.index(option)
        end = next((n for n in range(start + 1, len(words)) if words[n].startswith("--")), len(words))
        del words[start:end]
    main([*words, *more])
    return out


def test_colours_are_those_of_the_system_and_are_switched(opened, page_file):
    page = opened(page_file, scheme="dark")
    assert paper(page) == "rgb(21, 24, 28)"
    page.click("#theme")
    assert paper(page) == "rgb(255, 255, 255)"
    assert page.inner_text("#theme") == "Dark colours"
    # The plots follow.
    assert page.evaluate("document.documentElement.dataset.theme") == "light" and page.said == []
    page.context.close()


def test_directions_without_masks_are_not_said_to_be_kept_or_left_out(opened, results):
    """Masks of two of four directions: units 0-3 and 2-4 of the encoder."""
    for seed in made_up.SEEDS:
        path = results / f"masks/baseline/s{seed}/two.npz"
        made_up.write_masks(path, {"encoder.0.ffn": [[0, 1, 2, 3], [2, 3, 4]]}, ["de-en", "fr-en"])
    two = f"two={results}/masks/baseline/s{{seed}}/two.npz"
    page = opened(build(results, "--masks", two, without=("--masks", "--used-by")))
    page.fill("#unit", "3")
    page.wait_for_function("document.getElementById('activity-note').textContent.startsWith('Unit 3')")
    assert page.inner_text("#activity-note").endswith("The masks two keep it in 2 of 2 directions.")
    page.focus("#bars")
    page.keyboard.press("End")
    assert page.inner_text("#bar") == "en-de: active at 100.0 % of positions."
    page.context.close()


def test_a_phone_shows_everything_without_scrolling_sideways(opened, page_file):
    page = opened(page_file, viewport=PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    for name in ("#map canvas", "#bars canvas"):
        box = page.locator(name).bounding_box()
        assert box["width"] > 200 and box["x"] >= 0 and box["x"] + box["width"] <= 390
    assert page.said == []
    page.context.close()


def test_everything_is_reached_by_tab_alone_and_the_focus_is_seen(page):
    wanted = page.evaluate(
        "[...document.querySelectorAll('a, button, select, input, summary, [tabindex=\"0\"]')]"
        ".filter((one) => one.checkVisibility() && !one.disabled).length"
    )
    page.evaluate("document.activeElement.blur()")
    reached = []
    for _ in range(wanted):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("[...document.querySelectorAll('*')].indexOf(document.activeElement)"))
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert len(set(reached)) == wanted > 30


def test_every_field_and_plot_has_a_name(page):
    nameless = page.evaluate(
        "[...document.querySelectorAll('select, input')].filter((one) => !one.labels.length).length"
        " + [...document.querySelectorAll('.plot')].filter((one) => !one.ariaLabel).length"
    )
    assert nameless == 0


def test_paper_has_all_of_the_table_and_no_buttons(page):
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.querySelector('.scroll')).maxHeight") == "none"
    assert not page.is_visible("#theme") and page.is_visible("#table") and page.is_visible("#map canvas")
    page.emulate_media(media="screen")


def test_what_is_missing_stands_at_the_top(opened, results, tmp_path):
    folder = tmp_path / "partial"
    shutil.copytree(results, folder)
    (folder / "masks/baseline/s2/k90.npz").unlink()
    (folder / f"scores/{made_up.SYSTEM}/s2/test.raw.json").unlink()
    (folder / "translations/baseline/s1/test/fr-en.txt").unlink()
    page = opened(build(folder, "--allow-partial"))
    said = page.inner_text("#partial")
    assert said.startswith("PARTIAL 3 files or scores are missing; nothing stands in for them:")
    assert "masks/baseline/s2/k90.npz" in said and "baseline/s1/test/fr-en.txt" in said
    # The mean is of the one seed that has both.
    assert page.inner_text("#table tbody tr:nth-child(1) td:nth-child(6)") == "–"
    assert page.inner_text("#table tbody tr:nth-child(1) td:nth-child(5)") == "+3.50"
    page.select_option("#direction", "fr-en")
    page.wait_for_function(
        "document.getElementById('lines-note').textContent.includes('no hypotheses of baseline')"
    )
    assert page.said == []
    page.context.close()


@pytest.mark.parametrize(
    ("without", "hidden"),
    [
        (["--masks", "--counts"], ["overlap", "activity"]),
        (["--counts"], ["activity"]),
        (["--hypotheses"], ["hypotheses"]),
        (["--significance-root", "--groups", "--pivot"], []),
    ],
)
def test_what_an_experiment_does_not_have_is_said(opened, results, without, hidden):
    page = opened(build(results, without=without))
    for name in ("overlap", "activity", "scores", "hypotheses"):
        assert page.is_visible(f"#{name}-none") == (name in hidden)
        assert page.is_visible(f"#{name}-body") == (name not in hidden)
    assert ("Nothing was tested" in page.inner_text("#scores-note")) == ("--significance-root" in without)
    assert page.said == []
    page.context.close()


def test_one_direction_and_one_system(opened, results):
    without = ["--systems", "--directions", "--used-by", "--masks"]
    page = opened(build(results, "--systems", "baseline", "--directions", "de-en", without=without))
    assert page.inner_text("#table tbody").split("\t")[:3] == ["de-en", "3", "31.00"]
    assert "nothing to compare it with" in page.inner_text("#scores-note")
    assert page.inner_text("#lines dt:last-of-type >> nth=0").startswith("baseline")
    assert page.query_selector("mark") is None and page.said == []
    page.context.close()


def test_one_direction_with_masks(opened, results, tmp_path):
    path = tmp_path / "k70.npz"
    made_up.write_masks(path, {"encoder.0.ffn": [[1, 2]], "decoder.0.ffn": [[0]]}, ["de-en"])
    more = ["--directions", "de-en", "--masks", f"k70={path}"]
    page = opened(build(results, *more, without=["--directions", "--masks", "--groups"]))
    page.focus("#map")
    assert page.inner_text("#cell") == "de-en and de-en: IoU 1.000, 2 of 2 units shared."
    assert page.inner_text("#both") == "1 2" and page.said == []
    page.context.close()
