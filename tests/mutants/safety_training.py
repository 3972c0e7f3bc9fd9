"""Trainings: what one is known by, where it goes on, what becomes of it."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

MODELS, TRAIN = "workflow_scripts/models", "workflow_scripts/train"
TESTS, TRAINS = "fairseq tests/unit/models", "fairseq tests/unit/train"
FINGERPRINT = f"{TRAINS}/test_fingerprint.py"
FOLDER = f"{TRAINS}/test_training_folder.py"
CHECKPOINTS = f"{TESTS}/test_checkpoints.py"
COUNTS = "fairseq tests/unit/activations/test_count_activations.py"
POSITION = f"{TESTS}/test_resume_position.py"

FINGERPRINTS = (
    Mutant(
        "of two files of a pair that differ the first is read",
        f"{MODELS}/fairseq/data_bin.py",
        "    for other in whole[1:]:\n",
        "    for other in ():\n",
        (f"{TESTS}/test_data_bin.py::test_both_names_must_hold_the_same",),
    ),
    Mutant(
        "data of another dictionary of the same size",
        f"{MODELS}/fairseq/data_bin.py",
        "        if theirs != ours:\n",
        "        if False:\n",
        (f"{TESTS}/test_data_bin.py::test_dictionaries_beside_must_be_the_one_in_use",),
    ),
    Mutant(
        "the fingerprint names mask rows and not what is in them",
        f"{TRAIN}/fingerprint.py",
        "return {direction: table.row_sha256(direction) for direction in plan.directions}",
        'return {direction: "kept" for direction in plan.directions if table.row(direction).any()}',
        (f"{FINGERPRINT}::test_one_unit_of_one_mask_row_counts",),
    ),
    Mutant(
        "the hash of a mask row is of the units alone that there are",
        "workflow_scripts/units/mask_table.py",
        "digest.update(np.packbits(self.row(name)).tobytes())",
        "digest.update(self.row(name).size.to_bytes(8))",
        (
            f"{FINGERPRINT}::test_contents_are_known_by_their_hashes",
            f"{FINGERPRINT}::test_one_unit_of_one_mask_row_counts",
        ),
    ),
    Mutant(
        "the fingerprint of a fine-tuning without its parent's weights",
        f"{TRAIN}/fingerprint.py",
        "sha256_of(plan.initial_weights) if plan.initial_weights else None",
        "bool(plan.initial_weights)",
        (f"{FINGERPRINT}::test_vocabulary_and_first_weights_count",),
    ),
    Mutant(
        "the fingerprint without the dictionary",
        f"{TRAIN}/fingerprint.py",
        '"dictionary": sha256_of(plan.dictionary),',
        '"dictionary": bool(plan.dictionary),',
        (f"{FINGERPRINT}::test_vocabulary_and_first_weights_count",),
    ),
    Mutant(
        "the fingerprint with the sizes of the data in place of its content",
        f"{TRAIN}/fingerprint.py",
        "{name: sha256_of(path) for name, path in sorted(files.items())}",
        "{name: str(path.stat().st_size) for name, path in sorted(files.items())}",
        (f"{FINGERPRINT}::test_contents_are_known_by_their_hashes",),
    ),
    Mutant(
        "validation data are no part of a training",
        f"{MODELS}/fairseq/shards.py",
        'for subset in ("train", "valid") if number == 0 else ("train",):\n            for path in',
        'for subset in ("train",):\n            for path in',
        (f"{FINGERPRINT}::test_each_file_of_the_data_counts",),
    ),
    Mutant(
        "sentences that a smaller batch leaves out make no other training",
        f"{TRAIN}/fingerprint.py",
        'classes["identity"]["longest_sentence"] = longest',
        'classes["execution"]["longest_sentence"] = longest',
        (f"{FINGERPRINT}::test_a_batch_that_is_smaller_than_the_longest_sentence_counts",),
    ),
    Mutant(
        "the hash of counted data over the source alone",
        "workflow_scripts/activations/count_activations.py",
        "for path in files:\n        digest",
        "for path in files[:2]:\n        digest",
        (f"{COUNTS}::test_the_hash_of_the_data_is_of_both_sides",),
    ),
)

FOLDERS = (
    Mutant(
        "checkpoints without a fingerprint are gone on from",
        f"{TRAIN}/training_folder.py",
        'elif any(self.path.glob("*.pt")):',
        'elif any(self.path.glob("*.none")):',
        (f"{FOLDER}::test_checkpoints_of_which_nobody_knows_what_they_are_of_start_clean",),
    ),
    Mutant(
        "a setting that one side lacks is no difference",
        f"{TRAIN}/training_folder.py",
        "sorted(key for key in {*old, *new} if old.get(key, missing) != new.get(key, missing))",
        "sorted(key for key in old.keys() & new.keys() if old.get(key, missing) != new.get(key, missing))",
        (f"{FOLDER}::test_a_setting_that_only_one_side_has_is_a_change",),
    ),
    Mutant(
        "a training with fewer updates than were made goes on",
        f"{TRAIN}/training_folder.py",
        "(trained := max(self.updates_done(), reached())) > most",
        "(trained := self.updates_done()) > most",
        (f"{FOLDER}::test_fewer_updates_than_an_unfinished_training_has_made_start_clean",),
    ),
    Mutant(
        "a finished training is finished with any number of updates",
        f"{TRAIN}/training_folder.py",
        "for name in (IDENTITY, EXTENDABLE)\n        )",
        "for name in (IDENTITY,)\n        )",
        (f"{FOLDER}::test_finished_holds_for_the_same_extendable_settings_only",),
    ),
    Mutant(
        "a training that goes on still counts as finished",
        f"{TRAIN}/training_folder.py",
        "(self.path / FINISHED).unlink(missing_ok=True)",
        "(self.path / FINISHED).exists()",
        (f"{FOLDER}::test_a_training_that_goes_on_is_finished_no_longer",),
    ),
    Mutant(
        "the fingerprint is moved aside before what it is of",
        f"{TRAIN}/training_folder.py",
        "sorted(old, key=lambda entry: entry.name == FINGERPRINT)",
        "sorted(old, key=lambda entry: entry.name != FINGERPRINT)",
        (f"{FOLDER}::test_a_request_to_train_anew_is_done_once_and_survives_a_kill",),
    ),
    Mutant(
        "the learning rate of a decaying schedule is no other training with other updates",
        f"{TRAIN}/training_settings.py",
        'identity["max_updates"] = settings["max_updates"]',
        "pass",
        (f"{FOLDER}::test_updates_are_identity_where_the_learning_rate_ends_with_them",),
    ),
    Mutant(
        "a training setting that is missing is left out",
        f"{TRAIN}/training_settings.py",
        "if missing := [key for key in SETTINGS if key not in given]:",
        "if missing := [key for key in () if key not in given]:",
        ("workflow tests/unit/config/test_training_defaults.py::test_a_setting_that_is_missing_is_named",),
    ),
    Mutant(
        "a folder is taken over from an owner that lives",
        f"{TRAIN}/owner.py",
        'if holder is not None and not process_of(holder).startswith(f"{place()} {os.getpid()} "):',
        "if holder is None:",
        (f"{TRAINS}/test_owner.py::test_a_live_owner_of_something_else_is_named",),
    ),
    Mutant(
        "a process that was taken over writes on",
        f"{TRAIN}/owner.py",
        "return process in (identity(), identity(os.getppid()))",
        "return bool(process)",
        (f"{TRAINS}/test_owner.py::test_one_that_stood_still_and_was_taken_over_writes_no_more",),
    ),
    Mutant(
        "the history of another owner is written over",
        f"{TRAIN}/history.py",
        "if attempt is None or not self._ours():",
        "if attempt is None:",
        (
            f"{TRAINS}/test_history.py"
            "::test_nothing_is_written_over_the_history_of_one_that_took_the_folder_over",
        ),
    ),
    Mutant(
        "hours of one GPU where several were used",
        f"{TRAIN}/history.py",
        "round(seconds / 3600 * gpus, 4)",
        "round(seconds / 3600 * bool(gpus), 4)",
        (f"{TRAINS}/test_history.py::test_gpu_hours_count_every_gpu",),
    ),
)

RESUMING = (
    Mutant(
        "of one update the checkpoint before its validation first",
        f"{MODELS}/fairseq/training/checkpoints.py",
        "(-one.updates, one.loss is None, one.path.name != LAST)",
        "(-one.updates, one.loss is not None, one.path.name != LAST)",
        (f"{CHECKPOINTS}::test_of_one_update_the_checkpoint_after_its_validation_is_taken",),
    ),
    Mutant(
        "a checkpoint with a validation before one of more updates",
        f"{MODELS}/fairseq/training/checkpoints.py",
        "(-one.updates, one.loss is None, one.path.name != LAST)",
        "(one.loss is None, -one.updates, one.path.name != LAST)",
        (f"{CHECKPOINTS}::test_more_updates_come_before_a_validation",),
    ),
    Mutant(
        "the last checkpoint in place of a best one that was lost",
        f"{MODELS}/fairseq/training/checkpoints.py",
        "copy = next((one for one in intact if one.is_best and one.best == intact[0].best), None)",
        "copy = next((one for one in intact if one.best == intact[0].best), None)",
        (f"{CHECKPOINTS}::test_the_best_that_was_lost_is_the_best_and_not_the_last",),
    ),
    Mutant(
        "a training goes on whose best update no file holds",
        f"{MODELS}/fairseq/training/checkpoints.py",
        "if best is None or any(one.is_best and one.best == best for one in intact):",
        "if best is None or any(one.best == best for one in intact):",
        (f"{CHECKPOINTS}::test_without_the_best_update_so_far_training_does_not_go_on",),
    ),
    Mutant(
        "checkpoints with a flipped bit are trained on",
        f"{MODELS}/fairseq/training/checkpoints.py",
        "return archive.testzip() is None",
        "return bool(archive.namelist())",
        (
            f"{CHECKPOINTS}::test_one_flipped_bit_is_damage_that_torch_does_not_see",
            f"{CHECKPOINTS}::test_a_damaged_last_checkpoint_is_replaced_by_the_newest_intact_one",
        ),
    ),
    Mutant(
        "the last update named as the best in the system's description",
        f"{TRAIN}/export.py",
        '"best_update": updates_of(best)',
        '"best_update": folder.updates_done()',
        (f"{TRAINS}/test_export.py::test_the_best_update_is_exported_and_named",),
    ),
    Mutant(
        "the batch that was asked for named as the one that memory allowed",
        f"{TRAIN}/export.py",
        'execution = attempts[-1].get("execution", plan.settings) if attempts else plan.settings',
        "execution = plan.settings",
        (f"{TRAINS}/test_export.py::test_the_best_update_is_exported_and_named",),
    ),
    Mutant(
        "the position in an epoch divided the other way round by processes",
        f"{MODELS}/fairseq/training/trainer.py",
        "divmod(iterations * int(before), int(after))",
        "divmod(iterations * int(after), int(before))",
        (f"{POSITION}::test_the_place_in_an_epoch_with_other_processes",),
    ),
    Mutant(
        "an epoch begins again after other processes",
        f"{MODELS}/fairseq/training/trainer.py",
        'iterator["iterations_in_epoch"] = position or 0',
        'iterator["iterations_in_epoch"] = 0',
        (f"{POSITION}::test_the_epoch_goes_on_where_it_was",),
    ),
    Mutant(
        "an epoch whose batches are cut differently begins again",
        f"{MODELS}/fairseq/training/trainer.py",
        'iterator["epoch"] += 1',
        "pass",
        (f"{POSITION}::test_the_epoch_goes_on_where_it_was",),
    ),
    Mutant(
        "patience begins anew with each slice",
        f"{MODELS}/fairseq/training/trainer.py",
        'fairseq_train.should_stop_early.num_runs = patience["num_runs"]',
        "fairseq_train.should_stop_early.num_runs = 0",
        (f"{POSITION}::test_patience_goes_on",),
    ),
    Mutant(
        "the validation of an update stands twice after a slice that ended before it",
        f"{MODELS}/fairseq/training/trainer.py",
        "update - 1 if incomplete else update",
        "update",
        (f"{POSITION}::test_rows_that_will_come_again_are_forgotten",),
    ),
    Mutant(
        "the validation that a slice left out is never made",
        f"{MODELS}/fairseq/training/trainer.py",
        "self.completed = None if incomplete else update",
        "self.completed = update",
        (f"{POSITION}::test_rows_that_will_come_again_are_forgotten",),
    ),
)

MUTANTS = (*FINGERPRINTS, *FOLDERS, *RESUMING)
