"""The jobs that draw what analyses found."""

from __future__ import annotations

from tests.workflow.expected.job import Expected, braces

#: Of the groups of languages those that figures stand in order of.
FAMILIES = '{"germanic": ["de"], "romance": ["fr"]}'
FIGURES = (
    Expected(
        "plot_ablation",
        {"system": "ns-k95"},
        braces("analysis/ablate_units/ns-k95/s{1,2}.{json,csv}"),
        {
            "--results": "R/analysis/ablate_units/ns-k95/s1.json R/analysis/ablate_units/ns-k95/s2.json",
            "--out": "R/figures/ablation_ns-k95.png",
        },
        "",
    ),
    Expected(
        "plot_effects",
        {"system": "baseline", "criterion": "lape"},
        braces("analysis/effect_matrix/baseline/s{1,2}.{json,csv}"),
        {
            "--results": " ".join(f"R/analysis/effect_matrix/baseline/s{seed}.json" for seed in (1, 2)),
            "--families": FAMILIES,
            "--criterion": "lape",
            "--out": "R/figures/effects_baseline_lape.png",
        },
        "families",
    ),
    Expected(
        "plot_criteria",
        {},
        braces("analysis/criteria/baseline/s{1,2}.{json,csv}"),
        {
            "--results": "R/analysis/criteria/baseline/s1.json R/analysis/criteria/baseline/s2.json",
            "--out": "R/figures/criteria.png",
        },
        "",
    ),
)
