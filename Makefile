# Short forms of what CI and developers run; tools run at pinned versions and are
# not in go.mod.

.PHONY: check test fuzz example

check: ## what CI runs
	.ci/run

test: ## the quick round
	go test ./...

FUZZTIME ?= 30s
fuzz: ## every fuzz target for a while
	go test ./messenger -run '^$$' -fuzz '^FuzzDecode$$' -fuzztime $(FUZZTIME)
	go test ./messenger -run '^$$' -fuzz '^FuzzSplitText$$' -fuzztime $(FUZZTIME)
	go test ./rocketchat -run '^$$' -fuzz '^FuzzFrames$$' -fuzztime $(FUZZTIME)
	go test ./rocketchat -run '^$$' -fuzz '^FuzzPlainText$$' -fuzztime $(FUZZTIME)

example: ## bolt.db.example, as the store writes it today
	rm -f bolt.db.example
	go run ./cmd/messenger-bridge example bolt.db.example
