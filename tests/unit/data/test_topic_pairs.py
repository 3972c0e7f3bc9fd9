"""Pairs of texts by topic: every promise on sets of known size, each promise broken once, bad items."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest

from workflow_scripts.common.errors import UserError
from workflow_scripts.data import topic_pairs
from workflow_scripts.data.matching import Pairs, check_pairs, match_topics
from workflow_scripts.data.topic_items import read_items


@pytest.mark.parametrize(("of_each", "half"), [(1900, 3800), (30_000, 60_000)])
def test_a15_four_topics(of_each, half):
    topics = np.repeat(np.arange(4), of_each)
    pairs = match_topics(topics, seed=1)
    one, other = pairs.items.T
    assert (int(pairs.same.sum()), len(pairs.items)) == (half, 2 * half)
    assert (np.bincount(pairs.items.ravel()) == 2).all()
    assert (one != other).all()
    assert len({tuple(sorted(pair)) for pair in pairs.items.tolist()}) == 2 * half
    assert ((topics[one] == topics[other]) == pairs.same).all()
    # The file's order: same, different, same, different; each half of it has every item once.
    assert pairs.same.tolist() == ([True] * (half // 2) + [False] * (half // 2)) * 2
    assert sorted(pairs.items[:half].ravel().tolist()) == list(range(4 * of_each))
    facts = check_pairs(pairs, topics)
    assert (facts["same"], facts["different"], facts["items"]) == (half, half, 4 * of_each)


def test_a15_an_item_is_in_same_pairs_by_two_fair_draws():
    facts = check_pairs(match_topics(topics := np.repeat(np.arange(4), 1900), 1), topics)
    # Of 7,600 items a half once, a quarter never and twice; the sd of the first is 43.6 at most.
    none, once, twice = (facts["same_pairs_of_an_item"][times] for times in ("0", "1", "2"))
    assert none == twice and none + once + twice == 7600
    assert abs(once - 3800) < 5 * 43.6


def test_partners_are_of_all_other_topics_and_of_both_sides():
    topics = np.repeat(np.arange(4), 300)
    pairs = match_topics(topics, seed=2)
    met = Counter(tuple(sorted(topics[pair].tolist())) for pair in pairs.items[~pairs.same])
    # Six kinds of pairs, 600 pairs: 100 of each, were they drawn alike.
    assert len(met) == 6 and min(met.values()) > 60
    left = np.bincount(topics[pairs.items[:, 0]], minlength=4)
    assert (abs(left - 300) < 60).all()


def test_the_seed_is_all_that_decides():
    topics = np.repeat(np.arange(3), 40)
    one, again, other = (match_topics(topics, seed).items.tolist() for seed in (5, 5, 6))
    assert one == again and one != other


@pytest.mark.parametrize("counts", [(4, 4), (5, 6, 9), (10, 6), (4, 4, 4, 4), (7, 4, 5)])
def test_topics_of_other_sizes(counts):
    topics = np.repeat(np.arange(len(counts)), counts)
    check_pairs(match_topics(topics, seed=3), topics)


@pytest.mark.parametrize("counts", [(9, 7), (28, 4, 4)])
def test_a_topic_that_is_too_large_is_refused(counts):
    # (9, 7): across topics 4 of each, so within 5 and 3, which are odd. (28, 4, 4): of 18 across topics at
    # most 9 are of the first, so at least 19 within, and 18 are all that may be within.
    topics = np.repeat(np.arange(len(counts)), counts)
    with pytest.raises(ValueError, match=f"topic 0 has {counts[0]} of {sum(counts)} items"):
        match_topics(topics, seed=1)


def spoilt(change):
    topics = np.repeat(np.arange(2), 8)
    pairs = match_topics(topics, seed=1)
    items, same = pairs.items.copy(), pairs.same.copy()
    change(items, same)
    return Pairs(items, same), topics


def exchange(items, same):
    # An item of the first pass for one of the second: each is still in two pairs.
    one = items[0, 0]
    place = next(place for place in range(8, 16) if items[place, 0] != one and items[place, 1] != one)
    items[0, 0], items[place, 0] = items[place, 0], one


def twice(items, same):
    items[8] = items[0][::-1]


def itself(items, same):
    items[0] = items[0, 0]


def label(items, same):
    same[0], same[4] = False, True


def fewer(items, same):
    same[0] = False


def triangle(items, same):
    items[:3], same[:3] = [[0, 1], [1, 2], [0, 2]], [True, True, False]


@pytest.mark.parametrize(
    ("change", "promise"),
    [
        (exchange, "each pass has every item once"),
        (twice, "no pair is there twice"),
        (itself, "no item is paired with itself"),
        (label, "labels are those of topics"),
        (triangle, "same pairs connect no different pair"),
        (fewer, "as many same as different pairs"),
        (itself, "each item is in two pairs"),
    ],
)
def test_each_broken_promise_is_seen(change, promise):
    with pytest.raises(ValueError, match=promise):
        check_pairs(*spoilt(change))


ITEMS = [
    (topic, f"{topic} title {n}", f"about {topic} {n}") for topic in ("world", "sport") for n in range(8)
]


def lay(folder, form="tsv", items=ITEMS, header=("topic", "title", "description")):
    path = folder / f"items.{form}"
    if form == "jsonl":
        lines = [json.dumps(dict(zip(header, item, strict=True))) for item in items]
    else:
        comma = {"csv": ",", "tsv": "\t"}[form]
        lines = [comma.join(row) for row in ([header] if header else []) + list(items)]
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def run(folder, path, *more):
    words = ["--items", str(path), "--out", str(folder / "pairs.tsv"), "--stats", str(folder / "s.json")]
    topic_pairs.main([*words, *more])
    return (folder / "pairs.tsv").read_text(), json.loads((folder / "s.json").read_text())


def test_the_file_is_as_published_and_the_same_of_every_form(tmp_path):
    texts = {form: run(tmp_path, lay(tmp_path, form))[0] for form in ("tsv", "csv", "jsonl")}
    assert texts["tsv"] == texts["csv"] == texts["jsonl"]
    lines = [line.split("\t") for line in texts["tsv"].splitlines()]
    assert lines[0] == ["label", "news1-sentence1", "news1-sentence2", "news2-sentence1", "news2-sentence2"]
    assert len(lines) == 17 and all(len(line) == 5 and all(line) for line in lines)
    for name, title, text, other_title, other_text in lines[1:]:
        assert text == "about " + title.replace(" title", "")
        assert (title.split()[0] == other_title.split()[0]) == (name == "same")
        assert other_text.startswith("about ")
    item = read_items(lay(tmp_path))[0]
    assert topic_pairs.text_of(item) == "world title 0 - about world 0"


def test_statistics_say_what_was_made(tmp_path):
    _, facts = run(tmp_path, lay(tmp_path), "--seed", "7")
    assert (facts["items_read"], facts["items"], facts["seed"]) == (16, 16, 7)
    assert facts["topics"] == {"world": 8, "sport": 8}
    assert (facts["same"], facts["different"]) == (8, 8)
    assert len(facts["checked"]) == 7


def test_other_names_of_columns_and_none(tmp_path):
    wanted, _ = run(tmp_path, lay(tmp_path))
    named = lay(tmp_path, "csv", header=("Class Index", "Title", "Description"))
    assert run(tmp_path, named, "--columns", "Class Index", "Title", "Description")[0] == wanted
    assert run(tmp_path, lay(tmp_path, "csv", header=()), "--no-header")[0] == wanted
    path = tmp_path / "quoted.csv"
    path.write_text('topic,title,description\nworld,"a, b","say ""no"""\n')
    assert read_items(path)[0].title == "a, b" and read_items(path)[0].description == 'say "no"'


