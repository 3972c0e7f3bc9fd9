# The targets; their logic lies in workflow_scripts/operate, envs/bin/run-in and tests/run_all.py.
PYTHON ?= python3.11
CONFIG ?= config/config.yaml
CORES ?= $(shell nproc)
export NEURONSPEC_VENVS ?= $(CURDIR)/.venvs
# DEBUG=1 shows the traceback of a mistake, in every target.
export NEURONSPEC_DEBUG ?= $(DEBUG)
# How many tests run at a time; one a core, if not given.
export JOBS

BIN := $(NEURONSPEC_VENVS)/workflow/bin/python
SETUP = @$(PYTHON) -c '' 2>/dev/null || { echo "error: $(PYTHON) is missing: install Python 3.11 (Debian: apt install python3.11 python3.11-venv python3.11-dev), or name it by PYTHON=..." >&2; exit 1; }; \
	$(PYTHON) -m workflow_scripts.operate.setup
RUN_ENVIRONMENTS := workflow fairseq text evaluate
# On a cluster (PROFILE=profiles/slurm) the profile says how much runs at a time.
SNAKEMAKE := $(BIN) -m workflow_scripts.operate.run $(if $(PROFILE),--profile $(PROFILE),--cores $(CORES))

.PHONY: help setup demo run multi30k fetch translate clean-training accept retrain status why verify plan times test test-slurm malformed chaos golden golden-breaks mutants lint bench bench-slurm

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## /  make \1\t/p' Makefile | expand -t 24

setup: ## make the virtual environments that are missing or out of date
	$(SETUP)

demo: ## the whole chain on invented languages, then its table (results/demo)
	$(SETUP) $(RUN_ENVIRONMENTS)
	@$(SNAKEMAKE) --configfile config/config.yaml
	@envs/bin/run-in evaluate workflow_scripts.report.show --tables results/demo/tables

run: ## an experiment: CONFIG=config/experiments/….yaml, more of Snakemake's options in ARGS=…
	$(SETUP) $(RUN_ENVIRONMENTS)
	@$(SNAKEMAKE) --configfile $(CONFIG) $(ARGS)

multi30k: ## the Multi30k experiment (hours)
	@$(MAKE) --no-print-directory run CONFIG=config/experiments/multi30k.yaml

fetch: ## only what an experiment needs from the internet, e.g. on a login node: CONFIG=…
	$(SETUP) workflow text
	@$(BIN) -m workflow_scripts.operate.fetch --configfile $(CONFIG) $(ARGS)

translate: ## stdin to stdout: CONFIG=… SYSTEM=ns-k95 DIRECTION=de-en [SEED=…] < in.txt > out.txt
	$(SETUP) workflow text
	@: $(or $(SYSTEM),$(error translate needs SYSTEM=, e.g. SYSTEM=baseline)) $(or $(DIRECTION),$(error translate needs DIRECTION=, e.g. DIRECTION=de-en))
	@$(BIN) -m workflow_scripts.operate.translate --configfile $(CONFIG) --system $(SYSTEM) --direction $(DIRECTION) $(if $(SEED),--seed $(SEED))

clean-training: ## list optimiser states and old checkpoints: CONFIG=…; delete them: CONFIRM=yes
	$(SETUP) workflow
	@$(BIN) -m workflow_scripts.operate.clean_training --configfile $(CONFIG) $(if $(filter yes,$(CONFIRM)),--confirm) $(ARGS)

accept: ## adopt finished results that only other code made: CONFIG=…; though others are refused: ARGS=--partly
	$(SETUP) workflow
	@$(BIN) -m workflow_scripts.operate.accept --configfile $(CONFIG) $(ARGS)

retrain: ## list them with their hours: CONFIG=…; have the next run train them anew: CONFIRM=yes
	$(SETUP) workflow
	@$(BIN) -m workflow_scripts.operate.training_code retrain --configfile $(CONFIG) $(if $(filter yes,$(CONFIRM)),--confirm) $(ARGS)

status: ## where a run stands, also while it is on: CONFIG=…; for programs: ARGS=--json
	$(SETUP) workflow
	@$(BIN) -m workflow_scripts.operate.status --configfile $(CONFIG) $(ARGS)

why: ## what would run and why: CONFIG=…
	$(SETUP) workflow
	@$(BIN) -m workflow_scripts.operate.why --configfile $(CONFIG) $(ARGS)

verify: ## every file of a finished experiment against its manifest.json: CONFIG=…
	$(SETUP) workflow
	@$(BIN) -m workflow_scripts.operate.verify --configfile $(CONFIG) $(ARGS)

plan: ## jobs, hours, memory and disk before a run, and how they were estimated: CONFIG=…
	$(SETUP) workflow
	@$(BIN) -m workflow_scripts.operate.plan --configfile $(CONFIG) --cores $(CORES) $(ARGS)

times: ## seconds and memory by stage: CONFIG=…
	$(SETUP) workflow
	@$(BIN) -m workflow_scripts.operate.times --configfile $(CONFIG) $(ARGS)

test: ## linters and all tests, each in its environment; SUITES="lint unit" for some, JOBS=… at a time
	$(SETUP)
	@$(BIN) -m tests.run_all $(SUITES)

test-slurm: ## a real SLURM controller on this machine (as root; installs Debian's packages), and runs through it
	$(SETUP)
	@$(BIN) -m tests.run_all slurm

malformed: ## the malformed inputs of tests/malformed and their messages, into docs/reliability.md
	$(SETUP) text
	@envs/bin/run-in text tests.malformed.report

chaos: ## kill the tiny experiment at random moments and compare: SEED=… KILLS=…
	$(SETUP)
	@$(BIN) -m tests.chaos.chaos --seed $(or $(SEED),1) --kills $(or $(KILLS),20)

golden: ## are results still the same? tiny experiment and demo against tests/golden; AGAINST=COMMIT, EXPERIMENTS=…, WRITE=yes
	$(SETUP) $(RUN_ENVIRONMENTS)
	@$(BIN) -m tests.golden.golden $(if $(EXPERIMENTS),--experiments $(EXPERIMENTS)) $(if $(AGAINST),--against $(AGAINST)) $(if $(filter yes,$(WRITE)),--write)

golden-breaks: ## does make golden notice? five deliberate changes, one at a time
	$(SETUP) $(RUN_ENVIRONMENTS)
	@$(BIN) -m tests.golden.breaks

mutants: ## does a test notice each deliberate mistake? minutes; ONLY=TEXT for some of tests/mutants
	$(SETUP) $(RUN_ENVIRONMENTS) comet
	@$(BIN) -m tests.mutants.run $(if $(ONLY),--only "$(ONLY)")

bench-slurm: ## what a job costs on a SLURM controller, for docs/benchmarks.md
	$(SETUP)
	@$(BIN) -m tests.slurm.overhead

lint: ## the linters alone
	$(SETUP) workflow dev
	@$(BIN) -m tests.run_all lint

bench: ## speed and memory, for docs/benchmarks.md
	$(SETUP) $(RUN_ENVIRONMENTS) comet
	@for script in tests/bench/bench_*.py; do \
		case $$script in *_comet.py) environment=comet ;; *) environment=fairseq ;; esac; \
		envs/bin/run-in $$environment tests.bench.$$(basename $$script .py) || exit 1; done
