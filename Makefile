# Photolabel's commands. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
MODELS ?= models
PORT ?= 8080
MODEL ?= clothing cats-dogs
ROUNDS ?= 5
SEEDS ?= 5
LIMIT ?= 500
JOBS ?= 2
VENV := .venv
RUN := $(VENV)/bin/python

.PHONY: help demo serve train check test test-k8s train-k8s test-tfs test-postgres test-ray test-apps test-browser bench-footprint bench-hostile bench-serving bench-bulk bench-batching bench-rollback bench-training bench-photos bench-explanations bench-compare bench-sweep bench-page starters wheels lock clean

help: ## list the commands
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

# Every lock file installs into the one environment; all of them agree on versions. With some of them
# comes the command `photolabel`, of the client as it is in this tree.
WITH_CLIENT := bench client demo dev ray
$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14) and "Photolabel needs Python 3.11, 3.12 or 3.13, this is " + sys.version)'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed-%: requirements/%.txt client/pyproject.toml | $(VENV)/bin/python
	$(RUN) -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	$(if $(filter $*,$(WITH_CLIENT)),$(RUN) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable ./client)
	touch $@

# Where all the tests' needs are installed, the demo's are too.
DEMO_READY = $(or $(wildcard $(VENV)/.installed-dev),$(VENV)/.installed-demo)

demo: $(DEMO_READY) ## classify sample photos with both starter models, end to end
	$(RUN) -m demo

serve: $(DEMO_READY) ## serve the models in MODELS (default models/) on PORT (default 8080)
	$(RUN) -m serving.local --models $(MODELS) --port $(PORT)

train: ## train RECIPE, or the default recipe of each MODEL, and publish it to MODELS
	$(MAKE) --no-print-directory $(VENV)/.installed-$$(command -v nvidia-smi >/dev/null && nvidia-smi -L | grep -q GPU && echo train-gpu || echo train)
	for what in $(or $(RECIPE),$(MODEL:%=--default-of=%)); do $(RUN) -m training run $$what --publish --models $(MODELS); done

# Tests of one file stay together, because they share what its fixtures have started or trained.
PYTEST = $(RUN) -m pytest --numprocesses $(JOBS) --dist loadfile --no-loadscope-reorder
RUFF = $(VENV)/bin/ruff format --check . && $(VENV)/bin/ruff check .
# Beside the tests, mypy takes no time of its own. What it says comes last, where people look.
define TYPES_AND_TESTS
failed=0; $(VENV)/bin/mypy >$(VENV)/mypy.txt 2>&1 & $(PYTEST)$(1) || failed=$$?; wait $$! || failed=$$?; cat $(VENV)/mypy.txt; exit $$failed
endef

check: $(VENV)/.installed-dev ## run the formatter, linter, type checker and unit tests (2 minutes)
	$(RUFF)
	$(call TYPES_AND_TESTS, -m "not integration")

test: $(VENV)/.installed-dev ## run the formatter, linter, type checker and all tests (10 minutes)
	$(RUFF)
	$(call TYPES_AND_TESTS)

test-k8s: $(VENV)/.installed-dev $(VENV)/.installed-k8s ## check the manifests and the Dockerfiles (needs kubectl)
	REQUIRE_K8S_TOOLS=1 $(RUN) -m pytest tests/k8s tests/docker

# kustomize knows no generateName, so the name is taken out behind it. CREATE=cat only shows the Jobs.
CREATE = kubectl create -f -
job_patch = [{"op": "remove", "path": "/metadata/name"}, \
    {"op": "add", "path": "/metadata/generateName", "value": "train-$(1)-"}, \
    {"op": "test", "path": "/spec/template/spec/containers/0/env/0/name", "value": "MODEL"}, \
    {"op": "replace", "path": "/spec/template/spec/containers/0/env/0/value", "value": "$(1)"}]

train-k8s: ## start a training Job for each MODEL in the cluster
	$(foreach model,$(MODEL),kubectl kustomize k8s/training | kubectl patch --local -f - --type json -o yaml -p '$(call job_patch,$(model))' | $(CREATE);)

test-tfs: $(VENV)/.installed-dev ## run the end-to-end tests against MODEL_SERVER (host:port), which serves MODELS
	$(RUN) -m pytest tests/e2e --model-server $(MODEL_SERVER) --models $(MODELS)

test-postgres: $(VENV)/.installed-dev ## run the tests of studies on a PostgreSQL, which is started for them
	$(RUN) -m pytest tests/training/experiments/queue --postgresql

# Ray has an environment of its own, so that the other tests don't install it.
test-ray: ## run bulk work on a Ray cluster of this machine, with a node killed in the middle
	$(MAKE) --no-print-directory VENV=.venv-ray .venv-ray/.installed-ray
	.venv-ray/bin/python -m pytest tests/client/ray

