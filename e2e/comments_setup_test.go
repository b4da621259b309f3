package e2e

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/sandbox/meta"
)

// commentScopes are what Facebook asks for in addition when a page wants comments.
var commentScopes = []string{"pages_read_user_content", "pages_manage_engagement"}

// connectedForMessages is an office with a page that was connected for messages only.
func connectedForMessages(t *testing.T) *office {
	t.Helper()
	o := openOffice(t, bypassed)
	o.cfg.Times.WatchEvery = 50 * time.Millisecond
	o.meta.NamePerson(commenter, "Anna Example", anna)
	o.run()
	o.connect(bakery)
	return o
}

// asked are the permissions that Facebook's dialog asks for.
func (o *office) askedScopes(dialog string) []string {
	o.Helper()
	u, err := url.Parse(dialog)
	if err != nil {
		o.Fatal(err)
	}
	return strings.Split(u.Query().Get("scope"), ",")
}

// feedAt reports at which levels comments are subscribed.
func (o *office) feedAt() (page, app bool) {
	return slices.Contains(o.meta.Subscribed(bakery), "feed"), slices.Contains(o.meta.AppSubscribed(), "feed")
}

// feedIs waits until comments are subscribed at both levels, or at none.
func (o *office) feedIs(on bool) {
	o.Helper()
	o.eventually("comments are subscribed at both levels, or at none", func() bool {
		page, app := o.feedAt()
		return page == on && app == on
	})
	if missing := append(missingFrom(o.meta.Subscribed(bakery)), missingFrom(o.meta.AppSubscribed())...); len(missing) > 0 {
		o.Errorf("other fields were dropped: %v", missing)
	}
}

// hearsOf waits until the setup channel hears something.
func (o *office) hearsOf(part string) {
	o.Helper()
	o.eventually("the setup channel hears: "+part, func() bool { return strings.Contains(o.announced(), part) })
}

// commented lets Anna comment and returns the comment and its room.
func (o *office) comments(post, text string) (comment, rid string) {
	o.Helper()
	comment = o.meta.PersonComments(post, commenter, text)
	return comment, o.shownIn(text)
}

// shownIn waits until what a customer wrote is shown, and returns the room.
func (o *office) shownIn(text string) (rid string) {
	o.Helper()
	o.eventually(text+" is shown", func() bool {
		for _, room := range o.rc.Rooms() {
			if slices.ContainsFunc(o.rc.CustomerTexts(room.ID), func(m string) bool { return strings.HasSuffix(m, text) }) {
				rid = room.ID
			}
		}
		return rid != ""
	})
	return rid
}

// allowComments goes through the dialog behind a link, and declines some permissions there.
func (o *office) allowComments(link string, decline ...string) *window {
	o.Helper()
	b := o.openWindow()
	dialog := b.toDialog(link)
	if asked := o.askedScopes(dialog); len(asked) != 7 || !slices.Contains(asked, commentScopes[0]) || !slices.Contains(asked, commentScopes[1]) {
		o.Errorf("the dialog asks for %v", asked)
	}
	return b.get(b.consent(dialog, meta.Choice{Pages: []string{bakery}, Decline: decline}))
}

