"""Train the multilingual baseline: one dense network for all directions.

Inputs: binarised train and valid data, vocabulary, architecture, settings. Outputs: a system folder
(docs/architecture.md). Spec 2.1 (architectures), 2.2 (settings), 1.1 (language tokens, sampling).
"""

from __future__ import annotations

import argparse
import json
import os

from workflow_scripts.errors import run_main


def main(argv: list[str] | None = None) -> None:
    """Parse the command line and train; a second call resumes or re-exports."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--architecture", type=json.loads, required=True, help="JSON, as in system.json")
    parser.add_argument("--settings", type=json.loads, default={}, help="JSON; see models/settings.py")
    parser.add_argument(
        "--execution",
        type=json.loads,
        default={},
        help="JSON: more settings, which leave the result as it is",
    )
    parser.add_argument(
        "--data-bin", required=True, help="folder of {subset}.{pair}.{lang}.bin/.idx; of shards: A:B:C"
    )
    parser.add_argument("--directions", nargs="+", required=True)
    parser.add_argument(
        "--languages", nargs="+", required=True, help="fixes the numbers of the language tokens"
    )
    parser.add_argument("--text", type=json.loads, required=True, help="JSON, as in system.json")
    parser.add_argument("--subwords", required=True, help="SentencePiece model")
    parser.add_argument("--dictionary", required=True, help="dict.txt")
    parser.add_argument("--system", default="baseline", help="name of the system")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--folder", required=True, help="where training works and resumes")
    parser.add_argument("--out", required=True, help="system folder")
    arguments = parser.parse_args(argv)

    # Threads that wait must not spin: on shared cores a spinning one keeps the working one from its core.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

    from workflow_scripts.models.settings import complete_settings
    from workflow_scripts.models.training import TrainingPlan, train_system

    plan = TrainingPlan(
        system=arguments.system,
        seed=arguments.seed,
        languages=arguments.languages,
        directions=arguments.directions,
        architecture=arguments.architecture,
        settings=complete_settings({**arguments.settings, **arguments.execution}, default_sampler="mixed"),
        text=arguments.text,
        data_bin=arguments.data_bin,
        dictionary=arguments.dictionary,
        subwords=arguments.subwords,
        folder=arguments.folder,
    )
    train_system(plan, arguments.out)


if __name__ == "__main__":
    run_main(main)
