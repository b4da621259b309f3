package notices

import (
	"messenger-bridge/bridge"
	"messenger-bridge/language"
)

// explain says to an agent why a message did not reach the customer, and what to
// do. Agents can act on "connect the page again", and not on a code.
var explain = map[bridge.Reason]string{
	bridge.PageGone:         language.Sentence("the Facebook page is no longer connected. An administrator can connect it again; then send the message again."),
	bridge.NotApproved:      language.Sentence("Facebook has not approved this app for writing to this customer yet. An administrator has to finish the app review at Facebook."),
	bridge.WindowClosed:     language.Sentence("the customer last wrote too long ago for Messenger to accept a reply. Only a new message from the customer opens the conversation again."),
	bridge.WindowOver:       language.Sentence("the customer last wrote more than 7 days ago, and Messenger accepts no reply after that. Only a new message from the customer opens the conversation again."),
	bridge.TagRefused:       language.Sentence("the customer last wrote more than 24 hours ago, and Facebook has not approved this app for answers after that (human agent). An administrator can apply for it at Facebook, or the customer writes again."),
	bridge.CustomerBlocked:  language.Sentence("this customer cannot receive messages from the page at the moment: they may have blocked it, deleted the chat or left Facebook. Try again when they write."),
	bridge.OtherAppControls: language.Sentence("another app or Facebook's own assistant is handling this conversation. Take it over in the Page inbox of Facebook, then send the message again."),
	bridge.NoComment:        language.Sentence("it is not clear which comment it should answer. Quote the comment, and send it again."),
	bridge.CommentGone:      language.Sentence("the comment is no longer there, or Facebook does not let the page answer it. Quote another comment to answer that one."),
	bridge.CommentsBarred:   language.Sentence("Facebook does not let the bridge answer comments on this page. An administrator of the page can type `/facebook authorize` and allow everything; then send it again."),
	bridge.ReviewClosed:     language.Sentence("Facebook lets no program answer this review. Open the link that stands with it, and answer there."),
	bridge.CommentFile:      language.Sentence("comments are answered with texts only. Send a link to the file."),
	bridge.CommentTwice:     language.Sentence("Facebook does not take the same text twice in a row. Change it and send it again."),
	bridge.PrivateUsed:      language.Sentence("Facebook allows one private answer to a comment, and this one has had it. Answer without !private, which everybody can read, or quote another comment."),
	bridge.PrivateOver:      language.Sentence("Facebook does not allow a private answer to this comment: it is more than 7 days old, or its author cannot be written to. Answer without !private, which everybody can read."),
	bridge.PrivateTooLong:   language.Sentence("a private answer to a comment has to fit into one message. Shorten it and send it again."),
	bridge.NowPrivate:       language.Sentence("it was published before, and everybody still reads what it said. Delete it at Facebook, and write a new message that begins with !private."),
	bridge.NowPublic:        language.Sentence("it was sent in Messenger before, and its reader still sees it there. Write a new message to publish it."),
	bridge.Unsupported:      language.Sentence("it holds nothing that can be sent to Messenger. Write the content as text."),
	bridge.Withdrawn:        language.Sentence("the message was deleted, or kept for colleagues, before it went out."),
	bridge.FilesOff:         language.Sentence("no files are sent to the customers of this page. An administrator can allow them."),
	bridge.FileType:         language.Sentence("files of this kind are not sent to the customers of this page. Send it as another kind, for example as PDF, or ask an administrator to allow it."),
	bridge.FileTooBig:       language.Sentence("the file is too large for Messenger, or for this page. Send a smaller one, or a link to it."),
	bridge.FileGone:         language.Sentence("the file is not in Rocket.Chat any more. Upload it again."),
	bridge.FileForbidden:    language.Sentence("Rocket.Chat does not let the bridge read the file. Upload it again while the conversation is open."),
	bridge.FileUnreadable:   language.Sentence("Rocket.Chat hands out only a part of the file. Upload it again."),
	bridge.FileWithheld:     language.Sentence("Rocket.Chat does not hand the file out. Upload it again."),
	bridge.FileReplaced:     language.Sentence("Rocket.Chat hands out something else in place of the file. Upload it again."),
	bridge.FileRefused:      language.Sentence("Facebook does not take this file. Send it in another format, for example as PDF, JPEG or MP4."),
	bridge.RoomOver:         language.Sentence("this room was closed before. The customer's next message opens a new one; answer there."),
	bridge.Rejected:         language.Sentence("Facebook refused the content of this message. Change it and send it again."),
	bridge.Unexplained:      language.Sentence("Facebook refused this message, and did not say why. Try it once more, or in another form."),
	bridge.MetaError:        language.Sentence("Facebook failed to take this message several times. Please send it again later."),
	bridge.CallText:         language.Sentence("Messenger customers cannot be called from here; send them a link."),
	bridge.SecretText:       language.Sentence("it is encrypted, so that only people in Rocket.Chat can read it. Write it without encryption."),
	bridge.CannotKeep:       language.Sentence("the bridge cannot keep it: it is too large, or a program has given it an id that is none. Write it again in Rocket.Chat, in smaller parts if it is long."),
	bridge.CommandText:      language.Sentence("it looks like a command now. The customer still sees what it said before."),
	bridge.OrderText:        language.Sentence("it looks like a command now. The customer still sees what it said before."),
	bridge.PrivateOutside:   language.Sentence("!private means nothing here. The customer still sees what it said before."),
	bridge.NoteText:         language.Sentence("it is a note among colleagues now. The customer still sees what it said before."),
	bridge.EditsKept:        language.Sentence("on this page, edits are not sent. The customer still sees what it said before."),
	bridge.MentionInternal:  language.Sentence("it begins with a colleague's name now, and such messages stay among colleagues. The customer still sees what it said before."),
	bridge.ThreadInternal:   language.Sentence("answers in threads stay among colleagues. The customer still sees what it said before."),
	bridge.Unclear:          language.Sentence("the connection to Facebook broke off and it cannot be found out whether the message arrived. Look into the Page inbox before you send it again."),
}

