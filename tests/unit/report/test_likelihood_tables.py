"""report.likelihood_tables: nats per token, and accuracies on contrastive sets."""

import json

import pytest

from workflow_scripts.errors import UserError
from workflow_scripts.report.likelihood_tables import contrastive_table, likelihood_table
from workflow_scripts.report.scores import Plan
from workflow_scripts.report.table import Shown, records
from workflow_scripts.report.tabulate import main
from workflow_scripts.table_names import ALWAYS, CONTRASTIVE, FORMATS, LIKELIHOOD

DIRECTIONS = ["en-de", "de-en"]
SYSTEMS = ["baseline", "ns"]
#: Of each seed nats per token of en-de and de-en.
NATS = {"baseline": {1: (2.0, 1.0), 2: (2.2, 1.0)}, "ns": {1: (1.9, 1.5), 2: (1.9, 1.5)}}
#: Of each system items and right ones: number in en-de, gender in en-de, gender in de-en.
RIGHT = {"baseline": (8, 5, 10), "ns": (10, 5, 0)}


def plan_of(seeds, systems=SYSTEMS):
    return Plan("e", systems, seeds, ["test"], DIRECTIONS, ["bleu"])


def put(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def likelihoods(root, change=None):
    for system, by_seed in NATS.items():
        for seed, values in by_seed.items():
            entries = {
                direction: {
                    "n": 9,
                    "skipped": 1,
                    "cut_sources": 0,
                    "tokens": 100,
                    "log_likelihood": -100 * nats,
                    "nats_per_token": nats,
                    "perplexity": 2.718281828**nats,
                }
                for direction, nats in zip(DIRECTIONS, values, strict=True)
            }
            content = {"experiment": "e", "system": system, "seed": seed, "testset": "test"}
            content["directions"] = entries
            if change and (system, seed) == ("ns", 2):
                change(content)
            put(root / system / f"s{seed}/test.json", content)
    return root


def entry(n, right, **phenomena):
    """What a file says; bounds that are no interval of these but tell them from others."""
    found = {"n": n, "right": right, "ties": 0, "accuracy": right / n, "chance": 0.5}
    found |= {"low": right / n / 2, "high": (1 + right / n) / 2}
    return {**found, "phenomena": phenomena} if phenomena else found


def contrasts(root, change=None):
    for system, (number, gender, other) in RIGHT.items():
        both = gender + other
        content = {
            "experiment": "e",
            "system": system,
            "seed": 1,
            "set": "mine",
            "all": entry(30, number + both, number=entry(10, number), gender=entry(20, both)),
            "directions": {
                "en-de": entry(20, number + gender, number=entry(10, number), gender=entry(10, gender)),
                "de-en": entry(10, other, gender=entry(10, other)),
            },
        }
        if change and system == "ns":
            change(content)
        put(root / system / "s1/mine.json", content)
    return root


def texts(row):
    return [cell.text if isinstance(cell, Shown) else cell for cell in row]


def test_nats_by_direction(tmp_path):
    table = likelihood_table(likelihoods(tmp_path), plan_of([1, 2]))
    [block] = table.blocks
    assert block.section == "test, nats per token (lower is better)"
    # Means of seeds 1.5 and 1.6 of the baseline, 1.7 twice of ns.
    assert [texts(row) for row in block.rows] == [
        ["en-de", "2.100 ± 0.141 (2)", "1.900 ± 0.000 (2)"],
        ["de-en", "1.000 ± 0.000 (2)", "1.500 ± 0.000 (2)"],
        ["mean", "1.550 ± 0.071 (2)", "1.700 ± 0.000 (2)"],
    ]
    bold = [[cell.bold for cell in row if isinstance(cell, Shown)] for row in block.rows]
    assert bold == [[False, True], [True, False], [True, False]]
    rows = records(table.frame)
    assert len(rows) == 8 and (rows[0]["tokens"], rows[0]["log_likelihood"], rows[0]["skipped"]) == (
        100,
        -200,
        1,
    )


def test_of_one_seed_and_one_system(tmp_path):
    [block] = likelihood_table(likelihoods(tmp_path), plan_of([1], ["ns"])).blocks
    assert block.rows[0] == ["en-de", Shown("1.900")]


def test_a_likelihood_that_is_missing(tmp_path):
    likelihoods(tmp_path, lambda content: content["directions"].pop("de-en"))
    with pytest.raises(
        UserError, match=r"^1 of 8 likelihoods are missing, the first: de-en in .*ns/s2/test\.json"
    ):
        likelihood_table(tmp_path, plan_of([1, 2]))
    table = likelihood_table(tmp_path, plan_of([1, 2]), allow_partial=True)
    assert table.partial == "1 of 8 likelihoods missing"
    # Of ns one seed has de-en: it is shown, and compared with nothing.
    assert table.blocks[0].rows[1:] == [
        ["de-en", Shown("1.000 ± 0.000 (2)"), Shown("1.500 [1/2]")],
        ["mean", Shown("1.550 ± 0.071 (2)"), Shown("1.700 [1/2]")],
    ]


def test_accuracies_by_phenomenon_and_direction(tmp_path):
    table = contrastive_table(contrasts(tmp_path), plan_of([1]), ["mine"])
    phenomena, directions = table.blocks
    assert directions.title == "By direction, all phenomena"
    assert (phenomena.section, phenomena.header) == ("mine", ["phenomenon", "items", "chance", *SYSTEMS])
    # The baseline has 23 of 30 right: .767, .383 and .883 for bounds.
    assert phenomena.rows == [
        ["all", "30", "50.0", "76.7 [38.3, 88.3]", "50.0 [25.0, 75.0]"],
        ["number", "10", "50.0", "80.0 [40.0, 90.0]", "100.0 [50.0, 100.0]"],
        ["gender", "20", "50.0", "75.0 [37.5, 87.5]", "25.0 [12.5, 62.5]"],
    ]
    assert [texts(row)[0::3] for row in directions.rows] == [
        ["all", "76.7 [38.3, 88.3]"],
        ["en-de", "65.0 [32.5, 82.5]"],
        ["de-en", "100.0 [50.0, 100.0]"],
    ]
    rows = {(r["system"], r["direction"], r["phenomenon"]): r["right"] for r in records(table.frame)}
    assert len(rows) == 16 and rows["ns", "en-de", "gender"] == 5 and rows["ns", "all", "all"] == 15


def test_contrasts_that_are_missing(tmp_path):
    contrasts(tmp_path)
    (tmp_path / "ns/s1/mine.json").unlink()
    with pytest.raises(UserError, match=r"^1 of 2 contrastive files are missing, the first: .*ns/s1/mine"):
        contrastive_table(tmp_path, plan_of([1]), ["mine"])
    table = contrastive_table(tmp_path, plan_of([1]), ["mine"], allow_partial=True)
    assert table.partial == "1 of 2 contrastive files missing" and table.blocks[0].header[3:] == ["baseline"]


def test_tabulate_writes_both_where_they_are_asked_for(tmp_path):
    one = {"metric": "bleu", "score": 10.0, "signature": "s"}
    for system in SYSTEMS:
        job = {"experiment": "e", "system": system, "seed": 1, "testset": "test", "profile": "raw"}
        scores = {name: {"n": 9, "scores": [one], "references_sha256": name} for name in DIRECTIONS}
        put(tmp_path / f"scores/{system}/s1/test.raw.json", {**job, "directions": scores})
    words = ["--scores-root", str(tmp_path / "scores"), "--experiment", "e", "--systems", *SYSTEMS]
    words += ["--seeds", "1", "--testsets", "test", "--directions", *DIRECTIONS, "--metrics", "bleu"]
    words += ["--out-dir", str(tmp_path / "tables")]
    asked = ["--likelihood-root", str(likelihoods(tmp_path / "likelihoods")), "--contrastive", "mine"]
    main([*words, *asked, "--contrastive-root", str(contrasts(tmp_path / "contrastive"))])
    made = {path.name for path in (tmp_path / "tables").iterdir()}
    assert {f"{table}.{ending}" for table in (LIKELIHOOD, CONTRASTIVE) for ending in FORMATS} <= made
    main(words)
    assert {path.stem for path in (tmp_path / "tables").iterdir()} == set(ALWAYS)
