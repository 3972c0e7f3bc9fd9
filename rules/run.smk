# Before and after a run: what prevents it, what an earlier run left, what it made.
import atexit
import subprocess

import snakemake.exceptions
import snakemake.jobs
from snakemake.logging import logger

from workflow_scripts.config.notes import notes
from workflow_scripts.workflow.plan.adoption import PARTLY_VARIABLE, REPORT_VARIABLE, Adoption
from workflow_scripts.workflow.cluster.submission import Request, explain, refused_request
from workflow_scripts.workflow.plan.disk_plan import too_small
from workflow_scripts.workflow.software.environments import ENVIRONMENTS, venvs_folder
from workflow_scripts.workflow.run.fetch import CORPUS, out_of_reach
from workflow_scripts.workflow.run.interrupt import Interrupt
from workflow_scripts.workflow.provenance.kept_hashes import FILE as KEPT_HASHES
from workflow_scripts.workflow.provenance.kept_hashes import KeptHashes
from workflow_scripts.workflow.provenance.known_records import KnownRecords
from workflow_scripts.workflow.run.leftovers import remove_temporaries
from workflow_scripts.workflow.provenance.manifest import write_manifest
from workflow_scripts.workflow.plan import planned as planned_outputs
from workflow_scripts.workflow.run import results_lock
from workflow_scripts.workflow.run.make_report import DESCRIPTION_VARIABLE
from workflow_scripts.workflow.run.running import who_runs
from workflow_scripts.workflow.run.leftovers import end_orphans
from workflow_scripts.workflow.run.partial_page import PAGES, Begun, write_partial_page
from workflow_scripts.workflow.cluster.patience import Patience
from workflow_scripts.workflow.run.preflight import missing_environment, unwritable
from workflow_scripts.workflow.cluster.profile import profile_in_use
from workflow_scripts.workflow.cluster.queue import ALONE_VARIABLE, cancel_left_behind
from workflow_scripts.workflow.plan.training_code import TRAINING_RULES, changed_trainings, current_code
from workflow_scripts.workflow.run.terminal import Terminal, shorten_reasons
from workflow_scripts.workflow.plan.training_code import report as report_training_code
from workflow_scripts.workflow import graph


def say(*words):
    print(*words, file=sys.stderr)


# Also if there is nothing to do: a changed training is kept, but never silently.
if workflow.exec_mode.name == "DEFAULT":
    for note in notes(config):
        say(f"note: {note}")
    if kept := report_training_code(
        changed_trainings(EXPERIMENT, Path(RESULTS), current_code(EXPERIMENT.port))
    ):
        say(kept)


# `make run` has the lock of the results already; whoever had it when this plan was begun may have changed them.
BUSY, NOT_LOOKED_AT = None, ""
if workflow.exec_mode.name == "DEFAULT":
    BUSY = results_lock.run_of(Path(RESULTS))
    if BUSY and BUSY.is_this():
        BUSY = None
        results_lock.keep_alive(Path(RESULTS).absolute())
    else:
        NOT_LOOKED_AT = ", ".join(results_lock.others_of(Path(RESULTS), Path.cwd()))

if workflow.exec_mode.name == "DEFAULT":
    INTERRUPT = Interrupt()
    atexit.register(INTERRUPT.say)
    logger.addFilter(Terminal(INTERRUPT))
    shorten_reasons(snakemake.jobs.Reason)
    INTERRUPT.watch()


# On a node of a cluster, where a job begins its step.
if workflow.exec_mode.name == "REMOTE" and "SLURM_JOB_ID" in os.environ:
    import snakemake_executor_plugin_slurm_jobstep as jobstep

    jobstep.subprocess = Patience().beginning()


def take_results():
    """Take the lock of the results; UserError if another run has it."""
    if other := BUSY or results_lock.take(Path(RESULTS), Path.cwd()):
        raise UserError(other.refusal(Path(RESULTS)))
    if NOT_LOOKED_AT:
        raise UserError(
            f"{RESULTS}: a run in {NOT_LOOKED_AT} did not end well: 'make run' looks at what it made"
        )
    results_lock.begin(Path(RESULTS))
    results_lock.keep_alive(Path(RESULTS).absolute())


def locked():
    """Say who has the lock; Snakemake's own page does not know, and advises to remove it."""
    say(f"error: {BUSY.refusal(Path(RESULTS)) if BUSY else who_runs(Path.cwd())}")
    raise SystemExit(1)


snakemake.exceptions.LockException = locked


# What no record of Snakemake's says of a result, the manifest does; the user's files are compared by content.
if workflow.exec_mode.name == "DEFAULT":
    from snakemake.io import _IOFile
    from snakemake.persistence import MetadataRecord, PersistenceBase

    KNOWN = KnownRecords(workflow, RESULTS, KeptHashes(Path(KEPT_HASHES)), MetadataRecord)
    KNOWN.into(PersistenceBase, _IOFile)


