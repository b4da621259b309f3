package cli

import (
	"errors"
	"fmt"
	"strings"

	"messenger-bridge/store"
)

type restoreCmd struct {
	storeFlags
	File string `arg:"" help:"A copy that backup wrote, or another copy of a store's file."`
}

// Help is printed below the flags.
func (restoreCmd) Help() string {
	return `The bridge must not run. The copy is opened with the key first (SECRET_KEY, or <DATABASE>.key): with a wrong
one nothing is changed. A store that is there is kept under another name. What agents wrote after
the copy was made is looked up in the Messenger thread before it is sent, so that nothing arrives
twice; that holds for copies made in other ways than with backup, too.`
}

func (c restoreCmd) Run(std Stdio) error {
	vars, err := c.key(std)
	if err != nil {
		return err
	}
	aside, err := store.Restore(c.File, options(c.Database, vars))
	switch {
	case errors.Is(err, store.ErrLocked):
		return fmt.Errorf("%w. Stop the bridge first: messenger-bridge restore replaces its store", err)
	case err != nil:
		return err
	}
	text := fmt.Sprintf("%s is restored from %s.", c.Database, c.File)
	if aside != "" {
		text += fmt.Sprintf(" What was there is %s now; remove it when you do not need it any more.", aside)
	}
	text += " Start the bridge; stop the other one first, if this is a second machine."
	return std.say(map[string]string{"database": c.Database, "from": c.File, "before": aside}, "%s\n", strings.TrimSpace(text))
}
