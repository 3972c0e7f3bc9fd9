"""What the terminal says at the end of a run."""

import json


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
