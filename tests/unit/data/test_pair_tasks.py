"""Two tasks of chosen likeness: what is common, what stays the same, and that text of files is read so."""

from __future__ import annotations

import json

import pytest

from workflow_scripts.common.errors import UserError
from workflow_scripts.data.pair_tasks import chosen_lines, main, make_tasks
from workflow_scripts.data.prepare_text import prepare_pair

TEXT = {lang: [f"{lang} {line}" for line in range(20)] for lang in ("de", "en", "fr")}


@pytest.mark.parametrize(("share", "common"), [(0, 0), (25, 2), (50, 5), (100, 10)])
def test_a_share_of_the_lines_is_common(share, common):
    first, second = chosen_lines(20, 10, share, seed=1)
    assert len(set(first)) == len(set(second)) == 10
    assert len(set(first) & set(second)) == common


def test_a_larger_share_keeps_the_first_text_and_the_common_lines():
    texts = {share: chosen_lines(20, 10, share, seed=1) for share in (0, 30, 70)}
    assert texts[0][0].tolist() == texts[30][0].tolist() == texts[70][0].tolist()
    assert set(texts[30][1]) & set(texts[30][0]) < set(texts[70][1]) & set(texts[70][0])


def test_both_sides_of_a_pair_stay_together():
    made, facts = make_tasks(TEXT, ["de-en", "en-fr"], 10, 40, seed=1)
    for pair, sides in made.items():
        one, two = pair.split("-")
        assert [line.split()[1] for line in sides[one]] == [line.split()[1] for line in sides[two]]
    assert facts == {"share": 40, "common_lines": 4, "written_alike": {"en": 4}}


def test_repeated_sentences_are_alike_beyond_the_common_lines():
    text = {"de": ["ja"] * 8, "en": ["yes"] * 8, "fr": ["oui"] * 8}
    _, facts = make_tasks(text, ["de-en", "en-fr"], 4, 0, seed=1)
    assert (facts["common_lines"], facts["written_alike"]) == (0, {"en": 4})


def words(folder, **changes):
    for lang, lines in TEXT.items():
        (folder / f"all.{lang}").write_text("".join(f"{line}\n" for line in lines))
    given = {
        "files": str(folder / "all.{lang}"), "pairs": "de-en en-fr", "shares": "0 50",
        "out": str(folder / "{share}/train.{pair}.{lang}"), "stats": str(folder / "stats.json"),
    } | changes  # fmt: skip
    return [word for name, value in given.items() for word in (f"--{name}", *value.split(" "))]


def test_command_line(tmp_path):
    main(words(tmp_path))
    names = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.glob("*/*"))
    assert names == [
        f"{share}/train.{pair}.{lang}"
        for share in (0, 50)
        for pair in ("de-en", "en-fr")
        for lang in pair.split("-")
    ]
    english = {
        (share, pair): (tmp_path / f"{share}/train.{pair}.en").read_text().splitlines()
        for share in (0, 50)
        for pair in ("de-en", "en-fr")
    }
    assert english[0, "de-en"] == english[50, "de-en"]
    assert len(set(english[0, "de-en"]) & set(english[0, "en-fr"])) == 0
    assert len(set(english[50, "de-en"]) & set(english[50, "en-fr"])) == 5
    facts = json.loads((tmp_path / "stats.json").read_text())
    assert (facts["sentences"], [one["common_lines"] for one in facts["shares"]]) == (10, [0, 5])
    # The form in which training text is written makes no other bytes of the same seed.
    again = tmp_path / "again"
    again.mkdir()
    main(words(again))
    assert (again / "50/train.en-fr.fr").read_bytes() == (tmp_path / "50/train.en-fr.fr").read_bytes()


def test_the_files_are_training_text(tmp_path):
    """By the pattern `{pair}.{lang}` of a source of files, checked as such text is."""
    main(words(tmp_path))
    files = [tmp_path / f"50/train.en-fr.{lang}" for lang in ("en", "fr")]
    found = prepare_pair(files, [tmp_path / "o.en", tmp_path / "o.fr"])
    assert (found.sentences, found.dropped) == (10, {"empty": 0})
    assert (tmp_path / "o.fr").read_bytes() == files[1].read_bytes()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"sentences": "11"}, r"need 22 lines, and .* has 20; take at most 10"),
        ({"pairs": "de-en en-de"}, "de-en and en-de are one pair"),
        ({"shares": "0 101"}, "--shares 101: a share is in percent"),
        ({"shares": "50 50"}, "--shares: 50 is named twice"),
        ({"out": "here/train.{pair}.{lang}"}, r"the pattern needs \{share\}"),
        ({"files": "all"}, r"--files all: the pattern needs \{lang\}"),
    ],
)
def test_bad_options(tmp_path, changes, said):
    with pytest.raises(UserError, match=said):
        main(words(tmp_path, **changes))


def test_text_that_is_not_parallel(tmp_path):
    given = words(tmp_path)
    (tmp_path / "all.fr").write_text("une\n")
    with pytest.raises(UserError, match="there are 20 of de, 20 of en, 1 of fr"):
        main(given)