def test_what_is_over_is_left_out_where_asked(tmp_path):
    items = [*ITEMS, ITEMS[0], ("world", "one more", "of them")]
    with pytest.raises(UserError, match=r"lines 2 and 18 are the same text; --drop"):
        run(tmp_path, lay(tmp_path, items=items))
    with pytest.raises(UserError, match=r"17 items; .* leave 1 out, or take --drop"):
        run(tmp_path, lay(tmp_path, items=[*ITEMS, items[-1]]))
    _, facts = run(tmp_path, lay(tmp_path, items=items), "--drop")
    assert (facts["items_read"], facts["items"]) == (18, 16)


@pytest.mark.parametrize(
    ("form", "content", "said"),
    [
        ("tsv", "topic\ttitle\tdescription\nworld\ta\t\n", "line 2: the description is empty"),
        ("tsv", "topic\ttitle\tdescription\nworld\t \tb\n", "line 2: the title is empty"),
        ("csv", 'topic,title,description\nworld,"a\tb",c\n', r"line 2: the title holds '\\t'"),
        ("csv", 'topic,title,description\nworld,a,"b\nc"\n', r"line 3: the description holds '\\n'"),
        ("csv", 'topic,title,description\nworld,"a"b,c\n', "line 2: not CSV"),
        ("tsv", "topic\ttitle\tdescription\nworld\ta\n", "line 2: 2 fields, at least 3 are needed"),
        ("tsv", "Topic\ttitle\tdescription\n", r"no column 'topic' \(did you mean 'Topic'\?\)"),
        ("tsv", "topic\ttitle\tdescription\n", "no items"),
        ("tsv", "", "no items"),
        ("jsonl", '{"topic": "world"}\n', "line 1: no key 'title'"),
        ("jsonl", "[1]\n", "line 1: no JSON object"),
        ("jsonl", "topic\n", "line 1: not JSON"),
        ("txt", "", r"ends with none of \.csv, \.tsv, \.jsonl"),
    ],
)
def test_bad_items_are_refused_with_their_line(tmp_path, form, content, said):
    path = tmp_path / f"items.{form}"
    path.write_text(content)
    with pytest.raises(UserError, match=said):
        run(tmp_path, path)
    assert not (tmp_path / "pairs.tsv").exists()


@pytest.mark.parametrize(
    ("items", "said"),
    [
        ([*ITEMS[:15], ("one", "alone", "here")], "the topic 'one' has 1 item; pairs need 4"),
        (ITEMS[:8], "one topic, 'world'; different pairs need two"),
        ([*ITEMS[:8], *ITEMS[8:12]], "the topic 'world' has 8 of 12 items: as many different as same"),
    ],
)
def test_topics_of_which_no_pairs_can_be_made(tmp_path, items, said):
    with pytest.raises(UserError, match=said):
        run(tmp_path, lay(tmp_path, items=items))
