package bridge

import "fmt"

// explain says to an agent why a message did not reach the customer, and what to
// do. Agents can act on "connect the page again", and not on a code.
var explain = map[Reason]string{
	PageGone:         "the Facebook page is no longer connected. An administrator can connect it again; then send the message again.",
	NotApproved:      "Facebook has not approved this app for writing to this customer yet. An administrator has to finish the app review at Facebook.",
	WindowClosed:     "the customer last wrote too long ago for Messenger to accept a reply. Only a new message from the customer opens the conversation again.",
	CustomerBlocked:  "this customer cannot receive messages from the page at the moment: they may have blocked it, deleted the chat or left Facebook. Try again when they write.",
	OtherAppControls: "another app or Facebook's own assistant is handling this conversation. Take it over in the Page inbox of Facebook, then send the message again.",
	Unsupported:      "it holds nothing that can be sent to Messenger. Write the content as text.",
	Rejected:         "Facebook refused the content of this message. Change it and send it again.",
	MetaError:        "Facebook failed to take this message several times. Please send it again later.",
	Unclear:          "the connection to Facebook broke off and it cannot be found out whether the message arrived. Look into the Page inbox before you send it again.",
}

// Sentence returns what the agent reads.
func (n Notice) Sentence() string {
	switch n.Kind {
	case StillWaiting:
		return "Not delivered yet: the message is waiting and goes out by itself as soon as that is possible. You need not send it again."
	case Corrected:
		return "Delivered: the message that was waiting has now gone out."
	case Private:
		return "Your message was not sent to the customer, because it looks like a command. Begin it with another character if the customer should read it."
	}
	why := explain[n.Reason]
	if why == "" {
		why = "it was refused. Please send it again."
	}
	switch {
	case n.Reason == FilesLeft:
		return "Delivered without its files: this bridge cannot send files to Messenger yet. Describe the content as text."
	case n.Reason == Unclear:
		return "Perhaps not delivered: " + why
	case n.Part > 0:
		return fmt.Sprintf("Not delivered completely (%d of %d parts arrived): %s", n.Part, n.Parts, why)
	}
	return "Not delivered: " + why
}
