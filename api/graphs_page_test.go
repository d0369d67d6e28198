package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/graphs"
	"holdfast/graphs/definition"
	"holdfast/internal/booking"
)

// workedExample returns the definition of a worked example of docs/graphs.md.
func workedExample(t *testing.T, name string) string {
	t.Helper()
	for _, e := range definition.Examples() {
		if e.Name == name {
			return string(e.Text)
		}
	}
	t.Fatalf("no example %s", name)
	return ""
}

// TestGraphsPageCalls runs the calls of docs/graphs.md in order. Each line has the method, the path, perhaps a body, and behind an arrow the
// status and what the answer has. A body such as @deposit is that example; @deposit:PT15M=PT30M has another text in one place.
func TestGraphsPageCalls(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/graphs.md")
	check(t, err)
	_, block, found := strings.Cut(string(text), "```calls\n")
	block, _, closed := strings.Cut(block, "```")
	if !found || !closed {
		t.Fatal("the page has no calls")
	}
	f := setup(t)
	room := f.room()
	for line := range strings.Lines(block) {
		asked, want, _ := strings.Cut(strings.TrimSpace(line), " → ")
		words := strings.SplitN(asked, " ", 3)
		body := strings.ReplaceAll(strings.Join(words[2:], ""), `"…"`, slot(room, 0, 1))
		if example, is := strings.CutPrefix(body, "@"); is {
			name, change, _ := strings.Cut(example, ":")
			before, after, _ := strings.Cut(change, "=")
			body = strings.Replace(workedExample(t, name), before, after, 1)
		}
		status, has, _ := strings.Cut(want, " ")
		a := f.send(f.server, words[0], words[1], body)
		if fmt.Sprint(a.Code) != status || !strings.Contains(a.Body.String(), has) {
			t.Errorf("docs/graphs.md: %s\ngot %d: %s", line, a.Code, a.Body)
		}
	}
}

// TestWorkedExamples publishes each worked example of docs/graphs.md and walks bookings through its stories. A step is an action and who
// plays it, or what somebody else does meanwhile; the states are those behind the actions.
func TestWorkedExamples(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ graph, steps, states string }{
		{"approval", "request api, confirm effect, complete timer", "checking confirmed completed"},
		{"approval", "request api, decline effect", "checking declined"},
		{"approval", "request api, ask effect, confirm owner_link, cancel_by_customer customer_link", "checking tentative confirmed cancelled"},
		{"approval", "request api, ask timer, expire timer", "checking tentative expired"},
		{"deposit", "reserve api, pay_deposit payment, fall_due timer, remind api, remind api, remind api, no remind, pay_balance payment, complete timer",
			"reserved deposited overdue overdue overdue overdue paid completed"},
		{"deposit", "reserve api, timeout timer, pay_deposit payment, cancel owner_link, refunded payment", "reserved unpaid deposited refund_due closed"},
		{"deposit", "reserve api, timeout timer, take it, pay_deposit payment, refunded api", "reserved unpaid refund_due closed"},
		{"deposit", "reserve api, cancel_by_customer customer_link", "reserved closed"},
		{"viewing", "take it, ask api, no move_up, free it, move_up owner_link, confirm customer_link, decide timer, no apply, check income, no apply, apply consent, accept owner_link",
			"waiting invited confirmed deciding applied accepted"},
		{"viewing", "ask api, confirm api, decide timer, no pass, end it, pass timer", "invited confirmed deciding passed"},
		{"viewing", "ask api, lapse timer", "invited not_seen"},
	} {
		t.Run(c.graph+" "+c.states, func(t *testing.T) {
			t.Parallel()
			s := story{fixture: setup(t), graph: c.graph}
			s.post(s.server, "/v2/graphs", workedExample(t, c.graph)).want(t, http.StatusCreated)
			s.post(s.server, "/v2/graphs/"+c.graph+"/publish", "").want(t, http.StatusCreated)
			s.resourceID = s.room()
			if c.graph == "viewing" {
				s.session = s.post(s.server, "/v2/bookings", `{"graph":"group_owner","what":"Viewing","settings":{"max_seats":1},`+slot(s.resourceID, 0, 1)+`}`).id(t)
			}
			for step := range strings.SplitSeq(c.steps, ", ") {
				s.play(step)
			}
			if got := strings.Join(s.states, " "); got != c.states {
				t.Errorf("it was %s, want %s", got, c.states)
			}
		})
	}
}

