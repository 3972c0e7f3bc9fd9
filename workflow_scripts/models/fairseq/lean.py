"""A forward pass for taps on FFN neurons alone: the plain network's arithmetic without what nobody reads.

It reads a weights file itself, without fairseq. Linear layers see real positions only, packed one sentence
after the other; query, key and value are one product; keys and values of the source are made once; nothing is
computed after the last ReLU. FFNs take a block of positions at a time.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from workflow_scripts.models.fairseq.batches import Batch
from workflow_scripts.models.fairseq.forward import check_tokens
from workflow_scripts.models.fairseq.tensors import TIED_NAME
from workflow_scripts.models.port import Call
from workflow_scripts.units.architecture import Architecture
from workflow_scripts.units.space import Stack, UnitSpace
from workflow_scripts.units.vocabulary import PAD

# Positions of an FFN at a time: on the CPU their neurons stay in the cache.
CPU_BLOCK, DEVICE_BLOCK = 512, 8192
#: Of the wavelengths of positions (Vaswani et al. 2017).
LONGEST_WAVE = 10000.0


class Linear:
    """x W^T + b of one layer, or of several with the same input."""

    def __init__(self, tensors: Mapping[str, Tensor], places: Sequence[str], device: torch.device) -> None:
        self._weight, self._bias = (
            _joined([tensors[f"{place}.{part}"] for place in places]).to(device)
            for part in ("weight", "bias")
        )

    def __call__(self, values: Tensor) -> Tensor:
        """Return [N, outputs] of ``values`` [N, inputs]."""
        return F.linear(values, self._weight, self._bias)


def _joined(parts: list[Tensor]) -> Tensor:
    # One alone stays where it is, in the file that is mapped into memory.
    return parts[0] if len(parts) == 1 else torch.cat(parts)


class Norm:
    """A layer norm."""

    def __init__(self, tensors: Mapping[str, Tensor], place: str, device: torch.device) -> None:
        self._weight, self._bias = (tensors[f"{place}.{part}"].to(device) for part in ("weight", "bias"))

    def __call__(self, values: Tensor) -> Tensor:
        """Return ``values`` [N, C], normalised."""
        return F.layer_norm(values, self._weight.shape, self._weight, self._bias)


class Layer:
    """One layer of a stack; of the encoder without attention to the source."""

    def __init__(
        self, tensors: Mapping[str, Tensor], stack: Stack, number: int, device: torch.device
    ) -> None:
        place = f"{stack}.layers.{number}"

        def linear(*names: str) -> Linear:
            return Linear(tensors, [f"{place}.{name}" for name in names], device)

        def norm(name: str) -> Norm:
            return Norm(tensors, f"{place}.{name}", device)

        self.qkv = linear(*(f"self_attn.{part}_proj" for part in ("q", "k", "v")))
        self.out, self.self_norm = linear("self_attn.out_proj"), norm("self_attn_layer_norm")
        if stack == "decoder":
            self.cross_q = linear("encoder_attn.q_proj")
            self.cross_kv = linear("encoder_attn.k_proj", "encoder_attn.v_proj")
            self.cross_out, self.cross_norm = linear("encoder_attn.out_proj"), norm("encoder_attn_layer_norm")
        self.fc1, self.fc2, self.ffn_norm = linear("fc1"), linear("fc2"), norm("final_layer_norm")


class Packed:
    """Where the real ones of positions [B, T] are when they are packed, sentence after sentence."""

    def __init__(self, there: Tensor) -> None:
        """``there``: bool [B, T]."""
        self.there = there
        self.whole = bool(there.all())
        order = there.flatten().cumsum(0) - 1
        #: The packed position of each, [B, T]; at padding that of some other one.
        self._rows = order.clamp(min=0).view(there.shape)
        self._real = there.flatten().nonzero()[:, 0]
        #: The number of each packed position in its sentence, from 0.
        self.numbers = (there.cumsum(1) - 1).flatten()[self._real]

    def unpacked(self, values: Tensor, sentences: Tensor | None = None) -> Tensor:
        """Return values [N, C] as [B, T, C], or those of the sentences of these numbers [b]; what is at
        padding means nothing."""
        if self.whole and sentences is None:
            return values.view(*self.there.shape, -1)
        rows = self._rows if sentences is None else self._rows[sentences]
        return values.index_select(0, rows.flatten()).view(*rows.shape, -1)

    def packed(self, values: Tensor) -> Tensor:
        """Return values [B, T, C] as [N, C]."""
        flat = values.flatten(0, 1)
        return flat if self.whole else flat.index_select(0, self._real)


@dataclass(frozen=True)
class Encoded:
    """Of a batch of sources: keys and values for each layer of the decoder [N, 2 C], and where they are."""

    keys_values: list[Tensor]
    places: Packed


class LeanNetwork:
    """The weights of a network for this pass; see ``LeanSteps``."""

    def __init__(
        self, tensors: Mapping[str, Tensor], architecture: Architecture, device: torch.device
    ) -> None:
        """``tensors``: as ``tensors.fitting`` returns them; on the CPU most are used where they are."""
        self.architecture, self.device = architecture, device
        self._block = CPU_BLOCK if device.type == "cpu" else DEVICE_BLOCK
        self.symbols, self._width = tensors[TIED_NAME].shape
        shared = tensors[TIED_NAME].to(device)
        own = tensors.get("encoder.embed_tokens.weight")
        self._tables = {"encoder": shared if own is None else own.to(device), "decoder": shared}
        self._positions = _positions(architecture).to(shared)
        layers = range(architecture.encoder_layers), range(architecture.decoder_layers)
        self.encoder = [Layer(tensors, "encoder", number, device) for number in layers[0]]
        self.decoder = [Layer(tensors, "decoder", number, device) for number in layers[1]]
        self.last_norm = Norm(tensors, "encoder.layer_norm", device) if architecture.pre_norm else None

    def embed(self, stack: Stack, tokens: Tensor, places: Packed) -> Tensor:
        """Return the packed states [N, C] that a stack begins with, of tokens [B, T]."""
        embedded = F.embedding(tokens[places.there], self._tables[stack]) * math.sqrt(self._width)
        return embedded + self._positions[places.numbers]

    def attend_self(self, layer: Layer, states: Tensor, places: Packed, causal: bool) -> Tensor:
        """Return the packed states after a layer's attention to its own stack."""
        query, key, value = places.unpacked(layer.qkv(self._before(layer.self_norm, states))).chunk(3, -1)
        # In a causal pass padding comes last: no real position sees it.
        mask = None if causal or places.whole else places.there[:, None, None]
        found = places.packed(self._attention(query, key, value, mask, causal))
        return self._after(layer.self_norm, states + layer.out(found))

    def attend_source(
        self, layer: Layer, states: Tensor, places: Packed, source: tuple[Tensor, Tensor]
    ) -> Tensor:
        """Return the packed states after attention to the source: its keys and values [B, S, 2 C], and which
        of its positions are real [B, S]."""
        query = places.unpacked(layer.cross_q(self._before(layer.cross_norm, states)))
        key, value = source[0].chunk(2, -1)
        mask = None if bool(source[1].all()) else source[1][:, None, None]
        found = places.packed(self._attention(query, key, value, mask, False))
        return self._after(layer.cross_norm, states + layer.cross_out(found))

    def ffn(self, layer: Layer, states: Tensor, tap: Callable[[Tensor], None], last: bool) -> Tensor:
        """Return the packed states after a layer's FFN; where it is the ``last`` one, as they were.
        ``tap``: called with the values of its neurons [n, F], for every block of positions."""
        blocks = []
        for block in states.split(self._block):
            neurons = layer.fc1(self._before(layer.ffn_norm, block)).relu_()
            tap(neurons)
            blocks.append(block if last else self._after(layer.ffn_norm, block + layer.fc2(neurons)))
        return torch.cat(blocks)

    def _before(self, norm: Norm, states: Tensor) -> Tensor:
        return norm(states) if self.architecture.pre_norm else states

    def _after(self, norm: Norm, states: Tensor) -> Tensor:
        return states if self.architecture.pre_norm else norm(states)

    def _attention(
        self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, causal: bool
    ) -> Tensor:
        by_head = (
            one.unflatten(-1, (self.architecture.heads, -1)).transpose(1, 2) for one in (query, key, value)
        )
        found = F.scaled_dot_product_attention(*by_head, attn_mask=mask, is_causal=causal)
        return found.transpose(1, 2).flatten(2)


