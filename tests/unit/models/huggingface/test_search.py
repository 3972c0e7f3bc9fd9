"""The rules of the two searches, on chains of words with given probabilities; and mask rows in a search."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers

from tests.unit.models.huggingface.folders import FOLDERS, model_folder, sentences, system_of
from tests.unit.models.huggingface.talk import DIRECTION, Engines, drawn, masked
from workflow_scripts.models.huggingface.generation import BeamSearch, _settled
from workflow_scripts.models.port import load
from workflow_scripts.models.weights import read_tensors, save_tensors
from workflow_scripts.translate.ctranslate2_engine import CTranslate2Engine
from workflow_scripts.translate.decoding_options import DecodingOptions
from workflow_scripts.units.mask_table import MaskTable

#: mBART: 180 rows, each a dimension of its own, so that a word's state says which word it is.
SIZE, END, TAG = 180, 2, 123
A, B = tuple(range(10, 15)), tuple(range(20, 24))
Chain = dict[int, dict[int, float]]


def chain_system(folder: Path, chain: Chain) -> Any:
    """Make an mBART in which a word's log probability depends on the word before it alone. ``chain``: word ->
    next word -> log p; what is left of each is shared among all other words alike, but for padding
    and ``</s>``."""
    model_folder("mbart", folder, d_model=SIZE, tie_word_embeddings=False)
    tensors = {
        name: torch.zeros_like(one) for name, one in read_tensors(folder / "model.safetensors").items()
    }
    for name, one in tensors.items():
        if "norm" in name:
            one.fill_(1.0)  # with their biases, that states are independent
        if name.endswith(("shared.weight", "embed_tokens.weight")):
            one.copy_(torch.eye(SIZE) * 100)
    table = torch.full((SIZE, SIZE), -math.log(SIZE), dtype=torch.float64)
    for word, following in chain.items():
        told = {1: -30.0, END: -30.0, **following}
        table[word] = math.log((1 - sum(map(math.exp, told.values()))) / (SIZE - len(told)))
        for other, log_probability in told.items():
            table[word, other] = log_probability
    states = torch.eye(SIZE, dtype=torch.float64) * 100
    for _ in range(2):  # the embeddings' norm and the last one: attention and FFN add nothing
        states = torch.nn.functional.layer_norm(states, (SIZE,)) + 1
    tensors["lm_head.weight"] = torch.linalg.solve(states, table).t().to(torch.float32).contiguous()
    save_tensors(tensors, folder / "model.safetensors")
    return system_of("mbart", folder, folder.parent / f"{folder.name}-system")


def best(
    system: Any, beam: int, penalty: float = 1.0, **more: Any
) -> dict[str, list[tuple[float, list[int]]]]:
    """Return the hypotheses of one sentence, with their scores, by each engine: ids behind the tag."""
    options = DecodingOptions(beam=beam, length_penalty=penalty, max_length=14)
    engines = Engines(system, options)
    ours, port = engines.codec.sequences, engines.port
    source = [*ours.before, *engines.pieces[0]]
    (found,) = engines.compact._translator.translate_batch(
        [source], target_prefix=[[ours.prefix]], beam_size=beam, num_hypotheses=beam, return_scores=True,
        length_penalty=penalty, min_decoding_length=2, max_decoding_length=15,
        suppress_sequences=[["<pad>"]],
    )  # fmt: skip
    ids = {symbol: row for row, symbol in enumerate(ours.symbols.target)}
    search = BeamSearch(port.model, port.text, beam, penalty, 14)
    config = transformers.GenerationConfig(
        **{**search._settings, **more},
        forced_bos_token_id=TAG,
        num_return_sequences=beam,
        output_scores=True,
        return_dict_in_generate=True,
    )
    given = torch.tensor([[ids[one] for one in source] + [END]])
    with torch.inference_mode(), _settled(port.model, config, ()):
        said = port.model.generate(
            input_ids=given, attention_mask=torch.ones_like(given), generation_config=config
        )
    rows = [[one for one in row[2:] if one not in (1, END)] for row in said.sequences.tolist()]
    return {
        "ctranslate2": [
            (score, [ids[one] for one in words[1:]])
            for score, words in zip(found.scores, found.hypotheses, strict=True)
        ],
        "huggingface": list(zip(said.sequences_scores.tolist(), rows, strict=True)),
    }


def along(words: tuple[int, ...], total: float, begin: int = TAG) -> Chain:
    """Return a chain of words to the end, with so much log probability in equal steps."""
    step, path = total / (len(words) + 1), [begin, *words, END]
    return {word: {other: step} for word, other in pairwise(path)}


def ranked(tag: float) -> Chain:
    """Five words of -6.3 and four of -5.3, ``</s>`` included, behind a tag of this log probability."""
    first, second = along(A, -6.3), along(B, -5.3)
    return {**first, **second, TAG: {**first[TAG], **second[TAG]}, END: {TAG: tag}}


def test_the_tag_counts_in_the_length_and_not_in_the_sum(tmp_path):
    """-6.3 / 7 = -0.900 and -5.3 / 6 = -0.883; fairseq adds log p of the tag to both."""
    system = chain_system(tmp_path / "far", ranked(-3.0))
    assert load(system, "cpu").text._tags["de"] == TAG
    for hypotheses in best(system, 4).values():
        (first, b), (second, a) = hypotheses[:2]
        assert (b, a) == ([*B], [*A])
        assert (first, second) == (pytest.approx(-0.8833, abs=1e-4), pytest.approx(-0.9, abs=1e-4))
    near = chain_system(tmp_path / "near", ranked(-0.2))
    words = {}
    for name, one in (("far", system), ("near", near)):
        engines = Engines(one, DecodingOptions(beam=4, max_length=14))
        symbols = engines.codec.sequences.symbols.target
        other = DecodingOptions(beam=4, max_length=14, ranking="fairseq")
        fairseq = CTranslate2Engine(one, DIRECTION, other, engines.codec)
        for engine in (engines.live, engines.compact):
            assert next(engine.translate(engines.pieces[:1])) == [symbols[row] for row in B]
        words[name] = next(fairseq.translate(engines.pieces[:1]))
    # (-6.3 - 3) / 7 = -1.329 and (-5.3 - 3) / 6 = -1.383; (-6.3 - .2) / 7 = -.929 and (-5.3 - .2) / 6 = -.917
    assert words == {"far": [symbols[row] for row in A], "near": [symbols[row] for row in B]}


def test_a_search_ends_when_as_many_as_its_beam_are_finished(tmp_path):
    """One word, then two are finished, at log .3 + log .5 in three and log .3 + log .49 in four; eleven words
    of log .3 in all, in thirteen, come too late, where the library's own setting would wait for them."""
    long = tuple(range(30, 41))
    chain = {
        **along(long, 0.0),
        TAG: {long[0]: math.log(0.31), 50: math.log(0.3)},
        50: {END: math.log(0.5), 51: math.log(0.49)},
        51: {END: math.log(0.999)},
    }
    chain |= {word: {other: math.log(0.999) for other in chain[word]} for word in long}
    system = chain_system(tmp_path / "chain", chain)
    scores = [(math.log(0.3) + math.log(0.49 * 0.999)) / 4, (math.log(0.3) + math.log(0.5)) / 3]
    for hypotheses in best(system, 2).values():
        assert [words for _, words in hypotheses] == [[50, 51], [50]]
        assert [score for score, _ in hypotheses] == pytest.approx(scores, abs=1e-4)
    later = best(system, 2, early_stopping=False)["huggingface"]
    assert later[0][1] == [*long]


