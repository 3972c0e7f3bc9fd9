# The targets; their logic lies in workflow_scripts/workflow, envs/bin/run-in and tests/run_all.py.
PYTHON ?= python3.11
CONFIG ?= config/config.yaml
$(if $(strip $(value CONFIG)),,$(error CONFIG= is empty: write CONFIG=FILE, with no blank behind the sign))
CORES ?= $(shell nproc)
# Variables that targets read. Any other of the command line is a mistake, for make would take no notice of it, unless it is
# one of the environment: those have an underscore, or stand here.
VARIABLES := AGAINST ARGS CONFIG CONFIRM CORES DEBUG DIRECTION EXPERIMENTS JOBS KILLS NAMES ONLY PROFILE PYTHON SEED SUITES SYSTEM WRITE
ENVIRONMENT := CC CXX %FLAGS DISPLAY HOME LANG LANGUAGE PATH PYTHON% SHELL TERM TMPDIR TZ USER
given = $(foreach one,$(.VARIABLES),$(if $(filter command line,$(origin $(one))),$(if $(findstring _,$(one)),,$(one))))
$(if $(filter-out $(VARIABLES) $(ENVIRONMENT) -%,$(given)),$(error no target reads $(firstword $(filter-out $(VARIABLES) $(ENVIRONMENT) -%,$(given)))=; there are $(VARIABLES)))
export NEURONSPEC_VENVS ?= $(CURDIR)/.venvs
# DEBUG=1 shows the traceback of a mistake, in every target.
export NEURONSPEC_DEBUG ?= $(DEBUG)
# How many tests run at a time; one a core, if not given.
export JOBS

comma := ,
# The value of a variable, or a text, as one word of the shell: what users write is data, whatever characters it holds.
quoted = '$(subst ','\'',$(1))'
as_word = $(call quoted,$(value $(1)))
as_words = $(foreach one,$(value $(1)),$(call quoted,$(one)))

BIN := $(call quoted,$(NEURONSPEC_VENVS)/workflow/bin/python)
SETUP = @$(PYTHON) -c '' 2>/dev/null || { echo "error: $(PYTHON) is missing: install Python 3.11 (Debian: apt install python3.11 python3.11-venv python3.11-dev), or name it by PYTHON=..." >&2; exit 1; }; \
	$(PYTHON) -m workflow_scripts.workflow.software.setup
RUN_ENVIRONMENTS := workflow fairseq text evaluate
# Prints the environments of the config's jobs: an attached model of transformers needs no fairseq, others need nothing else.
NEEDED = $(BIN) -m workflow_scripts.workflow.software.needed --configfile $(call as_word,CONFIG)
# Python, whose program takes the words of ARGS as further options.
WITH_ARGS = $(BIN) -m workflow_scripts.workflow.run.words $(call as_word,ARGS)
# The workflow with the config file $(1), before the words of ARGS: --configfile takes every word that follows as a file, so
# that a target among them has an option of one word in front of it. A profile may say how much runs at a time; CORES if it does not.
export NEURONSPEC_CORES := $(CORES)
HOW_MANY = $(if $(PROFILE),--profile $(call as_word,PROFILE),--cores $(call quoted,$(CORES)))
RUN = $(WITH_ARGS) workflow_scripts.workflow.run.start --configfile $(1) $(HOW_MANY)
# Of targets whose program has no options.
NO_ARGS = @: $(if $(value ARGS),$(error make $@ takes no ARGS))

TARGETS := help demo try setup fetch plan why run status multi30k explorer report times verify translate crate accept retrain clean-training test test-browser test-slurm lint malformed chaos golden golden-breaks mutants bench bench-more bench-slurm docs
.PHONY: $(TARGETS)

# Before the first of several is made: `make run my.yaml` would run the demo.
unknown = $(firstword $(filter-out $(TARGETS),$(MAKECMDGOALS)))
$(if $(unknown),$(error no target '$(unknown)': $(if $(filter %.yaml %.yml,$(unknown)),write CONFIG=$(unknown),'make help' lists them$(comma) and further options are written ARGS=…)))

help: ## this list
	@sed -n -e 's/^##@ \(.*\)/\n\1/p' -e 's/^\([a-z0-9-]*\):.*## /  make \1\t/p' Makefile | expand -t 24

