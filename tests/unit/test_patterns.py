"""Files of others' systems, found by patterns."""

import pytest

from workflow_scripts.common.errors import UserError
from workflow_scripts.common.patterns import HIDDEN, OTHER_PAIR, fill, find, path_of, values_of


def lay(folder, *names):
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
def test_wildcards_stand_anywhere(pattern, name, tmp_path):
    lay(tmp_path, name, "README", "other/de-en")
    assert find(f"{tmp_path}/{pattern}").files == {"ns-k95": {"de-en": tmp_path / name}}
    assert fill(f"{tmp_path}/{pattern}", "de-en", "ns-k95") == tmp_path / name


def test_a_pair_must_be_that_of_the_direction(tmp_path):
    lay(tmp_path, "de-en/a.en-de", "en-de/a.en-de", "fr-en/a.de-en")
    assert find(f"{tmp_path}/{{pair}}/{{system}}.{{direction}}").files == {
        "a": {"en-de": tmp_path / "de-en/a.en-de"}
    }


def test_scripts_are_part_of_a_language(tmp_path):
    lay(tmp_path, "nllb/eng_Latn-srp_Cyrl.txt")
    assert list(find(f"{tmp_path}/{{system}}/{{direction}}.txt").files["nllb"]) == ["eng_Latn-srp_Cyrl"]


def test_values_of_further_wildcards(tmp_path):
    lay(tmp_path, "a/dev.s1/de-en", "a/dev.s10/en-de", "b/test.s1/de-en", "a/dev.sx/de-en", "a/.x.s1/de-en")
    pattern = f"{tmp_path}/{{system}}/{{testset}}.s{{seed}}/{{direction}}"
    assert values_of(pattern, {"testset": "[^/]+", "seed": r"\d+"}) == [
        {"testset": "dev", "seed": "1"},
        {"testset": "dev", "seed": "10"},
        {"testset": "test", "seed": "1"},
    ]


def test_hidden_files_and_backups_are_no_systems_unless_spelt(tmp_path):
    lay(tmp_path, "base/de-en", ".ipynb_checkpoints/de-en", "base~/de-en", "base.bak/de-en", "#base#/de-en")
    found = find(f"{tmp_path}/{{system}}/{{direction}}")
    assert found.files == {"base": {"de-en": tmp_path / "base/de-en"}}
    assert found.notes() == [
        f"left out: {tmp_path}/#base#/de-en, {tmp_path}/.ipynb_checkpoints/de-en, {tmp_path}/base.bak/de-en"
        " and 1 more: hidden, or a backup (a pattern that spells the dot or the ending takes it)"
    ]
    assert list(find(f"{tmp_path}/.{{system}}/{{direction}}").files) == ["ipynb_checkpoints"]
    assert list(find(f"{tmp_path}/{{system}}.bak/{{direction}}").files) == ["base"]


def test_a_hidden_file_of_an_editor_is_no_system(tmp_path):
    lay(tmp_path, "base.de-en.txt", ".base.de-en.txt", "de-en.base", "de-en.base~")
    assert find(f"{tmp_path}/{{system}}.{{direction}}.txt").files == {
        "base": {"de-en": tmp_path / "base.de-en.txt"}
    }
    assert list(find(f"{tmp_path}/{{direction}}.{{system}}").files) == ["base"]


def test_files_that_nearly_fit_are_named_by_reason(tmp_path):
    lay(tmp_path, "a/en-de.txt", "a/ref_de.txt", "a/notes.txt", "a/a-b-c.txt", "a/de_en.txt", "a/de-en.txt")
    lay(tmp_path, "a/en-fr.txt.gz", "a/x.txt")
    (tmp_path / "a/en-it.txt").symlink_to("gone")
    found = find(f"{tmp_path}/{{system}}/{{direction}}.txt")
    assert found.files == {"a": {"de-en": tmp_path / "a/de-en.txt", "en-de": tmp_path / "a/en-de.txt"}}
    assert [note.replace(f"{tmp_path}/", "") for note in found.notes()] == [
        "left out: a/ref_de.txt, a/a-b-c.txt, a/notes.txt and 1 more: a direction is two language codes"
        " around a hyphen, as in de-en or en-pt_BR",
        "left out: a/en-fr.txt.gz: compressed: the pattern must end as they do",
        "left out: a/de_en.txt: its direction is there with a hyphen",
        "left out: a/en-it.txt: no file, or a link to none",
    ]


