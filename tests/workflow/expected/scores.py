"""The jobs that score, compare, tabulate and draw."""

from __future__ import annotations

import json

from tests.workflow.expected.job import (
    ALL,
    GROUPS,
    HYPOTHESES,
    JOB,
    OF_JOB,
    OF_PAPER,
    PAIRS_TRAIN,
    PAPER,
    PUBLISHED,
    RAW,
    REBUILT,
    SCORED_PAPER,
    SOURCE_TEXTS,
    SYSTEMS,
    TARGETS,
    TESTS,
    Expected,
    braces,
    sides,
)

EVERY, TESTED = "{baseline,continued,ns-k70,ns-k95}", "{continued,ns-k70,ns-k95}"
#: Of a COMET model of a folder.
MODEL = ["./models/own/checkpoints/model.ckpt", "./models/own/hparams.yaml"]
UNIT_MASKS = " ".join(f"{k}=R/masks/baseline/s{{seed}}/{k}.npz" for k in ("k70", "k95"))
CURVES = " ".join(
    f"{system}.s{seed}=R/training/{system}/s{seed}/validation.csv" for system in SYSTEMS for seed in (1, 2)
)
#: Of each system what was trained and what decodes it, and the jobs that made its masks.
COUNTED = ["count_activations/baseline/s{seed}:en into_en"]
MADE = {
    system: [*COUNTED, f"select_masks/baseline/s{{seed}}/{k}.tsv"]
    for system, k in (("ns-k70", "k70"), ("ns-k95", "k95"))
}
COSTS = json.dumps(
    {s: {"trained": "all", "engine": "ctranslate2", "extraction": MADE.get(s, [])} for s in SYSTEMS},
    sort_keys=True,
)
TABLES_MADE = (
    "scores,summary,groups,differences,interference,health,significance,wins,seeds,controls,choice,zero_shot,costs,"
    "likelihood,contrastive,published"
)
FAMILIES = '{"family": {"germanic": ["de"], "romance": ["fr"]}}'
HOW_MADE = {
    "baseline": "trained from random weights in all directions",
    "continued": "the baseline trained further, every unit kept",
    "ns-k70": "the baseline trained further with masks `k70` in each direction",
    "ns-k95": "the baseline trained further with masks `k95` in each direction",
}
#: Every figure, of which the page shows some.
ON_PAGE = (
    *("training", "sweep_ns", "gains_news", "gains_talks", "costs", "iou_k95", "iou_by_layer"),
    *("kept_by_layer", "off_target_news", "off_target_talks", "ablation_ns-k95", "effects_baseline_lape"),
    *("effects_baseline_masks", "criteria"),
)
TABLE_OPTIONS = {
    "--comet": "own comet",
    "--contrastive": "gender",
    "--comet-root": "R/comet",
    "--significance-root": "R/significance",
    "--level": "0.01",
    "--off-target-root": "R/off_target",
    "--ceiling-root": "R/data/ceiling",
    "--likelihood-root": "R/likelihoods",
    "--contrastive-root": "R/contrastive",
    "--choose": "ns",
    "--costs": COSTS,
    "--systems-root": "R/systems",
    "--benchmarks-root": "R/benchmarks",
    "--untrained": "de-fr",
    "--pivot": "en",
    "--control": "continued",
    "--groups": GROUPS,
    "--without": '{"french": ["en-fr", "fr-en"]}',
    "--bilingual": "continued",
    "--published": PUBLISHED,
}


