package wire

import (
	"maps"
	"slices"
)

// Known are kinds of things that a message can be or hold, by the names that Rocket.Chat
// gives them, with what becomes of them on the way to the customer.
type Known struct {
	Names   []string
	Becomes string
}

// KnownTypes are the types of messages (t), the unknown last.
func KnownTypes() []Known {
	return []Known{
		{nil, "what is written by people, bots and apps is sent; what `rocket.cat` writes stays in the room, with 🔒"},
		{namesOf(types, aCall), "its link is sent, with the words beside it; without a link the agent is told. Nothing once the call is over"},
		{namesOf(types, aSecret), "not sent; the agent is told"},
		{namesOf(types, theEnd), "the comment stays in the room; the page's `finished` text follows"},
		{namesOf(types, aDeletion), "not sent if it is in time; else the agent is told that the customer still sees it"},
		{namesOf(types, aNote), "nothing: Rocket.Chat notes what happened in the room"},
		{[]string{"any other"}, "not sent; if it says anything, it gets 🔒, and the room is told so, once for each type"},
	}
}

// KnownBlocks are the blocks and elements of UiKit, the unknown last.
func KnownBlocks() []Known {
	return []Known{
		{namesOf(blockKinds, asWords), "their words, and those of what they hold, line by line"},
		{namesOf(blockKinds, asButton), "a button; a line of text where Messenger does not take it"},
		{namesOf(blockKinds, asOptions), "their words, and each option as a line"},
		{namesOf(blockKinds, asPicture), "its title and its address"},
		{namesOf(blockKinds, asCall), "as the type `videoconf`"},
		{namesOf(blockKinds, asNothing), "nothing: they say nothing"},
		{[]string{"any other"}, "what they say in places that are known; if there is nothing, the agent is told their kind"},
	}
}

// KnownAttachments are the kinds of attachments, the unknown last.
func KnownAttachments() []Known {
	return []Known{
		{[]string{fileAttachment, "anything whose address begins with " + uploaded}, "a file, with its description, if it is one that the customer may read"},
		{[]string{removedFile}, "nothing"},
		{[]string{"message_link"}, "a quote; without words of one's own, the quoted text itself; of another room, or a second one, in words before the text. What stays in the room, and what the bridge says to agents, is not quoted"},
		{[]string{"title_link or image_url that stands in the text as well"}, "nothing: Rocket.Chat made it of the link"},
		{[]string{"pretext", "author_name", "title", "text", "description", "fields", "footer"}, "lines of text"},
		{[]string{"title_link", "image_url", "audio_url", "video_url", "thumb_url"}, "links"},
		{[]string{"actions"}, "buttons; lines of text where Messenger does not take them"},
		{[]string{"any other type"}, "what it says in the places above; if there is nothing, the agent is told its type"},
	}
}

// namesOf returns the names of one kind, sorted.
func namesOf[K comparable](all map[string]K, kind K) (names []string) {
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if all[name] == kind {
			names = append(names, name)
		}
	}
	return names
}
