"""workflow.provenance.known_records: what a failed run made was not changed by other hands."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from workflow_scripts.common.files import write_json
from workflow_scripts.workflow.provenance.kept_hashes import KeptHashes
from workflow_scripts.workflow.provenance.known_records import KnownRecords
from workflow_scripts.workflow.provenance.made_with import Made, Settings, filled_in


def test_what_a_failed_run_made_has_a_record_and_another_time_than_the_manifest_lists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    results = Path("results/x")
    entries = {}
    for name in ("made", "edited", "edited with its time"):
        path = results / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("12\n")
        os.utime(path, ns=(5, 5))
        entries[name] = {"sha256": "0" * 64, "bytes": 3, "mtime_ns": 5}
    manifest = {"format": "neuronspec-manifest-1", "config": {"experiment": "x"}, "environments": {}}
    write_json(results / "manifest.json", {**manifest, "files": entries})
    (results / "made").write_text("345\n")
    (results / "edited").write_text("67\n")
    known = KnownRecords(None, "results/x", KeptHashes(Path("hashes.json")), None)
    # Of an edited file Snakemake's record is no longer; one with its old time is as the manifest lists it.
    made = Made(Settings("decode", "", {}), (), (), ())
    records = {f"results/x/{name}": made for name in ("made", "edited with its time")}
    newer = [name for name in entries if known.is_newer_than_listed(f"results/x/{name}", records)]
    assert newer == ["made"]


def test_a_command_with_the_params_that_a_manifest_lists() -> None:
    settings = Settings(
        "x", "x {params.a:q} {params.b} {wildcards.one} {input.c} {params.d}", {"a": "it's", "b": [1, 2]}
    )
    assert filled_in(settings, {"one": "de"}) == """x 'it'"'"'s' 1 2 de {input.c} {params.d}"""
