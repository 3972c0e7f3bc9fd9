"""Words of the text of one language, collected by the command line: of language models and of encoders, the
same values as those of ``collect_words``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.unit.models.huggingface.encoders.planted import planted_examples, planted_folder, spec_of
from tests.unit.models.huggingface.folders import sentences
from workflow_scripts.analyse.probes import collect_units
from workflow_scripts.analyse.probes.collect_words import collect_words
from workflow_scripts.analyse.probes.word_values import Words, read_values
from workflow_scripts.common.errors import UserError
from workflow_scripts.data.labels import label_words
from workflow_scripts.models.huggingface import attach_model
from workflow_scripts.models.huggingface.encoders.system import make_system
from workflow_scripts.models.port import load
from workflow_scripts.units.system import SystemFolder

ENDS = {"encoder": "--sources", "decoder": "--targets"}


def collected(system: Path, stack: str, lines: dict[str, list[str]], folder: Path):
    """Values and words of both ways."""
    (folder / "labels").mkdir()
    for language, text in lines.items():
        (folder / f"{language}.txt").write_text("".join(f"{line}\n" for line in text))
        given = ["--text", str(folder / f"{language}.txt"), "--language", language]
        label_words.main([*given, "--out", str(folder / f"labels/{language}.jsonl")])
    words = ["--system", str(system), "--directions", *lines, "--stack", stack]
    words += [ENDS[stack], str(folder / "labels/{target}.jsonl")]
    out = folder / "values.npy", folder / "words.json"
    collect_units.main([*words, "--out-values", str(out[0]), "--out-words", str(out[1])])
    found = Words.read(out[1])
    port = load(SystemFolder.read(system), "cpu")
    parts = []
    for language, text in lines.items():
        own = folder / f"{language}.npy", folder / f"{language}.json"
        sentences_of = [[(word, {"of": language}) for word in line.split()] for line in text]
        known = collect_words(port, sentences_of, port.space(["ffn"]), *own, system="x", name=language)
        parts.append((known.forms, read_values(own[0], known)))
    return found, read_values(out[0], found), parts


def test_words_of_a_language_model(causal_folders, tmp_path):
    attach_model.main(
        ["--model", str(causal_folders["gpt2"]), "--languages", "de", "fr", "--causal",
         "--out", str(tmp_path / "lm")]
    )  # fmt: skip
    system = SystemFolder.read(tmp_path / "lm")
    assert system.is_language_model and system.directions == ("de", "fr")
    lines = {"de": sentences(6, 1), "fr": sentences(5, 7)}
    found, values, parts = collected(tmp_path / "lm", "decoder", lines, tmp_path)
    assert found.forms == [word for forms, _ in parts for word in forms]
    assert found.directions == ["de"] * len(parts[0][0]) + ["fr"] * len(parts[1][0])
    np.testing.assert_array_equal(values, np.concatenate([one for _, one in parts]))
    with pytest.raises(UserError, match="'baseline' reads the text of one language; give --targets alone"):
        collect_units.main(
            ["--system", str(tmp_path / "lm"), "--directions", "de", "--stack", "decoder", "--sources", "x",
             "--targets", "y", "--out-values", "v", "--out-words", "w"]
        )  # fmt: skip


def test_words_of_an_encoder(tmp_path):
    planted_folder(tmp_path / "planted")
    make_system(tmp_path / "planted", tmp_path / "system", system="e", tasks=[spec_of("colour")])
    lines = {"en": [text for (text,) in planted_examples("colour", 7, 3).texts]}
    found, values, [(forms, known)] = collected(tmp_path / "system", "encoder", lines, tmp_path)
    assert found.forms == forms == " ".join(lines["en"]).split()
    np.testing.assert_array_equal(values, known)
    with pytest.raises(UserError, match="--sources is missing"):
        collect_units.main(
            ["--system", str(tmp_path / "system"), "--directions", "en", "--stack", "encoder",
             "--out-values", "v", "--out-words", "w"]
        )  # fmt: skip