def _positions(architecture: Architecture) -> Tensor:
    """Return fairseq's sinusoidal positions [positions, C], of which a sentence's first one is 2."""
    half = architecture.model_dim // 2
    waves = torch.exp(torch.arange(half, dtype=torch.float) * -(math.log(LONGEST_WAVE) / (half - 1)))
    first = PAD + 1
    angles = torch.arange(first, first + architecture.max_positions, dtype=torch.float)[:, None] * waves
    return torch.cat([torch.sin(angles), torch.cos(angles)], dim=1)


class LeanSteps:
    """The parts of the pass, for ``models.passes``; taps get values [N, 1, F, 1], all of real positions."""

    def __init__(self, network: LeanNetwork, space: UnitSpace, call: Call) -> None:
        """``space``: of FFN neurons."""
        self._network, self._call = network, call
        self._groups = {(group.stack, group.layer): group for group in space.groups}

    def check(self, batches: Sequence[Batch]) -> None:
        """Refuse tokens outside the vocabulary (UserError)."""
        check_tokens(self._network.symbols, batches)

    def encode(self, batch: Batch) -> Encoded:
        """Return what the decoder reads of a batch's sources."""
        network = self._network
        tokens = batch.source.to(network.device)
        places = Packed(tokens.ne(PAD))
        states = network.embed("encoder", tokens, places)
        for number, layer in enumerate(network.encoder):
            states = network.attend_self(layer, states, places, causal=False)
            states = network.ffn(layer, states, self._tap("encoder", number), last=False)
        if network.last_norm is not None:
            states = network.last_norm(states)
        return Encoded([layer.cross_kv(states) for layer in network.decoder], places)

    def decode(self, batch: Batch, encoded: Encoded, sentences: Tensor | None) -> None:
        """Run the decoder up to its last FFN neurons, on all sentences or on those of these numbers [b]."""
        network = self._network
        inputs, read = batch.inputs_of(sentences).to(network.device), encoded.places.there
        if sentences is not None:
            sentences = sentences.to(network.device)
            read = read[sentences]
        places = Packed(inputs.ne(PAD))
        states = network.embed("decoder", inputs, places)
        for number, layer in enumerate(network.decoder):
            states = network.attend_self(layer, states, places, causal=True)
            source = encoded.places.unpacked(encoded.keys_values[number], sentences)
            states = network.attend_source(layer, states, places, (source, read))
            last = number + 1 == len(network.decoder)
            states = network.ffn(layer, states, self._tap("decoder", number), last)

    def _tap(self, stack: Stack, layer: int) -> Callable[[Tensor], None]:
        group = self._groups.get((stack, layer))

        def tap(neurons: Tensor) -> None:
            if group is not None:
                values = neurons[:, None, :, None]
                self._call(group, values, values.new_ones(values.shape[:2], dtype=torch.bool))

        return tap
