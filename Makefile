# Short forms of what CI and developers run; tools run at pinned versions and are
# not in go.mod.

.PHONY: check short test fuzz example release

check: ## what CI runs
	.ci/run

short: ## the short round of CONTRIBUTING.md
	go vet ./...
	go test -short $$(go list ./... | grep -v -e /e2e -e /conformance)

test: ## all tests, without the race detector
	go test ./...

FUZZ ?= 30s
fuzz: ## every fuzz target for a while; FUZZ=1000000x is the long form
	.ci/fuzz $(FUZZ)

example: ## bolt.db.example, as the store writes it today
	rm -f bolt.db.example
	go run ./cmd/messenger-bridge example bolt.db.example

release: ## programs, packages, checksums and the bill of materials into dist/, of the tag or of VERSION=1.2.3
	.ci/release
