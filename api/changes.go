package api

import (
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/internal/booking"
	"holdfast/internal/payload"
	"holdfast/internal/postgres"
	"holdfast/internal/timekit"
)

// maxFollowed is the longest page of a list that is followed by a cursor.
const maxFollowed = 100

// listChanges answers with what has happened since a change or a time, the oldest first. They share their address with
// calendar entries, and are the app's alone.
func (s *Server) listChanges(k *call) error {
	if err := k.RequireKind(edge.RequireServer); err != nil {
		return err
	}
	problems := booking.Problems{}
	after, filter, limit := k.after(problems), k.changeFilter(problems), k.limit(problems)
	if err := problems.Err(); err != nil {
		return err
	}
	all, more, err := s.DB.Changes(k, k.App.ID, after, filter, limit)
	if err != nil {
		return err
	}
	list, next := []timekit.Object{}, k.Query("after")
	for _, c := range all {
		view, err := k.changeView(c)
		if err != nil {
			return err
		}
		list, next = append(list, view), c.Name()
	}
	k.JSON(http.StatusOK, map[string]any{"data": list, "has_more": more, "next_after": next})
	return nil
}

func (s *Server) getChange(k *call) error {
	if err := k.RequireKind(edge.RequireServer); err != nil {
		return err
	}
	id, ok := changeID(k.Param("id"))
	if !ok {
		return booking.Errorf(booking.NotFound, "The change does not exist.")
	}
	c, err := s.DB.Change(k, k.App.ID, id)
	if err != nil {
		return err
	}
	view, err := k.changeView(c)
	if err != nil {
		return err
	}
	return k.Answer(http.StatusOK, view)
}

// changeID reads an id as the world knows it.
func changeID(text string) (uuid.UUID, bool) {
	text, found := strings.CutPrefix(text, booking.ChangePrefix)
	id, err := uuid.Parse(text)
	return id, found && err == nil && len(text) == 36
}

// after reads where to begin: behind a change, at a time, or with the oldest there is.
func (k *call) after(problems booking.Problems) (after postgres.After) {
	text := k.Query("after")
	if strings.HasPrefix(text, booking.ChangePrefix) {
		id, ok := changeID(text)
		if !ok || id == uuid.Nil {
			problems.Add("after", "is not the id of a change")
		}
		return postgres.After{ID: id}
	}
	if at := k.QueryTime("after", problems); at != nil {
		after.At = *at
	}
	return after
}

func (k *call) changeFilter(problems booking.Problems) postgres.ChangeFilter {
	return postgres.ChangeFilter{
		Topics: k.topics("types", problems), Booking: k.queryID("booking_id", problems), Graph: k.word("graph", problems),
		State: k.word("state", problems), Project: k.queryID("project_id", problems),
	}
}

// topics reads names of the catalogue, or of whole families of it, separated by commas.
func (k *call) topics(field string, problems booking.Problems) []string {
	var names []string
	for _, list := range k.QueryArray(field) {
		for name := range strings.SplitSeq(list, ",") {
			if name = strings.TrimSpace(name); name != "" {
				names = append(names, name)
			}
		}
	}
	checkEventTypes(names, field, problems)
	return names
}

// word reads a name of the query that may be any.
func (k *call) word(name string, problems booking.Problems) string {
	text := k.Query(name)
	if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		problems.Add(name, "must be UTF-8 text without null characters")
	}
	return text
}

// queryID reads a UUID of the query; nil when there is none.
func (k *call) queryID(name string, problems booking.Problems) *uuid.UUID {
	text := k.Query(name)
	if text == "" {
		return nil
	}
	id := edge.ParseID(text, name, problems)
	return &id
}

// limit reads the length of a page that is followed by a cursor.
func (k *call) limit(problems booking.Problems) int {
	text := k.Query("limit")
	if text == "" {
		return maxFollowed / 2
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxFollowed {
		problems.Add("limit", "must be a number from 1 to %d", maxFollowed)
	}
	return n
}

func (k *call) changeView(c *booking.Change) (timekit.Object, error) {
	subject, err := payload.Subject(c)
	return timekit.Object{
		"id": c.Name(), "type": c.Type, "sequence": c.Seq, "timestamp": k.Clock.Show(c.At, time.UTC), "booking_id": c.BookingID,
		"graph": c.Graph, "previous_state": c.From, "state": c.State, "action": c.Action, "actor": c.Actor, "channel": c.Channel,
		"inputs": c.Inputs, "data": subject,
	}, err
}
