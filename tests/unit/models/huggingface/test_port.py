"""The port in each family: positions, likelihoods, counts, gates and heads, by what must be equal."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.unit.models.huggingface.folders import FOLDERS, TAGS
from workflow_scripts.activations.count_activations import batches_of, count_direction, count_together
from workflow_scripts.activations.score_importance import importances
from workflow_scripts.analyse.stability import count_sentences
from workflow_scripts.common.errors import UserError
from workflow_scripts.models.huggingface.batches import NO_LABEL, Batch, Batches, TextTask, shifted
from workflow_scripts.models.huggingface.families import FAMILIES
from workflow_scripts.models.huggingface.port import HuggingFacePort, open_port
from workflow_scripts.units.activity import parse_rule
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.space import UnitSpace

SHARED = ("m2m", "nllb", "mbart", "t5", "mt5")
KINDS = {"m2m": "m2m_100", "nllb": "m2m_100", "t5-gated": "t5"}
FAMILY = {case: FAMILIES[KINDS.get(case, case)] for case in FOLDERS}
ACTS = {"relu": torch.relu, "silu": torch.nn.functional.silu, "gelu": torch.nn.functional.gelu}
BIASED = ("marian", "m2m", "nllb", "mbart")


def whole_batch(port: HuggingFacePort, data: Path, direction: str = "en-de", lines: int = 6) -> Batch:
    (batch,) = port.batches(port.task(data, "valid", direction), 10_000, max_lines=lines)
    return batch


def drawn(space: UnitSpace, rows: tuple[str, ...] = ("row", "other")) -> MaskTable:
    keep = np.random.default_rng(3).random((len(rows), space.size)) < 0.5
    return MaskTable(rows, keep, space, {})


def losses(port: HuggingFacePort, batch: Batch) -> torch.Tensor:
    with torch.inference_mode():
        return port.loss(batch)[0]


def test_positions_are_those_with_labels_by_hand():
    """Labels of 3, 5 and 7: 15 positions. By its ids, the library's own input would have 17 or 14."""
    from transformers.models.m2m_100.modeling_m2m_100 import shift_tokens_right

    labels = torch.full((3, 7), NO_LABEL)
    for row, length in zip(labels, (3, 5, 7), strict=True):
        row[:length] = torch.tensor([*range(5, 4 + length), 2])
    assert int(labels.ne(NO_LABEL).sum()) == 15
    assert int(shift_tokens_right(labels.clone(), 1, 2).ne(1).sum()) == 17
    assert int(shift_tokens_right(labels.clone(), 99, 99).ne(99).sum()) == 14
    # Each alone they would have 15 and 12: by ids, counts depend on the batch.
    alone = [labels[row : row + 1, :length] for row, length in enumerate((3, 5, 7))]
    for padding, start, positions in ((1, 2, 15), (99, 99, 12)):
        of_each = [shift_tokens_right(one.clone(), padding, start).ne(padding).sum() for one in alone]
        assert int(sum(of_each)) == positions
    assert shifted(labels[:2, :5], 2, 1).tolist() == [[2, 5, 6, 1, 1], [2, 5, 6, 7, 8]]


@pytest.mark.parametrize("case", FOLDERS)
def test_tokens_and_positions(case, ports, data):
    port = ports[case]
    batch = whole_batch(port, data)
    for stack, sizes in (("encoder", batch.source_lengths), ("decoder", batch.labelled.sum(dim=1))):
        ids, real = port.tokens(batch, stack), port.real(batch, stack)
        assert ids.shape == real.shape and ids.shape[1] == len(batch) == 6
        assert torch.equal(real.sum(dim=0), sizes)
        # Padding lies behind the text.
        assert torch.equal(real, real.cummin(dim=0).values)
    assert (port.tokens(batch, "decoder")[0] == port.text.start).all()


