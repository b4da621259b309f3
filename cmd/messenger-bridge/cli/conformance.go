package cli

import (
	"context"
	"errors"
	"fmt"

	"messenger-bridge/conformance"
)

// conformCmd asks a workspace, which need not be the bridge's, and prints a report without
// secrets and texts.
type conformCmd struct {
	URL      string `env:"CONFORMANCE_URL" required:"" help:"The workspace, as https://chat.example.org."`
	User     string `env:"CONFORMANCE_USER" help:"An administrator's username, with CONFORMANCE_PASSWORD."`
	Password string `env:"CONFORMANCE_PASSWORD" help:"Their password; give it by the environment."`
	UserID   string `env:"CONFORMANCE_USER_ID" help:"Or an administrator's id, with CONFORMANCE_TOKEN."`
	Token    string `env:"CONFORMANCE_TOKEN" help:"Their personal access token; give it by the environment."`
}

func (c conformCmd) Run(ctx context.Context, std Stdio) error {
	if (c.User == "" || c.Password == "") && (c.UserID == "" || c.Token == "") {
		return errors.New("give CONFORMANCE_USER and CONFORMANCE_PASSWORD, or CONFORMANCE_USER_ID and CONFORMANCE_TOKEN, of an administrator")
	}
	if std.json {
		return misuse("conformance writes a report for people; it has no answer in JSON")
	}
	facts, err := conformance.Facts()
	if err != nil {
		return err
	}
	version, verdicts, err := conformance.Run(ctx, conformance.Target{
		URL: c.URL, User: c.User, Password: c.Password, UserID: c.UserID, Token: c.Token, Settle: conformance.Settled,
	}, facts)
	different := conformance.Report(std.Out, version, verdicts)
	switch {
	case err != nil:
		return fmt.Errorf("conformance: %w", err)
	case different > 0:
		return fmt.Errorf("%d facts differ", different)
	}
	return nil
}
