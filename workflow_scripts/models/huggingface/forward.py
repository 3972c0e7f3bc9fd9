"""Forward passes of a model: encoder and decoder apart, likelihoods, and what each stack is reading."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from workflow_scripts.common.errors import UserError
from workflow_scripts.models.huggingface.batches import Batch
from workflow_scripts.models.huggingface.families import output_scale_of
from workflow_scripts.models.passes import PROJECTED_POSITIONS, summed_nll
from workflow_scripts.models.training.smoothed_loss import projected_loss
from workflow_scripts.units.space import Stack

#: Logits that exist at one time: a vocabulary of 256,000 would fill four times as much.
PROJECTED = 1 << 28


class Forward:
    """The forward passes of one model; its own ``forward`` is not used, as it would make all logits."""

    def __init__(self, model: nn.Module) -> None:
        self.model = model
        self.encoder, self.decoder = model.get_encoder(), model.get_decoder()
        #: Which positions of what a stack read last are text, bool [T, B].
        self._real: dict[Stack, Tensor] = {}
        self._scale = output_scale_of(model.config)

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return next(self.model.parameters()).device

    def real(self, stack: Stack) -> Tensor:
        """Return which positions of what a stack is reading are text, bool [T, B]."""
        return self._real[stack]

    def check(self, batches: Sequence[Batch]) -> None:
        """Refuse a model in training mode and batches of other sources than the first (RuntimeError), and ids
        that the embeddings lack (UserError)."""
        if self.model.training:
            raise RuntimeError("the model is in training mode: dropout would change what is measured")
        for batch in batches:
            if not torch.equal(batch.source, batches[0].source):
                raise RuntimeError("batches with other sources, as tags are, do not share an encoder pass")
            for ids, stack in ((batch.source, self.encoder), (batch.labels, self.decoder)):
                rows = stack.get_input_embeddings().num_embeddings
                if (largest := int(ids.max())) >= rows:
                    raise UserError(
                        f"id {largest} is outside the embedding of {rows} rows: of another tokenizer?"
                    )

    def encode(self, batch: Batch) -> Tensor:
        """Return the encoder's last states [B, S, C]."""
        mask = batch.source_mask.to(self.device)
        self._real["encoder"] = mask.t()
        found: Tensor = self.encoder(
            input_ids=batch.source.to(self.device), attention_mask=mask.long()
        ).last_hidden_state
        return found

    def states(self, batch: Batch, encoded: Tensor, sentences: Tensor | None = None) -> Tensor:
        """Return the decoder's last states [B, T, C] under teacher forcing, without output projection; of the
        sentences of these numbers alone, without what is padding to all of them."""
        (inputs, real), mask = batch.inputs_of(sentences), batch.source_mask
        if sentences is not None:
            mask, encoded = mask[sentences], encoded[sentences.to(self.device)]
        self._real["decoder"] = real.to(self.device).t()
        found: Tensor = self.decoder(
            input_ids=inputs.to(self.device),
            encoder_hidden_states=encoded,
            encoder_attention_mask=mask.to(self.device).long(),
            use_cache=False,
        ).last_hidden_state
        return found

    def decode(self, batch: Batch, encoded: Tensor, sentences: Tensor | None) -> None:
        """See ``states``."""
        self.states(batch, encoded, sentences)

    def logits(self, states: Tensor) -> Tensor:
        """Return the logits [..., V] of states [..., C], as the installed library scales them."""
        found: Tensor = self.model.lm_head(states * self._scale if self._scale != 1 else states)
        bias = getattr(self.model, "final_logits_bias", None)
        return found if bias is None else found + bias.flatten()

    def loss(self, states: Tensor, labels: Tensor, smoothing: float) -> tuple[Tensor, Tensor]:
        """Return (loss, nll) summed over tokens, of their states [tokens, C] and labels [tokens]; see
        ``projected_loss``."""
        head, more = self.model.lm_head, getattr(self.model, "final_logits_bias", None)
        bias = head.bias if more is None else more.flatten()
        scaled = states * self._scale if self._scale != 1 else states
        return projected_loss(scaled, head.weight, bias, labels, smoothing)

    def nll(self, batch: Batch, count_language_tag: bool, encoded: Tensor | None) -> tuple[Tensor, Tensor]:
        """Return (sum of -log p of the labels [B] in nats, counted tokens [B]), without label smoothing.
        ``</s>`` counts, a language's tag on request."""
        self.check([batch])
        states = self.states(batch, self.encode(batch) if encoded is None else encoded)
        counted = batch.labelled
        if batch.tagged and not count_language_tag:
            counted = counted.clone()
            counted[:, 0] = False
        rows = max(1, min(PROJECTED_POSITIONS, PROJECTED // self.model.lm_head.out_features))
        labels, counted = batch.labels.to(self.device), counted.to(self.device)
        return summed_nll(states, labels, counted, self.logits, rows)