def on_slurm():
    return workflow.executor_plugin is not None and workflow.executor_plugin.name == "slurm"


def refused_by_cluster(jobs):
    """One line for the first request that the cluster would refuse, or nothing."""
    sent = [job for job in jobs if not job.is_local]
    return refused_request(
        {Request.of(job.resources, job.threads): job.rule.name for job in sent}, profile_in_use()
    )


def named_config():
    """The config file as `make` is given it."""
    given = workflow.overwrite_configfiles
    return os.path.relpath(given[0]) if given else "…"


def refused(jobs):
    """One line if the planned jobs cannot run, or nothing."""
    planned = [graph.planned_job(workflow, job) for job in jobs]
    files = [file for job in planned for file in (*job.outputs, job.log, job.benchmark) if file]
    # Training folders are undeclared.
    trainings = [job for job in planned if job.rule in TRAINING_RULES]
    files += [f"{training_folder(job.rule, job.wildcards)}/-" for job in trainings]
    environments = {Path(str(job.rule.conda_env)).stem for job in jobs if job.rule.conda_env} - IMAGES.keys()
    if problem := unwritable(files) or (DEPLOYMENT == "venv" and missing_environment(environments)):
        return problem
    # A COMET model that cannot be fetched fails alone: all else can be made without it.
    missing = [
        file for job in planned if job.rule == CORPUS for file in job.outputs if not Path(file).exists()
    ]
    if problem := out_of_reach(EXPERIMENT, missing, named_config()):
        return problem
    # On a cluster every training may run at once.
    local = workflow.local_exec
    at_once = max(1, workflow.cores // EXPERIMENT.finetune.threads) if local else len(jobs)
    return too_small(EXPERIMENT, Path(RESULTS), planned, at_once)


def clear():
    """End and remove what a killed run left."""
    # First those in the queue: to SLURM a job whose process is ended here has failed.
    if on_slurm() and os.environ.get(ALONE_VARIABLE) == "yes":
        prefix = workflow.executor_settings.jobname_prefix
        if prefix and (cancelled := cancel_left_behind(prefix)):
            say(cancelled)
    for folder in [Path.cwd(), *map(Path, results_lock.others_of(Path(RESULTS), Path.cwd()))]:
        if ended := end_orphans(folder):
            say(ended)
    if removed := remove_temporaries(Path(RESULTS)):
        say("removed what a killed run left half-written:", *removed)


def none_more_ready(dag, name):
    return 0


# Outputs of the jobs that this run began, and what was left of them.
MADE = set()
BEGUN = Begun()


def of_results(files):
    """Files below the results folder, relative to it."""
    return {file.removeprefix(f"{RESULTS}/") for file in files if file.startswith(f"{RESULTS}/")}


def take_off_killed_run():
    """Take off the list what a killed run had made, even if a user deletes it some day."""
    if os.environ.get(ALONE_VARIABLE) == "yes":
        planned_outputs.take_off_what_was_made(Path(RESULTS))


onstart:
    # Snakemake looks at all ready jobs again a second after each look, once more for every job that has finished: with
    # hundreds of them waiting for a long training, that keeps a core busy. One machine needs no limit on submissions.
    if workflow.local_exec:
        workflow.scheduler.job_rate_limiter = None
    if on_slurm():
        # Of jobs that are submitted in arrays the plugin (2.8.0) takes none while more of their kind are ready than it was
        # handed. It drops them, and a run never ends as soon as `jobs` is lower than what is ready (the plugin's
        # issue 473). If it finds no more ready, it makes arrays of what it is handed.
        import snakemake_executor_plugin_slurm as plugin

        plugin.pending_jobs_for_rule = none_more_ready
        patience = Patience(lambda: INTERRUPT.came)
        plugin.query_job_status = patience.query(plugin.query_job_status)
        plugin.get_min_job_age = patience.remembered(plugin.get_min_job_age)
        plugin.subprocess = patience.submitting()
    # Only now is it known which jobs will run; a dry run does not come here.
    jobs = list(workflow.dag.needrun_jobs())
    MADE.update(str(file) for job in jobs for file in job.output)
    BEGUN.jobs = [(job.rule.name, [str(file) for file in job.output]) for job in jobs if job.output]
    try:
        if problem := refused(jobs):
            raise UserError(problem)
        take_results()
        clear()
        # What was left in the queue counts against the user's limits until it is gone.
        if on_slurm() and (problem := refused_by_cluster(jobs)):
            raise UserError(problem)
    except UserError as error:
        # As a WorkflowError it would come with the places in these files.
        say(f"error: {error}")
        raise SystemExit(1) from None
    take_off_killed_run()
    KNOWN.look_at_inputs(jobs)
    # Before a job begins its outputs are removed: if it fails, nothing else may ask for them again.
    absent = [file for job in jobs for file in job.output if not Path(file).exists()]
    deleted = {str(file) for file in absent if workflow.persistence.metadata(file)}
    planned_outputs.add(Path(RESULTS), of_results(MADE), of_results(deleted))


def list_results():
    """Write the manifest, and report what others have changed."""
    outputs = [file for job in workflow.dag.jobs for file in job.output]
    venvs = venvs_folder() if DEPLOYMENT == "venv" else None
    made = dict(KNOWN.made(workflow.persistence))
    written = write_manifest(
        EXPERIMENT,
        RESULTS,
        CHECKOUT,
        outputs,
        venvs,
        made=made,
        rules=KNOWN.rules(
            {
                f"{software_of(name)} workflow_scripts.{stage.module}": hashes_of(name)
                for name, stage in STAGES.items()
            }
        ),
        reads=KNOWN.reads(),
        used={Path(str(rule.conda_env)).stem for rule in workflow.rules if rule.conda_env},
    )
    for file in written.changed:
        if f"{RESULTS}/{file}" not in MADE and not KNOWN.is_newer_than_listed(f"{RESULTS}/{file}", made):
            say(f"{RESULTS}/{file}: changed since the last run, and not by this one")


# Whether this run has ended well, or had nothing to do.
ENDED_WELL = []


def runs_everything():
    """Whether this is a `make run` of everything; of part of it, tables may be older."""
    asked = workflow.dag_settings
    part = asked is None or asked.until or asked.omit_from or not {*asked.targets} <= {"all"}
    return ALONE_VARIABLE in os.environ and not part


def show_results():
    """Show the summary after a `make run` of everything."""
    if ENDED_WELL and runs_everything() and Path(f"{RESULTS}/tables/summary.csv").exists():
        words = [
            sys.executable,
            "-P",
            "-m",
            "workflow_scripts.report.tables.show",
            "--tables",
            f"{RESULTS}/tables",
        ]
        subprocess.run(words, env={**os.environ, "PYTHONPATH": str(CHECKOUT)}, check=False)


def show_what_is_there():
    """Write the page on what there is, after a `make run` of everything that failed."""
    if not BEGUN.jobs or not runs_everything():
        return
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    stage = next(name for name in PAGES if name in STAGES)
    page = write_partial_page(stage, BEGUN, Path(RESULTS), what_was_run(), read_by_page(), environment)
    if page:
        say(f"what there is, marked PARTIAL: {page}")


onsuccess:
    planned_outputs.made(Path(RESULTS), of_results(MADE))
    list_results()
    results_lock.release(Path(RESULTS), well=True)
    ENDED_WELL.append(True)


onerror:
    planned_outputs.take_off_what_was_made(Path(RESULTS), of_results(MADE))
    show_what_is_there()
    said = "".join(Path(file).read_text(encoding="utf-8", errors="replace") for file in log)
    if on_slurm() and (reason := explain(said, profile_in_use())):
        say(f"error: {reason}")


def keep_hashes():
    KNOWN.hashes.save()


def list_what_was_there():
    # Snakemake makes the scheduler when the plan is made.
    if workflow.scheduler is not None and not workflow.dryrun and not len(workflow.dag) and not BUSY:
        take_off_killed_run()
        list_results()
        results_lock.release(Path(RESULTS), well=True)
        ENDED_WELL.append(True)


# Snakemake has no hook for a run that has nothing to do; the config may have changed all the same.
if workflow.exec_mode.name == "DEFAULT":
    # What is registered last comes first.
    atexit.register(keep_hashes)
    atexit.register(show_results)
    atexit.register(list_what_was_there)
    # With --directory, Snakemake goes back to where it was started before it ends: other results may lie there.
    atexit.register(os.chdir, os.getcwd())


def write_graph():
    if workflow.scheduler is not None and workflow.dryrun:
        graph.write(Path(os.environ[graph.GRAPH_VARIABLE]), graph.planned_jobs(workflow))


# `make report` writes what stands above the results: the experiment, and what a partial one lacks.
if DESCRIPTION_VARIABLE in os.environ:

    report: os.environ[DESCRIPTION_VARIABLE]


# What `make why`, `plan` and `accept` read of a dry run.
if graph.GRAPH_VARIABLE in os.environ and workflow.exec_mode.name == "DEFAULT":
    atexit.register(write_graph)


def adopt():
    if workflow.scheduler is not None and workflow.dryrun:
        ADOPTION.settle(
            workflow, Path(os.environ[REPORT_VARIABLE]), partly=os.environ.get(PARTLY_VARIABLE) == "yes"
        )


# `make accept`: a dry run of what would run if results that only other code made were current, then their records.
if REPORT_VARIABLE in os.environ and workflow.exec_mode.name == "DEFAULT":
    from snakemake.persistence import NO_PARAMS_CHANGE

    ADOPTION = Adoption(
        {environment_identity(name): name for name in ENVIRONMENTS},
        unfinished={f"{RESULTS}/{file}" for file in planned_outputs.lost(Path(RESULTS))},
    )
    ADOPTION.plan_with_adopted(PersistenceBase, NO_PARAMS_CHANGE)
    atexit.register(adopt)
