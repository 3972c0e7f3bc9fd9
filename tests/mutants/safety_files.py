"""Hashes, caches, leases, and what is looked for before and after a run."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

WORKFLOW = "workflow_scripts/workflow"
TESTS = "workflow tests/unit/workflow"
UNFINISHED = "workflow tests/workflow/test_unfinished.py"
CLOSING = "workflow tests/workflow/test_closing.py"

HASHES = (
    Mutant(
        "the hash of a file over its first block",
        "workflow_scripts/common/files.py",
        'return hashlib.file_digest(handle, "sha256").hexdigest()',
        "return hashlib.sha256(handle.read(1 << 18)).hexdigest()",
        ("text tests/unit/test_files.py::test_a_hash_is_of_every_byte",),
    ),
    Mutant(
        "a module's name is no part of its code hash",
        f"{WORKFLOW}/software/closure.py",
        r'digest.update(f"{name}\n{syntax(_path(name, root)).code}\n".encode())',
        r'digest.update(f"{syntax(_path(name, root)).code}\n".encode())',
        (f"{TESTS}/test_closure.py::test_modules_of_the_same_code_are_told_apart_by_their_names",),
    ),
    Mutant(
        "code that a stage imports is no part of its hash",
        f"{WORKFLOW}/software/closure.py",
        "for name in sorted(closure(module, root, but)):",
        "for name in [module]:",
        (f"{TESTS}/test_closure.py::test_code_of_an_imported_module_counts",),
    ),
    Mutant(
        "the identity of an environment without versions",
        f"{WORKFLOW}/software/environments.py",
        r'f"{name}=={version}\n" for name, version in sorted(pins.items())',
        r'f"{name}\n" for name, version in sorted(pins.items())',
        ("workflow tests/unit/test_envs.py::test_identity_is_the_hash_of_sorted_pins",),
    ),
    Mutant(
        "a file of the size that it had is not hashed again",
        f"{WORKFLOW}/provenance/manifest.py",
        'if before and (before["bytes"], before["mtime_ns"]) == (found.st_size, found.st_mtime_ns):',
        'if before and before["bytes"] == found.st_size:',
        (f"{TESTS}/test_manifest.py::test_what_changed_in_size_or_time_alone_is_hashed_again",),
    ),
    Mutant(
        "files of another config stay in the manifest",
        f"{WORKFLOW}/provenance/made_with.py",
        'if not old or old["config"] != new["config"]:',
        "if not old:",
        (
            f"{TESTS}/test_manifest.py"
            "::test_a_run_of_some_targets_keeps_what_it_did_not_plan_unless_the_config_changed",
        ),
    ),
    Mutant(
        "a file of other content keeps what the manifest said of the last one",
        f"{WORKFLOW}/provenance/made_with.py",
        'if before.get("sha256") != entry["sha256"]:',
        "if not before:",
        (f"{TESTS}/test_made_with.py::test_other_content_has_no_settings",),
    ),
    Mutant(
        "environments that no rule uses count",
        f"{WORKFLOW}/provenance/made_with.py",
        "for name in used)",
        'for name in old["environments"])',
        (f"{TESTS}/test_made_with.py::test_an_environment_that_no_rule_uses_drops_nothing",),
    ),
    Mutant(
        "where records are missing, settings are not compared",
        f"{WORKFLOW}/provenance/known_records.py",
        "return self._restored[file] or found",
        "return found",
        ("workflow tests/workflow/test_without_records.py::test_a_setting_that_changed_is_seen",),
    ),
    Mutant(
        "a text with an older time counts as unchanged",
        f"{WORKFLOW}/provenance/known_records.py",
        "self._newer[str(file)] = found\n                return True",
        "self._newer[str(file)] = found\n                return found",
        ("workflow tests/workflow/test_without_records.py::test_text_replaced_by_older_text",),
    ),
    Mutant(
        "verify takes sizes for contents",
        f"{WORKFLOW}/provenance/verify.py",
        "if digest != recorded[name]",
        'if (results / name).stat().st_size != manifest["files"][name]["bytes"]',
        (f"{TESTS}/test_verify.py::test_a_byte_that_changed_with_size_and_time_as_before",),
    ),
    Mutant(
        "verify does not look at what scores say of hypotheses",
        f"{WORKFLOW}/plan/lineage.py",
        "here is not None and _HASH.fullmatch(claim.sha256) and here != claim.sha256",
        "here is None",
        (f"{TESTS}/test_lineage.py::test_a_change_that_the_manifest_hides",),
    ),
    Mutant(
        "verify does not look at what systems say of their files",
        f"{WORKFLOW}/provenance/verify.py",
        "if here is not None and here != digest:",
        "if here is None:",
        (f"{TESTS}/test_verify.py::test_a_system_that_is_not_what_its_own_description_says",),
    ),
    Mutant(
        "kept weights are taken without a look at their hash",
        "workflow_scripts/units/training_files.py",
        'if sha256_of(weights) != kept.pop("weights_sha256"):',
        'if not kept.pop("weights_sha256"):',
        (f"{TESTS}/test_clean_training.py::test_kept_weights_that_are_gone_or_changed_are_named",),
    ),
    Mutant(
        "checkpoints go although the system is of another seed",
        "workflow_scripts/units/training_files.py",
        '"seed": (identity["seed"], exported.seed),',
        "",
        (f"{TESTS}/test_clean_training.py::test_a_system_of_another_training_protects_no_checkpoint",),
    ),
    Mutant(
        "checkpoints go although the exported weights have changed",
        "workflow_scripts/units/training_files.py",
        "    exported.verify()\n",
        "",
        (f"{TESTS}/test_clean_training.py::test_a_training_is_left_whole_unless_its_export_is_sound",),
    ),
)

JOINED = (
    Mutant(
        "scores of one system joined against other references",
        "workflow_scripts/evaluate/segments.py",
        "if sha256 and found.references.setdefault(direction, sha256) != sha256:",
        "if not found.references.setdefault(direction, sha256 or direction):",
        (
            "evaluate tests/unit/evaluate/test_compare.py"
            "::test_files_of_one_system_against_other_references_are_not_joined",
        ),
    ),
    Mutant(
        "two systems compared on other references",
        "workflow_scripts/evaluate/significance/compare.py",
        "if not faults and mine and their and mine != their:",
        "if not faults and mine and their and not mine:",
        ("evaluate tests/unit/evaluate/test_compare.py::test_other_references",),
    ),
    Mutant(
        "scores of other references in one table",
        "workflow_scripts/report/read/read_scores.py",
        "if sha256 != first[0]:",
        "if not first[0]:",
        (
            "evaluate tests/malformed/test_evaluate.py::test_refused[scores-references]",
            "evaluate tests/malformed/test_evaluate.py::test_refused[tables-comet-references]",
        ),
    ),
    Mutant(
        "the shard that has all scores is removed with those that it was made of",
        "workflow_scripts/evaluate/comet/comet_cache.py",
        "            if path != whole:\n                path.unlink(missing_ok=True)",
        "            path.unlink(missing_ok=True)",
        ("comet tests/unit/comet/test_comet_cache.py::test_a_shard_that_has_all_scores_already_stays",),
    ),
    Mutant(
        "shards of another model are read",
        "workflow_scripts/evaluate/comet/comet_cache.py",
        "if manifest[name] != self.about[name]:",
        "if name not in manifest:",
        ("comet tests/unit/comet/test_comet_cache.py::test_a_shard_of_another_model_is_left_out",),
    ),
    Mutant(
        "a score is found by its texts without their borders",
        "workflow_scripts/evaluate/comet/comet_cache.py",
        'digest.update(len(data).to_bytes(8, "little") + data)',
        "digest.update(data)",
        ("comet tests/unit/comet/test_comet_cache.py::test_a_key_tells_where_one_text_ends",),
    ),
)

RUNS = (
    Mutant(
        "one GPU is leased to two jobs",
        f"{WORKFLOW}/run/lease.py",
        "fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB)",
        "(fcntl.LOCK_EX if wait else fcntl.LOCK_SH) | (0 if wait else fcntl.LOCK_NB)",
        (f"{TESTS}/test_lease.py::test_one_device_is_never_leased_twice",),
    ),
    Mutant(
        "two jobs look for GPUs at once",
        f"{WORKFLOW}/run/lease.py",
        'gate = try_lock(folder / "looking.lock", wait=True)',
        "gate = None",
        (f"{TESTS}/test_lease.py::test_one_job_looks_at_a_time",),
    ),
    Mutant(
        "a job that waits for GPUs keeps those it has",
        f"{WORKFLOW}/run/lease.py",
        "    for descriptor in taken.values():\n        os.close(descriptor)\n    return None",
        "    return None",
        (f"{TESTS}/test_lease.py::test_one_device_is_never_leased_twice",),
    ),
    Mutant(
        "a folder of results is not looked at for damage",
        f"{WORKFLOW}/provenance/damage.py",
        "for path in (results / name for name in outputs):",
        "for path in (results / name for name in outputs if not name.startswith('scores')):",
        (f"{TESTS}/test_damage.py::test_every_output_of_a_checkable_form_is_looked_at",),
    ),
    Mutant(
        "weights that are cut are no damage",
        f"{WORKFLOW}/provenance/damage.py",
        "return None if size == expected else",
        "return None if size <= expected else",
        (f"{TESTS}/test_damage.py::test_each_kind_of_damage_is_named",),
    ),
    Mutant(
        "a number that was given out again is the process of before",
        "workflow_scripts/common/processes.py",
        "return found is not None and started in (None, found)",
        "return found is not None",
        (f"{TESTS}/test_orphans.py::test_a_process_is_known_by_its_start_time_as_well",),
    ),
    Mutant(
        "what another process is writing is removed",
        f"{WORKFLOW}/run/leftovers.py",
        'return age > patience and not _has_writer(int(named["pid"]), modified)',
        "return age > patience",
        (f"{TESTS}/test_leftovers.py::test_what_is_being_written_stays",),
    ),
    Mutant(
        "a training that other code made is not told of",
        f"{WORKFLOW}/plan/training_code.py",
        'if system in experiment.used or not finished or finished.get("code") == code:',
        'if system in experiment.used or not finished or finished.get("code"):',
        (f"{TESTS}/test_training_code.py::test_what_changed_is_told_with_its_hours",),
    ),
    Mutant(
        "what a failed run was to make is not made by the next",
        f"{WORKFLOW}/plan/remake.py",
        "problems[str(results / file)] = NOT_FINISHED",
        "str(results / file)",
        (f"{TESTS}/test_remake.py::test_what_an_earlier_run_did_not_finish_is_forced",),
    ),
    Mutant(
        "a file that was never there counts as lost",
        f"{WORKFLOW}/plan/planned.py",
        "for file in files if file in deleted or (results / file).exists()}",
        "for file in files}",
        (f"{TESTS}/test_planned.py::test_what_was_never_there_is_asked_for_by_what_needs_it",),
    ),
    Mutant(
        "a run forgets what it was to make of files that had been deleted",
        "rules/run.smk",
        "of_results(MADE), of_results(deleted))",
        "of_results(MADE))",
        (f"{UNFINISHED}::test_so_is_what_had_been_deleted_before",),
    ),
    Mutant(
        "what a killed run had made stays on the list for ever",
        "rules/run.smk",
        "        take_off_killed_run()\n        list_results()",
        "        list_results()",
        (f"{UNFINISHED}::test_what_a_killed_run_had_made_may_be_deleted_after_the_next_run",),
    ),
    Mutant(
        "with --directory a run with nothing to do writes the manifest where it was started",
        "rules/run.smk",
        "    atexit.register(os.chdir, os.getcwd())\n",
        "",
        (f"{CLOSING}::test_with_nothing_to_do_the_manifest_is_written_where_the_results_lie",),
    ),
)

MUTANTS = (*HASHES, *JOINED, *RUNS)
