package wire

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"messenger-bridge/bridge"
)

type postback struct {
	Mid      Mid       `json:"mid"` // older ones have none
	Title    Text      `json:"title"`
	Payload  Text      `json:"payload"` // not in standby
	Referral *referral `json:"referral"`
}

func (p *postback) read(in *bridge.Incoming, when string) {
	in.Kind, in.Mid = bridge.TapEvent, bridge.Mid(p.Mid)
	in.Tap = &bridge.Tap{Title: string(p.Title), Payload: string(p.Payload)}
	if in.Key = bridge.MessageKey(in.Mid); p.Mid == "" { // threads show the tap as a message with this id
		in.Key = "p//" + when
	}
	if p.Referral != nil {
		in.Origin = p.Referral.origin()
	}
}

type reaction struct {
	Mid    Mid  `json:"mid"`
	Action Text `json:"action"`
	Name   Text `json:"reaction"`
	Emoji  Text `json:"emoji"`
}

func (r *reaction) read(in *bridge.Incoming, when string) {
	in.Kind, in.Mid = bridge.ReactionEvent, bridge.Mid(r.Mid)
	in.Reaction = &bridge.Reaction{Name: string(r.Name), Emoji: string(r.Emoji), Removed: r.Action == "unreact"}
	in.Key = "r/" + string(r.Mid) + "/" + when + "/" + strconv.FormatBool(in.Reaction.Removed)
}

type edit struct {
	Mid  Mid    `json:"mid"`
	Text Text   `json:"text"`
	Num  Number `json:"num_edit"`
}

func (e *edit) read(in *bridge.Incoming, when string) {
	in.Kind, in.Mid, in.Text, in.Edit = bridge.EditEvent, bridge.Mid(e.Mid), string(e.Text), max(int(e.Num), 0)
	in.Key = bridge.EditKey(in.Mid, in.Edit)
	if in.Edit == 0 {
		in.Key += "/" + when
	}
	if in.Text == "" { // it must not stand for one that comes with its words
		in.Key += "/wordless"
	}
}

type receipt struct {
	Watermark Number `json:"watermark"`
}

func (r *receipt) read(in *bridge.Incoming, kind bridge.EventKind) (why string) {
	in.Kind, in.Watermark = kind, r.Watermark.Time()
	if in.Watermark.IsZero() {
		return kindReceipt
	}
	in.Key = string(kind) + "/" + string(in.Conversation.Customer) + "/" + strconv.FormatInt(in.Watermark.UnixMilli(), 10)
	return ""
}

type referral struct {
	Ref     Text `json:"ref"`
	Source  Text `json:"source"`
	Ad      ID   `json:"ad_id"`
	Referer Text `json:"referer_uri"`
	Product struct {
		ID ID `json:"id"`
	} `json:"product"`
	Context struct {
		Title   Text `json:"ad_title"`
		Post    Text `json:"post_id"`
		Product ID   `json:"product_id"`
	} `json:"ads_context_data"`
}

func (r *referral) origin() *bridge.Origin {
	return &bridge.Origin{
		Source: string(r.Source), Ref: string(r.Ref), Ad: string(r.Ad), Title: string(r.Context.Title), Post: string(r.Context.Post),
		Product: First(Text(r.Product.ID), Text(r.Context.Product)), URL: string(r.Referer),
	}
}

type optin struct {
	Type   Text `json:"type"`
	Title  Text `json:"title"`
	Ref    Text `json:"ref"`
	Status Text `json:"notification_messages_status"`
	Token  Text `json:"notification_messages_token"`
	Once   Text `json:"one_time_notif_token"`
}

// read tells a consent from a way in: who comes through the Send to Messenger button has
// agreed to nothing (messenger.md 2.11).
func (o *optin) read(in *bridge.Incoming, when string, out bool) {
	in.Key = "optin/" + when
	if !out && First(o.Type, o.Title, o.Status, o.Token, o.Once) == "" {
		in.Kind, in.Origin = bridge.ReferralEvent, &bridge.Origin{Source: bridge.SendToMessenger, Ref: string(o.Ref)}
		return
	}
	in.Kind, in.Text, in.Detail = bridge.OptinEvent, First(o.Title, o.Ref), "in"
	if out || strings.HasPrefix(strings.ToUpper(string(o.Status)), "STOP") {
		in.Detail = "out"
	}
}

type threadControl struct {
	From    ID `json:"previous_owner_app_id"`
	To      ID `json:"new_owner_app_id"`
	Request ID `json:"requested_owner_app_id"`
}

func (t *threadControl) read(in *bridge.Incoming, when, what string) {
	in.Kind, in.Key = bridge.HandoverEvent, "handover/"+what+"/"+when
	in.Handover = &bridge.Handover{What: what, From: appName(t.From), To: appName(ID(First(Text(t.To), Text(t.Request))))}
}

type policy struct {
	Action Text `json:"action"`
	Reason Text `json:"reason"`
}

func (p *policy) read(in *bridge.Incoming, when string) {
	in.Kind, in.Key = bridge.PolicyEvent, "policy/"+when
	in.Detail, in.Text = string(p.Action), string(p.Reason)
}

type feedback struct {
	Screens []struct {
		Questions map[string]answer `json:"questions"`
	} `json:"feedback_screens"`
}

type answer struct {
	Payload  Text `json:"payload"`
	FollowUp struct {
		Payload Text `json:"payload"`
	} `json:"follow_up"`
}

func (f *feedback) read(in *bridge.Incoming, when string) {
	in.Kind, in.Key = bridge.FeedbackEvent, "feedback/"+when
	for _, screen := range f.Screens {
		for _, id := range slices.Sorted(maps.Keys(screen.Questions)) {
			a := screen.Questions[id]
			for _, said := range []Text{a.Payload, a.FollowUp.Payload} {
				if said != "" {
					in.Answers = append(in.Answers, string(said))
				}
			}
		}
	}
}
