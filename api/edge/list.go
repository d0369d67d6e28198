package edge

import (
	"net/http"
	"strconv"

	"holdfast/internal/fault"
	"holdfast/internal/postgres"
)

// firstCursor stands for the place before all rows.
const firstCursor = "start"

// ReadPage reads what part of a list is asked for: limit and page, or limit and cursor or updated_since. A page that lies further than
// lists reach is refused with the way that goes on: a cursor.
func (k *Call) ReadPage() (postgres.Page, error) {
	problems := fault.Problems{}
	number := func(name string, otherwise, most int) int {
		text := k.Query(name)
		if text == "" {
			return otherwise
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > most {
			problems.Add(name, "must be a number from 1 to %d", most)
			return otherwise
		}
		return n
	}
	p := postgres.Page{Number: number("page", 1, 1_000_000), Limit: number("limit", 50, 1000)}
	if p.Number*p.Limit > postgres.MaxListed {
		problems.Add("page", "page × limit must not be more than %d: read the list with cursor=%s and then with each next_cursor",
			postgres.MaxListed, firstCursor)
	}
	k.readCursor(&p, problems)
	return p, problems.Err()
}

// readCursor reads cursor and updated_since. Both have an order of their own.
func (k *Call) readCursor(p *postgres.Page, problems fault.Problems) {
	p.Since = k.QueryTime("updated_since", problems)
	switch text := k.Query("cursor"); text {
	case "":
	case firstCursor:
		p.After = &postgres.FirstCursor
	default:
		after, ok := postgres.ParseCursor(text)
		if !ok {
			problems.Add("cursor", "must be %s, or the next_cursor of a page of this list", firstCursor)
		}
		p.After = &after
	}
	if p.After != nil && p.Since != nil {
		problems.Add("updated_since", "must not come with cursor, which goes on from it")
	}
	for _, name := range []string{"page", "orderBy", "sortedBy"} {
		if p.Follows() && k.Query(name) != "" {
			problems.Add(name, "must not come with cursor or updated_since, which have an order of their own")
		}
	}
}

// AnswerList answers with one page. With page and limit it has Laravel's paging keys, which Timekit's clients read; total and last_page
// end at what lists reach, and total_is_exact says so. With a cursor it has next_cursor, also after the last row: what changes later comes
// behind it.
func (k *Call) AnswerList(data any, count int, found postgres.Found, page postgres.Page) error {
	path := k.Base + k.Request.URL.EscapedPath()
	if page.Follows() {
		k.JSON(http.StatusOK, map[string]any{
			"data": data, "per_page": page.Limit, "path": path, "next_cursor": found.Next.String(), "has_more": found.More,
		})
		return nil
	}
	last := max(1, (found.Total+page.Limit-1)/page.Limit)
	if !found.Exact {
		last = postgres.MaxListed / page.Limit
	}
	var from, to any
	if count > 0 {
		from, to = (page.Number-1)*page.Limit+1, (page.Number-1)*page.Limit+count
	}
	k.JSON(http.StatusOK, map[string]any{
		"data": data, "total": found.Total, "total_is_exact": found.Exact, "per_page": page.Limit, "current_page": page.Number,
		"last_page": last, "from": from, "to": to, "path": path,
		"first_page_url": k.pageURL(1, true), "last_page_url": k.pageURL(last, true),
		"next_page_url": k.pageURL(page.Number+1, page.Number < last),
		"prev_page_url": k.pageURL(page.Number-1, page.Number > 1),
	})
	return nil
}

// pageURL is this request's public address, with another page; nil when there is no such page.
func (k *Call) pageURL(number int, exists bool) any {
	if !exists {
		return nil
	}
	u := *k.Request.URL
	q := u.Query()
	q.Set("page", strconv.Itoa(number))
	u.RawQuery = q.Encode()
	return k.Base + u.RequestURI()
}
