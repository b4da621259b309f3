package meta

import "time"

// echo sends the echo of a call's message, or returns how to send it once the answer is out.
func (m *Messenger) echo(c *graphCall, ev Event, mode EchoMode) (after func()) {
	if mode > 0 {
		m.work.Go(func() {
			timer := time.NewTimer(time.Duration(mode))
			defer timer.Stop()
			select {
			case <-timer.C:
				m.queueEcho(ev)
			case <-m.ctx.Done():
			}
		})
		return nil
	}
	switch mode {
	case EchoNever:
		return nil
	case EchoBefore:
		m.awaitEcho(c, m.queueEcho(ev))
		return nil
	case EchoStandby:
		ev.Standby = true
	}
	m.mu.Lock()
	m.echoes++
	m.mu.Unlock()
	return func() {
		m.queueEcho(ev)
		if mode == EchoTwice {
			m.queueEcho(ev)
		}
		m.mu.Lock()
		m.echoes--
		m.touch()
		m.mu.Unlock()
	}
}

func (m *Messenger) queueEcho(ev Event) *webhookPost {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.enqueue(false, ev)
}

// awaitEcho waits for the acknowledgement, at most the webhook's deadline, and not at all
// while webhooks are held. A client that goes away meanwhile waits for nothing.
func (m *Messenger) awaitEcho(c *graphCall, p *webhookPost) {
	m.mu.Lock()
	held := m.switches.held
	c.hanging = true
	m.mu.Unlock()
	if p == nil || held {
		return
	}
	timer := time.NewTimer(m.cfg.AckDeadline)
	defer timer.Stop()
	select {
	case <-p.done:
	case <-timer.C:
	case <-c.r.Context().Done():
	case <-m.ctx.Done():
	}
}
