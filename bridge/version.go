package bridge

import "time"

// APIVersion is the version of Meta's interface that our calls ask for.
type APIVersion struct {
	Name      string    // v27.0
	Ends      time.Time // from then on Meta answers with another one; zero: this program does not know
	Announced bool      // by Meta; otherwise it is the first day that Meta's rule allows
}