// story is a booking that walks a worked example.
type story struct {
	*fixture

	graph, resourceID, session string
	id, other                  string // bookings: of the story, and of somebody else
	states                     []string
}

// request asks for the time or the seat of the story.
func (s *story) request(graph string) string {
	s.t.Helper()
	const customer = `"customer":{"name":"Ann","email":"ann@example.com"}`
	if s.session != "" {
		return s.post(s.server, "/v2/bookings", fmt.Sprintf(`{"graph":%q,%s,"related":{"owner_booking_id":%q}}`, graph, customer, s.session)).id(s.t)
	}
	return s.post(s.server, "/v2/bookings", fmt.Sprintf(`{"graph":%q,%s,%s}`, graph, customer, slot(s.resourceID, 0, 1))).id(s.t)
}

// play does one step.
func (s *story) play(step string) {
	t := s.t
	t.Helper()
	action, who, _ := strings.Cut(step, " ")
	switch {
	case step == "take it" && s.session != "":
		s.other = s.request("group_customer")
		return
	case step == "take it":
		s.other = s.request("instant")
		return
	case step == "free it":
		s.put(s.server, "/v2/bookings/"+s.other+"/cancel_by_customer", "{}").want(t, http.StatusOK)
		return
	case step == "end it":
		s.beginsIn(s.id, -2*time.Hour, -time.Hour)
		return
	case step == "check income":
		s.put(s.server, "/v2/bookings/"+s.id, `{"meta":{"income_checked":true}}`).want(t, http.StatusOK)
		return
	case action == "no":
		if a := s.put(s.server, "/v2/bookings/"+s.id+"/"+who, "{}"); a.Code != http.StatusUnprocessableEntity {
			t.Errorf("%s is possible: %d %s", who, a.Code, a.Body)
		}
		return
	case s.id == "":
		s.id = s.request(s.graph)
	case who == "consent":
		s.put(s.server, "/v2/bookings/"+s.id+"/apply", `{"apply":{"consent":"yes"}}`).want(t, http.StatusOK)
	case who == "api":
		s.put(s.server, "/v2/bookings/"+s.id+"/"+action, "{}").want(t, http.StatusOK)
	case who == "customer_link":
		s.post("", s.linkTo(s.id, action), "").want(t, http.StatusOK)
	default:
		s.commitAs(action, graphs.Actor(who))
	}
	s.states = append(s.states, s.send(s.server, http.MethodGet, "/v2/bookings/"+s.id, "").want(t, http.StatusOK).text(t, "state"))
}

// commitAs commits an action that does not come by a request: of a timer, or of what is on record by another way.
func (s *story) commitAs(name string, actor graphs.Actor) {
	t := s.t
	t.Helper()
	b, err := s.DB.Booking(t.Context(), s.app.ID, uuid.MustParse(s.id))
	check(t, err)
	g, err := b.LoadGraph()
	check(t, err)
	in := booking.CommitInput{BookingID: b.ID, Seq: b.Seq, Actor: actor, ActionID: booking.TimerActionID(b.ID, b.Seq, name)}
	if actor != graphs.ActorTimer {
		a, err := s.DB.InsertAction(t.Context(), &booking.Action{
			ID: edge.NewID(), AppID: s.app.ID, BookingID: b.ID, Name: name, Actor: actor, Channel: booking.ChannelAPI, Status: booking.Pending,
			Inputs: json.RawMessage(`{}`),
		}, "")
		check(t, err)
		in.ActionID = a.ID
	}
	in.Move, err = g.Next(b.State, name, actor)
	check(t, err)
	out, err := s.DB.Commit(t.Context(), in)
	check(t, err)
	if out.Result != booking.ResultApplied {
		t.Errorf("%s by %s in %s: %+v", name, actor, b.State, out)
	}
}
