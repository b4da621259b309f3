// Package messenger is the Graph client: through it a page's messages reach
// customers, and pages are authorised and subscribed. It turns Meta's codes into
// verdicts. It knows nothing of Rocket.Chat, and it stores and repeats nothing: the
// bridge does. How Meta writes is in wire, what Meta sends is taken by webhook.
//
// Numbers such as (messenger.md 3.9) name sections of the authors' notes, which are not in this
// repository; what the code relies on is said beside them.
package messenger
