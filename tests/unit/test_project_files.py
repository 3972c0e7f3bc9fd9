"""What joins people: the changelog's form, what to cite, the hooks, and a guide that names what there is."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.run_all import LINTERS
from workflow_scripts.config.load import load_experiment

ROOT = Path(__file__).resolve().parents[2]
SECTIONS = ["Added", "Changed", "Fixed", "Removed"]


def text_of(name):
    return (ROOT / name).read_text(encoding="utf-8")


def test_changelog_has_the_same_sections_in_every_version():
    versions = re.split(r"^## ", text_of("CHANGELOG.md"), flags=re.M)[1:]
    numbers = [tuple(map(int, re.match(r"(\d+)\.(\d+)\.(\d+)", one).groups())) for one in versions]
    assert len(numbers) >= 2 and numbers == sorted(set(numbers), reverse=True)
    for version in versions:
        parts = re.split(r"^### (\w+)\n", version, flags=re.M)
        named, lists = parts[1::2], parts[2::2]
        assert named == [section for section in SECTIONS if section in named]
        assert named and all(body.startswith("- ") for body in lists)


def test_what_to_cite():
    """The keys that a citation of the format 1.2.0 needs; every paper with its year and where it appeared."""
    said = yaml.safe_load(text_of("CITATION.cff"))
    assert (said["cff-version"], said["type"], said["title"]) == ("1.2.0", "software", "neuronspec")
    assert said["message"] and said["authors"] == [{"name": "the neuronspec authors"}]
    assert said["license"] == "MIT" and "version" not in said
    assert said["references"][0]["doi"] == "10.18653/v1/2024.emnlp-main.374"
    for paper in said["references"]:
        assert paper["type"] in ("conference-paper", "article") and isinstance(paper["year"], int)
        assert paper["title"] and all(set(one) >= {"given-names", "family-names"} for one in paper["authors"])
        assert "journal" in paper or ("collection-title" in paper and "name" in paper["conference"])


def test_licence_names_the_authors():
    lines = text_of("LICENSE").splitlines()
    assert lines[0] == "MIT License" and re.fullmatch(
        r"Copyright \(c\) \d{4} the neuronspec authors", lines[2]
    )


def test_hooks_are_the_linters_of_the_tests_and_fetch_nothing():
    repositories = yaml.safe_load(text_of(".pre-commit-config.yaml"))["repos"]
    assert [one["repo"] for one in repositories] == ["local"]
    hooks = {hook["name"]: hook for hook in repositories[0]["hooks"]}
    assert set(hooks) == set(LINTERS) - {"snakemake --lint"}
    for name, hook in hooks.items():
        environment, *command = LINTERS[name]
        assert hook["language"] == "system" and "additional_dependencies" not in hook
        program = command[:2] if name.startswith("ruff") else command[:1]
        assert hook["entry"].split()[: 2 + len(program)] == ["envs/bin/run-in", environment, *program]


def test_guide_names_every_tier_and_every_file_it_names_is_there():
    guide = text_of("CONTRIBUTING.md")
    tiers = {path.parent.relative_to(ROOT / "tests").parts[0] for path in (ROOT / "tests").rglob("test_*.py")}
    assert tiers == set(re.findall(r"^\| `(\w+)` \|", guide, re.M))
    named = {
        one for one in re.findall(r"[\w./-]+\.(?:md|py|toml|yaml)\b", guide) if "/" in one or one.isupper()
    }
    roots = (ROOT, ROOT / "workflow_scripts")
    missing = [one for one in named if not any((root / one).exists() for root in roots)]
    assert len(named) > 8 and not missing


def test_types_are_checked_in_the_whole_package():
    """Strictly, and what is let pass is named: libraries of other environments, classes that extend them."""
    settings = tomllib.loads(text_of("pyproject.toml"))["tool"]["mypy"]
    assert (settings["strict"], settings["files"]) == (True, ["workflow_scripts"])
    libraries, models = settings["overrides"]
    assert set(libraries) == {"module", "ignore_missing_imports"}
    assert not [name for name in libraries["module"] if name.startswith(("*", "workflow_scripts", "numpy"))]
    assert models == {"module": ["workflow_scripts.models.*"], "disallow_subclassing_any": False}
    for path in (ROOT / "workflow_scripts").rglob("*.py"):
        for ignored in re.findall(r"#\s*type:\s*ignore.*", path.read_text(encoding="utf-8")):
            assert re.match(r"# type: ignore\[[\w-]+\]  # \S", ignored), f"{path}: {ignored}"


SIZES = re.findall(
    r"^\| [^|]+ \| `(\w+)` \| [^|]+ \| ([\d,]+) \| ([\d,]+) × ([\d,]+) \| ([\d,]+), ([\d.e-]+), (\w+) \|",
    text_of("docs/how-to/own-corpus.md"),
    re.M,
)


@pytest.mark.parametrize("row", SIZES, ids=lambda row: row[0])
def test_sizes_of_the_guide_are_those_of_the_shipped_experiments(row):
    name, *told = row
    config = yaml.safe_load(
        text_of("config/config.yaml" if name == "demo" else f"config/experiments/{name}.yaml")
    )
    experiment = load_experiment(config)
    train = experiment.train
    assert [float(one.replace(",", "")) for one in told[:5]] == [
        experiment.subwords.vocab_size, train.max_updates, train.max_tokens * train.update_freq,
        train.warmup_updates, train.lr,
    ]  # fmt: skip
    assert told[5] == train.scheduler


def test_the_guide_has_a_row_for_each_size():
    assert [row[0] for row in SIZES] == ["demo", "toy60", "multi30k", "iwslt14", "ec30"]
