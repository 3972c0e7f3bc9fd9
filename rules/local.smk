# Stages that stay on the machine of Snakemake (on a cluster, the login node), and those that fetch.
from workflow_scripts.workflow.run.fetch import fetched_files

# Only jobs that take at most seconds of one core and some 100 MB at the size of the largest experiment (60 directions
# of 49,152 neurons, docs/how-to/fetch.md), and read neither the training text nor weights; and what needs the internet,
# which compute nodes may lack. A rule in a group of a profile is not local.
workflow.localrules(
    *("all", "fetch"),
    *(name for name, stage in STAGES.items() if (stage.local or stage.fetches) and workflow.is_rule(name)),
)


rule fetch:
    input:
        lambda w: fetched_files(EXPERIMENT),
