"""Files of others' systems, found by patterns."""

from __future__ import annotations

from pathlib import Path

import pytest

from workflow_scripts.errors import UserError
from workflow_scripts.patterns import complete, fill, find


def lay(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x\n")


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("{system}/{direction}/hyp.txt", "ns-k95/de-en/hyp.txt"),
        ("{direction}/{system}.txt", "de-en/ns-k95.txt"),
        ("{system}-{direction}.txt", "ns-k95-de-en.txt"),
        ("{system}.{source}2{target}", "ns-k95.de2en"),
        ("{pair}/{system}/{source}-{target}.{target}", "de-en/ns-k95/de-en.en"),
        ("[a]/{direction}/{system}/{direction}.hyp", "[a]/de-en/ns-k95/de-en.hyp"),
    ],
)
def test_wildcards_stand_anywhere(pattern: str, name: str, tmp_path: Path) -> None:
    lay(tmp_path, name, "README", "other/de-en")
    assert find(f"{tmp_path}/{pattern}") == {"ns-k95": {"de-en": tmp_path / name}}
    assert fill(f"{tmp_path}/{pattern}", "de-en", "ns-k95") == tmp_path / name


def test_a_pair_must_be_that_of_the_direction(tmp_path: Path) -> None:
    lay(tmp_path, "de-en/a.en-de", "en-de/a.en-de", "fr-en/a.de-en")
    assert find(f"{tmp_path}/{{pair}}/{{system}}.{{direction}}") == {
        "a": {"en-de": tmp_path / "de-en/a.en-de"}
    }


def test_scripts_are_part_of_a_language(tmp_path: Path) -> None:
    lay(tmp_path, "nllb/eng_Latn-srp_Cyrl.txt")
    assert list(find(f"{tmp_path}/{{system}}/{{direction}}.txt")["nllb"]) == ["eng_Latn-srp_Cyrl"]


def test_what_one_system_lacks_is_named(tmp_path: Path) -> None:
    lay(tmp_path, "a/de-en", "a/en-de", "b/de-en", "b/fr-en")
    pattern = f"{tmp_path}/{{system}}/{{direction}}"
    with pytest.raises(UserError) as error:
        complete(find(pattern), pattern)
    assert str(error.value).splitlines() == [
        f"{tmp_path}/a/fr-en: no such file; b has fr-en",
        f"{tmp_path}/b/en-de: no such file; a has en-de",
    ]
    lay(tmp_path, "a/fr-en", "b/en-de")
    assert complete(find(pattern), pattern) == ["de-en", "en-de", "fr-en"]


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        (
            "{sytem}/{direction}",
            "no wildcard {sytem} (did you mean 'system'?); there are {system}, {direction},",
        ),
        ("{direction}.txt", "{system} is needed, for the part that names the system"),
        ("{system}/{source}.txt", "{direction} is needed, or both {source} and {target}"),
        ("{system}/{direction}", "no file fits (quote the pattern, so that the shell leaves it)"),
    ],
)
def test_patterns_that_cannot_be(
    pattern: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError) as error:
        find(pattern)
    assert str(error.value).startswith(f"pattern {pattern!r}: {said}")
