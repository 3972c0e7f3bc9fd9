"""COMET models of a few thousand random weights, made offline: a folder as the hub has it."""

import warnings

import sentencepiece
import torch
import yaml
from transformers import XLMRobertaConfig, XLMRobertaTokenizerFast

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # torchmetrics asks for pkg_resources, which says that it is deprecated
    from comet.models import ReferencelessRegression, RegressionMetric, UnifiedMetric

TEXT = [
    "the house by the river is old and very small",
    "das alte Haus am Fluss ist sehr klein und rot",
    "la petite maison rouge au bord de la rivière",
    "a dog and a cat slept in the green garden today",
    "ein Hund und eine Katze schliefen heute im grünen Garten",
    "un chien et un chat dormaient dans le jardin vert",
]
CLASSES = {
    "regression_metric": RegressionMetric,
    "referenceless_regression_metric": ReferencelessRegression,
    "unified_metric": UnifiedMetric,
}


def make_encoder(folder, width=16, layers=2, positions=66):
    folder.mkdir(parents=True)
    (folder / "text.txt").write_text("\n".join(TEXT * 5), encoding="utf-8")
    sentencepiece.SentencePieceTrainer.train(
        input=str(folder / "text.txt"), model_prefix=str(folder / "sentencepiece.bpe"), vocab_size=80,
        model_type="unigram", minloglevel=2,
    )  # fmt: skip
    (folder / "text.txt").unlink()
    (folder / "sentencepiece.bpe.vocab").unlink()
    tokenizer = XLMRobertaTokenizerFast.from_pretrained(str(folder))
    tokenizer.save_pretrained(str(folder))
    XLMRobertaConfig(
        vocab_size=len(tokenizer), hidden_size=width, num_hidden_layers=layers, num_attention_heads=4,
        intermediate_size=2 * width, max_position_embeddings=positions, type_vocab_size=1,
        pad_token_id=tokenizer.pad_token_id,
    ).save_pretrained(str(folder))  # fmt: skip
    return folder


def make_model(folder, kind="regression_metric", segments=("mt", "src"), **encoder):
    """Write a model of random weights: hparams.yaml, checkpoints/model.ckpt, and its encoder.

    ``segments``: what a unified model reads.
    """
    where = make_encoder(folder / "encoder", **encoder)
    width = encoder.get("width", 16)
    special = (
        {"input_segments": list(segments), "sent_layer": "mix", "word_layer": 1}
        if kind == "unified_metric"
        else {}
    )
    settings = {
        "encoder_model": "XLM-RoBERTa", "pretrained_model": str(where), "hidden_sizes": [2 * width, width],
        "layer_transformation": "softmax", "load_pretrained_weights": False, "local_files_only": True,
        **special,
    }  # fmt: skip
    torch.manual_seed(1)
    model = CLASSES[kind](**settings)
    # As they are made, all sentences would get nearly the same score.
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    (folder / "checkpoints").mkdir()
    content = {
        "state_dict": model.state_dict(), "hyper_parameters": dict(model.hparams),
        "pytorch-lightning_version": "2.6.6", "epoch": 0, "global_step": 0,
    }  # fmt: skip
    torch.save(content, folder / "checkpoints" / "model.ckpt")
    written = {**dict(model.hparams), "class_identifier": kind, "pretrained_model": "xlm-roberta-large"}
    (folder / "hparams.yaml").write_text(yaml.safe_dump(written), encoding="utf-8")
    return folder
