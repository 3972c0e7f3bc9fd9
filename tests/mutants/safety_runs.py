"""Mistakes of how runs keep out of each other's way, and of what they leave behind or wait for."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

WORKFLOW, TESTS = "workflow_scripts/workflow", "workflow tests/unit/workflow"

MUTANTS = (
    Mutant(
        "a run in another folder makes the same results beside a first one",
        f"{WORKFLOW}/run/results_lock.py",
        "    if alive is not None:\n        return alive\n",
        "    if alive is not None:\n        return False\n",
        (
            f"{TESTS}/test_results_lock.py::test_a_run_that_lives_is_named_and_keeps_its_lock",
            "workflow tests/workflow/test_two_folders.py::test_the_second_run_is_told_who_runs",
        ),
    ),
    Mutant(
        "what a killed run in another folder left goes on and writes into the results",
        f"{WORKFLOW}/run/results_lock.py",
        "    return {**run.before, run.folder:",
        "    return {run.folder:",
        (f"{TESTS}/test_results_lock.py::test_a_killed_runs_lock_is_taken_and_its_folder_known",),
    ),
    Mutant(
        "an older record of a file hides what another folder's run made",
        f"{WORKFLOW}/run/taken_over.py",
        "        if is_of(record, path):\n",
        "        if record.exists():\n",
        (
            f"{TESTS}/test_taken_over.py::test_the_other_runs_record_takes_the_place_of_an_older_one",
            f"{TESTS}/test_taken_over.py::test_what_has_no_record_anywhere_is_made_again",
        ),
    ),
    Mutant(
        "a user's file with a year in its name is removed",
        f"{WORKFLOW}/run/leftovers.py",
        'r"[A-Za-z0-9-]+-[0-9]{10}"',
        'r"[A-Za-z0-9-]+"',
        (f"{TESTS}/test_leftovers.py::test_what_a_user_calls_temporary_stays",),
    ),
    Mutant(
        "jobs are lost when the controller does not answer",
        f"{WORKFLOW}/cluster/patience.py",
        "[0] is None:",
        "[0] is None and False:",
        (f"{TESTS}/test_patience.py::test_states_are_asked_for_until_there_is_an_answer",),
    ),
    Mutant(
        "a job that may be in the queue is submitted again",
        f"{WORKFLOW}/cluster/patience.py",
        'while self.returncode and NOT_HEARD in (said[1] or "")',
        "while self.returncode",
        (f"{TESTS}/test_patience.py::test_a_submission_that_may_have_been_heard_is_not",),
    ),
)