@pytest.mark.parametrize(
    ("pattern", "name", "direction"),
    [
        ("{system}/{direction}.txt", "base/en-pt-BR.txt", "en-pt_BR"),
        ("{system}/{direction}.txt", "base/pt_BR-en.txt", "pt_BR-en"),
        ("{system}/{direction}.txt", "base/srp-Latn-eng.txt", "srp_Latn-eng"),
        ("{system}/{direction}.txt", "base/sr-Latn-sr-Cyrl.txt", "sr_Latn-sr_Cyrl"),
        ("{system}/{direction}.txt", "base/zho_Hans-eng_Latn.txt", "zho_Hans-eng_Latn"),
        ("{system}/{direction}.txt", "base/en-zh-Hant-TW.txt", "en-zh_Hant_TW"),
        ("{system}/{direction}.txt", "base/es-419-en.txt", "es_419-en"),
        ("{system}/{direction}.txt", "base/zh-hans-en.txt", "zh_Hans-en"),
        ("{system}/{direction}.txt", "base/zh-tw-pt-br.txt", "zh_TW-pt_BR"),
        ("{system}/{direction}.txt", "base/en_nl.txt", "en-nl"),
        ("{system}/{direction}.txt", "base/en_pt_BR.txt", "en-pt_BR"),
        ("{system}/{direction}.txt", "base/pt-BR_en.txt", "pt_BR-en"),
        ("{system}/{source}/{target}.txt", "base/en/pt-BR.txt", "en-pt_BR"),
        ("{system}/{source}/{target}.txt", "base/en/pt-br.txt", "en-pt_BR"),
        ("{system}.{source}2{target}", "base.zh-Hant2en", "zh_Hant-en"),
        ("{pair}/{system}.{source}-{target}", "en-pt-BR/base.pt-BR-en", "pt_BR-en"),
        # The name of the system takes no part of the direction.
        ("{system}-{direction}.txt", "base-en-pt-BR.txt", "en-pt_BR"),
        ("{system}-{direction}.txt", "base-zh-Hant-en.txt", "zh_Hant-en"),
        ("{system}_{direction}.txt", "base_zh_Hans-en.txt", "zh_Hans-en"),
        ("{system}_{direction}.txt", "base_pt_BR-en.txt", "pt_BR-en"),
        # Codes of no known form keep their letters.
        ("{system}/{direction}.txt", "base/EN-DE.txt", "EN-DE"),
        ("{system}/{direction}.txt", "base/en-zh_tw.txt", "en-zh_tw"),
    ],
)
def test_codes_with_region_and_script_in_either_spelling(pattern, name, direction, tmp_path):
    lay(tmp_path, name)
    found = find(f"{tmp_path}/{pattern}")
    assert found.files == {"base": {direction: tmp_path / name}}
    # Without the system the same pattern finds the references of that spelling.
    references = pattern.replace("{system}", "base")
    assert path_of(f"{tmp_path}/{references}", direction) == tmp_path / name


def test_what_is_read_otherwise_than_written_is_said(tmp_path):
    lay(tmp_path, "a/en-pt-BR", "a/en-de", "b/en_de")
    found = find(f"{tmp_path}/{{system}}/{{direction}}")
    assert found.files == {
        "a": {"en-de": tmp_path / "a/en-de", "en-pt_BR": tmp_path / "a/en-pt-BR"},
        "b": {"en-de": tmp_path / "b/en_de"},
    }
    assert found.notes() == ["in names of files: en-pt-BR is en-pt_BR, en_de is en-de"]


def test_a_direction_that_may_be_two_is_read_by_the_languages_that_are_known(tmp_path):
    pattern = f"{tmp_path}/{{system}}/{{direction}}"
    lay(tmp_path, "a/en-pt-br", "a/pt-br-en")
    with pytest.raises(UserError, match="a direction that may be two: write _ inside a code"):
        find(pattern)
    assert list(find(pattern, ["en"]).files["a"]) == ["en-pt_BR", "pt_BR-en"]
    lay(tmp_path, "a/en-de")  # a direction that is plain says it too
    assert sorted(find(pattern).files["a"]) == ["en-de", "en-pt_BR", "pt_BR-en"]


