package demo

import "sync"

// story explains what is going on.
type story struct {
	Title   string
	Text    string
	Promise string
	once    func() bool // when it is told; nil: at once. Called without the lock
	tries   []int       // numbers of promises that have been put to the test when it is told
}

// narrator tells stories, one after another.
type narrator struct {
	changed *bell
	tried   func(numbers []int) // hears which promises have been put to the test

	mu      sync.Mutex // guards the field below
	stories []story
}

func newNarrator(changed *bell, tried func([]int)) *narrator {
	return &narrator{changed: changed, tried: tried, stories: []story{{Title: "The bridge is starting", Text: "In a moment Maria connects the Facebook page, as an administrator would."}}}
}

// tell replaces what is being told by other stories, which follow one another.
func (n *narrator) tell(stories ...story) {
	n.mu.Lock()
	n.stories = stories
	n.mu.Unlock()
	if len(stories) > 0 {
		n.tried(stories[0].tries)
	}
	n.changed.strike()
}

// told are the story that is being told and those that follow it.
func (n *narrator) told() []story {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.stories
}

// advance goes on to the next story when its time has come.
func (n *narrator) advance() {
	stories := n.told()
	if len(stories) < 2 || !stories[1].once() {
		return
	}
	n.mu.Lock()
	goesOn := len(n.stories) > 1 && n.stories[1].Title == stories[1].Title // no switch was pressed meanwhile
	if goesOn {
		n.stories = n.stories[1:]
	}
	n.mu.Unlock()
	if goesOn {
		n.tried(stories[1].tries)
		n.changed.strike()
	}
}

// title is that of the story that is being told.
func (n *narrator) title() string {
	if stories := n.told(); len(stories) > 0 {
		return stories[0].Title
	}
	return ""
}
