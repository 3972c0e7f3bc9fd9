"""Forward passes of a causal language model: one stack, which reads a text and predicts its next tokens.

Padding lies behind the text, and no position sees what follows it: so no mask is needed.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from workflow_scripts.common.errors import UserError
from workflow_scripts.models.huggingface.batches import Batch
from workflow_scripts.models.huggingface.forward import PROJECTED
from workflow_scripts.models.passes import PROJECTED_POSITIONS, summed_nll
from workflow_scripts.units.space import Stack


class CausalForward:
    """The forward passes of one model. What would be encoded is None."""

    def __init__(self, model: nn.Module) -> None:
        self.model = model
        #: Which positions of what was read last have a label, bool [T, B].
        self._real = torch.empty(0, 0, dtype=torch.bool)

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return next(self.model.parameters()).device

    def real(self, stack: Stack) -> Tensor:
        """Return which positions of what the stack is reading have a label, bool [T, B]."""
        return self._real

    def check(self, batches: Sequence[Batch]) -> None:
        """Refuse a model in training mode (RuntimeError), and ids that the embedding lacks (UserError)."""
        if self.model.training:
            raise RuntimeError("the model is in training mode: dropout would change what is measured")
        rows = self.model.get_input_embeddings().num_embeddings
        for batch in batches:
            if (largest := max(int(batch.decoder_input.max()), int(batch.labels.max()))) >= rows:
                raise UserError(
                    f"id {largest} is outside the embedding of {rows} rows: of another tokenizer?"
                )

    def encode(self, batch: Batch) -> None:
        """Return None: there is no encoder."""

    def states(self, batch: Batch, sentences: Tensor | None = None) -> Tensor:
        """Return the last states [B, T, C], without output projection; of the sentences of these numbers
        alone, without what is padding to all of them."""
        inputs, real = batch.inputs_of(sentences)
        self._real = real.to(self.device).t()
        found: Tensor = self.model.base_model(
            input_ids=inputs.to(self.device), use_cache=False
        ).last_hidden_state
        return found

    def decode(self, batch: Batch, encoded: None, sentences: Tensor | None) -> None:
        """See ``states``."""
        self.states(batch, sentences)

    def nll(self, batch: Batch, count_language_tag: bool, encoded: None) -> tuple[Tensor, Tensor]:
        """Return (sum of -log p of the labels [B] in nats, labels [B])."""
        self.check([batch])
        head = self.model.lm_head
        rows = max(1, min(PROJECTED_POSITIONS, PROJECTED // head.out_features))
        labels, counted = batch.labels.to(self.device), batch.labelled.to(self.device)
        return summed_nll(self.states(batch), labels, counted, head, rows)