// TestCommentsSetUp_OneLogin leads from a page that was connected for messages to comments
// that are answered, and back.
func TestCommentsSetUp_OneLogin(t *testing.T) {
	t.Parallel()
	o := connectedForMessages(t)
	if asked := o.askedScopes(o.openWindow().toDialog(o.link())); len(asked) != 5 {
		t.Errorf("an ordinary authorisation asks for %v", asked)
	}
	post := o.meta.AddPost(bakery, "Fresh bread")
	o.meta.PersonComments(post, commenter, "too early")

	said := o.private("maria", o.setup(), "!facebook edit "+bakery+" comments on")
	for _, part := range []string{"`comments` is now “on”", "to read comments (`pages_read_user_content`)", "to answer and hide comments (`pages_manage_engagement`)",
		"Messages are not affected", "asks Facebook for exactly that in addition", "App Review"} {
		if !strings.Contains(said, part) {
			t.Errorf("%q is not in the answer:\n%s", part, said)
		}
	}
	o.hearsOf("something is missing for comments")
	for _, shown := range []string{o.public("!facebook pages"), o.public("!facebook status")} {
		if !strings.Contains(shown, ":warning:") || !strings.Contains(shown, "Running; something is missing for comments (a permission is missing: to read comments") {
			t.Errorf("shown is:\n%s", shown)
		}
	}
	o.talks(bakery)

	o.allowComments(o.linkIn(said)).choose([]string{bakery}).shows("connected", http.StatusOK, "connected")
	o.feedIs(true)
	o.hearsOf("what people write on the page and below its posts") // in the announcement of the page, or after it
	if pages := o.public("!facebook pages"); strings.Contains(pages, ":warning:") {
		t.Errorf("shown is:\n%s", pages)
	}

	comment, rid := o.comments(post, "Is it warm?")
	if slices.ContainsFunc(o.texts(), func(text string) bool { return strings.Contains(text, "too early") }) {
		t.Error("a comment came that nobody had subscribed")
	}
	answer := o.agent.Says(rid, "It is")
	o.eventually("it is answered publicly", func() bool { return slices.Equal(o.meta.PageReplies(comment), []string{"It is"}) })
	o.agent.Says(rid, "!private Come by")
	o.eventually("and privately", func() bool { return len(o.meta.CustomerSees(bakery, anna)) > 0 })
	o.agent.Edits(answer, "It was")
	o.eventually("the answer is edited", func() bool { return slices.Equal(o.meta.PageReplies(comment), []string{"It was"}) })
	o.meta.HideComment(comment, true)
	o.eventually("hiding is said", func() bool { return len(containing(o.hears(rid), "This comment was hidden at Facebook")) == 1 })
	o.meta.RemoveComment(comment)
	o.eventually("deletion is said", func() bool { return len(containing(o.hears(rid), "A comment was deleted at Facebook")) == 1 })

	o.halt()
	o.run()
	_, rid = o.comments(post, "after a restart")
	if said := o.public("!facebook edit " + bakery + " comments off"); !strings.Contains(said, "`comments` is now “off”") {
		t.Errorf("answered: %s", said)
	}
	o.feedIs(false)
	o.hearsOf("comments no longer arrive, they were switched off")
	o.meta.PersonComments(post, commenter, "too late")
	o.talks(bakery)
	o.settled()
	if slices.ContainsFunc(o.texts(), func(text string) bool { return strings.Contains(text, "too late") }) {
		t.Error("a comment came after they were switched off")
	}
	if said := o.public("!facebook edit " + bakery + " comments on"); !strings.Contains(said, "arrives from now on") {
		t.Errorf("with the permissions still there, the answer is: %s", said)
	}
	o.feedIs(true)
	o.comments(post, "once more")
}

// TestCommentsSetUp_Declined: whoever declines a permission in the dialog is told there, and
// keeps the page for messages.
func TestCommentsSetUp_Declined(t *testing.T) {
	t.Parallel()
	o := connectedForMessages(t)
	link := o.linkIn(o.private("maria", o.setup(), "!facebook edit "+bakery+" comments on"))
	b := o.allowComments(link, commentScopes[0])
	b.shows("the tick boxes", http.StatusOK, "A permission is missing", "pages_read_user_content", "to read comments")
	b.choose([]string{bakery}).shows("connected", http.StatusOK, "Something is missing for comments", "pages_read_user_content")
	o.hearsOf("Something is missing for comments: a permission is missing: to read comments (`pages_read_user_content`)")
	if page, _ := o.feedAt(); page || o.pageNow(bakery).State != bridge.PageRunning {
		t.Errorf("the page is %s, its fields are %v", o.pageNow(bakery).State, o.meta.Subscribed(bakery))
	}
	o.talks(bakery)

	o.allowComments(o.link()).choose([]string{bakery}).shows("connected", http.StatusOK, "connected") // asked again, as the setting is on
	o.feedIs(true)
	o.comments(o.meta.AddPost(bakery, "Fresh bread"), "Is it warm?")
}