EVALUATION = (
    Expected(
        "score",
        PAPER,
        [*HYPOTHESES, *REBUILT, *SOURCE_TEXTS],
        {
            **SCORED_PAPER,
            "--metrics": "chrf bleu",
            "--tokenizers": '{"de": "intl"}',
            "--processes": "1",
            **OF_PAPER,
            "--out": "R/scores/ns-k95/s2/talks.paper.json",
        },
        "references sources directions metrics tokenizers experiment",
    ),
    Expected(
        "compare",
        PAPER,
        braces("scores/{ns-k95,baseline,continued}/s2/talks.paper.segments.npz"),
        {
            "--segments": "R/scores/ns-k95/s2/talks.paper.segments.npz",
            "--against": "baseline R/scores/baseline/s2/talks.paper.segments.npz"
            " continued R/scores/continued/s2/talks.paper.segments.npz",
            **TESTS,
            **OF_PAPER,
            "--out": "R/significance/ns-k95/s2/talks.paper.json",
        },
        "against directions resamples random-seed experiment",
    ),
    # The control is not compared with itself.
    Expected(
        "compare_comet",
        {"system": "continued", "seed": "1", "testset": "news", "profile": "raw", "comet": "own"},
        braces("comet/{continued,baseline}/s1/news.raw.own.segments.npz"),
        {
            "--segments": "R/comet/continued/s1/news.raw.own.segments.npz",
            "--against": "baseline R/comet/baseline/s1/news.raw.own.segments.npz",
            **TESTS,
            **OF_JOB,
            "--system": "continued",
            "--seed": "1",
            "--testset": "news",
            "--profile": "raw",
            "--out": "R/significance/continued/s1/news.raw.own.json",
        },
        "against directions resamples random-seed experiment",
    ),
    Expected(
        "score_comet",
        {**PAPER, "comet": "comet"},
        [*HYPOTHESES, *REBUILT, *SOURCE_TEXTS, "data/comet/comet.json"],
        {
            **SCORED_PAPER,
            "--fetched": "R/data/comet/comet.json",
            "--batch-size": "16",
            "--cache": "results/.cache",
            "--name": "comet",
            **OF_PAPER,
            "--out": "R/comet/ns-k95/s2/talks.paper.comet.json",
        },
        "references sources directions fetched batch-size cache experiment",
    ),
    Expected(
        "score_comet",
        {**JOB, "profile": "raw", "comet": "own"},
        [*HYPOTHESES, *RAW, *SOURCE_TEXTS, *MODEL],
        {
            **SCORED_PAPER,
            "--references": "R/data/text/talks/{pair}.{target}.txt",
            "--folder": "models/own",
            "--batch-size": "3",
            "--known-languages": "en de",
            "--cache": "results/.cache",
            "--name": "own",
            **OF_JOB,
            "--profile": "raw",
            "--out": "R/comet/ns-k95/s2/talks.raw.own.json",
        },
        "references sources directions folder batch-size known-languages cache experiment",
    ),
    Expected(
        "fetch_comet",
        {"comet": "comet"},
        [],
        {"--model": "Unbabel/wmt22-comet-da", "--revision": "abc123", "--out": "R/data/comet/comet.json"},
        "model revision",
    ),
    Expected(
        "train_identifier",
        {},
        sides("data/text/{train,valid}/*.txt", train=True),
        {
            "--text-root": "R/data/text",
            "--pairs": f'{{"train": {PAIRS_TRAIN}, "valid": {PAIRS_TRAIN}}}',
            "--languages": "en de fr",
            "--out-model": "R/identifier/model.npz",
            "--out-accuracy": "R/identifier/accuracy.json",
        },
        "pairs languages",
    ),
    Expected(
        "identify",
        JOB,
        ["identifier/model.npz", *HYPOTHESES, *RAW],
        {
            "--identifier": "R/identifier/model.npz",
            "--hypotheses": "R/translations/ns-k95/s2/talks/{direction}.txt",
            "--references": "R/data/text/talks/{pair}.{target}.txt",
            "--directions": ALL,
            **OF_JOB,
            "--out": "R/off_target/ns-k95/s2/talks.json",
        },
        "references directions experiment",
    ),
)

