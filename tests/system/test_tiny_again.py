"""What later runs make of the tiny experiment, which has finished: each test in a copy of its own."""

import shutil
import sys
import zipfile

import pytest
import yaml

from tests import started
from tests.system.tiny_run import CONFIG, ROOT, read, run
from tests.tiny_experiment import DIRECTIONS

#: One worker makes the run, and the other does not wait for it.
pytestmark = pytest.mark.together("tiny")


@pytest.fixture
def results(tiny_run, tmp_path):
    return shutil.copytree(tiny_run, tmp_path / "here", symlinks=True) / "results" / "tiny"


def test_a_second_run_has_nothing_to_do(results):
    again = run(results.parents[1])
    assert again.returncode == 0
    assert "Nothing to be done" in again.stdout + again.stderr


def test_how_a_training_runs_and_what_it_logs_reruns_nothing(results):
    """The same effective batch in smaller pieces, other threads, other logs."""
    execution = {"update_freq": 2, "threads": 2, "log_interval": 10, "keep_checkpoints": 2}
    parts = {
        part: {**execution, "max_tokens": CONFIG[part]["max_tokens"] // 2} for part in ("train", "finetune")
    }
    again = run(results.parents[1], "--dry-run", "--config", *(f"{name}={of}" for name, of in parts.items()))
    assert again.returncode == 0, again.stdout + again.stderr
    assert "Nothing to be done" in again.stdout + again.stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "evaluation.contrastive.mine: there is no file mine.tsv"),
        ("direction\tid\tsource\n", "mine.tsv, line 1: column 'correct' is missing"),
    ],
)
def test_a_contrastive_set_is_looked_at_before_the_first_job(results, content, said):
    folder = results.parents[1]
    if content:
        (folder / "mine.tsv").write_text(content)
    evaluation = {**CONFIG["evaluation"], "contrastive": {"mine": "mine.tsv"}}
    done = run(folder, "--dry-run", "--config", f"evaluation={evaluation}")
    assert done.returncode == 1
    assert said in done.stdout + done.stderr


def test_one_deleted_hypothesis_is_made_again_and_is_the_same(results):
    path = results / "translations/ns-k70/s1/test/en-ke.txt"
    before = path.read_bytes()
    path.unlink()
    again = run(results.parents[1], "--verbose", str(path.relative_to(results.parents[1])))
    assert again.returncode == 0, again.stderr
    assert path.read_bytes() == before
    # No limit on submissions: under one, waiting jobs are looked at every second (rules/common.smk).
    assert f"'_job_count': {sys.maxsize}" in again.stderr
    assert "'_job_count': 100" not in again.stderr


def verify(folder, config="tiny.yaml"):
    command = [sys.executable, "-m", "workflow_scripts.workflow.provenance.verify", "--configfile", config]
    return started.run(command, folder, {"PYTHONPATH": str(ROOT)})


def test_a_result_changed_by_hand_is_told(results):
    """The manifest takes it over, but not silently. One file is read by a job, the other by none."""
    folder = results.parents[1]
    for name in ("data/bin/test.en-ka.en.json", "tables/summary.md"):
        path = results / name
        path.write_text(path.read_text() + "\n")
        assert verify(folder).returncode == 1
        again = run(folder)
        assert again.returncode == 0, again.stderr
        told = [line for line in again.stderr.splitlines() if "not by this one" in line]
        assert told == [f"results/tiny/{name}: changed since the last run, and not by this one"]
        assert verify(folder).returncode == 0


def test_the_manifest_follows_a_config_that_reruns_nothing(results):
    folder = results.parents[1]
    finetune = {**CONFIG["finetune"], "log_interval": 10}
    (folder / "logs.yaml").write_text(yaml.safe_dump({**CONFIG, "finetune": finetune}))
    assert "config: finetune is not what the manifest" in verify(folder, "logs.yaml").stdout
    assert "Nothing to be done" in run(folder, config="logs.yaml").stderr
    done = verify(folder, "logs.yaml")
    assert done.returncode == 0, done.stdout + done.stderr
    assert run(folder).returncode == 0
    assert verify(folder).returncode == 0


