package app

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"

	"messenger-bridge/app/config"
)

// NewLogger writes text for people or JSON for machines. Its level follows cfg.Log.Now.
func NewLogger(w io.Writer, cfg Config) *slog.Logger {
	options := &slog.HandlerOptions{Level: config.Levels[cfg.Log.Level]}
	if cfg.Log.Now != nil {
		options.Level = cfg.Log.Now
	}
	if cfg.Log.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// LogLevel is how much is logged, before and after it was changed.
type LogLevel struct {
	Before string `json:"before,omitempty"`
	Level  string `json:"level"`
}

// serveLogLevel answers GET and PUT /log-level: a level holds until the next one, until SIGHUP,
// or until the bridge ends.
func (o *operators) serveLogLevel(w http.ResponseWriter, r *http.Request) {
	before := levelName(o.level.Level())
	if r.Method == http.MethodGet {
		answerJSON(w, LogLevel{Level: before})
		return
	}
	wanted, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 64))
	level, known := config.Levels[strings.TrimSpace(string(wanted))]
	if err != nil || !known {
		http.Error(w, fmt.Sprintf("the level must be debug, info, warn or error; it is %q", wanted), http.StatusBadRequest)
		return
	}
	o.level.Set(level)
	o.log.Log(r.Context(), max(level, slog.LevelInfo), "the log level was changed", "from", before, "to", levelName(level))
	answerJSON(w, LogLevel{Before: before, Level: levelName(level)})
}

func levelName(l slog.Level) string { return strings.ToLower(l.String()) }
