package bridge

// File is a file with the name it is shown under.
type File struct {
	*Content
	Name string // safe: no folders, no control characters
}

// Uploaded is a file that a room shows.
type Uploaded struct {
	ID   MessageID
	Name string
	Size int64
}