@pytest.mark.parametrize("case", FOLDERS)
def test_likelihoods_are_those_of_the_librarys_logits(case, ports, data):
    """The whole model's logits, each sentence alone, without any padding; and the library's own loss."""
    port = ports[case]
    batch = whole_batch(port, data)
    nll, counted = port.loss(batch, count_language_tag=True)
    without, fewer = port.loss(batch)
    labels = batch.labels
    for row in range(len(batch)):
        own = labels[row : row + 1, : int(counted[row])]
        source = batch.source[row : row + 1, : int(batch.source_lengths[row])]
        given = {"input_ids": source, "attention_mask": torch.ones_like(source)}
        start = torch.full_like(own[:, :1], port.text.start)
        with torch.inference_mode():
            logits = port.model(**given, decoder_input_ids=torch.cat([start, own[:, :-1]], dim=1)).logits[0]
            mean = port.model(**given, labels=own).loss
        each = -logits.log_softmax(dim=-1)[range(own.shape[1]), own[0]]
        assert nll[row].item() == pytest.approx(each.sum().item(), rel=1e-4)
        assert nll[row].item() == pytest.approx(mean.item() * own.shape[1], rel=1e-4)
        tagged = case in ("m2m", "nllb", "mbart")
        assert int(fewer[row]) == own.shape[1] - tagged
        assert without[row].item() == pytest.approx(each[int(tagged) :].sum().item(), rel=1e-4)
    with torch.inference_mode():  # with gradients T5 takes another kernel
        assert torch.equal(losses(port, batch), port.loss(batch, encoded=port.encode(batch))[0])


def test_likelihoods_of_t5_by_hand(ports, data):
    """The same weights: scaled by 32 ** -.5 before the head in T5, and never in mT5."""
    scaled, batch = ports["t5"], whole_batch(ports["t5"], data)
    states = scaled._forward.states(batch, scaled.encode(batch))
    expected = states @ scaled.model.lm_head.weight.t() / 32**0.5
    torch.testing.assert_close(scaled._forward.logits(states), expected, rtol=1e-5, atol=1e-5)
    other = ports["mt5"]
    states = other._forward.states(batch, other.encode(batch))
    torch.testing.assert_close(other._forward.logits(states), states @ other.model.lm_head.weight.t())


@pytest.mark.parametrize("case", FOLDERS)
def test_counts_do_not_depend_on_the_batching(case, ports, data):
    port = ports[case]
    task = port.task(data, "valid", "en-de")
    found = [count_direction(port, task, max_tokens=most) for most in (4096, 60, 16)]
    counts, tally = found[0]
    assert [int(one.sum()) for one in task.target_sizes.reshape(1, -1)] == [tally.target_positions]
    assert (tally.sentences, tally.source_positions) == (20, int(task.source_sizes.sum()))
    sizes = {"encoder": tally.source_positions, "decoder": tally.target_positions}
    for group, span in zip(port.space().groups, port.space().slices().values(), strict=True):
        assert 0 < int(counts[span].sum()) < sizes[group.stack] * group.size
        assert int(counts[span].max()) <= sizes[group.stack]
    for other, again in found[1:]:
        assert torch.equal(other, counts)
        assert again.target_positions == tally.target_positions
    assert found[2][1].sentences < 20 or found[2][1].source_pads < tally.source_pads


@pytest.mark.parametrize("case", FOLDERS)
def test_counts_by_hooks_of_this_test(case, ports, data):
    """Each sentence alone, the gate or the neuron above zero."""
    port = ports[case]
    task = port.task(data, "valid", "en-de")
    counts, _ = count_direction(port, task)
    expected = torch.zeros(port.space().size, dtype=torch.int64)
    handles = []
    for key, span in port.space().slices().items():
        site = port.sites[key]

        def add(module, inputs, output=None, *, span=span, gated=site.gate is not None):
            expected[span] += (output if gated else inputs[0]).gt(0).sum(dim=(0, 1))

        hook = site.module.register_forward_pre_hook if site.gate is None else site.gate.register_forward_hook
        handles.append(hook(add))
    single = TextTask("en-de", task.sources, task.targets, task.tagged)
    lines = [np.array([line]) for line in range(20)]
    with torch.inference_mode():
        for batch in Batches(single, lines, 0, port.text.padding, port.text.start):
            port.loss(batch)
    for handle in handles:
        handle.remove()
    assert torch.equal(counts, expected)


@pytest.mark.parametrize("case", FOLDERS)
def test_directions_share_encoder_counts_where_their_sources_are_the_same(case, ports, data):
    port = ports[case]
    tasks = [port.task(data, "valid", name) for name in ("en-de", "en-fr")]
    (one, _), (two, _) = (count_direction(port, task) for task in tasks)
    encoder = port.space().ids_of(port.space().part(stacks=["encoder"]))
    assert torch.equal(one[encoder], two[encoder]) is (case in SHARED)
    together = [batches_of(task, port, 4096) for task in tasks]
    if case in SHARED:
        (first, _), (second, _) = count_together(port, together, 4096)
        assert torch.equal(first, one) and torch.equal(second, two)
    else:
        with pytest.raises(RuntimeError, match="do not share an encoder pass"):
            count_together(port, together, 4096)


