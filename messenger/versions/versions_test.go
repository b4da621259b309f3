package versions

import "testing"

// TestVersions_AreInOrder: whoever adds one adds it behind the others, with an end.
func TestVersions_AreInOrder(t *testing.T) {
	for i, v := range versions {
		if v.Ends.IsZero() || i > 0 && v.Ends.Before(versions[i-1].Ends) {
			t.Errorf("%+v", v)
		}
	}
	if last := versions[len(versions)-1]; last.Name != Newest || last.Announced {
		t.Errorf("the newest is %+v", last)
	}
}
