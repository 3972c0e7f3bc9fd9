"""What a config's author is told of a right config, and of a name that is nearly right."""

import pytest

from workflow_scripts.common.errors import nearest
from workflow_scripts.config.notes import notes


@pytest.mark.parametrize(
    ("select", "said"),
    [
        ("mass:0.95", ["masks.sets.a.select: 0.95 is 0.95 percent; if a share is meant, write 95"]),
        (" mass : 0.9@model", ["masks.sets.a.select: 0.9 is 0.9 percent; if a share is meant, write 90"]),
        (
            {
                "out": {"encoder": "all", "decoder": "mass:90"},
                "into": {"encoder": "mass:0.8", "decoder": "all"},
            },
            ["masks.sets.a.select: 0.8 is 0.8 percent; if a share is meant, write 80"],
        ),
        ("mass:95", []),
        ("top:0.5%", []),
        (None, []),
    ],
)
def test_a_share_in_a_selector_is_told(select, said):
    assert notes({"masks": {"sets": {"a": {"select": select}}}}) == said


def test_a_ratio_of_words_is_told_where_there_are_no_blanks():
    """A sentence of twenty words beside a Chinese one, which counts as one word."""
    source, clean = {"type": "files"}, {"max_ratio": 3}
    config = {"languages": ["en", "zh", "ja", "ko"], "data": {"source": source, "clean": clean}}
    assert notes(config) == [
        "data.clean.max_ratio: words are counted between blanks, and text in zh, ja has none: most of its"
        " pairs will be left out; give no ratio"
    ]
    assert notes({**config, "languages": ["en", "th", "zh-Hant"]})[0].startswith(
        "data.clean.max_ratio: words are counted between blanks, and text in th, zh-Hant has none:"
    )
    assert notes({**config, "languages": ["en", "ko", "de"]}) == []
    assert notes({**config, "data": {"source": source, "clean": {"max_words": 9}}}) == []
    assert notes({**config, "data": {"source": {"type": "toy"}, "clean": clean}}) == []


def test_a_name_in_other_capitals_is_nearest():
    assert nearest("NS", ["continued", "ns"]) == " (did you mean 'ns'?)"
    assert nearest("ns", ["ns"]) == " (did you mean 'ns'?)"
    assert nearest("NSX", ["continued", "qq"]) == ""


def test_a_commit_that_is_not_chosen_is_told():
    attach = {"model": "their/m", "revision": "0" * 40}
    assert notes({"attach": attach}) == [
        "attach.revision: no commit of their/m is chosen yet, and nothing can be fetched"
    ]
    assert notes({"attach": {**attach, "revision": "1" * 40}}) == []
    assert notes({"attach": None}) == []
