"""The pruning of heads: what its jobs read and are told, for a system of each kind."""

from __future__ import annotations

import pytest

from tests.workflow.planned_jobs import Plan, plan
from tests.workflow.test_job_counts import TINY, lay_down_text

CONFIG = {
    **TINY,
    "masks": {"k": [95]},
    "groups": {"family": {"west": ["de"], "south": ["fr"]}},
    "systems": {"ns": {"masks": "k95"}, "each": {"masks": "all", "each": "direction"}},
    "train": {"seeds": [3]},
    "model": {"preset": "tiny"},
    "analysis": {
        "heads": {
            "systems": ["baseline", "ns", "each"],
            "tasks": "family",
            "of": "importance_token",
            "sizes": ["50%", 1],
            "keep_per_layer": 1,
            "exact": True,
            "sentences": 44,
            "metrics": ["bleu"],
        }
    },
}
RESULTS = "results/tiny"
TRAINED = "en-de en-fr de-en fr-en"


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    folder = tmp_path_factory.mktemp("plan")
    lay_down_text(folder)
    return plan(folder, CONFIG)


def test_what_a_job_is_told(planned: Plan) -> None:
    job = planned.job("prune_heads", system="ns", seed="3")
    place = f"{RESULTS}/analysis/prune_heads/ns/s3"
    assert job.outputs == [f"{place}.json", f"{place}.csv", f"{place}.md"]
    assert job.options == {
        "--system": f"{RESULTS}/systems/ns/s3",
        "--data-bin": f"{RESULTS}/data/bin",
        "--score-subset": "valid",
        "--score-sentences": "2000",
        "--subset": "news",
        "--max-sentences": "44",
        "--directions": TRAINED,
        "--tasks": "family",
        "--pivot": "en",
        "--families": '{"de": "west", "fr": "south"}',
        "--of": "importance_token",
        "--sizes": "50% 1",
        "--scope": "type",
        "--keep-per-layer": "1",
        "--exact": "",
        "--draws": "5",
        "--permutations": "10000",
        "--metrics": "bleu",
        "--decoded-sentences": "100",
        "--sources": f"{RESULTS}/data/text/news/{{pair}}.{{source}}.txt",
        "--references": f"{RESULTS}/data/text/news/{{pair}}.{{target}}.txt",
        "--seed": "3",
        "--out-json": f"{place}.json",
        "--out-csv": f"{place}.csv",
        "--out-markdown": f"{place}.md",
    }


def test_what_a_job_reads(planned: Plan) -> None:
    text = {
        f"{RESULTS}/data/bin/{subset}.{pair}.{lang}.{ending}"
        for subset in ("valid", "news")
        for pair in ("de-en", "en-fr")
        for lang in pair.split("-")
        for ending in ("bin", "idx")
    }
    text |= {
        f"{RESULTS}/data/text/news/{pair}.{lang}.txt"
        for pair in ("de-en", "en-fr")
        for lang in pair.split("-")
    }
    own = {"baseline": [], "ns": ["masks.npz"], "each": [f"{one}.safetensors" for one in TRAINED.split()]}
    shared = ("system.json", "model.safetensors", "spm.model", "dict.txt")
    for system, more in own.items():
        files = {f"{RESULTS}/systems/{system}/s3/{name}" for name in (*shared, *more)}
        assert set(planned.job("prune_heads", system=system).inputs) == files | text
