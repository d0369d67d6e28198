package edge

import (
	"net/http"
	"strconv"

	"holdfast/internal/postgres"
)

// AnswerList answers with one page and Laravel's paging keys, which Timekit's clients know.
func (k *Call) AnswerList(data any, count, total int, page postgres.Page) error {
	last := max(1, (total+page.Limit-1)/page.Limit)
	var from, to any
	if count > 0 {
		from, to = (page.Number-1)*page.Limit+1, (page.Number-1)*page.Limit+count
	}
	k.JSON(http.StatusOK, map[string]any{
		"data": data, "total": total, "per_page": page.Limit, "current_page": page.Number, "last_page": last,
		"from": from, "to": to, "path": k.Base + k.Request.URL.EscapedPath(),
		"first_page_url": k.pageURL(1, true), "last_page_url": k.pageURL(last, true),
		"next_page_url": k.pageURL(page.Number+1, page.Number < last),
		"prev_page_url": k.pageURL(page.Number-1, page.Number > 1),
	})
	return nil
}

// pageURL is this request's address, as the world knows it, with another page; nil when there is no such page.
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
