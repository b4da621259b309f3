package conformance_test

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"flag"
	"math/rand/v2"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"messenger-bridge/rocketchat/markup"
)

var seeds = flag.Int("seeds", 1, "how often to compare 2,000 messages of agents, each time with a seed of its own")

// reasonLines say which differences from the parser's tree are wanted, and why. A line has a
// regular expression of the smallest messages that differ so, an example, and the reason.
//
//go:embed testdata/plain.tsv
var reasonLines string

type reason struct {
	shape   *regexp.Regexp
	example string
}

func reasons(t *testing.T) (all []*reason) {
	t.Helper()
	for n, line := range strings.Split(strings.TrimSpace(reasonLines), "\n") {
		if strings.HasPrefix(line, "//") {
			continue
		}
		fields := strings.Split(line, "\t")
		if len(fields) != 3 || fields[2] == "" {
			t.Fatalf("testdata/plain.tsv:%d has no shape, example and reason", n+1)
		}
		all = append(all, &reason{shape: regexp.MustCompile(`^(?s:` + fields[0] + `)$`), example: unquote(fields[1])})
	}
	return all
}

// unquote reads what stands in the list for what cannot stand there.
func unquote(s string) string {
	return strings.NewReplacer(`\n`, "\n", `\t`, "\t", `\\`, `\`).Replace(s)
}

// A judge says what is plain text by the tree of Rocket.Chat's parser.
type judge struct {
	t     *testing.T
	in    *json.Encoder
	out   *json.Decoder
	known map[string]reading
}

func newJudge(t *testing.T) *judge {
	needNode(t)
	cmd := exec.CommandContext(t.Context(), "node", "run.mjs", "plain.mjs")
	cmd.WaitDelay = time.Second
	var failed bytes.Buffer
	cmd.Stderr = &failed
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		if err := cmd.Wait(); err != nil && failed.Len() > 0 {
			t.Error(err, failed.String())
		}
	})
	return &judge{t, json.NewEncoder(in), json.NewDecoder(out), map[string]reading{}}
}

// reading is what customers read of a message, and what the tree says.
type reading struct{ ours, tree string }

func (r reading) differs() bool { return shown(r.ours) != shown(r.tree) }

// read returns the readings of messages; of one that was asked for before, nobody is asked again.
func (j *judge) read(messages []string) (all []reading) {
	j.t.Helper()
	var asked, tree []string
	for _, m := range messages {
		if _, known := j.known[m]; !known {
			j.known[m] = reading{}
			asked = append(asked, m)
		}
	}
	if len(asked) > 0 {
		if err := j.in.Encode(asked); err != nil {
			j.t.Fatal(err)
		}
		if err := j.out.Decode(&tree); err != nil {
			j.t.Fatal("the parser does not answer:", err)
		}
	}
	for i, m := range asked {
		j.known[m] = reading{markup.Plain(m), tree[i]}
	}
	for _, m := range messages {
		all = append(all, j.known[m])
	}
	return all
}

var (
	bullets  = regexp.MustCompile(`(?m)^[*-][ \t]+`)
	spaces   = regexp.MustCompile(`[ \t]+`)
	atEnds   = regexp.MustCompile(`(?m)^ | $`)
	twoLines = regexp.MustCompile(`\n{2,}`)
	quoted   = regexp.MustCompile(`(?m)^> *`)
)

// shown leaves out what the tree does not hold: which sign a list has, how wide a space is,
// how many lines are empty.
func shown(text string) string {
	text = bullets.ReplaceAllString(quoted.ReplaceAllString(text, "> "), "- ")
	text = atEnds.ReplaceAllString(spaces.ReplaceAllString(text, " "), "")
	return strings.TrimSpace(twoLines.ReplaceAllString(text, "\n"))
}

// shrink leaves out pieces, then signs, of each message as long as it differs.
func (j *judge) shrink(messages [][]string) (small []string) {
	j.t.Helper()
	j.leaveOut(messages)
	for i, m := range messages {
		messages[i] = strings.Split(strings.Join(m, ""), "")
	}
	for range 3 { // what could not be left out may be, when others are gone
		j.leaveOut(messages)
	}
	for _, m := range messages {
		small = append(small, strings.Join(m, ""))
	}
	slices.Sort(small)
	return slices.Compact(small)
}

func (j *judge) leaveOut(messages [][]string) {
	open := make([]int, len(messages)) // the next to be left out
	for {
		var tries [][]string
		var texts []string
		var of []int
		for i, m := range messages {
			if open[i] < len(m) {
				try := slices.Concat(m[:open[i]], m[open[i]+1:])
				tries, texts, of = append(tries, try), append(texts, strings.Join(try, "")), append(of, i)
			}
		}
		if len(tries) == 0 {
			return
		}
		for n, r := range j.read(texts) {
			i := of[n]
			if r.differs() {
				messages[i] = tries[n]
			} else {
				open[i]++
			}
		}
	}
}

func TestPlain_RocketChatsParser_ReadsTheSame(t *testing.T) {
	j := newJudge(t)
	list := reasons(t)
	const each = 2_000
	unlisted := map[string]bool{}
	for seed := range *seeds {
		random := rand.New(rand.NewPCG(19, uint64(seed)))
		var messages [][]string
		var texts []string
		for range each {
			m := compose(random)
			messages, texts = append(messages, m), append(texts, strings.Join(m, ""))
		}
		var wrong [][]string
		for i, r := range j.read(texts) {
			if r.differs() {
				wrong = append(wrong, messages[i])
			}
		}
		for _, small := range j.shrink(wrong) {
			if !listed(list, small) {
				unlisted[small] = true
			}
		}
		t.Logf("seed %d: %d messages, of %d customers read something else than the tree says", seed, each, len(wrong))
	}
	j.complain(unlisted)
	for _, r := range list {
		if !r.shape.MatchString(r.example) || !j.read([]string{r.example})[0].differs() {
			t.Errorf("%q does not differ any more as %s says; take it off the list", r.example, r.shape)
		}
	}
}

// A list that excuses everything proves nothing.
func TestPlainList_DoesNotExcuseThePlainestMarkup(t *testing.T) {
	list := reasons(t)
	for _, m := range []string{
		"a", "*a*", "_a_", "~a~", "**a**", "*a b*", "`a`", "# a", "> a", "- *a*", "||a||", "||a b||", "\\(a\\)", "\\[a\\]", ":smile:", "[a](x.io)", "![a](x.io)", "<x.io|a>",
		"<t:1767225600>", "```\na\n```", "| a |\n|---|\n| *b* |", "@a", "#a", "x.io", "*a* _b_", "_*a*_", "\\*a",
	} {
		if listed(list, m) {
			t.Errorf("%q may be anything", m)
		}
	}
}

func listed(list []*reason, small string) bool {
	for _, r := range list {
		if r.shape.MatchString(small) {
			return true
		}
	}
	return false
}

// complain says of differences that have no reason what customers read, and what the tree says.
func (j *judge) complain(unlisted map[string]bool) {
	j.t.Helper()
	var texts []string
	for small := range unlisted {
		texts = append(texts, small)
	}
	if len(texts) == 0 {
		return
	}
	slices.Sort(texts)
	for i, r := range j.read(texts) {
		j.t.Errorf("%q: customers read %q, but the tree says %q", texts[i], r.ours, r.tree)
	}
}

// compose returns a message of pieces, sometimes well formed, sometimes not.
func compose(random *rand.Rand) (m []string) {
	for range 1 + random.IntN(4) {
		m = append(m, construct(random, 0)...)
		if random.IntN(3) == 0 {
			m = append(m, "\n")
		} else if random.IntN(3) > 0 {
			m = append(m, " ")
		}
	}
	for range random.IntN(3) { // and breaks it
		if i := random.IntN(len(m)); random.IntN(2) == 0 {
			m = append(m[:i:i], m[i+1:]...)
		} else {
			m[i] += agentPieces[random.IntN(len(agentPieces))]
		}
		if len(m) == 0 {
			return []string{"a"}
		}
	}
	return m
}

// agentPieces are words and parts of markup.
var agentPieces = strings.Split("a§b§Anna§order 42§3§2*3*4§5 * 3§snake_case_name§AB-12_34§é§имя§你好§وا§ §  §\n§\n\n§*§**§_§__§~§~~§`§``§```§||§|§\\§#§# §> §- §* §1. §- [ ] §---§:§@§[§]§(§)§](§!§<§>§<t:§$§.§,§?§!§=§/§+§%§\"§'§&§;§-§–", "§")

// constructs are what an agent may write on purpose. % is what stands within it.
var constructs = strings.Split("*%*§**%**§_%_§__%__§~%~§~~%~~§`%`§``%``§```\n%\n```§```js\n%\n```§||%||§||\n%\n||§# %\n§## %\n§#### %\n§> %\n§> %\n> %\n§- %\n- %\n§* %\n* %\n§1. %\n2. %\n§- [ ] %\n- [x] %\n§---\n§"+
	"| % | % |\n|---|:-:|\n| % | % |\n§[%](https://shop.test/a_b?c=d)§[%](https://shop.test)§![%](https://shop.test/cat.png)§<https://shop.test/a_b|%>§https://shop.test/a_b/*c*?d=e#f§http://shop.test.§shop.test§www.shop.test/a§anna_b@shop.test§mailto:anna@shop.test§+491701234567§"+
	":smile:§:+1:§:heart:§:tada:§:no_such_emoji:§😀§👍🏽§❤️§👨‍👩‍👧§🇩🇪§:)§;-)§:D§<3§@anna§@anna_b§@all§#general§#a_b§<t:1630360800>§<t:1630360800:R>§<t:1630360800:F>§<t:2026-01-01T10:00:00.000+02:00:t>§\\(%\\)§\\[%\\]\n§\\[\n%\n\\]\n§\\(x^2 + y_1\\)§$x_1$§$5§color:#ff0000§color:#ff000080§"+
	"\\*%\\*§\\_§\\~§\\`§(%)§\"%\"§%, %§%!§%: %§&lt;b&gt;§12:30:45§10:30§5€§2*3*4 = 24§5 * 3 * 2§snake_case_name§50%", "§")

// construct returns the pieces of one, with others within it.
func construct(random *rand.Rand, depth int) (m []string) {
	if depth > 2 || random.IntN(3) == 0 {
		return []string{agentPieces[random.IntN(14)]}
	}
	for i, part := range strings.Split(constructs[random.IntN(len(constructs))], "%") {
		if i > 0 {
			m = append(m, construct(random, depth+1)...)
		}
		m = append(m, part)
	}
	return m
}
