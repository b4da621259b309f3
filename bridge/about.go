package bridge

// About is what agents see of a room beside its messages.
type About struct {
	Topic  string            // one line
	Tags   []string          // words to filter by
	Fields map[string]string // custom fields of rooms, by name; those the workspace does not have are left out
}
