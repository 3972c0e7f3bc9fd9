# What a profile sets for rules: for those that there are, and for every rule of a stage.
from workflow_scripts.workflow.cluster.profile import profile_in_use
from workflow_scripts.workflow.stages import unknown_rules

# Snakemake ignores settings for a rule that does not exist. A workflow around this one has its own rules.
if workflow.exec_mode.name == "DEFAULT" and Path(workflow.main_snakefile).resolve() == CHECKOUT / "Snakefile":
    named = [
        *workflow.resource_settings.overwrite_resources,
        *workflow.resource_settings.overwrite_threads,
        *workflow.group_settings.overwrite_groups,
    ]
    if unknown := [
        f"{profile_in_use().place(name)}: {said}"
        for name in dict.fromkeys(named)
        for said in unknown_rules([name])
    ]:
        refuse(unknown)


# What a profile sets for a stage holds for each of its rules, where there are several: their names depend on the experiment.
for of, kind in (
    (workflow.resource_settings, "overwrite_resources"),
    (workflow.resource_settings, "overwrite_threads"),
    (workflow.group_settings, "overwrite_groups"),
):
    requested = getattr(of, kind)
    shared = {
        job.rule: requested[named]
        for name, stage in STAGES.items()
        if (named := stage.resources_of or (stage.rule and name)) in requested
        for job in stage.jobs_of(EXPERIMENT)
    }
    if shared:
        setattr(of, kind, {**shared, **requested})
