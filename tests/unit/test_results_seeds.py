"""Tables of unit analysis over seeds: each figure is mean ± sd of seeds, chance beside it, by hand."""

import pytest

from tests import results_kept, results_seeds
from tests.results_kept import keep


def written(path, header, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")


@pytest.fixture
def experiment(tmp_path, monkeypatch):
    """Two seeds of probes, heads, ablation and erasure, a correlation, and a shift."""
    monkeypatch.setattr(results_kept, "RESULTS", tmp_path / "docs")
    analysis = tmp_path / "results" / "toy" / "analysis"
    for seed, accuracy in (("1", 0.9), ("2", 0.7)):
        rows = [f"all layers,,{name},{accuracy},,1" for name in results_seeds.KNOWN.values()]
        rows += [f"label,Sing,salient,{seed}.0,,1", f"all layers,,kept_top_15,{accuracy},,1"]
        rows += [f"layer,encoder.0.ffn,accuracy,{accuracy},,1"]
        rows += ["layer,encoder.0.ffn,share of salient units,0.25,,1"]
        rows += [f"all layers,,clusters,{seed}1,,1", "all layers,,clusters_one_each,0.5,,1"]
        rows += ["all layers,,clusters_random,0.25,,1"]
        path = analysis / f"fit_probes/baseline/s{seed}/encoder.Number.csv"
        written(path, "part,name,measure,mean,sd,n", rows)
        path = analysis / f"score_by_label/baseline/s{seed}/encoder.Number.csv"
        rows = [f"probe,probeless,20,0.{seed},0.05", "probe,average_precision,20,0.5,0.05"]
        written(path, "one,other,units,jaccard,chance", rows)
        columns = "metric,size,measure,task,mean,sd,n,random_mean,random_sd,random_low,random_high,draws"
        rows = [
            f"nll,25%,relative,en-a,{seed}0,,1,0,1,-5,6,5",
            f"nll,25%,relative,a-en,{seed},,1,0,1,-7,4,5",
            "nll,25%,relative,mean,99,,2,0,,-1,1,5",
        ]
        written(analysis / f"prune_heads/baseline/s{seed}.csv", columns, rows)
        columns = "measure,test,set,size,share,mean,sd,n,random_mean,random_sd,random_low,random_high"
        rows = [
            f"area,removed,importance top,,,0.{seed},,8,0.05,0.01,0.02,0.08",
            "area,removed,random,,,0.05,0.01,5,0.05,0.01,0.02,0.08",
            f"nll,scale:0.5,importance top,1%,0.01,0.{seed},,8,0.3,0.1,0,0.6",
            f"bleu,scale:0.5,importance top,1%,0.01,-{seed},,8,0.3,0.1,0,0.6",
            f"bleu,removed,importance top,1%,0.01,-{seed},,8,-0.3,0.1,-0.6,0",
        ]
        written(analysis / f"ablate_units/baseline/s{seed}.csv", columns, rows)
        columns = "form,end,size,units,mean,sd,n,random_mean,random_sd,random_low,random_high,draws,place"
        rows = [f"max,top,5%,48,0.{seed},,8,0.05,0.01,0.02,0.08,5,above"]
        written(analysis / f"erase_correlated/seeds/baseline/s{seed}.csv", columns, rows)
    columns = "site,form,mean,sd,n,above_chance,chance_mean,chance_sd,chance_low,chance_high,draws"
    rows = [
        f"encoder.0.ffn,{form},0.5,0.25,3,1,0.1,0.01,0.05,{high},5"
        for form, high in (("max", 0.15), ("min", 0.6), ("linreg", 0.15), ("svcca", 0.15))
    ]
    written(analysis / "correlate_units/seeds/baseline.csv", columns, rows)
    for system in ("baseline", "ns"):
        rows = [f"into en,lape,{size},a,b,1,0" for size in ("1%", "5%")]
        path = analysis / f"effect_matrix/{system}/s1.csv"
        written(path, "side,set,size,units_of,loss_of,raw,centred", rows)
    for seed, iou in (("1", 0.5), ("2", 0.7)):
        rows = [f"{of},encoder.mean,50,{iou},0,1,0.9,0.25" for of in ("en-a", "mean")]
        path = analysis / f"stability/baseline/s{seed}/k95.csv"
        written(path, "direction,layer,sentences,mean_iou,low,high,kept,chance", rows)
    columns = "stack,property,system,measure,mean,sd,n,shift,shift_sd,shift_n,null"
    rows = [
        f"encoder,Number,{system},{measure},1,0,2,{moved}"
        for system, moved in (("baseline", ",,,"), ("ns", "0.25,0.125,2,0.5"))
        for measure in ("accuracy", "salient", "centre")
    ]
    written(analysis / "compare_probes.csv", columns, rows)
    keep(tmp_path / "results" / "toy", tmp_path / "docs" / "toy", shown="ns")
    return "toy"


def rows_of(lines):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_probes_are_over_seeds(experiment):
    """.9 and .7: mean .8, sd .2 / √2 = .141; 1 and 2 units: 1.5 ± .7."""
    assert rows_of(results_seeds.known(experiment)) == [["Number, encoder", *["0.800 ± 0.141 (2)"] * 5]]
    assert rows_of(results_seeds.labels(experiment)) == [["Number, encoder", "Sing 1.5 ± 0.7 (2)"]]
    assert rows_of(results_seeds.layers(experiment)) == [["Number, encoder", "0.800 ± 0.141 (2); 0.25"]]


def test_redundancy_and_rankings_are_over_seeds(experiment):
    """11 and 21 clusters: 16 ± 7; .1 and .2: .15 ± .07."""
    cells = ["0.800 ± 0.141 (2)", "16 ± 7 (2)", "0.500 ± 0.000 (2)", "0.250 ± 0.000 (2)"]
    assert rows_of(results_seeds.redundancy(experiment)) == [["Number, encoder", *cells]]
    lines = results_seeds.rankings(experiment)
    assert lines[0] == "| property | probe and probeless | probe and average precision | by chance |"
    assert rows_of(lines) == [["Number, encoder", "0.15 ± 0.07 (2)", "0.50 ± 0.00 (2)", "0.05"]]


def test_scores_of_translations_are_in_points_and_apart_from_losses(experiment):
    """−1 and −2 BLEU: −1.5 ± .7."""
    lines = results_seeds.ablation(experiment, "removed", "bleu")
    assert rows_of(lines) == [["1%", "importance top", "−1.5 ± 0.7 (2) *", "−0.6 … +0.0"]]


def test_a_shift_is_of_the_system_beside_that_of_two_baselines(experiment):
    moved = ["+0.250 ± 0.125 (2)", "+0.3 ± 0.1 (2)", "+0.25 ± 0.13 (2)", "0.50"]
    assert rows_of(results_seeds.shift(experiment, "ns")) == [["Number, encoder", *moved]]


def test_groups_of_directions_are_means_of_their_tasks_without_the_mean_over_all(experiment):
    """Both ways: (10 + 1) / 2 and (20 + 2) / 2, 5.5 and 11: mean 8.25, sd 3.9; the widest range."""
    groups = {"both": ["en-a", "a-en"], "out": ["en-a"]}
    (row,) = rows_of(results_seeds.heads_by_group(experiment, groups))
    assert row == ["25%", "+8.3 ± 3.9 (2)", "+15.0 ± 7.1 (2)", "−7.0 … +6.0"]


def test_areas_scaling_and_erasure_are_marked_outside_the_range_in_every_seed(experiment):
    value = ["+0.150 ± 0.071 (2) *", "+0.020 … +0.080"]
    assert rows_of(results_seeds.areas(experiment)) == [["effect when removed", "importance top", *value]]
    assert rows_of(results_seeds.erasure(experiment)) == [["seeds", "max, top", *value]]
    within = ["+0.150 ± 0.071 (2)", "+0.000 … +0.600"]
    assert rows_of(results_seeds.scaled(experiment)) == [["0.5", "importance top", *within]]


def test_correlations_stand_beside_chance_and_are_marked_outside_it_alone(experiment):
    (row,) = rows_of(results_seeds.correlation(experiment))
    beside = "0.500 ± 0.250 (3) * [+0.100]"
    assert row == ["seeds of baseline, encoder.0.ffn", beside, beside.replace(" *", ""), beside, beside]


def test_rows_that_no_table_shows_are_left_out_where_there_are_many(experiment, tmp_path):
    text = (tmp_path / "docs" / "toy" / "probes.csv").read_text()
    assert "kept_top_15" not in text and "control_all" in text
    text = (tmp_path / "docs" / "toy" / "effects.csv").read_text().splitlines()
    assert text[1:] == ["ns,1,into en,lape,5%,a,b,1,0"]


def test_stability_is_over_seeds_beside_chance(experiment):
    """.5 and .7: .6 ± .2 / √2."""
    assert rows_of(results_seeds.stable(experiment)) == [["encoder", "50", "0.600 ± 0.141 (2)", "0.250"]]
