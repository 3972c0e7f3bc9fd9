"""Stages of decoding: every system by the engine that the config asks for, or by its own library."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from workflow_scripts.config.experiment import Experiment
from workflow_scripts.units.description import PORTS
from workflow_scripts.workflow.stage import Stage, module_of, of_port

CTRANSLATE2 = "ctranslate2"
CTRANSLATE2_ENGINE, LIVE_ENGINE = "translate.ctranslate2_engine", "translate.live_engine"


def decoded_in(experiment: Experiment, engine: str) -> str:
    """Return the environment in which an engine decodes an experiment's systems."""
    return "text" if engine == CTRANSLATE2 and experiment.is_binarised else of_port(experiment)


def decoded_by(experiment: Experiment, engine: str) -> list[str]:
    """Return the systems that an engine decodes."""
    return [name for name in experiment.all_systems if experiment.engine_of(name) == engine]


def _decoded(experiment: Experiment, systems: Iterable[str]) -> Iterator[dict[str, Any]]:
    for system in systems:
        for seed in experiment.train.seeds:
            for testset in experiment.testsets:
                for direction in experiment.directions_scored(system, testset):
                    yield {"system": system, "seed": seed, "testset": testset, "direction": direction}


def by_library_alone(experiment: Experiment, engine: str) -> list[str]:
    """Return the systems that this engine decodes, of their own library, though the config asks for
    CTranslate2."""
    return [] if experiment.decode.engine == engine else decoded_by(experiment, engine)


def _by_library(engine: str, experiment: Experiment) -> Iterator[dict[str, Any]]:
    return _decoded(experiment, by_library_alone(experiment, engine))


def _other_engine(experiment: Experiment) -> str:
    return LIVE_ENGINE if experiment.decode.engine == CTRANSLATE2 else CTRANSLATE2_ENGINE


def run_by_name(experiment: Experiment, engine: str) -> tuple[str, ...]:
    """Return what decoding runs by name of another port: its text, and its network or the weights of that."""
    if experiment.is_binarised:
        return ()
    place = f"models.{experiment.port}"
    network = f"translate.{experiment.port}_spec" if engine == CTRANSLATE2 else module_of(experiment.port)
    return "models.port_modules", f"{place}.codec", network


def _of_library_alone(engine: str, experiment: Experiment) -> tuple[str, ...]:
    return run_by_name(experiment, engine)


def _decodes_on_gpu(experiment: Experiment) -> bool:
    # CTranslate2 uses a GPU only for float16.
    return experiment.decode.engine != CTRANSLATE2 or experiment.decode.compute_type == "float16"


def _decode(software: str | Callable[[Experiment], str], **more: Any) -> Stage:
    return Stage(
        "translate.decode",
        software,
        log="{system}/s{seed}/{testset}.{direction}",
        files={"hypotheses": "translations/{system}/s{seed}/{testset}/{direction}.txt"},
        asked_for=("hypotheses",),
        **more,
    )


STAGES = (
    _decode(
        lambda e: decoded_in(e, e.decode.engine),
        jobs=lambda e: _decoded(e, decoded_by(e, e.decode.engine)),
        without=_other_engine,
        by_name=lambda e: run_by_name(e, e.decode.engine),
        gpu=_decodes_on_gpu,
    ),
    # Of systems that CTranslate2 cannot decode.
    *(
        _decode(
            PORTS[engine],
            own_name=f"decode_by_{engine}",
            resources_of="decode",
            jobs=partial(_by_library, engine),
            without=lambda e: CTRANSLATE2_ENGINE,
            by_name=partial(_of_library_alone, engine),
            gpu=True,
        )
        for engine in PORTS
    ),
)
