// Package backfill fetches what customers wrote while webhooks may have gone missing.
//
//   - WebhookHeartbeat notes once a minute that webhooks can be received; where the note is
//     missing, every page has a gap.
//   - Gaps remembers for each page since when messages may be missing. Package pages opens
//     a gap when Meta turns out not to have sent a page's events, and says when the page
//     is in order again.
//   - Filler then reads the page's conversations and hands over what no webhook brought.
package backfill
