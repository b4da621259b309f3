package messenger

import (
	"maps"
	"slices"
	"strconv"

	"messenger-bridge/bridge"
)

type wirePostback struct {
	Mid      mid           `json:"mid"` // older ones have none
	Title    text          `json:"title"`
	Payload  text          `json:"payload"` // not in standby
	Referral *wireReferral `json:"referral"`
}

func (p *wirePostback) read(in *bridge.Incoming, when string) {
	in.Kind, in.Mid = bridge.TapEvent, bridge.Mid(p.Mid)
	in.Tap = &bridge.Tap{Title: string(p.Title), Payload: string(p.Payload)}
	if in.Key = bridge.MessageKey(in.Mid); p.Mid == "" { // threads show the tap as a message with this id
		in.Key = "p//" + when
	}
	if p.Referral != nil {
		in.Origin = p.Referral.origin()
	}
}

type wireReaction struct {
	Mid    mid  `json:"mid"`
	Action text `json:"action"`
	Name   text `json:"reaction"`
	Emoji  text `json:"emoji"`
}

func (r *wireReaction) read(in *bridge.Incoming, when string) {
	in.Kind, in.Mid = bridge.ReactionEvent, bridge.Mid(r.Mid)
	in.Reaction = &bridge.Reaction{Name: string(r.Name), Emoji: string(r.Emoji), Removed: r.Action == "unreact"}
	in.Key = "r/" + string(r.Mid) + "/" + when + "/" + strconv.FormatBool(in.Reaction.Removed)
}

type wireEdit struct {
	Mid  mid    `json:"mid"`
	Text text   `json:"text"`
	Num  number `json:"num_edit"`
}

func (e *wireEdit) read(in *bridge.Incoming, when string) {
	in.Kind, in.Mid, in.Text, in.Edit = bridge.EditEvent, bridge.Mid(e.Mid), string(e.Text), max(int(e.Num), 0)
	in.Key = bridge.EditKey(in.Mid, in.Edit)
	if in.Edit == 0 {
		in.Key += "/" + when
	}
}

type wireReceipt struct {
	Watermark number `json:"watermark"`
}

func (r *wireReceipt) read(in *bridge.Incoming, kind bridge.EventKind) (why string) {
	in.Kind, in.Watermark = kind, r.Watermark.time()
	if in.Watermark.IsZero() {
		return kindReceipt
	}
	in.Key = string(kind) + "/" + string(in.Conversation.Customer) + "/" + strconv.FormatInt(in.Watermark.UnixMilli(), 10)
	return ""
}

type wireReferral struct {
	Ref     text `json:"ref"`
	Source  text `json:"source"`
	Ad      id   `json:"ad_id"`
	Referer text `json:"referer_uri"`
	Product struct {
		ID id `json:"id"`
	} `json:"product"`
	Context struct {
		Title   text `json:"ad_title"`
		Post    text `json:"post_id"`
		Product id   `json:"product_id"`
	} `json:"ads_context_data"`
}

func (r *wireReferral) origin() *bridge.Origin {
	return &bridge.Origin{
		Source: string(r.Source), Ref: string(r.Ref), Ad: string(r.Ad), Title: string(r.Context.Title), Post: string(r.Context.Post),
		Product: first(text(r.Product.ID), text(r.Context.Product)), URL: string(r.Referer),
	}
}

type wireOptin struct {
	Type   text `json:"type"`
	Title  text `json:"title"`
	Ref    text `json:"ref"`
	Status text `json:"notification_messages_status"`
}

func (o *wireOptin) read(in *bridge.Incoming, when string, out bool) {
	in.Kind, in.Key, in.Text, in.Detail = bridge.OptinEvent, "optin/"+when, first(o.Title, o.Ref), "in"
	if out || o.Status == "STOP NOTIFICATIONS" {
		in.Detail = "out"
	}
}

type wireThreadControl struct {
	From    id `json:"previous_owner_app_id"`
	To      id `json:"new_owner_app_id"`
	Request id `json:"requested_owner_app_id"`
}

func (t *wireThreadControl) read(in *bridge.Incoming, when, what string) {
	in.Kind, in.Key = bridge.HandoverEvent, "handover/"+what+"/"+when
	in.Handover = &bridge.Handover{What: what, From: appName(t.From), To: appName(id(first(text(t.To), text(t.Request))))}
}

type wirePolicy struct {
	Action text `json:"action"`
	Reason text `json:"reason"`
}

func (p *wirePolicy) read(in *bridge.Incoming, when string) {
	in.Kind, in.Key = bridge.PolicyEvent, "policy/"+when
	in.Detail, in.Text = string(p.Action), string(p.Reason)
}

type wireFeedback struct {
	Screens []struct {
		Questions map[string]wireAnswer `json:"questions"`
	} `json:"feedback_screens"`
}

type wireAnswer struct {
	Payload  text `json:"payload"`
	FollowUp struct {
		Payload text `json:"payload"`
	} `json:"follow_up"`
}

func (f *wireFeedback) read(in *bridge.Incoming, when string) {
	in.Kind, in.Key = bridge.FeedbackEvent, "feedback/"+when
	for _, screen := range f.Screens {
		for _, id := range slices.Sorted(maps.Keys(screen.Questions)) {
			a := screen.Questions[id]
			for _, said := range []text{a.Payload, a.FollowUp.Payload} {
				if said != "" {
					in.Answers = append(in.Answers, string(said))
				}
			}
		}
	}
}
