"""Malformed models, texts and caches of COMET: the stages of the environment ``comet``."""

import os
import shutil
from pathlib import Path

from tests.malformed.case import Accepted, Case, cases_of, deferred
from workflow_scripts.common.files import write_json
from workflow_scripts.evaluate.comet.comet_cache import ScoreCache

LINES = b"das Haus am Fluss\nein Hund\ndas rote Haus\n"
JOB = "--experiment x --system ns --testset one --seed 1 --cache cache --out out.json"
FILES = "--sources src.{source} --hypotheses hyp.{direction} --references ref.{target}"

_MADE: dict[str, Path] = {}


def tiny(folder):
    if "model" not in _MADE:
        # Not above: the page of all cases is written in another environment.
        from tests.unit.comet.tiny_comet import make_model

        _MADE["model"] = make_model(folder.parent / "made-once")
    return Path(shutil.copytree(_MADE["model"], folder / "model"))


@deferred
def scoring(
    folder,
    change=lambda _: None,
    sources=LINES,
    hypotheses=LINES,
    references=LINES,
    options="--folder model --directions de-en",
):
    (folder / "src.de").write_bytes(sources)
    (folder / "hyp.de-en").write_bytes(hypotheses)
    (folder / "ref.en").write_bytes(references)
    change(tiny(folder))
    return f"{JOB} {FILES} {options}"


case = cases_of("comet-", "evaluate.comet.score_comet")


def cut(model):
    path = model / "checkpoints/model.ckpt"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@deferred
def settings(model, old, new):
    path = model / "hparams.yaml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def note(**changed):
    content = {"model": "Unbabel/wmt22-comet-da", "revision": "0123456789abcdef" * 2 + "01234567"}
    content |= {"encoder": "xlm-roberta-large", "encoder_revision": "f" * 40, "sha256": "0"}
    return lambda model: write_json(model.parent / "fetched.json", {**content, **changed})