def test_a_threshold_is_of_what_the_second_layer_reads(ports, data):
    for case in ("t5-gated", "marian"):
        port = ports[case]
        task = port.task(data, "valid", "en-de")
        few, some = (
            count_direction(port, task, rule=parse_rule(f"threshold:{most}", port.activation))[0]
            for most in (0.5, 1e-30)
        )
        sign = count_direction(port, task)[0]
        assert (few <= some).all() and few.sum() < some.sum()
        # Nearly every position of every unit is above nothing at all.
        assert sign.sum() < 0.7 * some.sum()


@pytest.mark.parametrize("case", FOLDERS)
def test_masked_rows_and_removed_units(case, ports, data):
    """They differ by the constants of biases; of FFNs without any, they are the same to the bit."""
    port, batch = ports[case], whole_batch(ports[case], data)
    plain = losses(port, batch)
    masks = drawn(port.space())
    found = {}
    for gate in ("row", "zero"):
        with port.intervene(masks, {"ffn": gate}).use("row"):
            found[gate] = losses(port, batch)
    # T5's relu has no bias either.
    assert torch.equal(found["row"], found["zero"]) is (case not in BIASED)
    assert (found["row"] - plain).abs().max() > 1e-3
    assert torch.equal(losses(port, batch), plain)


@pytest.mark.parametrize("rule", ["sign", "threshold:0.1"])
def test_removed_neurons_of_a_gated_ffn_are_not_active(rule, ports, data):
    """Whether activity is of the gate or of the neuron; the output is as before."""
    port = ports["t5-gated"]
    task, batch = port.task(data, "valid", "en-de"), whole_batch(port, data)
    space, how = port.space(), parse_rule(rule, port.activation)
    keep = np.stack([np.zeros(space.size, dtype=np.bool_), drawn(space).row("row")])
    gates = port.intervene(MaskTable(["none", "half"], keep, space, {}), {"ffn": "zero"})
    with gates.use("none"):
        assert not count_direction(port, task, rule=how)[0].any()
    with gates.use("half"):
        counts, found = count_direction(port, task, rule=how)[0], losses(port, batch)
    assert not counts[torch.from_numpy(~keep[1])].any() and counts[torch.from_numpy(keep[1])].any()
    handles = []
    for key, span in space.slices().items():
        kept = torch.from_numpy(keep[1][span])
        change = lambda _, inputs, kept=kept: (inputs[0] * kept, *inputs[1:])  # noqa: E731
        handles.append(port.sites[key].module.register_forward_pre_hook(change))
    expected = losses(port, batch)
    for handle in handles:
        handle.remove()
    assert torch.equal(found, expected)


def test_the_gate_is_seen_before_what_changes_the_neuron(ports, data):
    port = ports["t5-gated"]
    task, first = port.task(data, "valid", "en-de"), port.space().slice_of("encoder.0.ffn")
    plain = count_direction(port, task)[0]
    with port.intervene(drawn(port.space()), {"ffn": "scale:-1"}).use("row"):
        scaled = count_direction(port, task)[0]
    assert torch.equal(scaled[first], plain[first]) and not torch.equal(scaled, plain)


@pytest.mark.parametrize("case", ["t5-gated", "marian"])
def test_counts_by_sentence_add_up_to_the_counts_of_the_text(case, ports, data):
    port = ports[case]
    task = port.task(data, "valid", "en-de")
    with torch.inference_mode():
        by_sentence = count_sentences(port, port.batches(task, 60, by_source=True))
    assert len(by_sentence) == 20
    assert by_sentence.sum(axis=0).tolist() == count_direction(port, task)[0].tolist()


