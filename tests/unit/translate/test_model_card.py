"""The model card: its header as YAML, every section word for word, and text that is not markup."""

import json

import pytest
import yaml

from tests.malformed import tiny
from tests.unit.translate.test_export_system import export, masked
from workflow_scripts.translate.card_header import header
from workflow_scripts.translate.card_sections import plain, sentences_on
from workflow_scripts.units.system import SystemFolder

SIGNATURE = "nrefs:1|tok:13a"
SCORES = {
    "testset": "news",
    "directions": {
        "de-en": {"n": 300, "scores": [{"metric": "bleu", "score": 12.345, "signature": SIGNATURE}]},
        "fr-en": {"n": 300, "scores": [{"metric": "bleu", "score": 1.0, "signature": "tok:zh"}]},
    },
}
SIDES = {"de": {"words": 1200}, "en": {"words": 1400}}
PAIR = {"sentences": 1000, "dropped": {"empty": 3, "long": 4}, "languages": SIDES}
DATA = {"subsets": {"train": {"de-en": PAIR}}}
CONTROLS = (
    "testset,side,system,sentence\n"
    "news,into pivot,tiny,one side\n"
    "news,both,tiny,tiny − continued: +0.10 ± 0.30 BLEU (n = 3 seeds): no difference\n"
    "news,both,other,of another system\n"
    "news,both,tiny,\n"
)


def told(header_and_rest):
    """The header of a card as a hub reads it, and the lines below."""
    start, top, rest = header_and_rest.split("---\n", 2)
    assert start == ""
    return yaml.safe_load(top), rest.split("\n")


def card_of(folder, *options):
    export(masked(folder), "safetensors", folder / "out", *options)
    return told((folder / "out/README.md").read_text())


@pytest.fixture
def whole(tmp_path):
    for name, value in (("news", SCORES), ("card", DATA)):
        (tmp_path / f"{name}.json").write_text(json.dumps(value))
    (tmp_path / "controls.csv").write_text(CONTROLS)
    (tmp_path / "base.json").write_text(
        json.dumps({"model": "a/b", "revision": "r1", "licence": "apache-2.0"})
    )
    return card_of(
        tmp_path, "--scores", tmp_path / "news.json", "--data-card", tmp_path / "card.json", "--controls",
        tmp_path / "controls.csv", "--base", tmp_path / "base.json", "--licence", "CC-BY-4.0",
        "--text-licence", "CC0 <b>",
    )  # fmt: skip


def test_the_header(whole):
    assert whole[0] == {
        "language": ["de", "en"],
        "license": "cc-by-4.0",
        "base_model": "a/b",
        "pipeline_tag": "translation",
        "tags": ["translation", "neuronspec"],
        "metrics": ["bleu"],
        "model-index": [
            {
                "name": "tiny",
                "results": [
                    {
                        "task": {"type": "translation", "name": "Translation de-en"},
                        "dataset": {"type": "news", "name": "news"},
                        "metrics": [{"type": "bleu", "value": 12.35, "name": f"bleu ({SIGNATURE})"}],
                    }
                ],
            }
        ],
    }


def test_the_sections(whole):
    for line in (
        "- licence: CC-BY-4.0",
        "- parent model: a/b at r1, licence: apache-2.0",
        "- units that are left out: ffn: row",
        "What masks added over the controls:",
        "- tiny − continued: +0.10 ± 0.30 BLEU (n = 3 seeds): no difference.",
        "| de-en | 1,000 | 2,600 | 7 |",
        "Its licence: CC0 &lt;b&gt;.",
        "| direction | sentences | bleu |",
        "| de-en | 300 | 12.3 |",
        f"Signatures: `{SIGNATURE}`.",
        "- One training, of seed 1: other seeds give other scores.",
        "- 2 directions alone: de-en, en-de.",
        "- Without a score here: en-de.",
        "- Sentences of at most 16 pieces, the language token and the end among them.",
    ):
        assert line in whole[1], line
    text = "\n".join(whole[1])
    assert "one side" not in text and "another system" not in text
    assert "EMNLP 2024" in text and "10.18653/v1/2024.emnlp-main.374" in text


def test_the_files_and_their_hashes(tmp_path):
    system = masked(tmp_path)
    export(system, "safetensors", tmp_path / "out")
    lines = (tmp_path / "out/README.md").read_text().split("\n")
    for name, digest in system.sha256.items():
        assert f"| {name} | {digest} |" in lines
    assert [line for line in lines if line.startswith("| system.json | ")]
    assert not [line for line in lines if line.startswith("| README.md")]


def test_what_is_not_known_is_said(tmp_path):
    facts, lines = card_of(tmp_path)
    assert facts["license"] == "unknown"
    assert not {"base_model", "metrics", "model-index"} & facts.keys()
    assert "Its licence is not known here." in lines and "Not tested here." in lines
    assert "What it was is not known here." in lines
    assert "- Without a score here: de-en, en-de." in lines


@pytest.mark.parametrize(
    ("languages", "licence", "facts"),
    [
        (["no", "en"], "MIT", {"language": ["no", "en"], "license": "mit"}),
        (["de"], "my: own #1\n---\nx", {"license": "other", "license_name": "my: own #1\n---\nx"}),
        (["de"], "\x7f\u2028</script>", {"license": "other", "license_name": "\x7f\u2028</script>"}),
    ],
    ids=["Norwegian is no boolean", "lines and marks", "what does not print"],
)
def test_the_header_is_escaped(languages, licence, facts):
    text = header("x", languages, [], [], licence, None)
    lines = text.split("\n")
    assert (lines[0], lines[-2], lines.count("---")) == ("---", "---", 2)
    found = yaml.safe_load("\n".join(lines[1:-2]))
    assert {key: found[key] for key in facts} == facts


def test_text_that_looks_like_markup():
    assert plain("a\n# b <script>|`x`*[_]&") == r"a \# b &lt;script&gt;\|\`x\`\*\[\_\]&amp;"


def test_one_side_is_told_where_there_is_no_other(tmp_path):
    (tmp_path / "c.csv").write_text(
        "testset,side,system,sentence\nnews,into pivot,tiny,a\nwiki,into pivot,tiny,b\n"
    )
    assert sentences_on(tmp_path / "c.csv", "tiny") == ["news: a", "wiki: b"]


def test_a_system_without_masks_has_no_section_of_them(tmp_path):
    tiny.system(tmp_path)
    export(SystemFolder.read(tmp_path / "system"), "safetensors", tmp_path / "out")
    text = (tmp_path / "out/README.md").read_text()
    assert "- masks: none" in text and "## Masks" not in text and "EMNLP" not in text
