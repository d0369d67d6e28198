package bookings

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	"holdfast/api/edge"
	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/postgres"
	"holdfast/internal/service"
	"holdfast/internal/strictjson"
)

// bookingHandlers answers requests about bookings: create, read, list, change and delete.
type bookingHandlers struct {
	bookings  *postgres.Bookings
	admission *service.Admission
	booker    *service.Booker
	drafts    *draftReader
	renderer  *renderer
	payments  *postgres.Payments
}

func (h *bookingHandlers) routes() []edge.Route {
	return []edge.Route{
		edge.On(http.MethodGet, "/v2/bookings", edge.RequireResource, with(h.listBookings)),
		edge.On(http.MethodPost, "/v2/bookings", edge.RequireKey, with(h.createBooking)).Once(),
		edge.On(http.MethodGet, "/v2/bookings/:id", edge.RequireResource, with(h.getBooking)),
		edge.On(http.MethodPut, "/v2/bookings/:id", edge.RequireServer, with(h.updateBooking)),
		edge.On(http.MethodDelete, "/v2/bookings/:id", edge.RequireServer, with(h.deleteBooking)),
	}
}

// booking is the one that the address names, for who may play it: its first resource, or a key of the app.
func (k *call) booking(db *postgres.Bookings) (*booking.Booking, error) {
	b, err := k.anyBooking(db)
	if err != nil {
		return nil, err
	}
	return b, k.RequireOwner(b.Resource.ID, "The booking")
}

// anyBooking is the one of the app that the address names.
func (k *call) anyBooking(db *postgres.Bookings) (*booking.Booking, error) {
	id, err := k.ID("id", "The booking")
	if err != nil {
		return nil, err
	}
	return db.Booking(k, k.App.ID, id)
}

// getBooking answers with a booking, a resource's token with one that the resource has a part in.
func (h *bookingHandlers) getBooking(k *call) error {
	b, err := k.anyBooking(h.bookings)
	if err == nil {
		err = k.RequirePart(b)
	}
	if err != nil {
		return err
	}
	if k.GetHeader("If-None-Match") == etag(b) {
		k.Header("ETag", etag(b))
		k.Status(http.StatusNotModified)
		return nil
	}
	return h.renderer.show(k, http.StatusOK, b)
}

func etag(b *booking.Booking) string { return fmt.Sprintf(`"%d"`, b.Revision) }

// ifMatch checks the version the caller has seen against the record: 0 when it does not care, Stale when it is another.
func (k *call) ifMatch(b *booking.Booking) (int, error) {
	given := strings.TrimSpace(k.GetHeader("If-Match"))
	if given == "" || given == "*" {
		return 0, nil
	}
	for one := range strings.SplitSeq(given, ",") {
		if strings.TrimSpace(one) == etag(b) {
			return b.Revision, nil
		}
	}
	return 0, fault.Errorf(fault.Stale, "The booking has changed since that version.")
}

func (h *bookingHandlers) listBookings(k *call) error {
	page, err := k.ReadPage()
	if err != nil {
		return err
	}
	filter, err := k.filter()
	if err != nil {
		return err
	}
	filter.Bare = len(k.Includes()) == 0
	all, found, err := h.bookings.ListBookings(k, k.App.ID, filter, page)
	if err != nil {
		return err
	}
	views, err := h.renderer.views(k, all)
	if err != nil {
		return err
	}
	return k.AnswerList(views, len(views), found, page)
}

// filter reads q, search=key:value;key2:value2, start, end, orderBy and sortedBy.
func (k *call) filter() (postgres.Filter, error) {
	problems := fault.Problems{}
	f := postgres.Filter{Order: k.Query("orderBy"), Terms: k.OwnTerms(problems)}
	f.Words = k.words(problems)
	f.Start, f.End = k.QueryTime("start", problems), k.QueryTime("end", problems)
	edge.CheckWindow(f.Start, f.End, "end", problems)
	switch k.Query("sortedBy") {
	case "", "asc":
	case "desc":
		f.Desc = true
	default:
		problems.Add("sortedBy", "must be asc or desc")
	}
	return f, problems.Err()
}

const (
	maxWords  = 10
	maxPhrase = 200 // characters
)

// words reads q: what a person types to find a booking.
func (k *call) words(problems fault.Problems) []string {
	text := k.Query("q")
	if text == "" {
		return nil
	}
	words := strings.Fields(text)
	if len(words) > maxWords || utf8.RuneCountInString(text) > maxPhrase || !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		problems.Add("q", "must be up to %d words and %d characters of text", maxWords, maxPhrase)
		return nil
	}
	return words
}

// updateBooking replaces a booking's meta, the only thing that can be changed without an action.
func (h *bookingHandlers) updateBooking(k *call) error {
	b, err := k.booking(h.bookings)
	if err != nil {
		return err
	}
	revision, err := k.ifMatch(b)
	if err != nil {
		return err
	}
	var in struct {
		Meta json.RawMessage `json:"meta"`
	}
	if err := k.DecodeBy(strictjson.Rules{Unknown: strictjson.RefuseMisspelt}, &in); err != nil {
		return err
	}
	problems := fault.Problems{}
	if in.Meta == nil {
		problems.Add("meta", "is required; to move the booking, play an action")
	}
	meta := edge.CheckObject(in.Meta, "meta", problems)
	if err := problems.Err(); err != nil {
		return err
	}
	if err := h.bookings.SetMeta(k, k.App.ID, b.ID, meta, revision); err != nil {
		return err
	}
	if b, err = h.bookings.Booking(k, k.App.ID, b.ID); err != nil {
		return err
	}
	return h.renderer.show(k, http.StatusOK, b)
}

func (h *bookingHandlers) deleteBooking(k *call) error {
	id, err := k.ID("id", "The booking")
	if err != nil {
		return err
	}
	if err := h.bookings.DeleteBooking(k, k.App.ID, id); err != nil {
		return err
	}
	return k.NoContent()
}
