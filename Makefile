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

.PHONY: help demo serve train check test test-k8s images base-image test-images train-k8s test-tfs test-postgres test-ray test-apps test-browser licenses sbom audit test-supply-chain bench-footprint bench-hostile bench-serving bench-bulk bench-batching bench-autoscaling bench-rollback bench-training bench-photos bench-explanations bench-sweep bench-compare bench-page bench-image starters wheels lock clean

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

# Tools that need other versions, or that only few tests need, have an environment of their own each.
OWN_ENVIRONMENTS := ray policies supply-chain
.PHONY: $(OWN_ENVIRONMENTS:%=.venv-%)
$(OWN_ENVIRONMENTS:%=.venv-%): .venv-%:
	$(MAKE) --no-print-directory VENV=$@ $@/.installed-$*

# Where all the tests' needs are installed, the demo's are too.
DEMO_READY = $(or $(wildcard $(VENV)/.installed-dev),$(VENV)/.installed-demo)

demo: $(DEMO_READY) ## classify sample photos with both starter models, end to end
	$(RUN) -m demo

serve: $(DEMO_READY) ## serve the models in MODELS (default models/) on PORT (default 8080)
	$(RUN) -m serving.local --models $(MODELS) --port $(PORT)

train: ## train RECIPE, or the default recipe of each MODEL, and publish it to MODELS; also on the photos ALSO
	$(MAKE) --no-print-directory $(VENV)/.installed-$$(command -v nvidia-smi >/dev/null && nvidia-smi -L | grep -q GPU && echo train-gpu || echo train)
	for what in $(or $(RECIPE),$(MODEL:%=--default-of=%)); do $(RUN) -m training run $$what --publish --models $(MODELS) $(if $(ALSO),--also '$(ALSO)'); done

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

# Checkov, in .venv-policies, needs older versions of what the others use.
test-k8s: $(VENV)/.installed-dev $(VENV)/.installed-k8s .venv-policies build/npm-k8s/node_modules ## check the manifests and the Dockerfiles (needs kubectl, node, promtool, nginx and rclone)
	PATH="$$PATH:$(CURDIR)/.venv-policies/bin" REQUIRE_K8S_TOOLS=1 $(RUN) -m pytest tests/k8s tests/docker

# Any of serve, train (for NVIDIA GPUs) and train-cpu, by docker, podman or buildah. BUILD_FLAGS go to
# the engine's build command, such as --no-cache or --build-arg HEIC=1.
IMAGES ?= serve train
images: ## build IMAGES (default serve train) with ENGINE, BASE, PLATFORM, TAG, REGISTRY; PUSH=1 pushes them
	$(PYTHON) docker/build_images.py $(IMAGES) $(if $(ENGINE),--engine $(ENGINE)) $(if $(BASE),--base $(BASE)) \
	    $(if $(PLATFORM),--platform $(PLATFORM)) $(if $(TAG),--tag $(TAG)) $(if $(REGISTRY),--registry $(REGISTRY)/) \
	    $(if $(SOURCE_URL),--source-url $(SOURCE_URL)) $(if $(PUSH),--push) -- $(BUILD_FLAGS)

# Where no registry of images can be reached: make images BASE=$(BASE_IMAGE)
BASE_IMAGE := localhost/photolabel-base:bookworm
base-image: ## make a base image from Debian's packages (needs root and mmdebstrap)
	docker/base_image.sh $(BASE_IMAGE) $(ENGINE)

export ENGINE BASE BUILD_FLAGS REUSE
test-images: $(VENV)/.installed-dev ## build the images twice, compare, run and check them (needs docker or podman)
	REQUIRE_IMAGE_TOOLS=1 $(RUN) -m pytest tests/images

# Any environment that can train can also check what a Job is to train. CREATE=cat only shows the Jobs.
TRAINING_READY = $(firstword $(wildcard $(VENV)/.installed-dev $(VENV)/.installed-demo $(VENV)/.installed-train-gpu) $(VENV)/.installed-train)
CREATE = kubectl create -f -
DEVICE ?= gpu
JOB_gpu := k8s/training
JOB_cpu := k8s/training/cpu
JOB_ARGUMENTS = $(DATA:%=--photos '%') $(ALSO:%=--also '%') $(NAME:%=--name '%') $(SET:%=--set '%') $(SEED:%=--seed '%') $(if $(filter-out 0,$(FRESH)),--fresh) $(ARGS)