// TestCommentsSetUp_LostLater takes away a permission, and the field at either level, from a
// page whose comments come.
func TestCommentsSetUp_LostLater(t *testing.T) {
	t.Parallel()
	o := connectedForMessages(t)
	o.allowComments(o.linkIn(o.private("maria", o.setup(), "!facebook edit "+bakery+" comments on"))).choose([]string{bakery})
	o.feedIs(true)
	post := o.meta.AddPost(bakery, "Fresh bread")
	comment, rid := o.comments(post, "Is it warm?")

	o.meta.SubscribePage(bakery, meta.MessageFields...)
	o.hearsOf("had lost its subscription to comments (feed) and was subscribed again")
	o.feedIs(true)
	o.meta.SubscribeApp(meta.MessageFields...)
	o.hearsOf("The Meta app had lost its subscription to comments (feed)")
	o.feedIs(true)
	o.comments(post, "Is it still warm?")
	o.talks(bakery)

	o.meta.SetScope(o.person, commentScopes[0], "declined")
	o.meta.SetScope(o.person, commentScopes[1], "declined")
	o.meta.SubscribePage(bakery, meta.MessageFields...)
	told := o.agent.Says(rid, "It is")
	o.eventually("the agent is told", func() bool { return len(o.notices(rid, told)) == 1 })
	o.hearsOf("runs, but something is missing for comments: a permission is missing: to read comments")
	if o.pageNow(bakery).State != bridge.PageRunning || len(o.meta.PageReplies(comment)) > 0 {
		t.Errorf("the page is %s", o.pageNow(bakery).State)
	}
	o.talks(bakery)
	o.halt()
	o.run()
	if pages := o.public("!facebook pages"); !strings.Contains(pages, "something is missing for comments") {
		t.Errorf("after a restart:\n%s", pages)
	}
	o.talks(bakery)
	o.allowComments(o.link()).choose([]string{bakery}).shows("connected", http.StatusOK, "connected")
	o.feedIs(true)
	o.comments(post, "And now?")
}

// TestCommentsSetUp_Form switches comments on in the form: the sentence and the link come by
// direct message.
func TestCommentsSetUp_Form(t *testing.T) {
	t.Parallel()
	o := connectedForMessages(t)
	b := o.openWindow().get(o.linkIn(o.private("maria", o.setup(), "!facebook edit "+bakery)))
	form, action := b.form()
	form["comments"] = []string{"off", "on"}
	before := len(o.rc.DirectMessages("maria"))
	b.send(form, action).shows("saved", http.StatusOK, "by direct message")
	o.eventually("maria is told", func() bool { return len(o.rc.DirectMessages("maria")) > before })
	said := o.rc.DirectMessages("maria")[before].Text
	if !strings.Contains(said, "asks Facebook for exactly that in addition") {
		t.Errorf("said: %s", said)
	}
	b.get(o.linkIn(o.private("maria", o.setup(), "!facebook edit "+bakery))).shows("the form", http.StatusOK, "Something is missing for comments", "pages_read_user_content")
	o.allowComments(o.linkIn(said)).choose([]string{bakery})
	o.feedIs(true)
}

// TestCommentsSetUp_Dialog is the same in the app's dialog.
func TestCommentsSetUp_Dialog(t *testing.T) {
	t.Parallel()
	o := openOfficeWithApp(t)
	o.connect(bakery)
	d := o.dialogOf(bakery)
	before := len(o.rc.DirectMessages("maria"))
	if wrong := o.rc.Submit("maria", d, map[string]string{"comments": "on"}); len(wrong) != 0 {
		t.Errorf("the dialog says %v", wrong)
	}
	o.eventually("maria is told", func() bool { return len(o.rc.DirectMessages("maria")) > before })
	said := o.rc.DirectMessages("maria")[before].Text
	if !strings.Contains(said, "asks Facebook for exactly that in addition") {
		t.Errorf("said: %s", said)
	}
	o.allowComments(o.linkIn(said)).choose([]string{bakery})
	o.feedIs(true)
	o.comments(o.meta.AddPost(bakery, "Fresh bread"), "Is it warm?")
}
