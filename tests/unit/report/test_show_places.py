"""What the terminal says at the end of a run."""

import json

from tests.unit.report.made import put_scores, tabulate
from workflow_scripts.report.tables import show


def test_the_terminal_names_the_tables_that_are_there(tmp_path):
    from workflow_scripts.report.tables.show import render_places

    (tmp_path / "tables").mkdir()
    (tmp_path / "analysis").mkdir()
    for name in ("costs", "zero_shot", "seeds"):
        (tmp_path / f"tables/{name}.md").touch()
    analyses = "control, overlap, stability, criteria, heads, probes, ablation, effects, correlation"
    assert render_places(tmp_path).splitlines()[3:] == [
        "  tables/zero_shot.md    directions that were not trained, and outputs in a wrong language",
        "  tables/costs.md        parameters, bytes and seconds of each system",
        f"  analysis/              {analyses}",
    ]


def test_the_terminal_names_the_directions_that_failed_the_control_of_masks(tmp_path):
    from workflow_scripts.report.tables.show import render_controls

    assert render_controls(tmp_path) == ""
    folder = tmp_path / "analysis" / "mask_control" / "baseline" / "s1"
    folder.mkdir(parents=True)
    judged = {"own_below_random": {"en-de": True, "de-en": False}, "own_below_other_targets": {"en-de": True}}
    (folder / "k70.json").write_text(json.dumps({"control": {"passed": False, **judged}}))
    assert render_controls(tmp_path) == "\nmask control (s1, k70): NOT passed in de-en"
    # Either comparison may fail, of other directions.
    judged["own_below_other_targets"] = {"en-de": True, "fr-en": False}
    (folder / "k70.json").write_text(json.dumps({"control": {"passed": False, **judged}}))
    (folder / "k95.json").write_text(json.dumps({"control": {"passed": True, **judged}}))
    assert render_controls(tmp_path).splitlines() == [
        "",
        "mask control (s1, k70): NOT passed in de-en, fr-en",
        "mask control (s1, k95): passed",
    ]


def test_the_terminal_calls_the_control_by_its_name(tmp_path, capsys):
    for control, named in (("more", "more"), ("", "control")):
        for system in ("baseline", "more", "ns"):
            put_scores(tmp_path, system, {"bleu": 10.0 + len(system)}, ["en-de", "de-en"])
        systems = ["baseline", "more", "ns"]
        tabulate(tmp_path, systems, ["en-de", "de-en"], "--control", control)
        capsys.readouterr()
        show.main(["--tables", str(tmp_path / "tables")])
        [head] = [line for line in capsys.readouterr().out.splitlines() if "gain: baseline" in line]
        assert head.split()[-1] == named
