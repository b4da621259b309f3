package refusals

import (
	"strings"

	"messenger-bridge/bridge"
	"messenger-bridge/language"
)

// codes are Rocket.Chat's own of which is known what to do.
var codes = map[string]string{
	"error-app-prevented":                    language.Sentence("An app in Rocket.Chat prevents it: look at Administration, Apps."),
	"message-length-exceeds-character-limit": language.Sentence("Raise the setting Livechat_message_character_limit, or switch Livechat_enable_message_character_limit off."),
	"error-message-size-exceeded":            language.Sentence("Raise the setting Message_MaxAllowedSize."),
	"error-invalid-custom-field-value":       language.Sentence("A custom field of visitors is required or restricted: make it optional in Administration, Omnichannel, Custom fields."),
	"error-file-too-large":                   language.Sentence("Raise the setting FileUpload_MaxFileSize."),
	"error-size-not-allowed":                 language.Sentence("Raise the setting FileUpload_MaxFileSize."),
	"error-invalid-file-type":                language.Sentence("Look at the settings FileUpload_MediaTypeWhiteList and FileUpload_MediaTypeBlackList."),
	"error-type-not-allowed":                 language.Sentence("Look at the settings FileUpload_MediaTypeWhiteList and FileUpload_MediaTypeBlackList."),
}

// statuses are those of what stands before Rocket.Chat, or of Rocket.Chat itself.
var statuses = map[int]string{
	200: language.Sentence("Something before Rocket.Chat answers in its place with a web page: look at the proxy, or at a login page before it."),
	400: language.Sentence("Look into Rocket.Chat's log."),
	401: language.Sentence("Look at the bot's login, or at a login that the proxy demands."),
	403: language.Sentence("If a proxy or firewall stands before Rocket.Chat, let the bridge through there; else look at the bot's permissions."),
	404: language.Sentence("Look whether ROCKETCHAT_URL and the proxy lead to all of Rocket.Chat."),
	406: language.Sentence("A firewall before Rocket.Chat takes what was sent for an attack: make an exception for the bridge there."),
	413: language.Sentence("Raise the size that the proxy before Rocket.Chat lets through: client_max_body_size with nginx."),
	415: language.Sentence("Look which kinds of files the proxy and Rocket.Chat let through (FileUpload_MediaTypeWhiteList)."),
}

// Remedy says what an administrator can do about a refusal.
func Remedy(say *language.Speaker, a bridge.Response) string {
	sentence := codes[strings.Trim(a.Code, "[]")]
	switch {
	case sentence != "":
	case statuses[a.Status] != "":
		sentence = statuses[a.Status]
	case a.Status >= 300 && a.Status < 400:
		sentence = language.Sentence("ROCKETCHAT_URL leads elsewhere: correct it.")
	case a.Trouble():
		sentence = language.Sentence("Look into the log of Rocket.Chat, and of the proxy before it.")
	default:
		sentence = statuses[400]
	}
	return say.Say(sentence)
}