##@ Begin

demo: ## the whole chain on invented languages, then its table (results/demo)
	$(SETUP) $(RUN_ENVIRONMENTS)
	@$(call RUN,config/config.yaml)

try: ## an experiment's stages in minutes, at a size whose numbers mean nothing: CONFIG=… (results/TRY-NAME)
	$(SETUP) workflow
	@$(WITH_ARGS) workflow_scripts.workflow.trial.start --configfile $(call as_word,CONFIG) $(HOW_MANY)

setup: ## make the virtual environments that are missing or out of date; ARGS="workflow text" for some
	$(SETUP) $(call as_words,ARGS)

fetch: ## only what an experiment needs from the internet, e.g. on a login node: CONFIG=…
	$(SETUP) workflow
	$(SETUP) text $$($(NEEDED) --fetching)
	@$(WITH_ARGS) workflow_scripts.workflow.run.fetch --configfile $(call as_word,CONFIG)

##@ Run

plan: ## jobs, hours, memory and disk before a run, and how they were estimated: CONFIG=…
	$(SETUP) workflow
	@$(WITH_ARGS) workflow_scripts.workflow.plan.plan --configfile $(call as_word,CONFIG) --cores $(call quoted,$(CORES))

why: ## what would run and why: CONFIG=…
	$(SETUP) workflow
	@$(WITH_ARGS) workflow_scripts.workflow.plan.why --configfile $(call as_word,CONFIG)

run: ## an experiment: CONFIG=config/experiments/….yaml, more of Snakemake's options in ARGS=…
	$(SETUP) workflow
	$(SETUP) $$($(NEEDED))
	@$(call RUN,$(call as_word,CONFIG))

status: ## how far a run is, also while it is on: CONFIG=…; for programs: ARGS=--json
	$(SETUP) workflow
	@$(WITH_ARGS) workflow_scripts.workflow.run.status --configfile $(call as_word,CONFIG)

multi30k: ## the Multi30k experiment (hours)
	$(SETUP) $(RUN_ENVIRONMENTS)
	@$(call RUN,config/experiments/multi30k.yaml)

##@ Look at results

explorer: ## one page to look at an experiment in, finished or not, offline (report/explorer.html): CONFIG=…
	$(SETUP) workflow evaluate
	@$(WITH_ARGS) workflow_scripts.workflow.run.explore --configfile $(call as_word,CONFIG)

report: ## report.zip of Snakemake, tables and figures by category; PARTIAL where files are missing: CONFIG=…
	$(SETUP) workflow
	@$(WITH_ARGS) workflow_scripts.workflow.run.make_report --configfile $(call as_word,CONFIG)

times: ## seconds and memory by stage: CONFIG=…
	$(SETUP) workflow
	@$(WITH_ARGS) workflow_scripts.workflow.plan.times --configfile $(call as_word,CONFIG)

verify: ## every file of a finished experiment against its manifest.json: CONFIG=…
	$(SETUP) workflow
	@$(WITH_ARGS) workflow_scripts.workflow.provenance.verify --configfile $(call as_word,CONFIG)

translate: ## stdin to stdout: CONFIG=… SYSTEM=ns-k95 DIRECTION=de-en [SEED=…] < in.txt > out.txt
	$(SETUP) workflow text
	@: $(if $(SYSTEM),,$(error translate needs SYSTEM=, e.g. SYSTEM=baseline)) $(if $(DIRECTION),,$(error translate needs DIRECTION=, e.g. DIRECTION=de-en))
	@$(WITH_ARGS) workflow_scripts.workflow.run.translate_lines --configfile $(call as_word,CONFIG) --system $(call as_word,SYSTEM) --direction $(call as_word,DIRECTION) $(if $(SEED),--seed $(call as_word,SEED))

crate: ## an RO-Crate of an experiment, and crate.zip to hand in: CONFIG=…; ARGS="--agent … --licence …"
	$(SETUP) workflow
	@$(WITH_ARGS) workflow_scripts.workflow.provenance.crate --configfile $(call as_word,CONFIG)

##@ Keep, train again, delete

