"""The jobs that count, select, decode and ask for likelihoods; those that train are in the test itself."""

from __future__ import annotations

from tests.workflow.expected.job import (
    ALL,
    BASELINE_FILES,
    DECODING,
    JOB,
    SYSTEM_FILES,
    TIERS,
    TRAINED,
    VALID_FILES,
    Expected,
    braces,
    sides,
)

MODELS = (
    Expected(
        "count_encoder_en",
        {"system": "baseline", "seed": "2"},
        [*BASELINE_FILES, *VALID_FILES],
        {
            "--system": "R/systems/baseline/s2",
            "--data-bin": "R/data/bin/shard0",
            "--subset": "valid",
            "--directions": "en-de en-fr",
            "--max-tokens": "777",
            "--out-root": "R/activations/baseline/s2/valid",
        },
        "directions max-tokens",
    ),
    Expected(
        "count_activations",
        {"system": "baseline", "seed": "2", "direction": "fr-en"},
        [*BASELINE_FILES, *braces("data/bin/shard0/valid.en-fr.{en,fr}.{bin,idx}")],
        {
            "--system": "R/systems/baseline/s2",
            "--data-bin": "R/data/bin/shard0",
            "--subset": "valid",
            "--direction": "fr-en",
            "--max-tokens": "777",
            "--out": "R/activations/baseline/s2/valid/fr-en.npz",
        },
        "max-tokens",
    ),
    Expected(
        "select_masks",
        {"system": "baseline", "seed": "2", "maskset": "k95", "row": ""},
        braces("activations/baseline/s2/valid/{en-de,en-fr,de-en,fr-en}.npz"),
        {
            "--activations-root": "R/activations/baseline/s2/valid",
            "--directions": TRAINED,
            "--select": "mass:95",
            "--out": "R/masks/baseline/s2/k95.npz",
        },
        "directions select",
    ),
    Expected(
        "select_masks",
        {"system": "baseline", "seed": "2", "maskset": "all", "row": "/de-fr"},
        ["masks/baseline/s2/all.npz"],
        {
            "--like": "R/masks/baseline/s2/all.npz",
            "--directions": "de-fr",
            "--rows": "merged",
            "--by": "language",
            "--out": "R/masks/baseline/s2/all/de-fr.npz",
        },
        "directions rows by",
    ),
    Expected(
        "decode",
        {**JOB, "direction": "de-fr"},
        [*SYSTEM_FILES, "data/text/talks/de-fr.de.txt", "masks/baseline/s2/k95/de-fr.npz"],
        {
            "--system": "$(dirname R/systems/ns-k95/s2/system.json)",
            "--direction": "de-fr",
            "--masks": "R/masks/baseline/s2/k95/de-fr.npz",
            "--source": "R/data/text/talks/de-fr.de.txt",
            **{f"--{name}": value for name, value in (w.split(" ") for w in DECODING[2:].split(" --"))},
            "--threads": "1",
            "--out": "R/translations/ns-k95/s2/talks/de-fr.txt",
        },
        "engine ranking beam length-penalty max-length batch-tokens compute-type",
    ),
    Expected(
        "score_likelihood",
        JOB,
        [*SYSTEM_FILES, *sides("data/text/talks/*.txt"), "masks/baseline/s2/k95/de-fr.npz"],
        {
            "--system": "R/systems/ns-k95/s2",
            "--directions": ALL,
            "--masks": "R/masks/baseline/s2/k95/{direction}.npz",
            "--sources": "R/data/text/talks/{pair}.{source}.txt",
            "--references": "R/data/text/talks/{pair}.{target}.txt",
            "--experiment": "small",
            "--testset": "talks",
            "--out": "R/likelihoods/ns-k95/s2/talks.json",
        },
        "directions experiment",
    ),
    Expected(
        "score_contrastive",
        {"system": "ns-k95", "seed": "2", "contrast": "gender"},
        [*SYSTEM_FILES, "./gender.tsv", "masks/baseline/s2/k95/de-fr.npz"],
        {
            "--system": "R/systems/ns-k95/s2",
            "--directions": ALL,
            "--masks": "R/masks/baseline/s2/k95/{direction}.npz",
            "--set": "gender.tsv",
            "--experiment": "small",
            "--name": "gender",
            "--out": "R/contrastive/ns-k95/s2/gender.json",
        },
        "directions experiment",
    ),
    Expected(
        "mask_control",
        {"system": "baseline", "seed": "2", "maskset": "k70"},
        [
            *BASELINE_FILES,
            "masks/baseline/s2/k70.npz",
            *sides("data/bin/shard0/news.*.{bin,idx}", train=True),
        ],
        {
            "--system": "R/systems/baseline/s2",
            "--masks": "R/masks/baseline/s2/k70.npz",
            "--data-bin": "R/data/bin/shard0",
            "--subset": "news",
            "--directions": TRAINED,
            "--seed": "2",
            "--max-sentences": "55",
            "--out": "R/analysis/mask_control/baseline/s2/k70.json",
        },
        "subset directions max-sentences",
    ),
    Expected(
        "score_magnitude",
        {"system": "baseline", "seed": "2", "direction": "fr-en"},
        [*BASELINE_FILES, *braces("data/bin/shard0/valid.en-fr.{en,fr}.{bin,idx}")],
        {
            "--system": "R/systems/baseline/s2",
            "--data-bin": "R/data/bin/shard0",
            "--subset": "valid",
            "--direction": "fr-en",
            "--out": "R/magnitude/baseline/s2/valid/fr-en.npz",
        },
        "",
    ),
    Expected(
        "score_lape",
        {"system": "baseline", "seed": "2", "form": "lape"},
        braces("activations/baseline/s2/valid/{en-de,en-fr,de-en,fr-en}.npz"),
        {
            "--activations-root": "R/activations/baseline/s2/valid",
            "--directions": TRAINED,
            "--form": "lape",
            "--out-root": "R/lape/baseline/s2/valid",
        },
        "directions",
    ),
    Expected(
        "criteria",
        {"system": "baseline", "seed": "2"},
        [
            *BASELINE_FILES,
            *braces("{magnitude,lape}/baseline/s2/valid/{en-de,en-fr,de-en,fr-en}.npz"),
            "masks/baseline/s2/k95.npz",
            *sides("data/bin/shard0/news.*.{bin,idx}", train=True),
        ],
        {
            "--system": "R/systems/baseline/s2",
            "--scores": '{"lape": "R/lape/baseline/s2/valid", "magnitude": "R/magnitude/baseline/s2/valid"}',
            "--masks": "R/masks/baseline/s2/k95.npz",
            "--data-bin": "R/data/bin/shard0",
            "--subset": "news",
            "--directions": TRAINED,
            "--size": "3",
            "--draws": "6",
            "--others": "2",
            "--seed": "2",
            "--max-sentences": "44",
            **{
                f"--out-{name}": f"R/analysis/criteria/baseline/s2.{ending}"
                for name, ending in (("json", "json"), ("csv", "csv"), ("markdown", "md"))
            },
        },
        "subset directions size draws others max-sentences",
    ),
    Expected(
        "overlap",
        {"system": "baseline", "seed": "2", "maskset": "k95"},
        ["masks/baseline/s2/k95.npz"],
        {
            "--masks": "R/masks/baseline/s2/k95.npz",
            "--groups": TIERS,
            "--pivot": "en",
            "--permutations": "99",
            "--seed": "2",
            **{
                f"--out-{name}": f"R/analysis/overlap/baseline/s2/k95.{ending}"
                for name, ending in (("json", "json"), ("csv", "csv"), ("markdown", "md"))
            },
        },
        "groups pivot permutations",
    ),
)
