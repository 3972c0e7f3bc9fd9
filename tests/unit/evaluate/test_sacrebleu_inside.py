"""What is used of sacrebleu that it does not promise to keep: told by name when another version lacks it."""

import ast
import inspect
from pathlib import Path

import pytest
from sacrebleu.metrics import BLEU, CHRF, TER
from sacrebleu.metrics.base import Metric
from sacrebleu.tokenizers import tokenizer_spm

PACKAGE = Path(__file__).resolve().parents[3] / "workflow_scripts"
#: Method of every metric (or of those named) -> its parameters after the metric itself.
PRIVATE = {
    (Metric, "_extract_corpus_statistics"): ["hypotheses", "references"],
    (Metric, "_cache_references"): ["references"],
    (BLEU, "_preprocess_segment"): ["sent"],
    (CHRF, "_preprocess_segment"): ["sent"],
    (CHRF, "_remove_punctuation"): ["sent"],
    (BLEU, "_compute_score_from_stats"): ["stats"],
    (CHRF, "_compute_score_from_stats"): ["stats"],
    (TER, "_compute_score_from_stats"): ["stats"],
}
#: Attribute of a metric, None before there are references.
CACHE = "_ref_cache"
WORD = "sacrebleu has changed: evaluate.metrics and evaluate.ngrams count by its inside, mend them first"


def private_names_in(module):
    """The names with an underscore that a module takes from another object than ``self``."""
    tree = ast.parse((PACKAGE / module).read_text(encoding="utf-8"))
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr.startswith("_")
        and not (isinstance(node.value, ast.Name) and node.value.id == "self")
    }


@pytest.mark.parametrize(
    ("of", "name", "parameters"),
    [pytest.param(*key, value, id=f"{key[0].__name__}.{key[1]}") for key, value in PRIVATE.items()],
)
def test_methods(of, name, parameters):
    found = getattr(of, name, None)
    assert found is not None, f"{of.__name__}.{name} is gone; {WORD}"
    assert list(inspect.signature(found).parameters)[1:] == parameters, WORD


@pytest.mark.parametrize("metric", [BLEU, CHRF, TER])
def test_references_are_kept(metric):
    assert getattr(metric(), CACHE, "gone") is None, WORD


def test_nothing_else_of_its_inside_is_used():
    used = private_names_in("evaluate/metrics.py") | private_names_in("evaluate/ngrams.py")
    assert used == {CACHE, *(name for _, name in PRIVATE)}


def test_models_of_tokenizers():
    assert isinstance(tokenizer_spm.SACREBLEU_DIR, str), WORD
    assert all("url" in model for model in tokenizer_spm.SPM_MODELS.values()), WORD


def offered():
    """The config's tokenizers, read without pydantic, which is not part of this environment."""
    tree = ast.parse((PACKAGE / "config/evaluation.py").read_text(encoding="utf-8"))
    (names,) = (
        node.value.slice
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "Tokenizer"
    )
    return set(ast.literal_eval(names))


def can_be_made(tokenizer):
    """Whether the environment has the tokenizer's package; models of SentencePiece are the user's."""
    if tokenizer in tokenizer_spm.SPM_MODELS:
        return True
    try:
        BLEU(tokenize=tokenizer)
    except (ImportError, RuntimeError):
        return False
    return True


def test_the_config_offers_the_tokenizers_that_can_work():
    assert offered() == {name for name in BLEU.TOKENIZERS if can_be_made(name)}
