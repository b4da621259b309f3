package e2e

import (
	"strings"
	"testing"
)

// TestCustomers_ByName_InFullOnly: a name in full is enough for one customer; what is less, or fits
// several, lists who may be meant, to the person alone, and does nothing; it outlives restarts, and
// ends with the customer.
func TestCustomers_ByName_InFullOnly(t *testing.T) {
	t.Parallel()
	const secondBen = "7001002003004007"
	o := openOffice(t, bypassed)
	o.meta.NameCustomer(anna, "Anna", "Example")
	o.meta.NameCustomer(ben, "Ben", "Twice")
	o.meta.NameCustomer(secondBen, "Ben", "Twice")
	o.run()
	o.connect(bakery)
	for customer, name := range map[string]string{anna: "Anna Example", ben: "Ben Twice", secondBen: "Ben Twice"} {
		rid := o.talksWith(bakery, customer, "Hello from "+customer)
		o.eventually(name+" is known by name", func() bool {
			r, _ := o.rc.Room(rid)
			return r.VisitorName == name
		})
	}
	o.halt()
	o.run()
	direct := o.rc.DirectRoom("maria", ourBot)
	for _, c := range []struct {
		typed       string
		says, never []string
	}{
		{"block anna  EXAMPLE", []string{"`Anna Example` is the customer `" + anna + "` of *Bakery*", "can no longer write"}, nil},
		{`unblock bakery "Anna Example"`, []string{"may write to *Bakery* again"}, nil},
		{"block Anna", []string{"No customer of *Bakery* is called `Anna`", "Nothing was changed", "`" + anna + "` Anna Example", "open the chat"}, []string{"can no longer", ben}},
		{"block Anna Exmaple", []string{"Did you mean one of these?", "`" + anna + "`"}, []string{"can no longer"}},
		{"block Ben Twice", []string{"Several customers of *Bakery* are called `Ben Twice`", "`" + ben + "`", "`" + secondBen + "`"}, []string{"can no longer", anna}},
		{"block Nobody Known", []string{"Nothing is stored about the customer `Nobody Known`"}, []string{"can no longer"}},
	} {
		got := o.private("maria", direct, c.typed)
		for _, part := range c.says {
			if !strings.Contains(got, part) {
				t.Errorf("%q is answered %q, without %q", c.typed, got, part)
			}
		}
		for _, part := range c.never {
			if strings.Contains(got, part) {
				t.Errorf("%q is answered %q, with %q", c.typed, got, part)
			}
		}
	}
	if got := o.private("maria", o.setup(), "/facebook block ben"); !strings.Contains(got, "Ben Twice") {
		t.Errorf("typed in the setup channel, the names come by direct message: %q", got)
	}
	if got := containing(o.hears(o.setup()), "Ben Twice"); len(got) > 0 {
		t.Errorf("names are said to all: %q", got)
	}
	if got := o.private("maria", direct, offeredIn(t, o.private("maria", direct, "forget anna example"))); !strings.Contains(got, "is forgotten") {
		t.Errorf("forgetting is answered %q", got)
	}
	if got := o.private("maria", direct, "block anna example"); !strings.Contains(got, "Nothing is stored about the customer `anna example`") {
		t.Errorf("whoever was forgotten is still known by name: %q", got)
	}
}
