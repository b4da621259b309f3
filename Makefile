# Short forms of what CI and developers run; tools run at pinned versions and are
# not in go.mod.

.PHONY: check test fuzz example

check: ## what CI runs
	.ci/run

test: ## the quick round
	go test ./...

FUZZTIME ?= 30s
fuzz: ## every fuzz target for a while
	go test ./messenger/wire -run '^$$' -fuzz '^FuzzDecode$$' -fuzztime $(FUZZTIME)
	go test ./textcut -run '^$$' -fuzz '^FuzzSplit$$' -fuzztime $(FUZZTIME)
	go test ./textcut -run '^$$' -fuzz '^FuzzPieces$$' -fuzztime $(FUZZTIME)
	go test ./messenger/webhook -run '^$$' -fuzz '^FuzzOpenSigned$$' -fuzztime $(FUZZTIME)
	go test ./messenger/webhook -run '^$$' -fuzz '^FuzzWebhook_Signed$$' -fuzztime $(FUZZTIME)
	go test ./messenger -run '^$$' -fuzz '^FuzzAnswers$$' -fuzztime $(FUZZTIME)
	go test ./rocketchat/ddp -run '^$$' -fuzz '^FuzzFrames$$' -fuzztime $(FUZZTIME)
	go test ./rocketchat/markup -run '^$$' -fuzz '^FuzzPlainText$$' -fuzztime $(FUZZTIME)
	go test ./rocketchat/stream -run '^$$' -fuzz '^FuzzAsCommand$$' -fuzztime $(FUZZTIME)
	go test ./rocketchat -run '^$$' -fuzz '^FuzzAnswers$$' -fuzztime $(FUZZTIME)
	go test ./commands -run '^$$' -fuzz '^FuzzWords$$' -fuzztime $(FUZZTIME)
	go test ./web -run '^$$' -fuzz '^FuzzForms$$' -fuzztime $(FUZZTIME)
	go test ./rooms -run '^$$' -fuzz '^FuzzParts$$' -fuzztime $(FUZZTIME)
	go test ./store -run '^$$' -fuzz '^FuzzRecords$$' -fuzztime $(FUZZTIME)

example: ## bolt.db.example, as the store writes it today
	rm -f bolt.db.example
	go run ./cmd/messenger-bridge example bolt.db.example
