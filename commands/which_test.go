package commands

import (
	"testing"

	"messenger-bridge/bridge"
)

func TestNamed_PutsTheIdOfThePageInFront(t *testing.T) {
	shop, bakery, north := bridge.Page{ID: "100", Name: "Shop  Berlin"}, bridge.Page{ID: "200", Name: "Bäckerei"}, bridge.Page{ID: "300", Name: "Shop Berlin Nord"}
	both, one := []bridge.Page{shop, bakery, north}, []bridge.Page{shop}
	for _, c := range []struct {
		pages   []bridge.Page
		how     pageFirst
		typed   string
		want    string
		several int
	}{
		{both, unnamed, "Shop", "Shop", 0},
		{both, beforeSetting, "100 welcome Hi", "100 welcome Hi", 0},
		{both, beforeSetting, "bäck welcome Hi  there\nyou", "200 welcome Hi  there\nyou", 0},
		{both, beforeSetting, `"bäck" welcome Hi`, "200 welcome Hi", 0},
		{both, beforeSetting, "„Bäckerei“ welcome", "200 welcome", 0},
		{both, beforeSetting, "shop berlin welcome Hi", "100 welcome Hi", 0},
		{both, beforeSetting, "shop berlin nord welcome Hi", "300 welcome Hi", 0},
		{both, beforeSetting, `"Nord" welcome Hi`, "300 welcome Hi", 0},
		{both, beforeSetting, "shop welcome Hi", "shop welcome Hi", 2},
		{both, beforeSetting, "welcome Hi", "welcome Hi", 0},
		{both, beforeNothing, "", "", 0},
		{both, beforeNothing, "999", "999", 0},
		{both, beforeNothing, "00", "00", 0},
		{one, beforeNothing, "", "100 ", 0},
		{one, beforeNothing, "confirm abc", "100 confirm abc", 0},
		{one, beforeNothing, "bakery", "bakery", 0},
		{one, beforeNothing, "berlin", "100", 0},
		{one, beforeSetting, "welcome Hi", "100 welcome Hi", 0},
		{one, beforeSetting, "999 welcome Hi", "999 welcome Hi", 0},
		{one, beforeCustomer, "7001", "100 7001", 0},
		{one, beforeCustomer, "7001 confirm abc", "100 7001 confirm abc", 0},
		{one, beforeCustomer, "999 7001", "999 7001", 0},
		{one, beforeCustomer, "https://chat.example/live/abc", "100 https://chat.example/live/abc", 0},
		{one, beforeCustomer, "shop 7001", "100 7001", 0},
		{one, beforeCustomer, "Anna Example", "100 Anna Example", 0},
		{one, beforeCustomer, "shop Anna Example", "100 Anna Example", 0},
		{both, beforeCustomer, "Anna Example", "Anna Example", 0},
		{one, ifNamed, "", "", 0},
		{one, ifNamed, "before 17", "before 17", 0},
		{one, ifNamed, "shop before 17", "100 before 17", 0},
	} {
		got, several := named(c.pages, c.how, c.typed)
		if got != c.want || len(several) != c.several {
			t.Errorf("%q becomes %q, want %q; %d pages", c.typed, got, c.want, len(several))
		}
	}
}
