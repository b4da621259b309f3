package rocketchat

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"messenger-bridge/rocketchat/wire"
)

// list reads a list page by page; key is its name in the answers. Pages overlap,
// because what is taken out of the list meanwhile moves the rest.
func list[T any](ctx context.Context, c *Client, route string, query url.Values, key string) ([]T, error) {
	const most, join = 100, 5 // what Rocket.Chat gives at once, unless it is set to less
	var all []T
	seen := map[string]bool{}
	for offset := 0; ; {
		page := url.Values{"count": {strconv.Itoa(most)}, "offset": {strconv.Itoa(offset)}}
		for name, values := range query {
			page[name] = values
		}
		var answer map[string]json.RawMessage
		k := call{method: http.MethodGet, route: route, query: page, answer: &answer}
		if err := c.do(ctx, k); err != nil {
			return nil, err
		}
		var some []json.RawMessage
		var total int
		if err := errors.Join(json.Unmarshal(answer[key], &some), json.Unmarshal(answer["total"], &total)); err != nil {
			return nil, unexpected(k, err)
		}
		for _, raw := range some {
			var item struct {
				ID string `json:"_id"`
			}
			if _ = json.Unmarshal(raw, &item); item.ID == "" { // not all lists are of things with an id
				item.ID = string(raw)
			}
			if seen[item.ID] {
				continue
			}
			seen[item.ID] = true
			var one T
			if err := json.Unmarshal(raw, &one); !wire.Tolerable(err) {
				return nil, unexpected(k, err)
			}
			all = append(all, one)
		}
		end := offset + len(some)
		if len(some) == 0 || end >= total {
			return all, nil
		}
		offset = end - min(join, len(some)/2)
	}
}
