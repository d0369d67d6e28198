package bookings

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"holdfast/api/edge"
	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/postgres"
	"holdfast/internal/strictjson"
	"holdfast/internal/timekit"
)

func (k *call) booking(s *Handlers) (*booking.Booking, error) {
	id, err := k.ID("id", "The booking")
	if err != nil {
		return nil, err
	}
	b, err := s.DB.Booking(k, k.App.ID, id)
	if err != nil {
		return nil, err
	}
	return b, k.RequireOwner(b.Resource.ID, "The booking")
}

func (s *Handlers) getBooking(k *call) error {
	b, err := k.booking(s)
	if err != nil {
		return err
	}
	if k.GetHeader("If-None-Match") == etag(b) {
		k.Header("ETag", etag(b))
		k.Status(http.StatusNotModified)
		return nil
	}
	return s.show(k, http.StatusOK, b)
}

// show answers with one booking as the record has it.
func (s *Handlers) show(k *call, status int, b *booking.Booking) error {
	views, err := s.views(k, []*booking.Booking{b})
	if err != nil {
		return err
	}
	k.Header("ETag", etag(b))
	return k.Answer(status, views[0])
}

// views renders bookings with the includes the request asks for, and some more.
func (s *Handlers) views(k *call, all []*booking.Booking, more ...string) ([]timekit.Object, error) {
	w := &included{wanted: k.Includes()}
	for _, name := range more {
		w.wanted[name] = true
	}
	if err := s.look(k, w, all); err != nil {
		return nil, err
	}
	list := []timekit.Object{}
	for _, b := range all {
		view, err := s.view(k, b, w)
		if err != nil {
			return nil, err
		}
		list = append(list, view)
	}
	return list, nil
}

func (s *Handlers) view(k *call, b *booking.Booking, w *included) (timekit.Object, error) {
	v := timekit.View{Booking: b, Clock: k.Clock}
	o := v.Bare()
	parts := map[string]func() any{
		"attributes":        func() any { return v.Attributes() },
		"event":             func() any { return v.Event() },
		"calendar":          func() any { return v.Calendar() },
		"customers":         func() any { return v.Customers() },
		"resource":          func() any { return timekit.ResourceFor(k.Kind, &b.Resource, k.Clock) },
		"user":              func() any { return timekit.ResourceFor(k.Kind, &b.Resource, k.Clock) },
		"available_actions": func() any { return v.OpenActionsAt(time.Now()) },
		"meta":              func() any { return b.Meta },
		"logs":              func() any { return v.Logs(w.logs[b.ID]) },
		"provider_event":    func() any { return nil },
		"project":           func() any { return w.project(k, b) },
		"owner_booking":     func() any { return w.owner(k, b) },
		"bulked_bookings":   func() any { return w.bulked(k, b) },
	}
	for name, part := range parts {
		if w.wanted[name] {
			o[name] = part()
		}
	}
	if windows := v.ActionWindows(); w.wanted["available_actions"] && len(windows) > 0 {
		o["action_windows"] = windows
	}
	if w.wanted["customer_action_links"] && !k.unlinked {
		links, err := s.Links.CustomerAt(b, time.Now())
		if err != nil {
			return nil, err
		}
		o["customer_action_links"] = links
	}
	return o, nil
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

func (s *Handlers) listBookings(k *call) error {
	page, err := k.ReadPage()
	if err != nil {
		return err
	}
	filter, err := k.filter()
	if err != nil {
		return err
	}
	all, found, err := s.DB.ListBookings(k, k.App.ID, filter, page)
	if err != nil {
		return err
	}
	views, err := s.views(k, all)
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
func (s *Handlers) updateBooking(k *call) error {
	b, err := k.booking(s)
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
	if err := s.DB.SetMeta(k, k.App.ID, b.ID, meta, revision); err != nil {
		return err
	}
	if b, err = s.DB.Booking(k, k.App.ID, b.ID); err != nil {
		return err
	}
	return s.show(k, http.StatusOK, b)
}

func (s *Handlers) deleteBooking(k *call) error {
	id, err := k.ID("id", "The booking")
	if err != nil {
		return err
	}
	if err := s.DB.DeleteBooking(k, k.App.ID, id); err != nil {
		return err
	}
	return k.NoContent()
}
