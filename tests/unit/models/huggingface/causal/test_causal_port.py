"""The port of causal language models, in each family: positions, likelihoods, counts."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.unit.models.huggingface.causal.reading import changed, losses, whole_batch
from tests.unit.models.huggingface.causal.tiny_causal import BEGUN, CASES
from workflow_scripts.activations.count_activations import count_direction
from workflow_scripts.common.errors import UserError
from workflow_scripts.models.huggingface.batches import NO_LABEL
from workflow_scripts.models.huggingface.causal.families import FAMILIES
from workflow_scripts.models.huggingface.families import CAUSAL
from workflow_scripts.units.activity import Activation, parse_rule


def test_the_table_has_the_families_that_are_named_to_others():
    assert tuple(FAMILIES) == CAUSAL == tuple(CASES)


@pytest.mark.parametrize("case", CASES)
def test_units(case, causal_ports):
    """One stack, and no attention to an encoder; heads are those of queries, whatever they share."""
    port = causal_ports[case]
    space = port.space(("ffn", "head", "resid"))
    assert [(group.key, group.size) for group in space.groups] == [
        *(("decoder.0.ffn", 24), ("decoder.1.ffn", 24), ("decoder.0.self", 4), ("decoder.1.self", 4)),
        *(("decoder.0.resid", 16), ("decoder.1.resid", 16)),
    ]
    assert port.sites["decoder.0.self"].width == (8 if case == "qwen3" else 4)
    assert port.activation == (Activation("gelu_new") if case == "gpt2" else Activation("silu", gated=True))


@pytest.mark.parametrize("case", CASES)
def test_positions_are_those_with_a_next_token(case, causal_ports, texts):
    port = causal_ports[case]
    task = port.task(texts, "valid", "de")
    batch = whole_batch(port, texts)
    begun = case in BEGUN
    for row, line in enumerate(batch.lines.tolist()):
        ids = task.texts[line].tolist()
        assert (ids[0] == 0) is begun
        own = batch.labels[row][batch.labels[row] != NO_LABEL].tolist()
        assert own == ids[1:] and batch.decoder_input[row, : len(own)].tolist() == ids[:-1]
    ids, real = port.tokens(batch, "decoder"), port.real(batch, "decoder")
    assert ids.shape == real.shape and ids.shape[1] == 6
    assert int(real.sum()) == sum(len(task.texts[line]) - 1 for line in batch.lines)
    # There is no source.
    assert port.tokens(batch, "encoder").shape == port.real(batch, "encoder").shape == (0, 6)
    assert port.text.around == {"begin": ["<s>"] if begun else [], "end": []}


def test_labels_by_hand(causal_ports, tmp_path):
    """With ``<s>`` a text of two words has two labels, an empty one none; without it one word has none."""
    port = causal_ports["llama"]
    words = [word for word, number in port.text._tokenizer.get_vocab().items() if number in (5, 6)]
    (tmp_path / "valid").mkdir()
    (tmp_path / "valid/de.txt").write_text(f"{words[0]} {words[1]}\n\n{words[0]}\n")
    numbers = [port.text._tokenizer.get_vocab()[word] for word in words]
    batches = port.batches(port.task(tmp_path, "valid", "de"), 100)
    (batch,) = batches
    assert (batch.lines.tolist(), batches.skipped) == ([2, 0], 1)
    assert batch.decoder_input.tolist() == [[0, 0], [0, numbers[0]]]
    assert batch.labels.tolist() == [[numbers[0], NO_LABEL], numbers]
    port = causal_ports["gpt2"]
    (tmp_path / "valid/de.txt").write_text("b\n\nba bo\n")
    batches = port.batches(port.task(tmp_path, "valid", "de"), 100, by_source=True)
    assert ([one.tolist() for one in batches.lines], batches.skipped) == ([[2]], 2)
    (tmp_path / "valid/de.txt").write_text("b\n")
    with pytest.raises(UserError, match="de: no line has a token to predict: one alone, and nothing before"):
        port.batches(port.task(tmp_path, "valid", "de"), 100)


@pytest.mark.parametrize("case", CASES)
def test_likelihoods_are_the_librarys_own(case, causal_ports, texts):
    """Its loss of each line alone is a mean over all tokens but the first."""
    port = causal_ports[case]
    task, batch = port.task(texts, "valid", "de"), whole_batch(port, texts)
    nll, counted = port.loss(batch)
    for row, line in enumerate(batch.lines.tolist()):
        ids = torch.from_numpy(task.texts[line]).long()[None]
        with torch.inference_mode():
            mean = port.model(input_ids=ids, labels=ids).loss
        assert int(counted[row]) == ids.shape[1] - 1
        assert nll[row].item() == pytest.approx(mean.item() * (ids.shape[1] - 1), rel=1e-5)
    assert port.encode(batch) is None
    assert torch.equal(losses(port, batch), port.loss(batch, count_language_tag=True, encoded=None)[0])


@pytest.mark.parametrize("case", CASES)
def test_counts_do_not_depend_on_the_batching(case, causal_ports, texts):
    port = causal_ports[case]
    task = port.task(texts, "valid", "de")
    counts, tally = count_direction(port, task)
    labels = sum(len(one) - 1 for one in task.texts)
    assert (tally.sentences + tally.skipped_sentences, tally.source_positions) == (12, 0)
    assert tally.target_positions == labels
    assert 0 < int(counts.sum()) < labels * port.space().size and int(counts.max()) <= labels
    for most in (60, 16):
        again, other = count_direction(port, task, max_tokens=most)
        assert torch.equal(again, counts) and other.target_positions == labels
    # Each line alone: the gate's value, of GPT-2 the neuron's, above zero.
    expected = torch.zeros_like(counts)
    handles = []
    for number, (key, span) in enumerate(port.space().slices().items()):
        layer = port.model.base_model.get_submodule(f"{'h' if case == 'gpt2' else 'layers'}.{number}.mlp")
        act = layer.act if case == "gpt2" else layer.act_fn

        def add(module, inputs, output, *, span=span):
            expected[span] += output[0].gt(0).sum(dim=0)

        handles.append(act.register_forward_hook(add))
        assert key == f"decoder.{number}.ffn"
    with torch.inference_mode():
        for ids in task.texts:
            if len(ids) > 1:
                port.model(input_ids=torch.from_numpy(ids[:-1]).long()[None])
    for handle in handles:
        handle.remove()
    assert torch.equal(counts, expected)


@pytest.mark.parametrize("case", CASES)
def test_values_and_gates_by_hand(case, causal_ports, texts):
    """What the second layer reads is act(gate) × factor; the gate is act(gate) alone."""
    port, batch = causal_ports[case], whole_batch(causal_ports[case], texts)
    space = port.space().part(kinds=["ffn"])
    seen: dict[bool, dict[str, torch.Tensor]] = {}
    inputs: list[torch.Tensor] = []
    layer = port.model.get_submodule("transformer.h.1.mlp" if case == "gpt2" else "model.layers.1.mlp")
    handle = layer.register_forward_pre_hook(lambda _, given: inputs.append(given[0].transpose(0, 1)))
    for gate in (False, True):
        seen[gate] = {}

        def keep(group, values, real, *, into=seen[gate]):
            into[group.key] = values[..., 0].clone()

        with torch.no_grad(), port.taps(space, keep, gate=gate):
            port.loss(batch)
    handle.remove()
    first = inputs[0]
    with torch.no_grad():
        if case == "gpt2":
            state = port.model.state_dict()
            z = first @ state["transformer.h.1.mlp.c_fc.weight"] + state["transformer.h.1.mlp.c_fc.bias"]
            gate_value = value = torch.nn.functional.gelu(z, approximate="tanh")
        else:
            gate_value = torch.nn.functional.silu(layer.gate_proj(first))
            value = gate_value * layer.up_proj(first)
    torch.testing.assert_close(seen[True]["decoder.1.ffn"], gate_value, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(seen[False]["decoder.1.ffn"], value, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("case", CASES)
def test_a_residual_stream_is_the_state_behind_its_layer(case, causal_ports, texts):
    port, batch = causal_ports[case], whole_batch(causal_ports[case], texts)
    seen = {}
    with torch.no_grad(), port.taps(port.space(["resid"]), lambda group, v, _: seen.update({group.key: v})):
        port.loss(batch)
    with torch.no_grad():
        states = port.model(input_ids=batch.decoder_input, output_hidden_states=True).hidden_states
    assert torch.equal(seen["decoder.0.resid"][..., 0], states[1].transpose(0, 1))


def test_a_threshold_is_of_what_the_second_layer_reads(causal_ports, texts):
    port = causal_ports["llama"]
    task = port.task(texts, "valid", "de")
    few, some = (
        count_direction(port, task, rule=parse_rule(f"threshold:{most}", port.activation))[0]
        for most in (0.5, 1e-30)
    )
    assert few.sum() < count_direction(port, task)[0].sum() < 0.7 * some.sum()


def test_given_sentences_have_a_position_behind_the_last_piece(causal_ports):
    """Probes read the state that has read the last piece: it has a label, too."""
    for case, ids, labels in (("llama", [0, 7, 8], [7, 8, 1]), ("gpt2", [7, 8], [8, 0])):
        port = causal_ports[case]
        (batch,) = port.batches(port.pairs("de", ("de", "de"), [([], [7, 8])]), 100)
        assert (batch.decoder_input.tolist(), batch.labels.tolist()) == ([ids], [labels])


def test_what_does_not_fit_is_one_line(causal_ports, texts, tmp_path):
    port = causal_ports["llama"]
    with pytest.raises(UserError, match=r"en-de: a causal language model .*; name a language, such as de"):
        port.task(texts, "valid", "en-de")
    with pytest.raises(UserError, match=r"nl\.txt: no such file, for valid of nl"):
        port.task(texts, "valid", "nl")
    (tmp_path / "valid").mkdir()
    (tmp_path / "valid/de.txt").write_text("")
    with pytest.raises(UserError, match=r"de\.txt: has no lines"):
        port.task(tmp_path, "valid", "de")
    with pytest.raises(UserError, match="units of kind weight are not supported"):
        port.space(["weight"])
    with pytest.raises(UserError, match="id 900 is outside the embedding of 300"):
        port.loss(next(iter(port.batches(port.pairs("de", ("de", "de"), [([], [900])]), 100))))
    training = changed(port, "llama")
    training.model.train()
    with pytest.raises(RuntimeError, match="training mode"):
        training.loss(whole_batch(port, texts))


def test_lines_longer_than_the_model_are_skipped_and_counted(causal_ports, texts):
    port = causal_ports["gpt2"]
    task = port.task(texts, "valid", "de")
    batches = port.batches(task, 20)
    assert batches.skipped == int((task.sizes > 20).sum() + (task.sizes == 0).sum()) > 0
    read = np.sort(np.concatenate(batches.lines)).tolist()
    assert read == np.flatnonzero((task.sizes <= 20) & (task.sizes > 0)).tolist()
