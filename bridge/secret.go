package bridge

import "log/slog"

// Secret is a token, password or key. It does not print: not in logs, not in
// errors, not in JSON by accident. Whoever needs the value says Reveal.
type Secret string

const hidden = "[secret]"

func (Secret) String() string               { return hidden }
func (Secret) GoString() string             { return hidden }
func (Secret) LogValue() slog.Value         { return slog.StringValue(hidden) }
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// UnmarshalText takes the value as it is; configuration is read this way.
func (s *Secret) UnmarshalText(text []byte) error {
	*s = Secret(text)
	return nil
}

// Reveal returns the value.
func (s Secret) Reveal() string { return string(s) }