accept: ## keep finished results though code changed: CONFIG=…; also where some are refused: ARGS=--partly
	$(SETUP) workflow
	@$(WITH_ARGS) workflow_scripts.workflow.plan.accept --configfile $(call as_word,CONFIG)

retrain: ## list trainings of changed code, with hours: CONFIG=…; train them again in the next run: CONFIRM=yes
	$(SETUP) workflow
	@$(WITH_ARGS) workflow_scripts.workflow.plan.training_code --configfile $(call as_word,CONFIG) $(if $(filter yes,$(CONFIRM)),--confirm)

clean-training: ## list optimiser states and old checkpoints: CONFIG=…; delete them: CONFIRM=yes
	$(SETUP) workflow
	@$(WITH_ARGS) workflow_scripts.workflow.run.clean_training --configfile $(call as_word,CONFIG) $(if $(filter yes,$(CONFIRM)),--confirm)

##@ Develop

test: ## linters and all tests, each in its environment; SUITES="lint unit" for some, JOBS=… at a time
	$(SETUP)
	@$(WITH_ARGS) tests.run_all $(call as_words,SUITES)

test-browser: ## the explorer in a real browser, headless (as root; installs Debian's package of Chromium)
	$(SETUP) workflow evaluate test browser
	@$(WITH_ARGS) tests.run_all browser

test-slurm: ## a real SLURM controller on this machine (as root; installs Debian's packages), and runs through it
	$(SETUP)
	@$(WITH_ARGS) tests.run_all slurm

lint: ## the linters alone
	$(NO_ARGS)
	$(SETUP) workflow dev
	@$(BIN) -m tests.run_all lint

malformed: ## the malformed inputs of tests/malformed and their messages, into docs/proofs/reliability.md
	$(NO_ARGS)
	$(SETUP) text
	@envs/bin/run-in text tests.malformed.report

chaos: ## kill the tiny experiment at random moments and compare: SEED=… KILLS=…
	$(SETUP)
	@$(WITH_ARGS) tests.chaos.chaos --seed $(call quoted,$(or $(SEED),1)) --kills $(call quoted,$(or $(KILLS),20))

golden: ## are results still the same? tiny experiment and demo against tests/golden; AGAINST=COMMIT, EXPERIMENTS=…, WRITE=yes
	$(SETUP) $(RUN_ENVIRONMENTS)
	@$(WITH_ARGS) tests.golden.golden $(if $(EXPERIMENTS),--experiments $(call as_words,EXPERIMENTS)) $(if $(AGAINST),--against $(call as_word,AGAINST)) $(if $(filter yes,$(WRITE)),--write)

golden-breaks: ## does make golden notice? five deliberate changes, one at a time
	$(NO_ARGS)
	$(SETUP) $(RUN_ENVIRONMENTS)
	@$(BIN) -m tests.golden.breaks

mutants: ## does a test notice each deliberate mistake? minutes; ONLY=TEXT for some of tests/mutants
	$(SETUP) $(RUN_ENVIRONMENTS) comet hf scripts
	@$(WITH_ARGS) tests.mutants.run $(if $(ONLY),--only $(call as_word,ONLY))

bench: ## twelve works beside what users would run otherwise, 45 minutes (results/benchmarks); NAMES="count_1 demo" for some
	$(SETUP) $(RUN_ENVIRONMENTS)
	@$(WITH_ARGS) tests.bench.benchmark $(call as_words,NAMES)

bench-more: ## speed and memory of the rest, for docs/reference/benchmarks.md
	$(NO_ARGS)
	$(SETUP) $(RUN_ENVIRONMENTS) comet hf browser
	@for script in tests/bench/bench_*.py; do \
		case $$script in *_comet.py) environment=comet ;; *_explorer.py) environment=evaluate ;; *_hf.py) environment=hf ;; *) environment=fairseq ;; esac; \
		envs/bin/run-in $$environment tests.bench.$$(basename $$script .py) || exit 1; done

bench-slurm: ## what a job costs on a SLURM controller, for docs/reference/benchmarks.md
	$(NO_ARGS)
	$(SETUP)
	@$(BIN) -m tests.slurm.overhead

docs: ## the documentation site, into site/ (index.html), with its links checked
	$(NO_ARGS)
	$(SETUP) workflow docs
	@$(BIN) -m workflow_scripts.site.build