build/npm/node_modules: tests/apps/npm_packages.txt | $(VENV)/bin/python
	$(RUN) -m tests.apps.install_npm_packages
	touch $@

test-apps: $(VENV)/.installed-dev build/npm/node_modules ## run the tests of generated clients, in Python and TypeScript (needs node)
	REQUIRE_APP_TOOLS=1 $(RUN) -m pytest tests/apps

test-browser: $(VENV)/.installed-dev ## test the pages in Chromium, which is installed where there is none
	$(RUN) -m tests.browser.chromium
	$(RUN) -m pytest tests/browser

bench-footprint: $(VENV)/.installed-dev ## measure import time and memory of a gateway worker
	$(RUN) -m benchmarks.footprint

bench-hostile: $(VENV)/.installed-dev ## send 10,000 hostile uploads to a gateway
	$(RUN) -m benchmarks.hostile_uploads

bench-serving: $(VENV)/.installed-bench ## measure the gateway under load, compared with a tutorial server and LitServe (15 minutes)
	$(RUN) -m benchmarks.serving --rounds $(ROUNDS)

bench-bulk: $(VENV)/.installed-dev ## measure bulk, compared with the load generator of bench-serving
	$(RUN) -m benchmarks.bulk

bench-batching: $(VENV)/.installed-dev ## measure the embedded model server with and without batching
	$(RUN) -m benchmarks.batching --rounds $(ROUNDS)

bench-rollback: $(VENV)/.installed-dev ## roll a model back and forth under load, and count failed requests
	$(RUN) -m benchmarks.rollback

bench-training: $(VENV)/.installed-dev ## compare the recipes for clothing with the published programs
	$(RUN) -m benchmarks.training --seeds $(SEEDS)

bench-photos: $(VENV)/.installed-dev ## measure accuracy on distorted and real photos
	$(RUN) -m benchmarks.photos --limit $(LIMIT)

bench-explanations: $(VENV)/.installed-dev ## check that heat maps of the models in MODELS mark the evidence
	$(RUN) -m benchmarks.explanations --models $(MODELS)

bench-sweep: $(VENV)/.installed-dev ## measure a sweep by two processes on PostgreSQL, compared with one
	$(RUN) -m benchmarks.sweep_processes

bench-compare: $(VENV)/.installed-dev ## measure how often compare finds a difference where there is none
	$(RUN) -m benchmarks.comparison_errors

bench-page: $(VENV)/.installed-dev ## measure the web page in Chromium: bytes, and time until a photo's bars show
	$(RUN) -m benchmarks.page

starters: $(VENV)/.installed-dev ## retrain the two starter models (takes hours; needs the data sets)
	$(RUN) -m training starters

wheels: $(DEMO_READY) ## build the distributions photolabel, photolabel-serving and photolabel-training into dist/
	rm -rf build/client build/serving build/training
	$(RUN) -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist ./client ./packaging/serving ./packaging/training

LOCK = $(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate
CLIENT := client/pyproject.toml
SERVING := packaging/serving/pyproject.toml
TRAINING := packaging/training/pyproject.toml
# What each lock file is compiled from.
LOCK_dev = $(LOCK_demo) --extra jax --extra images --extra parquet --extra heic --group dev
LOCK_serve = $(SERVING)
LOCK_client = $(CLIENT) --group build
LOCK_train = $(TRAINING) --extra tensorflow
LOCK_train-gpu = $(TRAINING) --extra tensorflow-gpu
LOCK_train-jax = $(TRAINING) --extra jax
LOCK_demo = $(CLIENT) $(SERVING) $(TRAINING) --extra tensorflow --group demo --group build
LOCK_k8s = --group k8s
LOCK_bench = $(LOCK_demo) --group bench
LOCK_ray = $(CLIENT) --extra ray --extra images --group test-ray --group build

# The development environment decides the versions; every other lock file takes them from it.
lock: $(VENV)/bin/python ## rewrite requirements/*.txt (UPGRADE=--upgrade: with the newest versions)
	$(RUN) -m pip install --quiet --disable-pip-version-check uv
	$(LOCK) $(UPGRADE) $(LOCK_dev) -o requirements/dev.txt
	$(foreach lock,serve client train train-gpu train-jax demo k8s bench ray,$(LOCK) $(LOCK_$(lock)) --constraint requirements/dev.txt -o requirements/$(lock).txt && ) true
	awk '/^[^ ]/ {keep = /^tensorflow(-serving-api)?==/} keep' requirements/train.txt > requirements/protos.txt

clean: ## remove the environment and caches, but no models
	rm -rf $(VENV) .venv-ray .mypy_cache .ruff_cache .pytest_cache build dist *.egg-info client/*.egg-info packaging/*/*.egg-info
