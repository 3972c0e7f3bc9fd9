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
    assert find(f"{tmp_path}/{pattern}").files == {"ns-k95": {"de-en": tmp_path / name}}
    assert fill(f"{tmp_path}/{pattern}", "de-en", "ns-k95") == tmp_path / name


def test_a_pair_must_be_that_of_the_direction(tmp_path: Path) -> None:
    lay(tmp_path, "de-en/a.en-de", "en-de/a.en-de", "fr-en/a.de-en")
    assert find(f"{tmp_path}/{{pair}}/{{system}}.{{direction}}").files == {
        "a": {"en-de": tmp_path / "de-en/a.en-de"}
    }


def test_scripts_are_part_of_a_language(tmp_path: Path) -> None:
    lay(tmp_path, "nllb/eng_Latn-srp_Cyrl.txt")
    assert list(find(f"{tmp_path}/{{system}}/{{direction}}.txt").files["nllb"]) == ["eng_Latn-srp_Cyrl"]


def test_what_one_system_lacks_is_named(tmp_path: Path) -> None:
    lay(tmp_path, "a/de-en", "a/en-de", "b/de-en", "b/fr-en")
    pattern = f"{tmp_path}/{{system}}/{{direction}}"
    with pytest.raises(UserError) as error:
        complete(find(pattern).files, pattern)
    assert str(error.value).splitlines() == [
        f"{tmp_path}/a/fr-en: no such file; b has fr-en",
        f"{tmp_path}/b/en-de: no such file; a has en-de",
    ]
    lay(tmp_path, "a/fr-en", "b/en-de")
    assert complete(find(pattern).files, pattern) == ["de-en", "en-de", "fr-en"]


def test_hidden_files_and_backups_are_no_systems_unless_spelt(tmp_path: Path) -> None:
    lay(tmp_path, "base/de-en", ".ipynb_checkpoints/de-en", "base~/de-en", "base.bak/de-en", "#base#/de-en")
    found = find(f"{tmp_path}/{{system}}/{{direction}}")
    assert found.files == {"base": {"de-en": tmp_path / "base/de-en"}}
    assert found.notes() == [
        f"left out: {tmp_path}/#base#/de-en, {tmp_path}/.ipynb_checkpoints/de-en, {tmp_path}/base.bak/de-en"
        " and 1 more: hidden, or a backup (a pattern that spells the dot or the ending takes it)"
    ]
    assert list(find(f"{tmp_path}/.{{system}}/{{direction}}").files) == ["ipynb_checkpoints"]
    assert list(find(f"{tmp_path}/{{system}}.bak/{{direction}}").files) == ["base"]


def test_a_hidden_file_of_an_editor_is_no_system(tmp_path: Path) -> None:
    lay(tmp_path, "base.de-en.txt", ".base.de-en.txt", "de-en.base", "de-en.base~")
    assert find(f"{tmp_path}/{{system}}.{{direction}}.txt").files == {
        "base": {"de-en": tmp_path / "base.de-en.txt"}
    }
    assert list(find(f"{tmp_path}/{{direction}}.{{system}}").files) == ["base"]


def test_files_that_nearly_fit_are_named_by_reason(tmp_path: Path) -> None:
    lay(tmp_path, "a/en-de.txt", "a/en-pt-BR.txt", "a/zh-Hant-en.txt", "a/en_nl.txt", "a/notes.txt")
    lay(tmp_path, "a/en-fr.txt.gz")
    (tmp_path / "a/en-it.txt").symlink_to("gone")
    found = find(f"{tmp_path}/{{system}}/{{direction}}.txt")
    assert found.files == {"a": {"en-de": tmp_path / "a/en-de.txt"}}
    assert [note.replace(f"{tmp_path}/", "") for note in found.notes()] == [
        "left out: a/en_nl.txt, a/notes.txt: a direction is two codes around one hyphen, as in de-en",
        "left out: a/en-pt-BR.txt, a/zh-Hant-en.txt: a language code holds no hyphen: rename pt-BR to pt_BR,"
        " of the references too",
        "left out: a/en-fr.txt.gz: compressed: the pattern must end as they do",
        "left out: a/en-it.txt: no file, or a link to none",
    ]


@pytest.mark.parametrize(
    ("pattern", "name", "advice"),
    [
        ("{system}/{direction}.txt", "a/en-pt-BR.txt", "a language code holds no hyphen"),
        ("{system}/{direction}.txt", "a/srp-Latn-eng.txt", "a language code holds no hyphen"),
        ("{system}/{source}/{target}.txt", "a/en/pt-BR.txt", "a language code holds no hyphen"),
        ("{system}.{source}2{target}", "a.zh-Hant2en", "a language code holds no hyphen"),
        ("{system}/{direction}.txt", "a/en_nl.txt", "a direction is two codes around one hyphen"),
        ("{pair}/{system}.{direction}", "fr-en/a.fr-en", "its wildcards contradict one another"),
    ],
)
def test_what_nearly_fits_is_named_where_nothing_fits(
    pattern: str, name: str, advice: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lay(tmp_path, name)
    with pytest.raises(UserError) as error:
        find(pattern)
    assert str(error.value).startswith(f"pattern {pattern!r}: no file fits (left out: {name}: {advice}")


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        (
            "{sytem}/{direction}",
            "no wildcard {sytem} (did you mean 'system'?); there are {system}, {direction},",
        ),
        ("{direction}.txt", "{system} is needed, for the part that names the system"),
        ("{system}/{source}.txt", "{direction} is needed, or both {source} and {target}"),
        ("outputs/{system}/{direction}", "no file fits (there is no folder outputs)"),
        ("~/out/hyp.{system}/{direction}", "no file fits (there is no folder ~/out)"),
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
