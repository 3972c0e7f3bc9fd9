"""Words of a translation model with a tokenizer of its own: by the stages, from text and labels to probes."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from tests.unit.models.huggingface.folders import TAGS, sentences
from workflow_scripts.analyse.probes import collect_units, fit_probes
from workflow_scripts.analyse.probes.parts import cut_line
from workflow_scripts.analyse.probes.word_values import Words, read_values
from workflow_scripts.common.errors import UserError
from workflow_scripts.common.labelled_text import UNCUT, LabelledLine, LabelledText, LabelledWord
from workflow_scripts.data.labels import label_words
from workflow_scripts.models.huggingface.folder import load_network
from workflow_scripts.models.huggingface.port import HuggingFacePort
from workflow_scripts.models.huggingface.system import make_system
from workflow_scripts.models.huggingface.tokens import Text


def uncut(words, number=0):
    return LabelledLine(number, words, [LabelledWord(word, n, n + 1, {}) for n, word in enumerate(words)])


def write(lines, path):
    LabelledText(
        {"language": "en", UNCUT: True}, [uncut(one.split(), n) for n, one in enumerate(lines)]
    ).write(path)


def collected(system, folder, *more, stack="encoder", directions=("en-de",)):
    words = ["--system", str(system.folder), "--directions", *directions, "--stack", stack]
    words += ["--sources", str(folder / "{source}.jsonl"), "--targets", str(folder / "{target}.jsonl")]
    out = folder / "v.npy", folder / "w.json"
    collect_units.main([*words, *more, "--out-values", str(out[0]), "--out-words", str(out[1])])
    found = Words.read(out[1])
    return found, np.array(read_values(out[0], found), dtype=np.float32)


@pytest.mark.parametrize("case", TAGS)
@pytest.mark.parametrize("stack", ["encoder", "decoder"])
def test_a_word_has_its_pieces_in_what_the_model_reads(case, stack, ports):
    """The text of the pieces of a word is the word, whatever stands before the line."""
    port = ports[case]
    words = ["bada", "fu", "kele"]
    cut = cut_line(port, "en-de", uncut(words), stack)
    assert cut is not None
    line, ids = cut
    encode = port.source_text if stack == "encoder" else port.target_text
    assert ids == list(encode("en-de", ["bada fu kele"])[0])
    assert [port.text.decoded(ids[word.first : word.stop]).strip() for word in line.words] == words
    assert (line.words[0].first, line.words[-1].stop) == (0, len(ids))


def test_a_prefix_is_read_and_has_no_words(folders):
    model, family = load_network(folders["t5"])
    prefixes = {"en-de": "bada to fu: "}
    port = HuggingFacePort(model, family, Text(folders["t5"], family, model.config, {}, prefixes))
    line, ids = cut_line(port, "en-de", uncut(["fu", "bada"]), "encoder")
    before = len(ids) - sum(map(len, port.pieces(["fu", "bada"])))
    assert before > 0 and line.words[0].first == before and line.words[-1].stop == len(ids)
    assert ids == list(port.source_text("en-de", ["fu bada"])[0])


def test_a_line_whose_word_has_no_piece_is_left_out(ports):
    assert cut_line(ports["m2m"], "en-de", uncut(["bada", "\u200b"]), "encoder") is None
    assert cut_line(ports["m2m"], "en-de", uncut(["bada", "\u200b"]), "decoder") is None


@pytest.mark.parametrize("stack", ["encoder", "decoder"])
def test_values_are_those_at_a_words_last_piece(stack, systems, ports, tmp_path):
    source, target = ["bada fu", "kele bada goto"], ["fu kele", "bada"]
    write(source, tmp_path / "en.jsonl")
    write(target, tmp_path / "de.jsonl")
    words, values = collected(systems["nllb"], tmp_path, "--units", "resid", stack=stack)
    assert words.forms == " ".join(source if stack == "encoder" else target).split()
    port = ports["nllb"]
    text = port.source_text if stack == "encoder" else port.target_text
    pair = port.source_text("en-de", source[:1]), port.target_text("en-de", target[:1])
    seen = {}
    space = port.space(["resid"]).part(stacks=[stack])
    batches = port.batches(port.pairs("en-de", ("en", "de"), [(pair[0][0], pair[1][0])]), 512)
    with port.taps(space, lambda group, units, _: seen.update({group.key: units[:, 0, :, 0]})):
        for _ in port.run([[one] for one in batches], lambda _: None):
            pass
    last = torch.cat([seen[group.key] for group in space.groups], dim=1)
    # The last piece is read one before the </s> of a source, and at the end of what a decoder reads.
    expected = last[
        len(text("en-de", [(source if stack == "encoder" else target)[0]])[0]) + (stack == "decoder")
    ]
    np.testing.assert_allclose(values[1], expected.numpy(), rtol=2e-3, atol=2e-3)


def test_labels_of_another_kind_of_model_are_refused(systems, tmp_path):
    LabelledText({"language": "en"}, [uncut(["bada"])]).write(tmp_path / "en.jsonl")
    write(["bada"], tmp_path / "de.jsonl")
    with pytest.raises(UserError, match="has a tokenizer of its own; label them again without --model"):
        collected(systems["m2m"], tmp_path)


def test_lines_that_are_cut_otherwise_are_counted(systems, tmp_path):
    write(["bada \u200b", "kele", "fu", "goto"], tmp_path / "en.jsonl")
    write(["x", "x", "x", "x"], tmp_path / "de.jsonl")
    words, _ = collected(systems["m2m"], tmp_path, "--max-sentences", "2")
    # The first two that can be read.
    assert words.forms == ["kele", "fu"] and words.lines == [1, 2]
    assert words.facts["cut_otherwise"] == {"en-de": 1}
    write(["bada \u200b"], tmp_path / "en.jsonl")
    with pytest.raises(
        UserError, match=r"en-de: the tokenizer of .* cuts every line otherwise than its words"
    ):
        collected(systems["m2m"], tmp_path)


def test_from_text_and_labels_to_probes(folders, tmp_path):
    """Gold labels of two languages, by the commands of the workflow."""
    system = make_system(
        folders["nllb"], tmp_path / "system", system="baseline", languages=["de", "en", "fr"],
        directions=["en-de", "de-en"], tags=TAGS["nllb"],
    )  # fmt: skip
    for language, seed in (("en", 1), ("de", 2)):
        lines = sentences(20, seed)
        (tmp_path / f"{language}.txt").write_text("\n".join(lines) + "\n")
        sentence = (
            "\n".join(
                f"{n}\t{word}\t_\t{'NOUN' if 'a' in word else 'VERB'}" + "\t_" * 6
                for n, word in enumerate(one.split(), 1)
            )
            for one in lines
        )
        (tmp_path / f"{language}.conllu").write_text("\n\n".join(sentence) + "\n\n")
        label_words.main(
            ["--text", str(tmp_path / f"{language}.txt"), "--labels", str(tmp_path / f"{language}.conllu")]
            + ["--language", language, "--out", str(tmp_path / f"{language}.jsonl")]
        )
    words, _ = collected(system, tmp_path, "--units", "head", directions=("en-de", "de-en"))
    assert {*words.labels} == {"upos"} and words.forms[0] == sentences(1, 1)[0].split()[0]
    options = {
        "--values": "v.npy", "--words": "w.json", "--out-json": "p.json", "--out-csv": "p.csv",
        "--out-markdown": "p.md", "--out-scores": "s.npz", "--out-masks": "m.npz",
    }  # fmt: skip
    files = [word for option, file in options.items() for word in (option, str(tmp_path / file))]
    numbers = "--seed 1 --seeds 1 --controls 5 --draws 5 --fewest 8 --l1 0.01 --l2 0.001 --percents 50"
    fit_probes.main([*files, "--property", "upos", *numbers.split()])
    report = json.loads((tmp_path / "p.json").read_text())
    assert (report["property"], report["stack"]) == ("upos", "encoder")
    assert report["layers"].keys() == {"encoder.0.self", "encoder.1.self"}
