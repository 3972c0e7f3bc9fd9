"""A site's file: what it gives each environment, and one line for each mistake in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from workflow_scripts.common.errors import UserError
from workflow_scripts.workflow.software import site

ROOT = Path(__file__).resolve().parents[3]


def test_the_example_is_right() -> None:
    found = site.site_of(ROOT / "envs" / "site.example.yaml")
    assert found.modules == {"fairseq": ("gcc/12.3", "cuda/12.4")}
    assert found.images == {
        "fairseq": "/shared/images/fairseq.sif",
        "text": "docker://registry.example.org/neuronspec/text:1",
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\nfairsec:\n  modules: [a]\n", "line 2: no environment 'fairsec' (did you mean 'fairseq'?)"),
        ("dev:\n  modules: [a]\n", "line 1: no environment 'dev': there are fairseq, hf, text, evaluate"),
        ("text: gcc\n", "line 1: text needs modules: [NAME, …] or image: FILE"),
        ("text:\n  module: [a]\n", "line 2: text: no key 'module' (did you mean 'modules'?)"),
        ("text:\n  cpu: 1\n", "line 2: text: no key 'cpu': there are modules and image"),
        ("text:\n  modules: gcc\n", "line 2: text: modules is a list, e.g. [gcc/12.3, cuda/12.4]"),
        ("text:\n  modules: [a, '$(b)']\n", "line 2: text: '$(b)' is not the name of a module"),
        (
            "text:\n  modules: [a]\n  image: a b.sif\n",
            "line 3: text: image is an absolute path or an address, e.g. docker://…",
        ),
    ],
)
def test_a_mistake_is_one_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(text)
    with pytest.raises(UserError) as error:
        site.site_of(path)
    assert str(error.value) == f"{path}, {message}"


def test_all_mistakes_are_told(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text("a:\n  image: /x\nb:\n  image: /x\n")
    with pytest.raises(UserError) as error:
        site.site_of(tmp_path / "site.yaml")
    assert len(str(error.value).splitlines()) == 2


def test_what_is_no_yaml_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text("text:\n  image: [\n")
    with pytest.raises(UserError, match=r"site\.yaml, line 3: this is not YAML"):
        site.site_of(tmp_path / "site.yaml")


def test_a_site_without_a_file_has_nothing_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site, "DEFAULT", tmp_path / "site.yaml")
    monkeypatch.delenv(site.SITE_VARIABLE, raising=False)
    assert site.read_site() == site.Site()
    (tmp_path / "site.yaml").write_text("# text:\n")
    assert site.read_site() == site.Site()
    (tmp_path / "other.yaml").write_text("text:\n  modules: [a/1]\n")
    monkeypatch.setenv(site.SITE_VARIABLE, str(tmp_path / "other.yaml"))
    assert site.read_site() == site.Site({"text": ("a/1",)})
    monkeypatch.setenv(site.SITE_VARIABLE, str(tmp_path / "none.yaml"))
    with pytest.raises(UserError, match=r"none\.yaml: there is no such file$"):
        site.read_site()
