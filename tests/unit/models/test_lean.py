"""The lean forward pass counts what the network counts, and stands aside where something is laid on it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from workflow_scripts.activations.count_activations import batches_of, count_together, main
from workflow_scripts.data.mmap_format import write_dataset
from workflow_scripts.models.fairseq.artifact import save_system_weights
from workflow_scripts.models.fairseq.lean import LeanNetwork
from workflow_scripts.models.fairseq.network import Network, build_network
from workflow_scripts.models.fairseq.port import FairseqPort, load_port
from workflow_scripts.models.fairseq.tensors import fitting, tensor_shapes
from workflow_scripts.units.architecture import Architecture
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.score_table import ScoreTable
from workflow_scripts.units.select_masks import mass_masks
from workflow_scripts.units.system import SystemFolder
from workflow_scripts.units.vocabulary import Vocabulary

LANGUAGES = ["en", "de", "fr"]
VOCABULARY = Vocabulary([f"p{number}" for number in range(60)], LANGUAGES)
SHAPES = {
    "pre-norm": Architecture(2, 2, 16, 32, 4),
    "post-norm": Architecture(2, 2, 16, 32, 4, pre_norm=False),
    "one layer": Architecture(1, 1, 16, 32, 2),
    "other depths, all embeddings shared": Architecture(1, 3, 8, 24, 2, share_all_embeddings=True),
    "no embeddings shared": Architecture(3, 1, 8, 24, 1, pre_norm=False, share_decoder_embeddings=False),
}
BY_SHAPE = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)


def drawn(shape: Architecture, seed: int = 1) -> Network:
    """A network whose every parameter is random, biases and norms too."""
    torch.manual_seed(seed)
    network = build_network(shape, len(VOCABULARY)).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.3)
    return network


@pytest.fixture(scope="module")
def data_bin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """English with the same text in both pairs; lengths from 1 to 30, so that batches hold padding."""
    folder = tmp_path_factory.mktemp("bin")
    rng = np.random.default_rng(5)
    text = {
        language: [[*rng.integers(4, 64, rng.integers(1, 31)), 2] for _ in range(120)]
        for language in LANGUAGES
    }
    for pair, sides in {"de-en": ("de", "en"), "en-fr": ("en", "fr")}.items():
        for language in sides:
            write_dataset(folder / f"valid.{pair}.{language}", text[language], len(VOCABULARY))
    return folder


def system_of(folder: Path, network: Network, shape: Architecture, **more) -> SystemFolder:
    save_system_weights(network, folder / "model.safetensors")
    (folder / "dict.txt").write_text("".join(f"{piece} 1\n" for piece in VOCABULARY.subwords))
    (folder / "spm.model").write_bytes(b"not read here")
    return SystemFolder.write(
        folder, system="baseline", seed=1, languages=LANGUAGES, text={}, architecture=shape.to_dict(),
        **{"mask_rows": {"en-de": None, "en-fr": None, "de-en": None}, **more},
    )  # fmt: skip


def counts(port: FairseqPort, data_bin: Path, *directions: str, max_tokens: int = 300) -> list[np.ndarray]:
    batches = [batches_of(port.task(data_bin, "valid", name), port, max_tokens) for name in directions]
    return [found.numpy() for found, _ in count_together(port, batches, max_tokens)]


@BY_SHAPE
def test_a_file_stores_the_tensors_that_the_network_has(shape, tmp_path):
    network = drawn(shape)
    shapes, tied = tensor_shapes(shape, len(VOCABULARY))
    parameters = dict(network.named_parameters(remove_duplicate=False))
    assert {name: tuple(one.shape) for name, one in parameters.items() if name not in tied} == shapes
    assert all(parameters[name] is parameters[first] for name, first in tied.items())


@BY_SHAPE
def test_in_double_precision_counts_are_those_of_the_network(shape, data_bin):
    """Where rounding decides no sign: packing, positions, masks of attention and every weight are right."""
    network = drawn(shape).double()
    stored, tied = tensor_shapes(shape, len(VOCABULARY))
    parameters = dict(network.named_parameters())
    port = FairseqPort(shape, VOCABULARY)
    port._lean = LeanNetwork(fitting(parameters, stored, tied, "network"), shape, port.device)
    with torch.inference_mode():
        found = counts(port, data_bin, "en-de", "en-fr")
    expected = counts(FairseqPort(network, VOCABULARY), data_bin, "en-de", "en-fr")
    assert [one.tolist() for one in found] == [one.tolist() for one in expected]
    assert len(np.unique(expected[0])) > 10


@pytest.mark.parametrize("pre_norm", [True, False])
def test_in_single_precision_masks_are_the_same(pre_norm, data_bin, tmp_path):
    """Some 4,000 positions of 1,024 neurons: fewer than one in a million may change by rounding."""
    shape = Architecture(2, 2, 32, 256, 4, pre_norm=pre_norm)
    network = drawn(shape)
    port = load_port(system_of(tmp_path, network, shape), "cpu")
    found = counts(port, data_bin, "en-de", "en-fr", max_tokens=1000)
    assert port._network is None
    expected = counts(FairseqPort(network, VOCABULARY), data_bin, "en-de", "en-fr", max_tokens=1000)
    for one, other in zip(found, expected, strict=True):
        assert np.abs(one - other).sum() <= 4
    tables = [ScoreTable(["en-de", "en-fr"], np.stack(rows), port.space(), {}) for rows in (found, expected)]
    for k in ("70", "95"):
        one, other = (mass_masks(table, k).keep for table in tables)
        assert (one == other).all()


def test_masks_are_laid_on_the_network_and_count_there(data_bin, tmp_path):
    shape = SHAPES["pre-norm"]
    network = drawn(shape)
    system = system_of(tmp_path, network, shape)
    port = load_port(system, "cpu")
    keep = np.arange(port.space().size)[None] % 3 > 0
    masks = MaskTable(["half"], keep, port.space(), {})
    with port.intervene(masks, {"ffn": "zero"}).use("half"):
        masked = counts(port, data_bin, "en-de")[0]
    assert masked[~keep[0]].sum() == 0
    assert masked[keep[0]].sum() > 0
    # What is laid inside the block of packed taps is refused, not left out.
    port = load_port(system, "cpu")
    (batches,) = [batches_of(port.task(data_bin, "valid", "en-de"), port, 300)]
    taps = port.taps(port.space(), lambda *_: None, packed=True)
    laid = port.intervene
    with pytest.raises(RuntimeError, match="packed taps would miss"), taps, laid(masks).use("half"):
        next(iter(port.run(([one] for one in batches), lambda _: None)))


def test_taps_that_never_fire_are_an_error(data_bin, tmp_path):
    shape = SHAPES["one layer"]
    port = load_port(system_of(tmp_path, drawn(shape), shape), "cpu")
    taps = port.taps(port.space(), lambda *_: None, packed=True)
    with pytest.raises(RuntimeError, match=r"never fired in: decoder\.0\.ffn, encoder\.0\.ffn"), taps:
        pass


def test_weights_of_a_direction_are_its_own(data_bin, tmp_path):
    shape = SHAPES["one layer"]
    one, other = drawn(shape), drawn(shape, seed=2)
    save_system_weights(other, tmp_path / "fr.safetensors")
    own = {"en-fr": "fr.safetensors"}
    system = system_of(tmp_path, one, shape, mask_rows={"en-de": None, "en-fr": None}, own_weights=own)
    port = load_port(system, "cpu")
    for direction, network in (("en-fr", other), ("en-de", one), ("en-fr", other)):
        with port.direction(direction):
            found = counts(port, data_bin, direction)
        assert found[0].tolist() == counts(FairseqPort(network, VOCABULARY), data_bin, direction)[0].tolist()


def test_counting_does_not_import_fairseq(data_bin, tmp_path):
    shape = SHAPES["one layer"]
    system = system_of(tmp_path, drawn(shape), shape)
    arguments = ["--system", str(system.folder), "--data-bin", str(data_bin), "--subset", "valid"]
    arguments += ["--directions", "en-de", "--out-root"]
    code = (
        f"import sys; from {main.__module__} import main; main(sys.argv[1:]); print('fairseq' in sys.modules)"
    )
    words = [sys.executable, "-c", code, *arguments, str(tmp_path / "apart")]
    assert subprocess.run(words, check=True, capture_output=True, text=True).stdout == "False\n"
    main([*arguments, str(tmp_path / "here")])
    assert (tmp_path / "apart/en-de.npz").read_bytes() == (tmp_path / "here/en-de.npz").read_bytes()