def test_two_files_of_one_direction_are_one_line(tmp_path):
    lay(tmp_path, "a/en-pt-BR", "a/en-pt_BR")
    with pytest.raises(UserError) as error:
        find(f"{tmp_path}/{{system}}/{{direction}}")
    both = f"{tmp_path}/a/en-pt-BR and {tmp_path}/a/en-pt_BR are both en-pt_BR of a: keep one of them"
    assert str(error.value) == both
    with pytest.raises(UserError, match="are both there, for en-pt_BR: keep one of them"):
        path_of(f"{tmp_path}/a/{{direction}}", "en-pt_BR")


@pytest.mark.parametrize(
    ("pattern", "name", "advice"),
    [
        ("{system}/{source}/{target}.txt", "a/en/x-y-z.txt", "a direction is two language codes around a"),
        ("{system}/{direction}.txt", "a/ref_nl.txt", "a direction is two language codes around a hyphen"),
        ("{system}/{direction}.txt", "a/en-pt-br.txt", "a direction that may be two"),
        ("{pair}/{system}.{direction}", "fr-en/a.fr-en", "its wildcards contradict one another"),
    ],
)
def test_what_nearly_fits_is_named_where_nothing_fits(pattern, name, advice, tmp_path, monkeypatch):
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
def test_patterns_that_cannot_be(pattern, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError) as error:
        find(pattern)
    assert str(error.value).startswith(f"pattern {pattern!r}: {said}")


def test_files_that_end_otherwise_are_named(tmp_path):
    """A direction whose file ends otherwise would be missed in every average."""
    lay(tmp_path, "a/de-en.txt", "a/en-de.TXT", "a/en-fr.txt.orig", "a/en-it.txt.gz", "a/en-ko.txt/x")
    lay(tmp_path, "a/en-sv.txt.bak")
    # Of the file itself, or of another kind.
    lay(tmp_path, "a/de-en.txt.json", "a/de-en.txt.bak", "a/en-pt.json", "a/README.TXT", "a/notes.txt.orig")
    found = find(f"{tmp_path}/{{system}}/{{direction}}.txt")
    assert list(found.files["a"]) == ["de-en"]
    left_out = {why: [path.name for path in paths] for why, paths in found.left_out.items()}
    assert left_out == {
        HIDDEN: ["en-sv.txt.bak"],
        "compressed: the pattern must end as they do": ["en-it.txt.gz"],
        "their names go on: the pattern must end as they do": ["en-fr.txt.orig"],
        "they end in other letters (.TXT is not .txt): the pattern must end as they do": ["en-de.TXT"],
        "no file, or a link to none": ["en-ko.txt"],
    }


def test_wildcards_that_contradict_one_another_are_told_as_that(tmp_path):
    lay(tmp_path, "a.de-en.en", "b.de-en.de", "c.notes.en")
    found = find(f"{tmp_path}/{{system}}.{{source}}-{{target}}.{{target}}")
    assert found.files == {"a": {"de-en": tmp_path / "a.de-en.en"}}
    assert found.left_out[OTHER_PAIR] == [tmp_path / "b.de-en.de"]


def test_source_and_target_around_a_hyphen_may_be_two_directions_too(tmp_path):
    lay(tmp_path, "a/en-zh-cn.txt", "a/zh-cn-en.txt")
    pattern = f"{tmp_path}/{{system}}/{{source}}-{{target}}.txt"
    with pytest.raises(UserError, match="a direction that may be two"):
        find(pattern)
    assert list(find(pattern, ["en"]).files["a"]) == ["en-zh_CN", "zh_CN-en"]


def test_where_nothing_fits_the_shells_wildcards_and_a_folder_too_few_are_told(tmp_path):
    lay(tmp_path, "o/a/seed1/de-en.txt", "o/a/seed1/en-de.txt")
    with pytest.raises(UserError) as error:
        find(f"{tmp_path}/o/{{system}}/{{direction}}.txt")
    assert str(error.value).endswith(f"(there is {tmp_path}/o/a/seed1/de-en.txt, a folder deeper)")
    with pytest.raises(UserError) as error:
        find(f"{tmp_path}/o/{{system}}/*/{{direction}}.txt")
    assert str(error.value).endswith(
        "(* and ? are themselves here; what varies is one of {system}, {direction}, {pair}, {source}, "
        "{target})"
    )