// conventions say, once in a room, which rule a message fell under.
var conventions = map[bridge.Reason]string{
	bridge.ThreadInternal:  language.Sentence("Not sent: on this page, answers in threads stay among colleagues. Write into the room itself what the customer should read. (Setting `threads`)"),
	bridge.ThreadSent:      language.Sentence("The customer gets this: answers in threads are sent, too. Begin with `!note` what only colleagues should read. (Setting `threads`)"),
	bridge.MentionInternal: language.Sentence("Not sent: messages that begin with a colleague's name stay among colleagues. Begin a new one with another word if the customer should read it. (Setting `mentions`)"),
	bridge.MentionSent:     language.Sentence("The customer gets this: on this page, messages that begin with a colleague's name are sent. Begin with `!note` what only colleagues should read. (Setting `mentions`)"),
	bridge.WithNote:        language.Sentence("Not sent: this file came with a note among colleagues. Upload it again if the customer should get it."),
	bridge.ServerText:      language.Sentence("Not sent: what rocket.cat writes is meant for agents. An integration that is to write to customers needs a user of its own."),
}

// keptSentence is what is said of what stays in the room.
func keptSentence(n bridge.Notice, say *language.Speaker) string {
	switch {
	case n.Kind == bridge.LeftOverText:
		return say.Say("Not sent yet: it still says %s, which looks like a placeholder. Edit the message, and it goes out; to send it as it is, write it once more.", n.Text)
	case n.Kind == bridge.Convention && n.Reason == bridge.TypeUnknown:
		return say.Say("Not sent: Rocket.Chat marks this message as “%s”, a kind that the bridge does not know. Write the content as text.", n.Text)
	case n.Kind == bridge.Convention:
		return say.Say(conventions[n.Reason])
	case n.Kind == bridge.Private && n.Reason == bridge.PrivateOutside:
		return say.Say("Your message was not sent to the customer: !private is for answers to comments. Outside your team only the customer reads what you write here: leave the word out to send it. What only colleagues should read begins with !note.")
	case n.Kind == bridge.Private:
		return say.Say("Your message was not sent to the customer, because it looks like a command. Begin it with another character if the customer should read it.")
	}
	return ""
}