@pytest.mark.parametrize("case", FOLDERS)
@pytest.mark.parametrize("gate", ["row", "zero"])
def test_compact_is_live(case, gate, ports, data):
    """Masked units cut out, their constants folded into the second bias: the same likelihoods."""
    port, batch = ports[case], whole_batch(ports[case], data)
    masks = drawn(port.space())
    with port.intervene(masks, {"ffn": gate}).use("row"):
        live = losses(port, batch)
    model = copy.deepcopy(port.model)
    compact = HuggingFacePort(model, FAMILY[case], port.text)
    with torch.no_grad():
        for key, span in port.space().slices().items():
            site, keep = compact.sites[key], torch.from_numpy(masks.row("row")[span])
            if gate == "row" and site.rows.bias is not None:
                constant = ACTS[port.activation.function](site.rows.bias[~keep])
                site.module.bias += site.module.weight[:, ~keep] @ constant
            for one in (site.rows, site.factor):
                if one is not None:
                    one.weight = torch.nn.Parameter(one.weight[keep])
                    one.bias = None if one.bias is None else torch.nn.Parameter(one.bias[keep])
            site.module.weight = torch.nn.Parameter(site.module.weight[:, keep])
    torch.testing.assert_close(losses(compact, batch), live, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("case", FOLDERS)
def test_gates_of_ones_are_no_gates(case, ports, data):
    """Rows that keep all lay nothing; beside one that does not, they are laid and change nothing."""
    port, batch = ports[case], whole_batch(ports[case], data, lines=2)
    plain = losses(port, batch)
    space = port.space(("ffn", "head"))
    keep = np.stack([np.ones(space.size, dtype=np.bool_), np.random.default_rng(1).random(space.size) < 0.5])
    masks = MaskTable(["all", "half"], keep, space, {})
    gates = port.intervene(masks, {"ffn": "zero"})
    with gates.use("all"):
        assert torch.equal(losses(port, batch), plain)
    with gates.use("half"):
        half = losses(port, batch)
    with gates.use_rows(["all", "half"]):
        mixed = losses(port, batch)
    torch.testing.assert_close(mixed, torch.stack([plain[0], half[1]]), rtol=1e-6, atol=1e-5)
    assert (half - plain).abs().max() > 1e-3


@pytest.mark.parametrize("case", FOLDERS)
def test_removed_heads_are_zeroed_columns_of_their_projection(case, ports, data):
    port, batch = ports[case], whole_batch(ports[case], data)
    space = port.space(["head"])
    masks = drawn(space)
    with port.intervene(masks).use("row"):
        found = losses(port, batch)
    folded = copy.deepcopy(port.model)
    for key, span in space.slices().items():
        site = HuggingFacePort(folded, FAMILY[case], port.text).sites[key]
        gone = torch.from_numpy(~masks.row("row")[span]).repeat_interleave(site.width)
        with torch.no_grad():
            site.module.weight[:, gone] = 0
    assert torch.equal(losses(HuggingFacePort(folded, FAMILY[case], port.text), batch), found)
    assert (found - losses(port, batch)).abs().max() > 1e-3


@pytest.mark.parametrize("case", FOLDERS)
def test_gradients_of_a_mixed_batch_are_those_of_each_direction(case, ports, data):
    port = ports[case]
    batch = whole_batch(port, data, lines=4)
    gates = port.intervene(drawn(port.space()), {"ffn": "row"})
    rows = ["row", "other", "row", "other"]
    model = port.model

    def gradients(weights: torch.Tensor) -> dict[str, torch.Tensor]:
        model.zero_grad()
        (port.loss(batch)[0] * weights).sum().backward()
        return {name: one.grad.clone() for name, one in model.named_parameters() if one.grad is not None}

    with gates.use_rows(rows):
        mixed = gradients(torch.ones(4))
    parts = []
    for row in ("row", "other"):
        with gates.use(row):
            parts.append(gradients(torch.tensor([float(one == row) for one in rows])))
    model.zero_grad()
    for name, found in mixed.items():
        if name.endswith("k_proj.bias"):
            continue  # no gradient in theory, noise in practice
        expected = parts[0][name] + parts[1][name]
        assert (found - expected).abs().max() <= 2e-6 * max(1.0, expected.abs().max().item()), name


@pytest.mark.parametrize("case", ["marian", "m2m", "t5-gated"])
def test_importance_is_the_slope_by_the_gates(case, ports, data):
    """The signed sum is what the loss changes by where all values of a head shrink a little."""
    port = ports[case]
    space = port.space(["head", "ffn"])
    batches = port.batches(port.task(data, "valid", "en-de"), 4096, max_lines=4)
    found = importances(port, batches, space)
    sums = found.sums[2]  # minus the slope, over all positions
    for unit in (0, space.flat("decoder.0.cross", 1), space.flat("decoder.1.ffn", 7)):
        keep = np.ones((1, space.size), dtype=np.bool_)
        keep[0, unit] = False
        key = space.locate(unit)[0]
        kind = space.group(key).kind
        table = MaskTable(["row"], keep, space, {})
        both = []
        for factor in ("scale:0.99", "scale:1.01"):
            with port.intervene(table, {kind: factor}).use("row"):
                both.append(sum(losses(port, batch).double().sum().item() for batch in batches))
        slope = (both[1] - both[0]) / 0.02
        assert -sums[unit].item() == pytest.approx(slope, rel=0.05, abs=0.02)


def test_directions_in_pieces_are_whole_ones(ports, data):
    """Counting cuts the decoder's batches by length: states are those of their own sentences."""
    port = ports["m2m"]
    task = port.task(data, "valid", "en-de")
    batches = port.batches(task, 4096, by_source=True)
    space = port.space(["resid"])
    sums = []
    for piece in (None, 40):
        found = dict.fromkeys(space.keys, 0.0)

        def add(group, values, real, found=found):
            found[group.key] += float((values * real[..., None, None]).double().sum())

        with port.taps(space, add):
            list(port.run(([one] for one in batches), lambda _: None, piece))
        sums.append(list(found.values()))
    assert sums[0] == pytest.approx(sums[1], rel=1e-4)


def test_given_sentences(ports):
    port = ports["m2m"]
    task = port.pairs("x", ("en", "de"), [([5, 6], [7])])
    (batch,) = port.batches(task, 100)
    ids = port.text._tags
    assert batch.source.tolist() == [[ids["en"], 5, 6, 2]]
    assert batch.labels.tolist() == [[ids["de"], 7, 2]]
    assert batch.decoder_input.tolist() == [[2, ids["de"], 7]]
    (batch,) = port.batches(port.pairs("x", ("en", "de"), [([5], [7]), ([6], [8, 9]), ([7], [])]), 100)
    assert batch.target_lengths.tolist() == [2, 3, 4]
    with pytest.raises(UserError, match="id 900 is outside the embedding of 240"):
        port.loss(next(iter(port.batches(port.pairs("x", ("en", "de"), [([900], [7])]), 100))))


def test_lines_longer_than_the_model_are_skipped_and_counted(ports, data):
    port = ports["t5"]
    task = port.task(data, "valid", "en-de")
    batches = port.batches(task, 20)
    longest = np.maximum(task.source_sizes, task.target_sizes)
    assert batches.skipped == int((longest > 20).sum()) > 0
    assert sorted(np.concatenate(batches.lines).tolist()) == np.flatnonzero(longest <= 20).tolist()
    for batch in batches:
        assert max(batch.source.shape[1], batch.labels.shape[1]) * len(batch) <= 20 or len(batch) == 1


def test_training_mode_units_and_texts_that_do_not_fit(ports, data, folders, tmp_path):
    port = ports["m2m"]
    with pytest.raises(UserError, match="units of kind weight are not supported by the port 'huggingface'"):
        port.space(["ffn", "weight"])
    with pytest.raises(UserError, match=r"en-nl\.en\.txt: no such file, for valid of en-nl"):
        port.task(data, "valid", "en-nl")
    (tmp_path / "valid").mkdir()
    (tmp_path / "valid/en-de.en.txt").write_text("a\nb\n")
    (tmp_path / "valid/en-de.de.txt").write_text("a\n")
    with pytest.raises(UserError, match=r"en-de\.en\.txt has 2 lines, but .*en-de\.de\.txt 1"):
        port.task(tmp_path, "valid", "en-de")
    for language in ("en", "de"):
        (tmp_path / f"valid/en-de.{language}.txt").write_text("")
    with pytest.raises(UserError, match=r"en-de\.en\.txt: has no lines"):
        port.task(tmp_path, "valid", "en-de")
    with pytest.raises(RuntimeError, match="a port without a system has nothing for a direction"):
        port.direction("en-de")
    training = open_port(folders["m2m"], TAGS["m2m"])
    training.model.train()
    with pytest.raises(RuntimeError, match="training mode"):
        training.loss(whole_batch(port, data))


def test_a_gate_or_tap_that_is_not_reached_is_an_error(ports, data):
    port, batch = ports["m2m"], whole_batch(ports["m2m"], data)
    with (
        pytest.raises(RuntimeError, match=r"never used in: decoder\.0\.ffn, decoder\.1\.ffn"),
        port.intervene(drawn(port.space())).use("row"),
    ):
        port.encode(batch)
    with (
        pytest.raises(RuntimeError, match=r"taps never fired in: decoder\.0\.ffn, decoder\.1\.ffn"),
        port.taps(port.space(), lambda *_: None),
    ):
        port.encode(batch)
    with port.intervene(drawn(port.space())).use("row", "encoder"):
        port.encode(batch)
