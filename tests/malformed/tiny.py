"""A tiny right world for malformed cases to spoil: subwords, counts, masks, a system."""

import io
import json
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from workflow_scripts.common.files import sha256_of
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.score_table import ScoreTable
from workflow_scripts.units.space import ffn_space
from workflow_scripts.units.system import SystemFolder

WIDTH, UNITS, LAYERS = 8, 12, 2
SPACE = ffn_space(LAYERS, LAYERS, UNITS)
DIRECTIONS = ("de-en", "en-de")
ARCHITECTURE = {
    "encoder_layers": LAYERS, "decoder_layers": LAYERS, "model_dim": WIDTH, "ffn_dim": UNITS, "heads": 2,
    "pre_norm": True, "activation": "relu", "share_decoder_embeddings": True, "share_all_embeddings": False,
    "max_positions": 16, "dropout": 0.1, "attention_dropout": 0.0, "activation_dropout": 0.0,
}  # fmt: skip
WORDS = ("ein", "Haus", "am", "Fluss", "a", "house", "by", "the", "river")
Weights = dict[str, NDArray[Any]]


class Trap:
    """A pickle of it makes the file ``ran`` when it is loaded without restriction."""

    def __reduce__(self):
        return open, ("ran", "w")


@cache
def subwords():
    """A SentencePiece model of 40 pieces."""
    from sentencepiece import SentencePieceTrainer

    model = io.BytesIO()
    lines = [" ".join(WORDS[n % 9] for n in range(start, start + 5)) for start in range(60)]
    SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_writer=model, vocab_size=40, model_type="bpe", minloglevel=2
    )
    return model.getvalue()


def dictionary():
    """The dictionary of ``subwords``."""
    from sentencepiece import SentencePieceProcessor

    model = SentencePieceProcessor(model_proto=subwords())
    return "".join(f"{model.id_to_piece(n)} 100\n" for n in range(3, 40)).encode()


def shapes(symbols, pre_norm=True, tied=True):
    made = {}
    for side in ("encoder", "decoder"):
        made[f"{side}.embed_tokens.weight"] = (symbols, WIDTH)
        norms = [f"{side}.layer_norm"] if pre_norm else []
        for index in range(LAYERS):
            layer = f"{side}.layers.{index}"
            for attention in ["self_attn"] + ["encoder_attn"] * (side == "decoder"):
                norms.append(f"{layer}.{attention}_layer_norm")
                for part in ("q_proj", "k_proj", "v_proj", "out_proj"):
                    made[f"{layer}.{attention}.{part}.weight"] = (WIDTH, WIDTH)
                    made[f"{layer}.{attention}.{part}.bias"] = (WIDTH,)
            norms.append(f"{layer}.final_layer_norm")
            made |= {f"{layer}.fc1.weight": (UNITS, WIDTH), f"{layer}.fc1.bias": (UNITS,)}
            made |= {f"{layer}.fc2.weight": (WIDTH, UNITS), f"{layer}.fc2.bias": (WIDTH,)}
        for norm in norms:
            made |= {f"{norm}.weight": (WIDTH,), f"{norm}.bias": (WIDTH,)}
    return made if tied else {**made, "decoder.output_projection.weight": (symbols, WIDTH)}


def weights(symbols, seed=1, **form):
    random, named = np.random.default_rng(seed), shapes(symbols, **form)
    return {name: random.normal(size=shape).astype(np.float32) for name, shape in named.items()}


def masks(made_from, rows=DIRECTIONS, space=SPACE, keep=None):
    """Masks that keep every other unit, and the first of each layer."""
    if keep is None:
        keep = np.zeros((len(rows), space.size), bool)
        keep[:, ::2] = True
    return MaskTable(rows, keep, space, {"rule": "mass", "k": "95", "weights_sha256": made_from})


def system(
    folder,
    *,
    change=lambda _: None,
    spoil=lambda _: None,
    describe=lambda _: None,
    mask_table=None,
    files=None,
    symbols=None,
):
    """Write the system ``folder/system``.

    ``change``: of the weights before they are written. ``mask_table``: from the weights' hash; None: nothing
    is masked. ``files``: in place of the right ones. ``symbols``: rows of the embeddings.
    ``spoil``: of the folder before it is described.
    ``describe``: of the description.
    """
    target = folder / "system"
    target.mkdir()
    for name, right in (("spm.model", subwords), ("dict.txt", dictionary)):
        (target / name).write_bytes(files[name] if files and name in files else right())
    values = weights(symbols or len((target / "dict.txt").read_bytes().splitlines()) + 6)
    change(values)
    save_file(values, target / "model.safetensors", metadata={"format": "pt"})
    rows = dict.fromkeys(DIRECTIONS)
    if mask_table is not None:
        mask_table(sha256_of(target / "model.safetensors")).write(target / "masks.npz")
        rows = {name: name for name in DIRECTIONS}
    spoil(target)
    SystemFolder.write(
        target, system="tiny", seed=1, languages=["de", "en"], mask_rows=rows, architecture=ARCHITECTURE,
        text={"normalize_punctuation": False, "moses": False},
    )  # fmt: skip
    value = json.loads((target / "system.json").read_text())
    describe(value)
    (target / "system.json").write_text(json.dumps(value))


def counts(direction, *, space=SPACE, values=None, **metadata):
    """Counts of one direction: unit n fired n times."""
    if values is None:
        values = np.arange(space.size)[None, :]
    facts = {"weights_sha256": "ab" * 32, "counting": "pads excluded", **metadata}
    return ScoreTable([direction], values, space, facts)
