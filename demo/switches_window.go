package demo

// shutWindow is Facebook's rule that pages answer within 24 hours.
type shutWindow struct {
	*stage
	troubles *troubles
}

func (w shutWindow) turn(bool, string) error {
	w.troubles.set(func(t *trouble) {
		t.shut = nil
		for _, c := range customers {
			w.meta.CloseWindow(pageID, c.ID)
			t.shut = append(t.shut, c.Key)
		}
	})
	return nil
}

func (w shutWindow) tell(bool) []story {
	failed := func() int {
		if life := w.process.now(); life.Status != nil {
			return life.Status.Failed
		}
		return -1
	}
	before := failed()
	return []story{
		{Title: "All customers wrote more than 24 hours ago", Text: "That is how long Facebook lets a page answer. Write as Tom: Facebook refuses it, and Tom must not believe that it arrived.", Promise: knows},
		{Title: "Tom knows that it did not arrive, and why", Text: "A sign on his message, and a sentence below it, say what he can do. Let that customer write again, then type /facebook failed as Maria, and try it again with the button.", Promise: knows, tries: []int{agentKnows},
			once: func() bool { return failed() > max(before, 0) }},
		{Title: "Sent after all", Text: "It was kept for seven days, sealed, and nobody had to write it again. The sign on Tom's message is gone.", Promise: knows,
			once: func() bool { return failed() == max(before, 0) && w.idle() }},
	}
}
