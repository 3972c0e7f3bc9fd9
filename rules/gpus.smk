# GPUs of this machine: at most as many jobs with the resource `gpu` as there are devices, each on devices of its own
# (workflow/run/lease.py). The numbers reach jobs by their environment: in a command they would rerun finished trainings.
# Jobs of a cluster keep what it gives them.
from workflow_scripts.workflow.run.lease import usable_devices


def devices_by_stage():
    """How many devices each stage's jobs take, as envs/bin/run-in reads it."""
    wanted = {}
    for one in workflow.rules:
        # By what it runs: a workflow around this one may give its rules other names.
        found = re.search(r"run-in (\w+) workflow_scripts\.(?:\w+\.)+(\w+) ", one.shellcmd or "")
        if found and "gpu" in one.resources:
            stage = "/".join(found.groups())
            number = one.resources["gpu"].value or 0
            if not isinstance(number, int):
                refuse([f"{one.name}: gpu={number!r} is not a number of GPUs"])
            wanted[stage] = max(number, wanted.get(stage, 0))
    return " ".join(f"{stage}={number}" for stage, number in wanted.items() if number)


if not ON_CLUSTER:
    try:
        found = usable_devices()
    except UserError as error:
        refuse(str(error).splitlines())
    # Without devices only their threads limit the jobs.
    if found and "gpu" not in workflow.global_resources:
        workflow.register_resource("gpu", len(found))
    set_prefix(f"{PREFIX}export NEURONSPEC_GPUS='{devices_by_stage() if found else ''}'; ")