#: What every error of a model says last.
OUT = "; or take it out of evaluation.comet: tables are then made without it"
CASES = [
    case("no-folder", "a model's folder that is not there", scoring(options="--folder modell --directions de-en"), f"modell: no such folder, for a COMET model (evaluation.comet, key folder){OUT}"),
    case("offline", "a model of the hub that is no longer in its cache", scoring(note(), options="--fetched fetched.json --directions de-en"), f"Unbabel/wmt22-comet-da at commit # is no longer in the hub's cache on this machine (HF_HOME): delete fetched.json and run 'make fetch CONFIG=…' where there is internet, or name a folder that has the COMET model (evaluation.comet, key folder){OUT}"),
    case("note", "a note of what was fetched that is none", scoring(note(revision=None), options="--fetched fetched.json --directions de-en"), f"fetched.json: not what evaluate.comet.fetch_comet writes; delete it and run 'make fetch CONFIG=…'{OUT}"),
    Case("comet-hub-name", "no name on the hub", "evaluate.comet.fetch_comet", lambda _: "--model a/b/c --out out.json", f"'a/b/c' is no name on the hub: one is OWNER/NAME, as in Unbabel/wmt22-comet-da{OUT}"),
    case("no-checkpoint", "a model without its checkpoint", scoring(lambda m: (m / "checkpoints/model.ckpt").unlink()), f"model: no checkpoints/model.ckpt in it; a COMET model is a folder with hparams.yaml and checkpoints/model.ckpt{OUT}"),
    case("no-encoder", "a model without its encoder", scoring(lambda m: shutil.rmtree(m / "encoder")), f"model: the configuration and tokenizer of its encoder xlm-roberta-large are not on this machine: run 'make fetch CONFIG=…' where there is internet, or put them into model/encoder{OUT}"),
    case("settings-yaml", "hparams.yaml that is not YAML", scoring(lambda m: (m / "hparams.yaml").write_text("a: [")), f"model/hparams.yaml: damaged, not plain YAML; fetch the model again{OUT}"),
    case("settings-other", "hparams.yaml of something else", scoring(lambda m: (m / "hparams.yaml").write_text("a: 1\n")), f"model/hparams.yaml: no class_identifier in it; is this the hparams.yaml of a COMET model?{OUT}"),
    case("settings-kind", "a misspelt kind of model", scoring(settings("regression_metric", "regresion_metric")), f"model/hparams.yaml: no class_identifier 'regresion_metric' (did you mean 'regression_metric'?){OUT}"),
    case("checkpoint-cut", "half a checkpoint", scoring(cut), f"model/checkpoints/model.ckpt: damaged or cut short, not a checkpoint of torch 1.6 or later; fetch it again{OUT}"),
    case("checkpoint-text", "a checkpoint that is text", scoring(lambda m: (m / "checkpoints/model.ckpt").write_text("moved")), f"model/checkpoints/model.ckpt: damaged or cut short, not a checkpoint of torch 1.6 or later; fetch it again{OUT}"),
    case("checkpoint-weights", "a checkpoint without weights of the encoder", scoring(lambda m: without_weights(m)), f"model/checkpoints/model.ckpt: 16 weights are not in it, encoder.model.encoder.layer.1.attention.self.query.weight is the first; is it the checkpoint of this hparams.yaml?{OUT}"),
    case("checkpoint-program", "a checkpoint that would run a program", scoring(lambda m: harmful(m)), f"model/checkpoints/model.ckpt: cannot be loaded as a COMET model (Trying to load unsupported GLOBAL posix.mkdir whose module posix is blocked); fetch it again{OUT}"),
    case("sources", "fewer sources than hypotheses", scoring(sources=LINES[:18]), "hyp.de-en has 3 lines but src.de has 1: line 2 has no counterpart"),
    case("hypotheses", "fewer hypotheses than references", scoring(hypotheses=LINES[:18]), "hyp.de-en has 1 lines but ref.en has 3: line 2 has no counterpart"),
    case("reference", "a reference without text", scoring(references=b"the house\n\na dog\n"), "ref.en, line 2: empty reference"),
    case("not-utf8", "Latin-1 in sources", scoring(sources=b"das Haus\nam Flu\xdf\nein\n"), "src.de, line 2: not UTF-8 at byte 7 of the line; convert the file with iconv"),
    case("absent", "a direction without hypotheses", scoring(options="--folder model --directions de-en en-de"), "src.en: no such file, for en-de"),
    case("twice", "a direction named twice", scoring(options="--folder model --directions de-en de-en"), "--directions: de-en is named twice"),
    case("batch", "batches of nothing", scoring(options="--folder model --directions de-en --batch-size 0"), "--batch-size 0: at least 1 is needed"),
    case("references", "two references of a sentence", scoring(options="--folder model --directions de-en --references a b"), '--references: COMET takes one reference of a sentence, not 2; BLEU, chrF and TER take several (evaluate_outputs)'),
]  # fmt: skip


def without_weights(model):
    import torch

    path = model / "checkpoints/model.ckpt"
    content = torch.load(path, weights_only=True)
    kept = {name: weight for name, weight in content["state_dict"].items() if ".layer.1." not in name}
    torch.save({**content, "state_dict": kept}, path)


class Harmful:
    """An object that does harm when it is unpickled."""

    def __reduce__(self):
        return os.mkdir, ("harm",)


def harmful(model):
    import torch

    path = model / "checkpoints/model.ckpt"
    torch.save({**torch.load(path, weights_only=True), "callbacks": Harmful()}, path)


def empty_hypothesis_scored(folder):
    from workflow_scripts.common.files import read_json

    assert read_json(folder / "out.json")["directions"]["de-en"]["n"] == 3


def damaged_shard(model):
    from workflow_scripts.evaluate.comet.comet_model import find_model, hashes_of

    root = Path(os.environ["NEURONSPEC_CACHE"]) / "comet"
    _, key = hashes_of(find_model(None, model), root)
    ScoreCache(root / key, {}).folder.mkdir(parents=True)
    (root / key / "0123.npz").write_bytes(b"PK\x03\x04 cut")


ACCEPTED = [
    Accepted("comet-empty-hypothesis", "an empty hypothesis", "evaluate.comet.score_comet", scoring(hypotheses=b"das Haus\n\nein\n"), "scored as it is", empty_hypothesis_scored),
    Accepted("comet-damaged-shard", "a damaged file of the cache", "evaluate.comet.score_comet", scoring(damaged_shard), "left out with a warning; its segments are scored again", empty_hypothesis_scored),
]  # fmt: skip
