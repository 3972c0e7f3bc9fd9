"""The software of each rule: an environment for all, a site's modules and containers where it has them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.workflow.finished_experiment import CONFIG, ROOT, lay_down_text, merged, planned, snakemake
from tests.workflow.observed_trainings import prepare, run, script

SITE = """
fairseq:
  modules: [gcc/12.3, cuda/12.4]
  image: {image}
"""
# What a site's shells define; Snakemake starts bash without its profile, so it comes by BASH_ENV.
MODULE = """
module() {
    case $1 in
        purge) unset LOADEDMODULES ;;
        load) shift; export LOADEDMODULES="$*" ;;
    esac
}
"""
# Runs what it is given in a world of its own: other programs first on PATH.
APPTAINER = """
[ "$1" = --version ] && { echo "apptainer version 1.3.0"; exit; }
for word; do case $word in *.sif) image=$word ;; esac; command=$word; done
INSIDE=$image PATH=$(dirname "$image")/bin:$PATH exec bash -c "$command"
"""
TRAINING = """
    echo "$0 ${LOADEDMODULES-no modules} ${INSIDE-outside}" >> seen"""

# Rules are read from the workflow as Snakemake has parsed it.
LOOK = f"""
include: "{ROOT}/Snakefile"
import json

with open("rules.json", "w") as out:
    found = {{
        one.name: [
            one.conda_env and Path(str(one.conda_env)).stem,
            one.env_modules and list(one.env_modules.names),
            one.container_img,
            (one.shellcmd or "").split(" ")[1:2],
        ]
        for one in workflow.rules
    }}
    json.dump(found, out)
"""


@pytest.fixture
def site(finished_experiment: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cluster's node: a `module` function, `apptainer`, and the site's file."""
    prepare(finished_experiment, tmp_path, TRAINING, monkeypatch)
    (tmp_path / "fairseq.sif").touch()
    (tmp_path / "site.yaml").write_text(SITE.format(image=tmp_path / "fairseq.sif"))
    (tmp_path / "bash_env").write_text(MODULE)
    script(tmp_path / "bin/apptainer", APPTAINER)
    monkeypatch.setenv("NEURONSPEC_SITE", str(tmp_path / "site.yaml"))
    monkeypatch.setenv("BASH_ENV", str(tmp_path / "bash_env"))
    monkeypatch.delenv("LOADEDMODULES", raising=False)
    return tmp_path


CONFIGS = {
    "files": merged(
        CONFIG, {"evaluation": {"references": ["raw", "paper"]}, "decode": {"engine": "fairseq"}}
    ),
    "uses": merged(CONFIG, {"uses": {"experiment": "other", "systems": ["baseline"]}}),
    "toy": yaml.safe_load((ROOT / "config/config.yaml").read_text()),
    "multi30k": yaml.safe_load((ROOT / "config/experiments/multi30k.yaml").read_text()),
}


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_every_rule_has_an_environment_and_the_sites_hooks(site: Path, config: dict[str, Any]) -> None:
    folder = site / "look"
    used = folder / "results/other/systems/baseline/s1"
    used.mkdir(parents=True)
    for name in ("system.json", "model.safetensors", "spm.model", "dict.txt"):
        (used / name).touch()
    lay_down_text(folder)
    (folder / "Snakefile").write_text(LOOK)
    snakemake(folder, config, "--snakefile", "Snakefile", "--list-rules")
    rules = json.loads((folder / "rules.json").read_text())
    del rules["all"], rules["fetch"]  # they run nothing
    assert len(rules) >= 13
    ours = {"fairseq": [["gcc/12.3", "cuda/12.4"], str(site / "fairseq.sif")]}
    for name, (environment, modules, image, started) in rules.items():
        # The command starts in the environment that conda would make for it.
        assert started == [environment], name
        assert [modules, image] == ours.get(environment, [None, None]), name


def test_modules_are_loaded_around_the_virtual_environment(site: Path) -> None:
    seen, said = run(site, "--sdm", "env-modules")
    assert seen == [f"{site}/venvs/fairseq/bin/python gcc/12.3 cuda/12.4 outside"] * 3, said


def test_without_the_command_module_jobs_do_not_run_without_modules(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BASH_ENV")
    for name in [name for name in os.environ if name.startswith("BASH_FUNC_module")]:
        monkeypatch.delenv(name)
    seen, said = run(site, "--sdm", "env-modules")
    assert seen == []
    assert said.count("error: there is no command module here: see docs/how-to/site-software.md\n") == 3


def test_a_container_runs_with_its_own_python(site: Path) -> None:
    inside = (site / "venvs/fairseq/bin/python").rename(site / "bin/python")
    seen, said = run(site, "--sdm", "apptainer")
    assert seen == [f"{inside} no modules {site}/fairseq.sif"] * 3, said


def test_the_sites_file_alone_changes_nothing_that_runs(site: Path) -> None:
    seen, said = run(site)
    assert seen == [f"{site}/venvs/fairseq/bin/python no modules outside"] * 3, said


def test_a_sites_images_rerun_nothing(site: Path, finished_experiment: Path) -> None:
    config = site / "config.yaml"
    assert planned(finished_experiment, CONFIG, "--sdm", "apptainer", configfile=config) == []


def test_a_mistake_in_the_sites_file_is_one_line(site: Path) -> None:
    (site / "site.yaml").write_text("fairsec:\n  modules: [a]\n")
    seen, said = run(site)
    assert seen == []
    assert f"{site}/site.yaml, line 1: no environment 'fairsec' (did you mean 'fairseq'?)" in said
    assert "Traceback" not in said