def clean_training(folder, *arguments):
    command = [
        sys.executable,
        "-m",
        "workflow_scripts.workflow.run.clean_training",
        "--configfile",
        "tiny.yaml",
    ]
    done = started.run([*command, *arguments], folder, {"PYTHONPATH": str(ROOT)})
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_trainings_are_cleaned_and_systems_export_again_without_training(results):
    folder = results.parents[1]
    systems = {path: path.read_bytes() for path in (results / "systems").rglob("*") if path.is_file()}
    assert "to delete it, add CONFIRM=yes" in clean_training(folder)
    assert len(list((results / "training").rglob("*.pt"))) == 9  # three systems: best, last, one more
    assert "the systems are untouched" in clean_training(folder, "--confirm")
    assert not list((results / "training").rglob("*.pt"))
    assert all(path.read_bytes() == content for path, content in systems.items())
    assert "Nothing to be done" in run(folder, "-n").stdout
    weights = results / "systems/continued/s1/model.safetensors"
    weights.unlink()
    again = run(folder, "--keep-going", str(weights.relative_to(folder)))
    assert again.returncode == 0, again.stdout + again.stderr
    assert all(path.read_bytes() == content for path, content in systems.items())
    assert len(read(results / "training/continued/s1/history.json")["attempts"]) == 1
    assert "exporting it again" in (results / "logs/finetune/continued.s1.log").read_text()
    # The exported file is newer than what was decoded with it, and its content is the manifest's.
    assert "Nothing to be done" in run(folder, "-n").stdout
    files = [results / f"translations/continued/s1/test/{direction}.txt" for direction in DIRECTIONS]
    before = {path: path.read_bytes() for path in files}
    for path in files:
        path.unlink()
    again = run(folder, "--", *(str(path.relative_to(folder)) for path in files))
    assert again.returncode == 0, again.stdout + again.stderr
    assert all(path.read_bytes() == content for path, content in before.items())


def test_another_experiment_uses_its_systems(results):
    """The baseline and the control are taken as they are; one more threshold is trained from them."""
    folder = results.parents[1]
    uses = {"experiment": "tiny", "systems": ["baseline", "continued"]}
    fewer = {"analysis": {}, "evaluation": {}, "masks": {"k": [85]}}
    config = {**CONFIG, "experiment": "second", "uses": uses, **fewer}
    (folder / "second.yaml").write_text(yaml.safe_dump(config))
    done = run(folder, config="second.yaml")
    assert done.returncode == 0, done.stdout + done.stderr
    second = folder / "results" / "second"
    assert [path.name for path in (second / "training").iterdir()] == ["ns-k85"]
    for system in ("baseline", "continued"):
        for direction in DIRECTIONS:
            name = f"translations/{system}/s1/test/{direction}.txt"
            assert (second / name).read_bytes() == (results / name).read_bytes()
    assert (
        read(second / "systems/ns-k85/s1/system.json")["parent"]["weights_sha256"]
        == (read(results / "systems/baseline/s1/system.json")["sha256"]["model.safetensors"])
    )


def test_intermediate_data_may_be_deleted(results):
    """As docs/how-to/disk.md says."""
    shutil.rmtree(results / "data/toy")
    shutil.rmtree(results / "data/text")
    shutil.rmtree(results / "data/bin")
    done = run(results.parents[1], "-n")
    assert "Nothing to be done" in done.stdout, done.stdout


def test_a_report_has_what_the_config_would_make_again_in_no_case(results):
    """One result is missing, another was made with another setting; both are named, with the reason."""
    folder = results.parents[1]
    (results / "figures/training.png").unlink()
    analysis = {**CONFIG["analysis"], "overlap_permutations": 50}
    (folder / "tiny.yaml").write_text(yaml.safe_dump({**CONFIG, "analysis": analysis}))
    words = [sys.executable, "-m", "workflow_scripts.workflow.run.make_report"]
    words += ["--configfile", str(folder / "tiny.yaml"), "--directory", str(folder)]
    done = started.run(words, ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 result missing: not made yet: figures/training.png" in done.stderr
    why = "a setting changed: permutations 10000 → 50"
    assert f"1 result out of date ({why}): analysis/overlap/baseline/s1/k70.md" in done.stderr
    with zipfile.ZipFile(results / "report.zip") as archive:
        names = [name.rpartition("/")[2] for name in archive.namelist()]
        page = archive.read("report/report.html").decode()
    assert {"summary.md", "units.md", "sweep_ns.png", "report.html"} <= {*names}
    assert "training.png" not in names
    # Other analyses have a page of that name, too.
    assert names.count("k70.md") == len([*results.glob("analysis/**/k70.md")]) - 1
    assert "<strong>PARTIAL</strong>" in page and "permutations 10000" in page
    assert not [file.name for file in results.iterdir() if file.name.startswith(".report.")]