def test_padding_and_an_early_end_leave_their_part_to_the_others(tmp_path):
    """Half of the first word is padding and a quarter ``</s>``: the word's quarter is all that is left."""
    quarter = (math.log(0.2), math.log(0.05))
    chain = {
        TAG: {1: math.log(0.5), END: math.log(0.2), 60: quarter[0], 61: quarter[1]},
        60: {1: math.log(0.5), END: math.log(0.4)},
        61: {END: math.log(0.9)},
    }
    system = chain_system(tmp_path / "chain", chain)
    left = 1 - 0.5 - 0.2
    expected = (math.log(0.2 / left) + math.log(0.4 / 0.5)) / 3
    for hypotheses in best(system, 3).values():
        assert hypotheses[0][1] == [60]
        assert hypotheses[0][0] == pytest.approx(expected, abs=1e-4)


def test_no_setting_of_the_model_is_taken(talking, tmp_path):
    """A file of settings that would change every one, as hubs have them, and words that are forbidden."""
    port = load(talking["marian"], "cpu")
    sources = port.text.source_ids(DIRECTION, sentences(6))
    search = {"beam": 3, "length_penalty": 1.0, "max_length": 8, "batch_tokens": 100}
    expected = list(port.generate(sources, None, **search))
    words = sorted({one for hypothesis in expected for one in hypothesis})
    port.model.generation_config = theirs = transformers.GenerationConfig(
        num_beams=1, max_length=3, length_penalty=-2.0, forced_eos_token_id=0, bad_words_ids=[[words[0]]],
        suppress_tokens=words, no_repeat_ngram_size=1, decoder_start_token_id=5,
    )  # fmt: skip
    assert list(port.generate(sources, None, **search)) == expected
    assert port.model.generation_config is theirs
    # Every batch, also of one sentence, and order.
    assert list(port.generate(sources, None, **{**search, "batch_tokens": 1})) == expected
    assert list(port.generate(sources[::-1], None, **search)) == expected[::-1]


