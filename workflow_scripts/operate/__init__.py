"""The old name of ``workflow_scripts.workflow.run.start``, for one version."""
