// Package meta plays Facebook Messenger well enough to fool the bridge: a server on a real
// socket, and a control interface for what people and Meta do. With package chat it serves the
// tests, the benchmarks and the program's demo. It knows nothing of the bridge's code on
// purpose: a misreading of an API must not agree with itself.
//
// Start starts the Graph API and the sender of webhooks. One can then make
//
//   - customers write, edit, react, tap, read, block the page and unsend: CustomerWrites, the
//     Event helpers with Send, BlockCustomer, Unsend; and ask what they see: CustomerSees, Thread;
//   - others answer in the page's name: PageInboxWrites, OtherAppWrites, AIWrites;
//   - webhooks come late, twice, together, shuffled, in batches, unsigned or torn: HoldWebhooks,
//     DuplicateWebhooks, RepeatWebhooks, ShuffleWebhooks, BatchWebhooks, Post, or never, DropWebhooks,
//     WritesUnnoticed; wait for them: Flush;
//   - echoes come before the answer, late, twice, never, in standby: Echoes;
//   - sends fail before or after taking effect: OnSend, NextSends with DeliveredThenCut, CutBefore,
//     Status500, HTML502, Unknown1 and their siblings;
//   - tokens die, pages lose permissions and subscriptions: KillToken, ReviveToken, Grant, SubscribePage;
//   - windows close, limits bite, the API hangs or goes away: CloseWindow, Throttle, Usage, Hang, Down, Up;
//   - Meta behave in the other way where nobody knows: Tweak with Quirks.
//
// Calls, WebhookAnswers, Problems and Alerts say what was noted, Changed and Until wait for
// it. Problems is empty for a client that makes no mistake.
package meta
