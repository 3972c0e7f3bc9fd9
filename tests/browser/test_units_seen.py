"""Masks and counts in the page: the map, pairs and their units, a unit's activity."""

# The masks k70 of the encoder keep 0-3 (de-en), 2-4 (fr-en), 9 (<s>-en) and nothing (en-de): by family the
# order is de-en, <s>-en, en-de, fr-en.


def cell(page):
    return page.inner_text("#cell")


def point(page, column, row, size=4):
    """Move the pointer to the middle of a cell of the map, as Vega drew it, and return where that is."""
    box = page.locator("#map canvas").bounding_box()
    left, top, side = page.evaluate("[MAP_PLACE.x, MAP_PLACE.y, MAP_PLACE.side]")
    place = box["x"] + left + (column + 0.5) * side / size, box["y"] + top + (row + 0.5) * side / size
    page.mouse.move(*place)
    return place


def place_of_map(page):
    """Find where the map lies in the drawing: from its first to its last grey cell, on the diagonal."""
    page.evaluate(
        """() => {
            const canvas = document.querySelector("#map canvas");
            const scale = canvas.width / canvas.clientWidth;
            const drawn = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            const { data, width, height } = drawn;
            const grey = (x, y) => [0, 1, 2].every((part) => data[4 * (y * width + x) + part] === 0x8a);
            let [left, top, right] = [Infinity, Infinity, 0];
            for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) if (grey(x, y)) {
                left = Math.min(left, x); top = Math.min(top, y); right = Math.max(right, x);
            }
            window.MAP_PLACE = { x: left / scale, y: top / scale, side: (right + 1 - left) / scale };
        }"""
    )


def test_a_cell_says_its_overlap_when_the_pointer_is_on_it(page):
    place_of_map(page)
    point(page, 3, 0)
    page.wait_for_function("document.getElementById('cell').textContent.startsWith('de-en and fr-en')")
    assert cell(page) == "de-en and fr-en: IoU 0.400, 2 of 5 units shared."
    point(page, 1, 2)
    page.wait_for_function("document.getElementById('cell').textContent.startsWith('en-de and')")
    assert cell(page) == "en-de and <s>-en: IoU 0.000, 0 of 1 unit shared."


def test_a_click_on_a_cell_shows_its_pair(page):
    place_of_map(page)
    page.mouse.click(*point(page, 3, 0))
    page.wait_for_function("document.getElementById('both').textContent === '2 3'")
    assert page.inner_text("#pair-said").startswith(
        "de-en and fr-en in encoder layer 0, FFN neurons: IoU 0.400"
    )
    assert page.inner_text("#only-first") == "0 1" and page.inner_text("#only-second") == "4"


def test_arrow_keys_move_through_the_map_and_enter_chooses_the_pair(page):
    page.focus("#map")
    for key in ("End", "ArrowUp", "ArrowLeft", "Home", "ArrowRight"):
        page.keyboard.press(key)
    assert cell(page) == "de-en and <s>-en: IoU 0.000, 0 of 5 units shared."
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert cell(page) == "de-en and de-en: IoU 1.000, 4 of 4 units shared."
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    assert [page.inner_text(f"#{one}") for one in ("both", "only-first", "only-second")] == [
        "2 3",
        "4",
        "0 1",
    ]


def test_two_directions_are_chosen_by_name(page):
    page.select_option("#first", label="<s>-en")
    page.select_option("#second", label="en-de")
    assert [page.inner_text(f"#{one}") for one in ("both", "only-first", "only-second")] == [
        "none",
        "9",
        "none",
    ]
    assert page.inner_text("#pair h4 >> nth=1") == "Only by <s>-en: 1"


def test_side_layer_masks_and_seed_are_chosen(page):
    page.select_option("#first", label="de-en")
    page.select_option("#second", label="fr-en")
    page.select_option("#stack", "decoder")
    page.wait_for_function("document.getElementById('pair-said').textContent.includes('decoder')")
    # The decoder's first unit is the eleventh bit.
    assert page.inner_text("#both") == "0 5" and page.inner_text("#only-first") == "none"
    assert "IoU 1.000" in page.inner_text("#pair-said")
    page.select_option("#masks", "k90")
    page.wait_for_function("document.getElementById('only-first').textContent === '3'")
    assert page.inner_text("#both") == "0 1 2"
    assert page.inner_text("#overlap-note").startswith(
        "k90, used by no system: decoder layer 0, FFN neurons, 6 units"
    )
    page.select_option("#mask-seed", "2")
    assert page.input_value("#mask-seed") == "2"


def test_orders_and_ends(page):
    page.wait_for_selector("#first")

    def order():
        return page.eval_on_selector_all("#first option", "all => all.map((one) => one.textContent)")

    assert order() == ["de-en", "<s>-en", "en-de", "fr-en"]
    assert page.inner_text("#overlap-note").endswith("4 directions. White lines part groups.")
    page.select_option("#order", "given")
    page.wait_for_function("document.querySelector('#first option:nth-child(2)').textContent === 'fr-en'")
    assert order() == ["de-en", "fr-en", "<s>-en", "en-de"]
    # Average linkage of 1 - IoU: de-en and fr-en (0.4) stand side by side.
    page.select_option("#order", "similar")
    page.wait_for_function("!document.getElementById('overlap-note').textContent.includes('White')")
    places = order()
    assert abs(places.index("de-en") - places.index("fr-en")) == 1
    page.select_option("#ends", label="out of en")
    page.wait_for_function("document.querySelectorAll('#first option').length === 1")
    assert order() == ["en-de"]


def test_a_unit_is_reached_by_its_id_and_its_activity_is_said(page):
    page.fill("#unit", "3")
    page.wait_for_function("document.getElementById('activity-note').textContent.startsWith('Unit 3')")
    assert page.inner_text("#activity-note") == (
        "Unit 3 of encoder layer 0, FFN neurons, seed 1: share of positions at which it is active."
        " The masks k70 keep it in 2 of 4 directions."
    )
    page.focus("#bars")
    # 102 of 200 positions, in 255ths: 130 / 255.
    assert page.inner_text("#bar") == "de-en: active at 51.0 % of positions, kept by the masks."
    page.keyboard.press("End")
    assert page.inner_text("#bar") == "fr-en: active at 25.1 % of positions, kept by the masks."
    page.keyboard.press("ArrowUp")
    assert page.inner_text("#bar") == "en-de: active at 100.0 % of positions, not kept by the masks."
    page.select_option("#unit-order", "rate")
    page.focus("#unit")
    page.focus("#bars")
    page.keyboard.press("Home")
    assert page.inner_text("#bar").startswith("en-de: active at 100.0 %")


def test_an_id_of_a_pair_leads_to_its_activity(page):
    # Its ids are 0 and 1, one text: the third sign is the second id.
    place = page.evaluate(
        """() => {
            const range = document.createRange();
            const text = document.getElementById("only-first").firstChild;
            range.setStart(text, 2);
            range.setEnd(text, 3);
            document.getElementById("only-first").scrollIntoView({ block: "center" });
            const { left, top, width, height } = range.getBoundingClientRect();
            return [left + width / 3, top + height / 2];
        }"""
    )
    page.mouse.click(*place)
    page.wait_for_function("document.getElementById('activity-note').textContent.startsWith('Unit 1 ')")
    assert page.input_value("#unit") == "1"


def test_an_id_that_no_unit_has_is_the_nearest_one(page):
    page.fill("#unit", "99")
    page.wait_for_function("document.getElementById('activity-note').textContent.startsWith('Unit 9 ')")
    assert page.get_attribute("#unit", "max") == "9"