def test_lengths_end_with_the_positions(tmp_path, talking):
    system = system_of(
        "mbart", model_folder("mbart", tmp_path / "f", max_position_embeddings=9), tmp_path / "short"
    )
    engines = Engines(system, DecodingOptions(beam=3, max_length=50))
    assert engines.codec.sequences.positions == 9
    live, compact = (
        list(engine.translate([pieces[:7] for pieces in engines.pieces]))
        for engine in (engines.live, engines.compact)
    )
    # Of nine positions the decoder's start has the first; a tag and seven words follow.
    assert live == compact and max(map(len, live)) == 7


@pytest.mark.parametrize("case", FOLDERS)
def test_mask_rows_of_single_sentences_in_a_search(case, talking):
    """A batch whose sentences have rows of their own says what each says alone; beams are reordered."""
    port = load(talking[case], "cpu")
    space = port.space(("ffn", "head"))
    keep = np.random.default_rng(4).random((3, space.size)) < 0.8
    sources = port.text.source_ids(DIRECTION, sentences(6))
    rows = ["a", "b", "c", "a", "c", "b"]
    prefix = port.text.prefix(DIRECTION)
    for ffn, head, beam in (("row", "zero", 3), ("zero", "scale:0.5", 1)):
        masks = port.intervene(MaskTable(["a", "b", "c"], keep, space, {"gate": {"ffn": ffn, "head": head}}))
        search = {"beam": beam, "length_penalty": 1.0, "max_length": 8, "batch_tokens": 4000}
        with masks.use_rows(rows):
            together = list(port.generate(sources, prefix, **search))
        alone = []
        for row, source in zip(rows, sources, strict=True):
            with masks.use(row):
                alone += port.generate([source], prefix, **search)
        assert together == alone
        assert together != list(port.generate(sources, prefix, **search))
        with pytest.raises(RuntimeError, match="gates of"), masks.use_rows(rows):
            list(port.generate(sources[:4], prefix, **search))


def test_a_directions_masks_lie_on_the_live_search(talking, tmp_path):
    system = masked(talking["m2m"], tmp_path / "s", drawn(talking["m2m"]), {"ffn": "row", "head": "zero"})
    engines, plain = Engines(system), Engines(talking["m2m"])
    said = list(engines.live.translate(engines.pieces))
    assert said != list(plain.live.translate(plain.pieces))
    # Again, and in between without.
    assert list(engines.live.translate(engines.pieces)) == said
