"""report.tables.likelihood_tables: nats per token, and accuracies on contrastive sets."""

import json

from tests.unit.report.made import plan_of, put, put_job, put_scores, tabulate, texts
from workflow_scripts.common.table_names import ALWAYS, CONTRASTIVE, FORMATS, LIKELIHOOD
from workflow_scripts.report.tables.likelihood_tables import contrastive_table, likelihood_table
from workflow_scripts.report.tables.table import Shown, records

DIRECTIONS = ["en-de", "de-en"]
SYSTEMS = ["baseline", "ns"]
#: Of each seed nats per token of en-de and de-en.
NATS = {"baseline": {1: (2.0, 1.0), 2: (2.2, 1.0)}, "ns": {1: (1.9, 1.5), 2: (1.9, 1.5)}}
#: Of each system items and right ones: number in en-de, gender in en-de, gender in de-en.
RIGHT = {"baseline": (8, 5, 10), "ns": (10, 5, 0)}


def likelihoods(root, change=None):
    for system, by_seed in NATS.items():
        for seed, values in by_seed.items():
            one = {"n": 9, "skipped": 1, "cut_sources": 0, "tokens": 100}
            entries = {
                d: {**one, "log_likelihood": -100 * x, "nats_per_token": x, "perplexity": 2.718281828**x}
                for d, x in zip(DIRECTIONS, values, strict=True)
            }
            content = {"directions": entries}
            if change and (system, seed) == ("ns", 2):
                change(content)
            put_job(root / system / f"s{seed}/test.json", system, seed, **content)
    return root


def entry(n, right, **phenomena):
    """What a file says; bounds that are no interval of these but tell them from others."""
    found = {"n": n, "right": right, "ties": 0, "accuracy": right / n, "chance": 0.5}
    found |= {"low": right / n / 2, "high": (1 + right / n) / 2}
    return {**found, "phenomena": phenomena} if phenomena else found


def contrasts(root):
    for system, (number, gender, other) in RIGHT.items():
        both = gender + other
        directions = {
            "en-de": entry(20, number + gender, number=entry(10, number), gender=entry(10, gender)),
            "de-en": entry(10, other, gender=entry(10, other)),
        }
        every = entry(30, number + both, number=entry(10, number), gender=entry(20, both))
        job = {"experiment": "e", "system": system, "seed": 1, "set": "mine"}
        put(root / system / "s1/mine.json", {**job, "all": every, "directions": directions})
    return root


def test_a_system_of_some_directions_lacks_nothing(tmp_path):
    root = likelihoods(tmp_path)
    for seed in (1, 2):
        path = root / f"ns/s{seed}/test.json"
        content = json.loads(path.read_text())
        del content["directions"]["de-en"]
        path.write_text(json.dumps(content))
    table = likelihood_table(root, plan_of(SYSTEMS, DIRECTIONS, [1, 2], partial_systems={"ns": ["en-de"]}))
    assert (table.missing, table.expected) == (0, 6)
    reason = "n/a (not all directions)"
    assert [row[2] for row in texts(table.blocks[0])] == ["1.900 ± 0.000 (2)", reason, reason]


def test_nats_by_direction(tmp_path):
    table = likelihood_table(likelihoods(tmp_path), plan_of(SYSTEMS, DIRECTIONS, [1, 2]))
    [block] = table.blocks
    assert block.section == "test, nats per token (lower is better)"
    # Means of seeds 1.5 and 1.6 of the baseline, 1.7 twice of ns.
    assert texts(block) == [
        ["en-de", "2.100 ± 0.141 (2)", "1.900 ± 0.000 (2)"],
        ["de-en", "1.000 ± 0.000 (2)", "1.500 ± 0.000 (2)"],
        ["mean", "1.550 ± 0.071 (2)", "1.700 ± 0.000 (2)"],
    ]
    bold = [[cell.bold for cell in row if isinstance(cell, Shown)] for row in block.rows]
    assert bold == [[False, True], [True, False], [True, False]]
    rows = records(table.frame)
    assert len(rows) == 8
    assert [rows[0][key] for key in ("tokens", "log_likelihood", "skipped")] == [100, -200, 1]


def test_of_one_seed_and_one_system(tmp_path):
    [block] = likelihood_table(likelihoods(tmp_path), plan_of(["ns"], DIRECTIONS)).blocks
    assert block.rows[0] == ["en-de", Shown("1.900")]


