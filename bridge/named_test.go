package bridge_test

import (
	"testing"

	"messenger-bridge/bridge"
)

func TestNamedIn_NobodyCanChooseANameThatIsInTheList(t *testing.T) {
	list := []string{"nina", " @Paul.K ", "", "@", " ", "id:", "id:ünï", "fF5DLYMP2QacaNt8p", "id:rocket.boss", "mk_sales"}
	for _, c := range []struct {
		who  bridge.Author
		want bool
	}{
		{bridge.Author{ID: "a", Username: "nina"}, true},
		{bridge.Author{ID: "a", Username: "NINA"}, true},
		{bridge.Author{ID: "a", Username: "paul.k"}, true},
		{bridge.Author{ID: "fF5DLYMP2QacaNt8p", Username: "whoever"}, true},
		{bridge.Author{ID: "rocket.boss", Username: "boss"}, true},
		{bridge.Author{ID: "a", Username: "mk_sales"}, true},

		{bridge.Author{ID: "a", Username: "paul.\u212a"}, false}, // the sign of Kelvin, which folds to k
		{bridge.Author{ID: "a", Username: "m\u212a_sales"}, false},
		{bridge.Author{ID: "a", Username: "mk_\u017fales"}, false}, // the long s, which folds to s
		{bridge.Author{ID: "a", Username: "nına"}, false},
		{bridge.Author{ID: "a", Username: "nina "}, false},
		{bridge.Author{ID: "nina", Username: "x"}, false},
		{bridge.Author{ID: "a", Username: ""}, false},
		{bridge.Author{ID: "", Username: ""}, false},
		{bridge.Author{ID: "a", Username: "fF5DLYMP2QacaNt8p"}, false}, // who names herself as another's id
		{bridge.Author{ID: "a", Username: "ff5dlymp2qacant8p"}, false},
		{bridge.Author{ID: "FF5DLYMP2QACANT8P", Username: "x"}, false},
		{bridge.Author{ID: "a", Username: "id:rocket.boss"}, false},
		{bridge.Author{ID: "a", Username: "rocket.boss"}, false},
		{bridge.Author{ID: "a", Username: "id:"}, false},
	} {
		if got := c.who.NamedIn(list); got != c.want {
			t.Errorf("%q, id %q: %v", c.who.Username, c.who.ID, got)
		}
	}
}