TABLES = (
    Expected(
        "score_ceiling",
        {"testset": "talks"},
        [*RAW, *(f"data/round_trip/talks/{side}.txt" for side in TARGETS), "data/round_trip/talks.json"],
        {
            "--references": "R/data/text/talks/{pair}.{target}.txt",
            "--round-trips": "R/data/round_trip/talks/{pair}.{target}.txt",
            "--stats": "R/data/round_trip/talks.json",
            "--directions": ALL,
            "--tokenizers": '{"de": "intl"}',
            "--experiment": "small",
            "--testset": "talks",
            "--out": "R/data/ceiling/talks.json",
        },
        "references directions tokenizers experiment",
    ),
    Expected(
        "tabulate",
        {},
        [
            *braces(f"scores/{EVERY}/s{{1,2}}/{{news,talks}}.{{raw,paper}}.json"),
            *braces(f"comet/{EVERY}/s{{1,2}}/{{news,talks}}.{{raw,paper}}.{{own,comet}}.json"),
            *braces(f"significance/{TESTED}/s{{1,2}}/{{news,talks}}.{{raw,paper}}.json"),
            *braces(f"significance/{TESTED}/s{{1,2}}/{{news,talks}}.{{raw,paper}}.{{own,comet}}.json"),
            *braces(f"{{off_target,likelihoods}}/{EVERY}/s{{1,2}}/{{news,talks}}.json"),
            *braces(f"contrastive/{EVERY}/s{{1,2}}/gender.json"),
            *braces("data/ceiling/{news,talks}.json"),
            "analysis/strongest_units/baseline/s1.json",
            *braces(f"systems/{EVERY}/s{{1,2}}/system.json"),
            "./published.csv",
        ],
        {
            "--scores-root": "R/scores",
            "--experiment": "small",
            "--systems": " ".join(SYSTEMS),
            "--seeds": "1 2",
            "--testsets": "news talks",
            "--directions": ALL,
            "--metrics": "chrf bleu own comet",
            "--profiles": "raw paper",
            **TABLE_OPTIONS,
            "--strongest": "R/analysis/strongest_units/baseline/s1.json",
            "--cautions": "R/tables/cautions.txt",
            "--out-dir": "R/tables",
        },
        "experiment systems seeds testsets directions metrics profiles comet contrastive comet-root"
        " significance-root level off-target-root ceiling-root likelihood-root contrastive-root choose"
        " costs systems-root benchmarks-root untrained pivot control groups without bilingual published",
    ),
    Expected(
        "tabulate_units",
        {},
        braces("masks/baseline/s{1,2}/{k70,k95}.npz"),
        {"--masks": UNIT_MASKS, "--seeds": "1 2", "--pivot": "en", "--out-dir": "R/tables"},
        "masks seeds pivot",
    ),
    Expected(
        "plot_training",
        {},
        braces(f"systems/{EVERY}/s{{1,2}}/system.json"),
        {
            "--validation": CURVES,
            "--first": "baseline",
            "--after": "continued ns-k70 ns-k95",
            "--out": "R/figures/training.png",
        },
        "validation first after",
    ),
    Expected(
        "plot_tables",
        {},
        [*braces(f"tables/{{{TABLES_MADE}}}.csv"), "tables/units.json"],
        {
            "--tables": "R/tables",
            "--metric": "own",
            "--also": "controls significance units",
            "--sweeps": "ns",
            "--testsets": "news talks",
            "--masks": '{"continued": "all", "ns-k70": "k70", "ns-k95": "k95"}',
            "--control": "continued",
            "--groups": FAMILIES,
            "--pivot": "en",
            "--seeds": "1 2",
            "--benchmarks": "R/benchmarks",
            "--out-dir": "R/figures",
        },
        "metric also sweeps testsets masks control groups pivot seeds benchmarks",
    ),
    Expected(
        "plot_masks",
        {},
        ["tables/units.json"],
        {
            "--units": "R/tables/units.json",
            "--masks": "k70 k95",
            "--maps": "k95",
            "--groups": FAMILIES,
            "--pivot": "en",
            "--out-dir": "R/figures",
        },
        "masks maps groups pivot",
    ),
    Expected(
        "plot_off_target",
        {"testset": "talks"},
        braces(f"off_target/{EVERY}/s{{1,2}}/talks.json"),
        {
            "--root": "R/off_target",
            "--systems": " ".join(SYSTEMS),
            "--seeds": "1 2",
            "--testset": "talks",
            "--directions": ALL,
            "--out": "R/figures/off_target_talks.png",
        },
        "systems seeds directions",
    ),
    Expected(
        "write_answer",
        {},
        [
            *("data/card.json", "analysis/strongest_units/baseline/s1.json"),
            *("tables/cautions.txt", "tables/units.json"),
            *(f"figures/{name}.png" for name in ON_PAGE),
            *(f"figures/{name}.rst" for name in ON_PAGE),
            *braces(
                "tables/{scores,summary,groups,differences,interference,health,significance}.csv",
                "tables/{wins,seeds,controls,choice,zero_shot,costs,likelihood,contrastive,published}.csv",
            ),
        ],
        {
            "--experiment": "small",
            "--systems": " ".join(SYSTEMS),
            "--testsets": "news talks",
            "--directions": ALL,
            "--seeds": "1 2",
            "--pivot": "en",
            "--baseline": "baseline",
            "--control": "continued",
            "--made": json.dumps(HOW_MADE, sort_keys=True),
            "--masked": '{"ns-k70": "k70", "ns-k95": "k95"}',
            "--texts": '{"k70": "valid", "k95": "valid"}',
            "--groups": GROUPS,
            "--with-tables": "controls wins cautions.txt units",
            "--root": "R",
            "--card": "R/data/card.json",
            "--strongest": "R/analysis/strongest_units/baseline/s1.json",
            "--stability": "",
            "--figures": " ".join(f"R/figures/{name}.png" for name in ON_PAGE),
            "--out": "R/report/answer.html",
        },
        "experiment systems testsets directions seeds pivot baseline control made masked texts groups"
        " with-tables",
    ),
)