def test_a_likelihood_that_is_missing(tmp_path):
    likelihoods(tmp_path, lambda content: content["directions"].pop("de-en"))
    table = likelihood_table(tmp_path, plan_of(SYSTEMS, DIRECTIONS, [1, 2]), allow_partial=True)
    assert table.partial == "1 of 8 likelihoods missing"
    # Of ns one seed has de-en: it is shown, and compared with nothing.
    assert table.blocks[0].rows[1:] == [
        ["de-en", Shown("1.000 ± 0.000 (2)"), Shown("1.500 [1/2]")],
        ["mean", Shown("1.550 ± 0.071 (2)"), Shown("1.700 [1/2]")],
    ]


def test_accuracies_by_phenomenon_and_direction(tmp_path):
    table = contrastive_table(contrasts(tmp_path), plan_of(SYSTEMS, DIRECTIONS, [1]), ["mine"])
    phenomena, directions = table.blocks
    assert directions.title == "By direction, all phenomena"
    assert (phenomena.section, phenomena.header) == ("mine", ["phenomenon", "items", "chance", *SYSTEMS])
    # The baseline has 23 of 30 right: .767, .383 and .883 for bounds.
    assert phenomena.rows == [
        ["all", "30", "50.0", "76.7 [38.3, 88.3]", "50.0 [25.0, 75.0]"],
        ["number", "10", "50.0", "80.0 [40.0, 90.0]", "100.0 [50.0, 100.0]"],
        ["gender", "20", "50.0", "75.0 [37.5, 87.5]", "25.0 [12.5, 62.5]"],
    ]
    assert [row[0::3] for row in texts(directions)] == [
        ["all", "76.7 [38.3, 88.3]"],
        ["en-de", "65.0 [32.5, 82.5]"],
        ["de-en", "100.0 [50.0, 100.0]"],
    ]
    rows = {(r["system"], r["direction"], r["phenomenon"]): r["right"] for r in records(table.frame)}
    assert len(rows) == 16 and rows["ns", "en-de", "gender"] == 5 and rows["ns", "all", "all"] == 15


def test_contrasts_of_systems_that_lack_directions(tmp_path):
    path = contrasts(tmp_path) / "ns/s1/mine.json"
    content = json.loads(path.read_text())
    # ns has de-en alone, 10 of the 30 items; another system has none of the set's directions.
    del content["directions"]["en-de"]
    path.write_text(json.dumps({**content, "all": content["directions"]["de-en"]}))
    lacks = {**content, "system": "other", "all": None, "directions": {}}
    put(tmp_path / "other/s1/mine.json", lacks)
    table = contrastive_table(tmp_path, plan_of([*SYSTEMS, "other"], DIRECTIONS, [1]), ["mine"])
    assert (table.missing, table.expected) == (0, 3)
    phenomena, directions = table.blocks
    assert phenomena.header == ["phenomenon", "items", "chance", *SYSTEMS]
    assert [[row[0], row[1], row[4]] for row in texts(phenomena)] == [
        ["all", "30", "0.0 [0.0, 50.0] [10 of 30 items]"],
        ["number", "10", "n/a"],
        ["gender", "20", "0.0 [0.0, 50.0] [10 of 20 items]"],
    ]
    assert [row[4] for row in texts(directions)] == [
        "0.0 [0.0, 50.0] [10 of 30 items]", "n/a", "0.0 [0.0, 50.0]",
    ]  # fmt: skip


def test_contrasts_that_are_missing(tmp_path):
    contrasts(tmp_path)
    (tmp_path / "ns/s1/mine.json").unlink()
    table = contrastive_table(tmp_path, plan_of(SYSTEMS, DIRECTIONS, [1]), ["mine"], allow_partial=True)
    assert table.partial == "1 of 2 contrastive files missing" and table.blocks[0].header[3:] == ["baseline"]


def test_tabulate_writes_both_where_they_are_asked_for(tmp_path):
    for system in SYSTEMS:
        put_scores(tmp_path, system, {"bleu": 10.0}, DIRECTIONS)
    asked = ["--likelihood-root", likelihoods(tmp_path / "likelihoods"), "--contrastive", "mine"]
    tabulate(tmp_path, SYSTEMS, DIRECTIONS, *asked, "--contrastive-root", contrasts(tmp_path / "contrastive"))
    made = {path.name for path in (tmp_path / "tables").iterdir()}
    assert {f"{table}.{ending}" for table in (LIKELIHOOD, CONTRASTIVE) for ending in FORMATS} <= made
    tabulate(tmp_path, SYSTEMS, DIRECTIONS)
    assert {path.stem for path in (tmp_path / "tables").iterdir()} == set(ALWAYS)