// sentence returns what the agent reads.
func sentence(n bridge.Notice, say *language.Speaker) string {
	switch n.Kind {
	case bridge.StillWaiting:
		return say.Say("Not delivered yet: the message is waiting and goes out by itself as soon as that is possible. You need not send it again.")
	case bridge.Corrected:
		if n.Newer {
			return say.Say("Changed before it went out: the customer gets what the message says now.")
		}
		return say.Say("Delivered: the message that was waiting has now gone out.")
	case bridge.Revised:
		switch {
		case n.Newer:
			return say.Say("Delivered: the message was changed, and the customer has what it says now.")
		case n.Found:
			return say.Say("Delivered: the customer had received this message after all. It was not sent again.")
		}
		return say.Say("Delivered: the message was tried again and has now gone out.")
	case bridge.StillSeen:
		if n.Reason == bridge.PartsLeft {
			return say.Say("Changed at Facebook, but it was longer before: everybody still reads the rest of what it said. Delete that at Facebook.")
		}
		return say.Say("Deleted here only: the customer has already received this message, and still sees it.")
	case bridge.WindowEndsSoon:
		if !n.Later.IsZero() {
			return say.Say("The customer last wrote almost 24 hours ago. After %s automatic texts and bots no longer reach them; people can answer until %s.", say.Time(n.Until), say.Time(n.Later))
		}
		return say.Say("Messenger accepts answers to this customer until %s only, unless they write again.", say.Time(n.Until))
	case bridge.WindowHasEnded:
		if !n.Later.IsZero() {
			return say.Say("The customer last wrote more than 24 hours ago. People can answer until %s.", say.Time(n.Later))
		}
		return say.Say("The customer last wrote more than 24 hours ago. Messenger accepts no answers any more until they write again.")
	case bridge.SurveySkipped:
		switch n.Reason {
		case bridge.WroteAgain:
			return say.Say("The customer was not asked how satisfied they are: they have written again.")
		case bridge.WindowClosed:
			return say.Say("The customer was not asked how satisfied they are: they last wrote too long ago for Messenger to accept the question.")
		}
		return say.Say("The customer may not have been asked how satisfied they are: the question was not delivered.")
	case bridge.Private, bridge.Note, bridge.HeldBack, bridge.LeftOverText, bridge.Released, bridge.Convention, bridge.AnsweredAside:
		return keptSentence(n, say)
	case bridge.PartLeft:
		if n.Reason == bridge.TooManyFiles {
			return say.Say("Sent without %s of its files: one message may hold %d. Send the others in messages of their own.", n.Text, bridge.MostAttached)
		}
		return say.Say("Sent without a part of it that cannot be read: %s. Write that part as text.", n.Text)
	}
	why := explain[n.Reason]
	if why == "" {
		why = language.Sentence("it was refused. Please send it again.")
	}
	why = say.Say(why)
	if n.Reason == bridge.FileWithheld && n.Status > 0 {
		why = say.Say("Rocket.Chat does not hand the file out (HTTP %d). Upload it again.", n.Status)
	}
	if n.Reason == bridge.Unexplained && n.Code != "" {
		why = say.Say("Facebook refused this message with the error %s, and did not say why. Try it once more, or in another form.", n.Code)
	}
	switch {
	case n.Kind == bridge.FileLeft:
		return say.Say("The file %s was not delivered: %s", n.Text, why)
	case n.Reason == bridge.Unclear:
		return say.Say("Perhaps not delivered: %s", why)
	case n.Edit > 0:
		return say.Say("The correction of this message was not delivered: %s", why)
	case n.Part > 0:
		return say.Say("Not delivered completely (%d of %d parts arrived): %s", n.Part, n.Parts, why)
	}
	return say.Say("Not delivered: %s", why)
}
