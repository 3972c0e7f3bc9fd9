# What stays on the machine where Snakemake itself runs (on a cluster, the login node), and what is fetched there.
from workflow_scripts.operate.fetch import fetched_files


# Only jobs that take at most seconds of one core and some 100 MB at the size of the largest experiment (60 directions
# of 49,152 neurons, docs/how-to/fetch.md), and read neither the training text nor weights; and what needs the internet,
# which compute nodes may lack. A rule in a group of a profile is not local.
localrules:
    all,
    fetch,
    select_masks,
    overlap,
    tabulate,
    tabulate_units,
    plot_training,
    plot_sweep,
    plot_off_target,


if downloads():

    localrules:
        download_corpus,


if COMET_FETCHED:

    localrules:
        fetch_comet,


if USED:

    localrules:
        use_vocabulary,


rule fetch:
    input:
        lambda w: fetched_files(EXPERIMENT),
