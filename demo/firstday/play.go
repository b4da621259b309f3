package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"messenger-bridge/sandbox/chat"
)

// cast is with what the day is played.
type cast struct {
	dir    string // for the server's files; its path is short, for the control socket
	build  func(context.Context, *terminal) (program string, err error)
	before []string // arguments by which the program is it, and variables; the tests' own only
	with   []string
	guide  []string // flags of `doctor --guide` that nobody types
	window window
}

// day is one under way.
type day struct {
	*stage
	*terminal
	cast
	channel   channel
	guided    guided
	serve     *job
	support   string      // id of the department
	agent     *chat.Agent // Tom
	fromBuild time.Duration
	annaRead  int // how many texts
}

// play plays the day and returns what was written down.
func play(ctx context.Context, c cast) (_ *diary, err error) {
	s, err := newStage(c.dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	notes := newDiary()
	notes.names = s.names()
	d := &day{
		stage: s, cast: c, channel: channel{stage: s, diary: notes, seen: map[string]string{}},
		terminal: &terminal{diary: notes, dir: c.dir, before: c.before, environ: inherited()},
	}
	defer d.leave()
	for _, act := range []func(context.Context) error{
		d.olgaBegins, d.olgaServes, d.mariaReads, d.mariaConnects, d.mariaSettles, d.tomAnswers, d.tomEnds, d.olgaLooks,
	} {
		if err := act(ctx); err != nil {
			return nil, fmt.Errorf("%w\n\nthe bridge says:\n%s", err, d.lastLog())
		}
	}
	return notes, d.objections()
}

func (d *day) lastLog() string {
	if d.serve == nil {
		return "nothing yet"
	}
	lines := strings.Split(strings.TrimSpace(d.serve.out.String()), "\n")
	return strings.Join(lines[max(0, len(lines)-8):], "\n")
}

// holds fails unless a text has all parts.
func holds(what, text string, parts ...string) error {
	for _, part := range parts {
		if !strings.Contains(text, part) {
			return fmt.Errorf("%s lacks %q:\n%s", what, part, text)
		}
	}
	return nil
}

const typedLoad = "set -a; . ./bridge.env; set +a"

// olgaBegins gets the program, and fills in what it needs, with a slip.
func (d *day) olgaBegins(ctx context.Context) (err error) {
	d.heading("Olga installs it")
	began := time.Now()
	if d.program, err = d.build(ctx, d.terminal); err != nil {
		return err
	}
	built := time.Since(began)
	said, err := d.bridge(ctx, "", 0, 60)
	if err = errors.Join(err, holds("usage", said, "New here?", "messenger-bridge demo")); err != nil {
		return err
	}
	if err := d.secrets(); err != nil {
		return err
	}
	file, hidden := d.environment()
	d.tells("She writes the bot's password, the app's secret and a token that she makes up into files that only she may read, and `bridge.env`:")
	slip := slices.Clone(file)
	slip[3] = strings.Replace(slip[3], "FACEBOOK_APP_ID", "FACEBOOK_AP_ID", 1)
	d.shows("sh", strings.Join(slip, "\n"))
	d.environ = slices.Concat(inherited(), slip, hidden, d.with)
	d.command(typedLoad, "")
	said, err = d.bridge(ctx, "config test", 3, 40)
	if err = errors.Join(err, holds("config test", said, "FACEBOOK_AP_ID", "FACEBOOK_APP_ID")); err != nil {
		return err
	}
	d.tells("She has misspelt a name, and corrects it.")
	d.environ = slices.Concat(inherited(), file, hidden, d.with)
	d.command(typedLoad, "")
	_, err = d.bridge(ctx, "config test", 0, 40)
	d.fromBuild = built
	return err
}

// olgaServes starts the bridge, and the guide beside it.
func (d *day) olgaServes(ctx context.Context) (err error) {
	d.heading("Olga starts it")
	if d.serve, err = d.begin(ctx, d.strike, "serve"); err != nil {
		return err
	}
	if err := d.until(ctx, "the bridge is connected", func() bool {
		return strings.Contains(d.serve.out.String(), "connected to Rocket.Chat") || d.serve.over()
	}); err != nil {
		return err
	}
	if d.serve.over() {
		return errors.New("serve has ended")
	}
	d.command("./messenger-bridge serve", first(6, d.serve.out.String()))
	d.tells("In a second terminal, with the same variables, she has herself guided:")
	started, err := d.begin(ctx, d.strike, append([]string{"doctor", "--guide"}, d.guide...)...)
	if err != nil {
		return err
	}
	d.guided = guided{job: started, stage: d.stage}
	if err := d.guided.says(ctx, "→ Omnichannel: "); err != nil {
		return err
	}
	d.command("./messenger-bridge doctor --guide", d.guided.news())
	d.tells("That is for Maria. The guide waits.")
	return nil
}

// guided is the guide in the operator's second terminal.
type guided struct {
	*job
	stage *stage
	told  int // of what it has said, in bytes
}

// says waits until it has said something.
func (g *guided) says(ctx context.Context, part string) error {
	err := g.stage.until(ctx, "the guide says "+part, func() bool { return strings.Contains(g.out.String(), part) })
	if err != nil {
		err = fmt.Errorf("%w; it says\n%s", err, g.out.String())
	}
	return err
}

// news is what it has said since it was read last.
func (g *guided) news() string {
	all := g.out.String()
	latest := all[g.told:]
	g.told = len(all)
	return strings.TrimLeft(latest, "\n")
}

// olgaLooks is the evening.
func (d *day) olgaLooks(ctx context.Context) error {
	d.heading("Olga's evening")
	said, err := d.bridge(ctx, "status", 0, 40)
	if err = errors.Join(err, holds("status", said, pageName)); err != nil {
		return err
	}
	answer := d.tomSaid("Yes, from nine to five.")
	said, err = d.bridge(ctx, "trace "+answer, 0, 40)
	if err = errors.Join(err, holds("trace", said, "accepted", "delivered")); err != nil {
		return err
	}
	said, err = d.bridge(ctx, "audit", 0, 40)
	if err = errors.Join(err, holds("audit", said, "@maria")); err != nil {
		return err
	}
	if _, err := d.bridge(ctx, "backup bolt.backup", 0, 40); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(d.stage.dir, "bolt.backup")); err != nil {
		return err
	}
	d.tells("She opens the status page:")
	b := &clicker{day: d}
	b.looks("http://"+d.private+"/", "Rocket.Chat", "Facebook", pageName)
	b.shoots("first-day-status", "The status page: both connections, the page, what waits, and plots of the last hour")
	if b.err != nil {
		return b.err
	}
	d.tells("Ctrl-C in the first terminal ends the bridge in order: exit code 0. Whatever is written meanwhile waits, here or at Facebook.")
	return d.serve.stop()
}
