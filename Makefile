# Everything a user or a developer runs. Each target sets up what it needs; the second call starts at once.
# What users run needs .venv (requirements/lab.txt) and nothing more, what developers run .venv-dev; the site needs .venv-docs.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help lab test replay test-fresh molecule test-cluster lint bench compare ablation benchmarks benchmark-cluster requirements test-ansible docs

PROJECTS := files/controller/pyproject.toml files/lab/pyproject.toml

export POLICY DURATION SCENARIO CAPACITY BUFFER_MS ENFORCER BURST IP_FAMILY KUBERNETES

help:  ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-18s %s\n", $$1, $$2 }'
	@echo
	@echo "  make test takes TESTS=<files or folders> KUBERNETES=<1.34 to 1.37>."
	@echo "  make lab and make bench take POLICY= DURATION=<seconds> SCENARIO= CAPACITY=<100M> BUFFER_MS="
	@echo "  make lab takes ENFORCER=<tc, edt> BURST=<whole, cured> IP_FAMILY=<ipv4, ipv6>, too."

lab: .venv/lab.stamp  ## Run the control loop on this machine and draw the result (root)
	@scripts/lab

test: .venv-dev/dev.stamp  ## Run every test
	@scripts/test $(TESTS)

replay: .venv-dev/dev.stamp  ## Replay what users bring, with one line for each kind of case (a part of make test)
	@scripts/test -m replay

test-fresh: .venv-dev/dev.stamp  ## Run the README's commands on bare Debian machines, which it makes itself (root)
	@scripts/test-fresh

molecule: .venv-dev/dev.stamp  ## Test roles on real hosts with systemd, which it makes itself (root)
	@scripts/molecule

test-cluster: .venv-dev/dev.stamp  ## Turn three bare hosts on this machine into a real cluster (root; docs/contributing/machine-room.md)
	@time scripts/molecule test --scenario-name cluster

lint: .venv-dev/dev.stamp  ## Run every gate of the developers' guide
	@scripts/lint

bench: .venv/lab.stamp  ## Compare the policies on one scenario, side by side (root)
	@scripts/bench

compare: .venv/lab.stamp  ## Compare all control policies with an oracle, in simulation (long; goes on where it was ended)
	@nice .venv/bin/detnet simulate compare --out out/compare

ablation: .venv/lab.stamp  ## Take the parts of the learned policy out one by one, in simulation (long, likewise)
	@nice .venv/bin/detnet simulate ablate --out out/ablation

benchmarks: .venv/lab.stamp  ## Measure what a decision pass costs as targets and bottlenecks grow
	@.venv/bin/python -m benchmarks.decision_pass --out out/benchmarks

benchmark-cluster: .venv-dev/dev.stamp  ## Measure what 5,000 pods cost the controller and the API server
	@scripts/control-plane build
	@PYTHONPATH=tests:files/controller/tests .venv-dev/bin/python -m benchmarks.cluster_scale --out out/benchmarks

test-ansible: .venv-dev/dev.stamp  ## Test on the oldest and the newest ansible-core that the Pythons here can run
	@scripts/test-ansible

docs: .venv-docs/docs.stamp  ## Build the documentation as a site into out/docs
	@scripts/docs

requirements:  ## Compile requirements/*.in into hash-pinned files
	@scripts/requirements

.venv/lab.stamp: requirements/lab.txt $(PROJECTS) scripts/bootstrap
	@scripts/bootstrap lab

.venv-dev/dev.stamp: requirements/dev.txt $(PROJECTS) scripts/bootstrap
	@scripts/bootstrap dev

.venv-docs/docs.stamp: requirements/docs.txt $(PROJECTS) scripts/bootstrap
	@scripts/bootstrap docs