train-k8s: $(TRAINING_READY) ## start a training Job for RECIPE, or for each MODEL, in the cluster
	manifest=$$(kubectl kustomize $(or $(JOB_$(DEVICE)),$(error DEVICE is gpu or cpu, not $(DEVICE)))); jobs=; for what in $(or $(RECIPE),$(MODEL:%=--default-of=%)); do jobs+=$$($(RUN) -m training job $$what $(JOB_ARGUMENTS) <<<"$$manifest")$$'\n'; done; printf %s "$$jobs" | $(CREATE)

test-tfs: $(VENV)/.installed-dev ## run the end-to-end tests against MODEL_SERVER (host:port), which serves MODELS
	$(RUN) -m pytest tests/e2e --model-server $(MODEL_SERVER) --models $(MODELS)

test-postgres: $(VENV)/.installed-dev ## run the tests of studies on a PostgreSQL, which is started for them
	$(RUN) -m pytest tests/training/experiments/queue --postgresql

test-ray: .venv-ray ## run bulk work on a Ray cluster of this machine, with a node killed in the middle
	.venv-ray/bin/python -m pytest tests/client/ray

build/npm/node_modules: tests/apps/npm_packages.txt | $(VENV)/bin/python
	$(RUN) -m tests.apps.install_npm_packages
	touch $@

build/npm-k8s/node_modules: tests/k8s/npm_packages.txt | $(VENV)/bin/python
	$(RUN) -m tests.apps.install_npm_packages $< $(@D)
	touch $@

test-apps: $(VENV)/.installed-dev build/npm/node_modules ## run the tests of generated clients, in Python and TypeScript (needs node)
	REQUIRE_APP_TOOLS=1 $(RUN) -m pytest tests/apps

test-browser: $(VENV)/.installed-dev ## test the pages in Chromium, which is installed where there is none
	$(RUN) -m tests.browser.chromium
	$(RUN) -m pytest tests/browser

DISTRIBUTED = client serve protos train train-gpu train-jax
# For a mirror: make audit OSV='--osv-url https://…/v1/query'
OSV =

licenses: $(VENV)/bin/python ## list the licenses of all dependencies, and check that they are allowed
	$(RUN) -m supply_chain licenses

sbom: .venv-supply-chain ## write bills of materials (CycloneDX) of the images and the client to dist/sbom/
	.venv-supply-chain/bin/python -m supply_chain sbom

audit: .venv-supply-chain ## look up known vulnerabilities of what is distributed, in the database OSV (needs the Internet)
	.venv-supply-chain/bin/pip-audit --disable-pip --vulnerability-service osv $(OSV) $(foreach lock,$(DISTRIBUTED),-r requirements/$(lock).txt)

test-supply-chain: .venv-supply-chain ## test sbom and audit, and lint the GitHub workflows
	REQUIRE_SUPPLY_CHAIN_TOOLS=1 .venv-supply-chain/bin/python -m pytest tests/supply_chain

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

bench-autoscaling: $(VENV)/.installed-dev ## simulate gateways and their autoscaler over a day with a spike
	$(RUN) -m benchmarks.autoscaling

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

bench-image: $(VENV)/.installed-dev ## measure the gateway's image, compared with the same code outside (run make test-images first)
	$(RUN) -m benchmarks.image

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
LOCK_policies = --group policies
LOCK_bench = $(LOCK_demo) --group bench
LOCK_supply-chain = --group supply-chain
LOCK_ray = $(CLIENT) --extra ray --extra images --group test-ray --group build

# The development environment decides the versions; every other lock file takes them from it, except
# that of Checkov, which needs older ones.
lock: $(VENV)/bin/python ## rewrite requirements/*.txt (UPGRADE=--upgrade: with the newest versions)
	$(RUN) -m pip install --quiet --disable-pip-version-check uv
	$(LOCK) $(UPGRADE) $(LOCK_dev) -o requirements/dev.txt
	$(foreach lock,serve client train train-gpu train-jax demo k8s bench ray supply-chain,$(LOCK) $(LOCK_$(lock)) --constraint requirements/dev.txt -o requirements/$(lock).txt && ) true
	$(LOCK) $(UPGRADE) $(LOCK_policies) -o requirements/policies.txt
	awk '/^[^ ]/ {keep = /^tensorflow(-serving-api)?==/} keep' requirements/train.txt > requirements/protos.txt
	awk '/^[^ ]/ {keep = /^pi-heif==/} keep' requirements/dev.txt > requirements/heic.txt

clean: ## remove the environment and caches, but no models
	rm -rf $(VENV) $(OWN_ENVIRONMENTS:%=.venv-%) .mypy_cache .ruff_cache .pytest_cache build dist *.egg-info client/*.egg-info packaging/*/*.egg-info
