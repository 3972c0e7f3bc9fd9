"""Exports: which systems, in which forms; what CTranslate2 cannot hold is refused."""

from tests.unit.config.test_config import errors_of, small
from workflow_scripts.config.load import load_experiment
from workflow_scripts.workflow.stage_list.export import STAGES

SYSTEMS = {
    "a_b": {"masks": "k95"},
    "small": {"adapters": {"kind": "bottleneck", "size": 8}},
    "low": {"adapters": {"kind": "lora", "size": 8}},
    "heads": {"masks": "heads", "train": "none"},
    "stream": {"masks": "stream", "train": "none"},
}
SETS = {
    name: {"of": "importance", "units": [unit], "select": "top:50%"}
    for name, unit in (("heads", "head"), ("stream", "resid"))
}


def exported(*systems, **more):
    masks = {"k": [95], "sets": SETS}
    return small(systems=SYSTEMS, masks=masks, export={"systems": list(systems), **more})


def test_the_files_of_both_forms():
    config = {**exported("a_b"), "directions": {"train": ["de-en", "en-de"]}}
    experiment = load_experiment(config)
    [stage] = STAGES
    found = {job.rule: job.outputs for job in stage.jobs_of(experiment)}
    parts = ("README.md", "system.json", "model.safetensors", "spm.model", "dict.txt", "masks.npz")
    models = [
        f"{direction}/{file}"
        for direction in ("de-en", "en-de")
        for file in ("model.bin", "config.json", "shared_vocabulary.json")
    ]
    assert found == {
        "export_system_safetensors_a_b": tuple(f"export/a_b/s1/safetensors/{name}" for name in parts),
        "export_system_ctranslate2_a_b": tuple(
            f"export/a_b/s1/ctranslate2/{name}" for name in ("README.md", "spm.model", *models)
        ),
    }


def test_what_ctranslate2_has_no_layer_for():
    load_experiment(exported("baseline", "low", "heads"))
    load_experiment(exported("small", "stream", formats=["safetensors"]))
    said = "export.formats: ctranslate2 has no layer for what {} has; take safetensors alone"
    assert errors_of(exported("small", "low", "stream")) == [said.format("small"), said.format("stream")]


def test_mistakes():
    assert errors_of(exported("hed", "low")) == [
        "export.systems: no system 'hed' (did you mean 'heads'?); there are"
        " ['baseline', 'a_b', 'small', 'low', 'heads', 'stream']"
    ]
    assert errors_of(exported("low", "low")) == ["export.systems: 'low' is listed twice"]
    assert errors_of(exported("low", formats=["onnx"])) == [
        "export.formats.0: 'onnx' is not one of 'safetensors', 'ctranslate2'"
    ]
