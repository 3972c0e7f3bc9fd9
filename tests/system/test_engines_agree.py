"""CTranslate2 against fairseq's generator on a really trained model: the same sentences, two environments.

CTranslate2 leaves the forced token's log probability out of its scores, so its own first choice may be
another of the same final beam; with fairseq's ranking applied to that beam the hypotheses must be the same.
"""

import gzip
import json
from pathlib import Path

import pytest

from tests import started
from workflow_scripts.workflow.software.environments import venvs_folder

ROOT = Path(__file__).resolve().parents[2]
VENVS = venvs_folder()
DIRECTION = "en-de"
EQUAL_SHARE = 0.99
BLEU_TOLERANCE = 0.1
SENTENCES = 200
MASKED_SENTENCES = 40
KEPT_SHARE = 0.85

# Runs where numpy is: a copy of a system whose directions keep a random part of the neurons and heads, and
# most of the single weights, and have LoRA of rank 2.
MAKE_MASKED = """
import shutil, sys
from pathlib import Path
import numpy as np
from safetensors.numpy import save_file
from workflow_scripts.units.adapters import adapter_shapes
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.system import SystemFolder
plain, folder, share = SystemFolder.read(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])
shutil.copytree(plain.folder, folder)
space, random = plain.space_of(("ffn", "head", "weight")), np.random.default_rng(7)
keep = random.random((len(plain.directions), space.size)) < share
weights = space.ids_of(space.part(["weight"]))
keep[:, weights] = random.random((len(plain.directions), len(weights))) < 0.98
shapes = adapter_shapes(plain.architecture, "lora", 2)
save_file(
    {
        f"{row}.{name}": random.normal(scale=0.1, size=shape).astype(np.float32)
        for row in plain.directions for name, shape in shapes.items()
    },
    folder / "adapters.safetensors",
)
facts = {"rule": "random", "weights_sha256": plain.weights_sha256}
MaskTable(plain.directions, keep, space, facts).write(folder / "masks.npz")
SystemFolder.write(
    folder, system="masked", seed=1, languages=plain.languages, architecture=plain.architecture,
    mask_rows={name: name for name in plain.directions}, text=plain.text,
    adapters={"kind": "lora", "size": 2}, adapter_rows={name: name for name in plain.directions},
)
"""

pytestmark = [pytest.mark.shared("models/multi30k", "data/multi30k"), pytest.mark.slow]


def run(environment, *arguments):
    python = VENVS / environment / "bin/python"
    if not python.exists():
        pytest.skip(f"environment {environment} is missing ({python}): run 'make setup'")
    done = started.run([python, *arguments], ROOT, {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr


def decode(system, source, out, engine, ranking="native"):
    environment = {"ctranslate2": "text", "fairseq": "fairseq"}[engine]
    arguments = ("--engine", engine, "--ranking", ranking, "--beam", "5", "--compute-type", "float32")
    run(
        environment,
        *("-m", "workflow_scripts.translate.decode", "--system", system, "--direction", DIRECTION),
        *("--source", source, "--out", out, *arguments),
    )
    return out.read_text(encoding="utf-8").split("\n")[:-1]


def bleu(hypotheses, references, out):
    run(
        "evaluate",
        *("-m", "workflow_scripts.evaluate.score", "--hypotheses", hypotheses, "--references", references),
        *("--metrics", "bleu", "--experiment", "x", "--system", "x", "--seed", "1", "--testset", "x"),
        *("--directions", DIRECTION, "--out", out),
    )
    (score,) = json.loads(out.read_text(encoding="utf-8"))["directions"][DIRECTION]["scores"]
    return float(score["score"])


def first_lines(path, count, out):
    with gzip.open(path, "rt", encoding="utf-8", newline="\n") as handle:
        out.write_text("".join(next(handle) for _ in range(count)), encoding="utf-8")
    return out


@pytest.fixture(scope="module")
def plain(shared, tmp_path_factory):
    """The shared Multi30k model as a system folder."""
    model, folder = shared / "models/multi30k", tmp_path_factory.mktemp("systems") / "plain"
    run(
        "fairseq",
        *("-m", "workflow_scripts.models.import_checkpoint", "--checkpoint", model / "checkpoint.pt"),
        *("--subwords", model / "spm.model", "--dictionary", model / "dict.txt"),
        *("--directions", "en-de", "de-en", "--out", folder),
    )
    return folder


def equal_share(found, expected):
    return sum(a == b for a, b in zip(found, expected, strict=True)) / len(expected)


def test_hypotheses_are_equal_under_one_ranking(plain, shared, tmp_path):
    texts = shared / "data/multi30k"
    source = first_lines(texts / "test_2016_flickr.en.gz", SENTENCES, tmp_path / "source")
    references = first_lines(texts / "test_2016_flickr.de.gz", SENTENCES, tmp_path / "references")
    expected = decode(plain, source, tmp_path / "fairseq", "fairseq")
    ranked = decode(plain, source, tmp_path / "ranked", "ctranslate2", ranking="fairseq")
    native = decode(plain, source, tmp_path / "native", "ctranslate2")
    scores = {
        name: bleu(tmp_path / name, references, tmp_path / f"{name}.json")
        for name in ("fairseq", "ranked", "native")
    }
    print(
        f"{SENTENCES} sentences, {DIRECTION}: equal to fairseq {equal_share(ranked, expected):.1%} with its "
        f"ranking, {equal_share(native, expected):.1%} natively; BLEU "
        + ", ".join(f"{name} {score:.2f}" for name, score in scores.items())
    )
    assert len(expected) == SENTENCES
    assert equal_share(ranked, expected) >= EQUAL_SHARE
    assert equal_share(native, expected) >= 0.9
    assert abs(scores["ranked"] - scores["fairseq"]) <= BLEU_TOLERANCE
    assert abs(scores["native"] - scores["fairseq"]) <= BLEU_TOLERANCE
    assert scores["fairseq"] > 30.0


def test_masked_neurons_heads_and_weights_and_lora_translate_alike(plain, shared, tmp_path):
    masked = tmp_path / "masked"
    run("text", "-c", MAKE_MASKED, plain, masked, str(KEPT_SHARE))
    source = first_lines(
        shared / "data/multi30k/test_2016_flickr.en.gz", MASKED_SENTENCES, tmp_path / "source"
    )
    expected = decode(masked, source, tmp_path / "fairseq", "fairseq")
    ranked = decode(masked, source, tmp_path / "ranked", "ctranslate2", ranking="fairseq")
    unmasked = decode(plain, source, tmp_path / "plain", "ctranslate2", ranking="fairseq")
    assert equal_share(ranked, expected) >= EQUAL_SHARE
    # Masks and LoRA do something.
    assert equal_share(unmasked, expected) < 0.7
