"""The network: a library's encoder and, for each task, a head of its own on the first position."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn


class TaskHead(nn.Module):
    """What BERT and RoBERTa have on their first position: tanh(W x + b), and from there one output for each
    class, or one of a regression. In training dropout is before both layers."""

    def __init__(self, width: int, outputs: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.dense = nn.Linear(width, width)
        self.out = nn.Linear(width, outputs)

    def forward(self, states: Tensor) -> Tensor:
        """Return the outputs [B, outputs] of an encoder's last states [B, S, C]."""
        found: Tensor = self.out(self.dropout(torch.tanh(self.dense(self.dropout(states[:, 0])))))
        return found


class Encoder(nn.Module):
    """A library's encoder and the heads of its tasks."""

    def __init__(self, encoder: nn.Module, outputs: Mapping[str, int]) -> None:
        """``outputs``: task → outputs of its head."""
        super().__init__()
        self.encoder = encoder
        self.config: Any = encoder.config
        dropout = getattr(self.config, "classifier_dropout", None)
        dropout = self.config.hidden_dropout_prob if dropout is None else dropout
        width = self.config.hidden_size
        self.heads = nn.ModuleDict({name: TaskHead(width, size, dropout) for name, size in outputs.items()})

    def states(self, ids: Tensor, mask: Tensor, types: Tensor | None) -> Tensor:
        """Return the last states [B, S, C] of ids [B, S]. ``mask``: bool [B, S], False at padding; ``types``:
        which text each position is of [B, S], or None."""
        given = {"input_ids": ids, "attention_mask": mask.long()}
        found: Tensor = self.encoder(**given, token_type_ids=types).last_hidden_state
        return found

    def initialise(self, seed: int, first: Mapping[str, Tensor] | None = None) -> None:
        """Draw the heads' weights anew. ``first``: weight and bias of a layer that was trained with the
        encoder, with which each head's first layer begins."""
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for name in sorted(self.heads):
                for layer in (self.heads[name].dense, self.heads[name].out):
                    layer.weight.normal_(std=self.config.initializer_range, generator=generator)
                    layer.bias.zero_()
                for key, one in (first or {}).items():
                    self.heads[name].dense.get_parameter(key).copy_(one)
