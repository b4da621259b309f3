package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"

	"messenger-bridge/app"
	"messenger-bridge/replicas"
)

type handoverCmd struct{ storeFlags }

func (c handoverCmd) Run(ctx context.Context, std Stdio) error {
	return app.Ask(ctx, c.Database, http.MethodPost, "/handover", "", func(res *http.Response) error {
		var s replicas.State
		if err := json.NewDecoder(res.Body).Decode(&s); err != nil {
			return err
		}
		return std.say(s, "%s hands over; another replica leads in a moment (messenger-bridge status)\n", s.Name)
	})
}

type journalCmd struct {
	Check  journalCheckCmd  `cmd:"" help:"Read the whole journal and verify that each record follows the one before it."`
	Rebase journalRebaseCmd `cmd:"" help:"Begin the journal anew from this replica's file, after its newest records were lost. Stop all replicas first."`
}

// replicaConfig reads the environment as serve does.
func replicaConfig(std Stdio) (app.Config, *slog.Logger, error) {
	cfg, err := app.ReadConfig(std.Environ)
	if err == nil && cfg.Store.Journal.URL == "" {
		err = errors.New("JOURNAL_URL is not set: there is one process and one file, and no journal")
	}
	return cfg, app.NewLogger(std.Err, cfg), err
}

type journalCheckCmd struct{}

func (journalCheckCmd) Run(ctx context.Context, std Stdio) error {
	cfg, log, err := replicaConfig(std)
	if err != nil {
		return err
	}
	found, err := replicas.Check(ctx, app.JournalOf(cfg, log))
	if err != nil {
		return err
	}
	return std.say(found, "records %d to %d follow one another; %d snapshots, the newest at record %d\n", found.First, found.Last, found.Snapshots, found.Newest)
}

type journalRebaseCmd struct {
	Yes bool `help:"Do it: the journal and what only it holds are given up."`
}

func (c journalRebaseCmd) Run(ctx context.Context, std Stdio) error {
	cfg, log, err := replicaConfig(std)
	if err != nil {
		return err
	}
	if !c.Yes {
		return fmt.Errorf("this gives up the journal %s and begins it anew from %s; stop all replicas, choose the one whose file is newest "+
			"(`position` of its last status), and repeat the command there with --yes", cfg.Store.Journal.Name, cfg.Store.Database)
	}
	at, err := replicas.Rebase(ctx, app.JournalOf(cfg, log), app.StoreOf(cfg, log))
	if err != nil {
		return err
	}
	return std.say(map[string]uint64{"record": at.Seq}, "the journal begins anew after record %d; start this replica, and the others after their files were moved away\n", at.Seq)
}

// printReplica is the part of the status that is of a replica; whole is false if there is no more.
func printReplica(w io.Writer, s *replicas.State) (whole bool) {
	if s == nil {
		return true
	}
	fmt.Fprintf(w, "replica\t%s, %s\n", s.Name, s.Role)
	if s.Problem != "" {
		fmt.Fprintf(w, "problem\t%s\n", s.Problem)
	}
	if s.Leader != "" {
		fmt.Fprintf(w, "leader\t%s at %s\n", s.Leader, s.LeaderURL)
	}
	fmt.Fprintf(w, "journal\trecord %d, epoch %d, %d records behind (%.1f s)\n", s.Position, s.Epoch, s.LagRecords, s.LagSeconds)
	if s.Snapshot != nil {
		fmt.Fprintf(w, "newest snapshot\t%s\n", s.Snapshot.Format("2006-01-02 15:04:05 MST"))
	}
	return s.Works()
}
