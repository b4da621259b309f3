// Bench measures the bridge against its goals (docs/performance.md):
//
//	go run ./bench                          everything, 3 rounds of a second
//	go run ./bench -only P1,P5 -seconds 0.3
//	go run ./bench -only P6 -profile /tmp/p  profiles of the servers; the figures suffer
//	go run ./bench plots -svg docs/images    latency against load, throughput against connections
//	go run ./bench floor -svg docs/images    against what nothing can leave out: a signature, a sync, a call
//	go run ./bench peers -peers DIR          against programs of others (package peers)
//	go run ./bench growth -svg docs/images   what must not grow with pages, customers, lanes and history
//	go run ./bench attack -svg plot.svg      honest calls beside strangers who hold connections (package attack)
//	go run ./bench faults -rounds 100        rounds of trouble with the real program (package faults)
//	go run ./bench acks -svg plot.svg        acknowledged webhooks while replicas are killed and upgraded
//	go run ./bench soak -for 1h -svg plot    a steady load with faults: does anything grow?
//
// It prints a Markdown table. Machines differ and so do their hours; therefore a
// figure is a count, or a ratio of two things measured in turn in one run, medians
// of all rounds. The store lies on tmpfs and a sync is a pause of
// known length, called as often as bbolt would sync. Latencies and processor times
// mean nothing while others use the processors: the table says how much they did.
// Whether a goal is met is in the table, not in the exit code.
//
// HTTP goals have three processes, all of them this program (child.go): this one,
// which waits; a server, made of the bridge's real parts (server.go) or of a floor;
// and a generator of load (package load), in which a small workspace takes what the
// server delivers. Each goal is a file p….go with its entries in the
// registry (goals.go).
package main
