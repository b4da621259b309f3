package meta

// RestoreMessage puts a message into a thread under the id it has always had, and tells
// nobody: of the customer, or of the page, sent by our own app.
func (m *Messenger) RestoreMessage(page, customer, mid, text string, fromPage bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := m.thread(threadKey{page, customer})
	msg := &message{key: t.key, mid: mid, text: text, at: m.stamp(t), fromPage: fromPage}
	if fromPage {
		msg.app = m.AppID()
	} else {
		t.opened = msg.at
	}
	m.add(t, msg)
}
