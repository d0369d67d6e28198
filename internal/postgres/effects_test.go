package postgres_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/graphs/graphtest"
	"holdfast/internal/booking"
	"holdfast/internal/effect"
	"holdfast/internal/fault"
	"holdfast/internal/outbox"
	"holdfast/internal/postgres"
)

// own puts a graph of the app's own on record and makes it a booking's.
func (b *bundle) own(v *booking.Booking, g *graphs.Graph) *booking.Booking {
	b.t.Helper()
	g.Own = true
	b.exec(`INSERT INTO graph_versions (app_id, name, version, definition, digest) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
		v.AppID, g.Name, g.Version, g.Definition(), []byte(g.Definition()))
	v.SetGraph(g)
	v.State = g.Initial
	return v
}

// calling is a booking whose first action has effects, on record.
func (b *bundle) calling(effects ...graphs.Effect) (*booking.Booking, booking.Outcome) {
	b.t.Helper()
	return b.book(b.own(b.at("instant", 9, 10), graphtest.Calling(effects...)))
}

// effects are those of a booking.
func (b *bundle) effects(v *booking.Booking) []*effect.Effect {
	b.t.Helper()
	all, err := b.EffectsOf(b.ctx, []uuid.UUID{v.ID})
	check(b.t, err)
	return all[v.ID]
}

// take claims the effect of a booking that is due.
func (b *bundle) take(v *booking.Booking) *effect.Effect {
	b.t.Helper()
	e, _, err := b.ClaimEffect(b.ctx, v.ID)
	check(b.t, err)
	return e
}

// end ends an effect as its activity does.
func (b *bundle) end(e *effect.Effect, change ...func(*postgres.EffectEnd)) postgres.EndedEffect {
	b.t.Helper()
	in := postgres.EffectEnd{AppID: e.AppID, BookingID: e.BookingID, EffectID: e.ID, Attempt: e.Attempts, Answer: true}
	for _, one := range change {
		one(&in)
	}
	ended, err := b.EndEffect(b.ctx, in)
	check(b.t, err)
	return ended
}

func failed(in *postgres.EffectEnd) {
	in.Failed, in.Answer, in.Code, in.Message = true, false, "http_500", "The endpoint answered 500."
}

func saysNo(in *postgres.EffectEnd) { in.Answer = false }

// commitSignal plays what the end of an effect has signalled.
func (b *bundle) commitSignal(v *booking.Booking, s *booking.Signal) booking.Outcome {
	b.t.Helper()
	v = b.known(v)
	a := &booking.Action{ID: s.ActionID, AppID: v.AppID, BookingID: v.ID, Name: s.Action, Actor: s.Actor}
	out, err := b.Commit(b.ctx, commit(v, a))
	check(b.t, err)
	return out
}

// TestEffectsInOrder: the commit writes them as its graph declares them, and each is claimed once the one before has ended, whichever the
// transition.
func TestEffectsInOrder(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first, second := graphtest.Call("crm"), graphs.Effect{Kind: graphs.CallEffect, Endpoint: "erp"}
	v, out := b.calling(first, second)
	wantSame(t, "the bookings to wake", out.Effects, []uuid.UUID{v.ID})
	all := b.effects(v)
	if len(all) != 2 || all[0].Does.Endpoint != "crm" || all[1].Does.Endpoint != "erp" || all[0].Number != 1 || all[1].Number != 2 ||
		all[0].Seq != 1 || all[0].Does.GiveUpAfter != graphtest.Minutes(60) || all[0].ID != effect.ID(v.ID, 1, 1) {
		t.Fatalf("%+v", all)
	}
	one := b.take(v)
	if one == nil || one.Does.Endpoint != "crm" || one.Attempts != 1 || one.GiveUpAt == nil {
		t.Fatalf("claimed %+v", one)
	}
	if two := b.take(v); two != nil {
		t.Fatalf("claimed %s while the first is under way", two.Does.Endpoint)
	}
	check(t, b.PostponeEffect(b.ctx, one, time.Now().Add(time.Hour)))
	if two := b.take(v); two != nil {
		t.Fatalf("claimed %s while the first waits", two.Does.Endpoint)
	}
	b.exec(`UPDATE effects SET next_at = now() WHERE nth = 1`)
	again := b.take(v)
	wantEqual(t, "attempts", again.Attempts, 2)
	wantEqual(t, "the time to give up", again.GiveUpAt.Equal(*one.GiveUpAt), true)
	b.end(again)
	if two := b.take(v); two == nil || two.Does.Endpoint != "erp" {
		t.Fatalf("claimed %+v", two)
	}
	b.sound()
}

// TestNoEffects: a graph without effects leaves none, and nothing to wake.
func TestNoEffects(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v, out := b.calling()
	wantEqual(t, "bookings to wake", len(out.Effects), 0)
	b.wantCount(0, `SELECT count(*) FROM effects`)
	e, next, err := b.ClaimEffect(b.ctx, v.ID)
	check(t, err)
	if e != nil || !next.IsZero() {
		t.Errorf("claimed %v, next %s", e, next)
	}
}

// TestARepeatedCommitLeavesNoMore: the ids of effects are made of what they stand for.
func TestARepeatedCommitLeavesNoMore(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.own(b.at("instant", 9, 10), graphtest.Calling(graphtest.Call("crm")))
	in := commit(v, b.create(v))
	for range 2 {
		_, err := b.Commit(b.ctx, in)
		check(t, err)
	}
	b.wantCount(1, `SELECT count(*) FROM effects`)
}

// TestEndsOfEffects: each end plays the action that the graph names for it, as a pending action on record.
func TestEndsOfEffects(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		how    []func(*postgres.EffectEnd)
		status effect.Status
		plays  string
		state  string
	}{
		"yes":      {nil, effect.Done, "approve", "approved"},
		"no":       {[]func(*postgres.EffectEnd){saysNo}, effect.Done, "decline", "declined"},
		"given up": {[]func(*postgres.EffectEnd){failed}, effect.Failed, "flag", "flagged"},
	} {
		b := setup(t)
		v, _ := b.calling(graphtest.Call("crm"))
		ended := b.end(b.take(v), c.how...)
		if ended.Status != c.status || !ended.Now || ended.Signal == nil || ended.Signal.Action != c.plays ||
			ended.Signal.Actor != graphs.ActorEffect || ended.Plays.Name != c.plays || ended.Plays.Status != "pending" || ended.EndedAt == nil {
			t.Fatalf("%s: %+v", name, ended)
		}
		b.wantCount(1, `SELECT count(*) FROM actions WHERE id = $1 AND status = 'pending' AND actor = 'effect' AND channel = 'effect'`, ended.Signal.ActionID)
		wantEqual(t, name, b.commitSignal(v, ended.Signal).State, c.state)
		b.wantCount(1, `SELECT count(*) FROM transitions WHERE seq = 2 AND actor = 'effect' AND channel = 'effect'`)
		wantEqual(t, name, b.effects(v)[0].Plays.Status, "applied")
		b.sound()
	}
}

// TestEffectsEndOnce: a repeat of the end, another attempt and a late giving up change nothing, also all at once.
func TestEffectsEndOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v, _ := b.calling(graphtest.Call("crm"))
	lost := b.take(v)
	b.exec(`UPDATE effects SET next_at = now()`)
	e := b.take(v)
	if stale := b.end(lost); stale.Now {
		t.Error("an attempt that was given up as lost has ended the effect")
	}
	var group sync.WaitGroup
	var mu sync.Mutex
	now := 0
	for i := range 8 {
		group.Go(func() {
			ended := b.end(e, func(in *postgres.EffectEnd) {
				if i%2 == 1 {
					in.Attempt = 0
					failed(in)
				}
			})
			mu.Lock()
			defer mu.Unlock()
			if ended.Now {
				now++
			}
		})
	}
	group.Wait()
	wantEqual(t, "ends", now, 1)
	b.wantCount(1, `SELECT count(*) FROM actions WHERE actor = 'effect'`)
	b.wantNoDeadlock()
	b.sound()
}

// TestLateAnswersAreRefused: of a booking that has left the state, also if it has come back; one that has stayed in it is not left.
func TestLateAnswersAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		moves   []string
		refused bool
	}{
		"stayed": {nil, false}, "noted": {[]string{"note", "note"}, false}, "left": {[]string{"leave"}, true},
		"over": {[]string{"decline"}, true}, "came back": {[]string{"leave", "back"}, true},
	} {
		b := setup(t)
		v, _ := b.calling(graphtest.Call("crm"))
		e := b.take(v)
		v = b.played(v, c.moves...)
		ended := b.end(e)
		wantEqual(t, name, ended.Status, effect.Done)
		wantEqual(t, name+": refused", ended.Plays.Status == "refused", c.refused)
		wantEqual(t, name+": signalled", ended.Signal != nil, !c.refused)
		if c.refused {
			b.wantCount(1, `SELECT count(*) FROM actions WHERE id = $1 AND code = 'action_not_available' AND message <> '' AND decided_at IS NOT NULL`, ended.Plays.ID)
			b.exec(`DELETE FROM actions WHERE id = $1`, ended.Plays.ID) // as its retention does
			wantEqual(t, name+": after its retention", b.effects(v)[0].Plays.Status, "refused")
		}
		b.sound()
	}
}

// TestAnswersAreRefusedByTheGraph: what the booking does not take any more when the action is played is on record as refused.
func TestAnswersAreRefusedByTheGraph(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v, _ := b.calling(graphtest.Call("crm"))
	ended := b.end(b.take(v))
	b.played(v, "decline")
	wantEqual(t, "result", b.commitSignal(v, ended.Signal).Result, booking.ResultRefused)
	wantEqual(t, "the effect", b.effects(v)[0].Plays.Status, "refused")
}

// TestFailuresArePublished: to endpoints that name the event, in the transaction of the end, and each with a number of its own.
func TestFailuresArePublished(t *testing.T) {
	t.Parallel()
	b := setup(t)
	named, family, all := b.listener(outbox.EffectFailedEvent), b.listener("effect.*"), b.endpoint("", "")
	v, _ := b.calling(graphtest.Call("crm"), graphtest.Call("erp"))
	b.exec(`UPDATE webhook_endpoints SET awake = false`)
	ended := b.end(b.take(v), failed)
	wantEqual(t, "woken", len(ended.Woken), 2)
	b.end(b.take(v), failed)
	b.wantCount(2, `SELECT count(*) FROM events WHERE booking_id = $1 AND type = 'effect.failed' AND reminder >= 1000000 AND seq = 1
		AND effect->>'kind' = 'call' AND effect->'error'->>'code' = 'http_500' AND effect->>'action' = 'flag' AND topics = '{effect.failed,effect.*}'`, v.ID)
	for e, want := range map[*outbox.Endpoint]int{named: 2, family: 2, all: 0} {
		b.wantCount(want, `SELECT count(*) FROM webhook_deliveries d JOIN events e ON e.id = d.event_id WHERE e.type = 'effect.failed' AND d.endpoint_id = $1`, e.ID)
	}
	d, err := b.ClaimDeliveries(b.ctx, named.ID, postgres.Claim{Limit: 5, Lease: time.Minute})
	check(t, err)
	if len(d) != 2 || !strings.Contains(string(d[0].Event.Effect), "http_500") {
		t.Errorf("%+v", d)
	}
	b.sound()
}

// TestRetryByHand: a pending effect is due at once, unless an attempt is under way; one that has failed begins anew, and plays another action
// in the end; one that is done stays so.
func TestRetryByHand(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v, _ := b.calling(graphtest.Call("crm"))
	e := b.take(v)
	retried := func() *effect.Effect { return must(b.RetryEffect(b.ctx, v.AppID, v.ID, e.ID)) }
	retried()
	if b.take(v) != nil {
		t.Fatal("two attempts at once")
	}
	check(t, b.PostponeEffect(b.ctx, e, time.Now().Add(time.Hour)))
	retried()
	e = b.take(v)
	if e == nil || e.Attempts != 2 || e.Tries != 2 {
		t.Fatalf("%+v", e)
	}
	first := b.end(e, failed)
	again := retried()
	if again.Status != effect.Pending || again.GiveUpAt != nil || again.Plays != nil || again.Tries != 0 || again.Round != 1 {
		t.Fatalf("%+v", again)
	}
	e = b.take(v)
	wantEqual(t, "attempts", e.Attempts, 3)
	wantEqual(t, "of this round", e.Tries, 1)
	second := b.end(e)
	if second.Signal == nil || second.Signal.ActionID == first.Signal.ActionID || second.Plays.Name != "approve" {
		t.Errorf("%+v", second)
	}
	wantEqual(t, "done", retried().Status, effect.Done)
	if b.take(v) != nil {
		t.Error("what is done is done again")
	}
}

// TestLostClaimsEnd: an attempt whose process is gone is due again some seconds after its time-out.
func TestLostClaimsEnd(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := graphtest.Call("crm")
	e.Timeout = graphs.Duration(3 * time.Second)
	v, _ := b.calling(e)
	b.take(v)
	b.wantCount(1, `SELECT count(*) FROM effects WHERE claimed AND next_at BETWEEN now() + interval '10 s' AND now() + interval '13 s'`)
}

// TestOverdueEffects: only the oldest pending one of a booking can be overdue.
func TestOverdueEffects(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v, _ := b.calling(graphtest.Call("crm"), graphtest.Call("erp"))
	overdue := func() []uuid.UUID { return must(b.BookingsWithOverdueEffects(b.ctx, 30*time.Second, 10)) }
	wantEqual(t, "at first", len(overdue()), 0)
	b.exec(`UPDATE effects SET next_at = now() - interval '31 s' WHERE nth = 2`)
	wantEqual(t, "behind another", len(overdue()), 0)
	b.exec(`UPDATE effects SET next_at = now() - interval '31 s'`)
	wantSame(t, "overdue", overdue(), []uuid.UUID{v.ID})
	b.exec(`UPDATE effects SET status = 'done'`)
	wantEqual(t, "done", len(overdue()), 0)
}

// TestEffectsGoWithTheirBooking: deleting a booking by hand deletes them, also one that is being tried; its end finds nothing.
func TestEffectsGoWithTheirBooking(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v, _ := b.calling(graphtest.Call("crm"))
	e := b.take(v)
	b.played(v, "decline")
	check(t, b.DB.DeleteBooking(b.ctx, v.AppID, v.ID))
	b.wantCount(0, `SELECT count(*) FROM effects`)
	_, err := b.EndEffect(b.ctx, postgres.EffectEnd{AppID: v.AppID, BookingID: v.ID, EffectID: e.ID, Attempt: 1, Failed: true})
	wantCode(t, err, fault.NotFound)
	b.wantCount(0, `SELECT count(*) FROM actions WHERE actor = 'effect'`)
	b.wantCount(0, `SELECT count(*) FROM events WHERE type = 'effect.failed'`)
}

// TestEventsOfPendingEffectsAreKept beyond their retention, since a call has them in its body.
func TestEventsOfPendingEffectsAreKept(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v, _ := b.calling(graphtest.Call("crm"))
	v = b.played(v, "note")
	b.exec(`UPDATE events SET at = now() - interval '100 days'`)
	b.exec(`DELETE FROM webhook_deliveries`)
	clean := func() {
		c := postgres.NewCleaner(b.DB, postgres.Retention{Changes: time.Hour})
		at := slices.IndexFunc(c.Cleanups, func(one postgres.Cleanup) bool { return one.Name == "events" })
		_, err := c.Cleanups[at].Run(b.ctx, time.Now().Add(time.Minute))
		check(t, err)
	}
	clean()
	b.wantCount(1, `SELECT count(*) FROM events WHERE booking_id = $1 AND seq = 1`, v.ID)
	b.wantCount(0, `SELECT count(*) FROM events WHERE booking_id = $1 AND seq = 2`, v.ID)
	event, err := b.TransitionEvent(b.ctx, v.ID, 1)
	check(t, err)
	wantEqual(t, "its state", event.State, "asked")
	b.end(b.take(v))
	clean()
	b.wantCount(0, `SELECT count(*) FROM events WHERE booking_id = $1 AND seq = 1`, v.ID)
}

// TestConflictsHaveNoEffects: where the action has led to the state of a conflict, what is declared for its own target is not done.
func TestConflictsHaveNoEffects(t *testing.T) {
	t.Parallel()
	b := setup(t)
	g := graphtest.Calling(graphtest.Call("crm"))
	g.States[0].Actions[0].OnConflict = "waiting"
	g.States = append(g.States, graphs.State{Name: "waiting", Holds: graphs.HoldsNothing, Final: true})
	v := b.own(b.at("instant", 9, 10), g)
	a := b.create(v)
	in := commit(v, a)
	if in.Move.Otherwise == nil {
		t.Fatalf("%+v", in.Move)
	}
	in.Move = *in.Move.Otherwise
	out, err := b.Commit(b.ctx, in)
	check(t, err)
	wantEqual(t, "state", out.State, "waiting")
	wantEqual(t, "bookings to wake", len(out.Effects), 0)
	b.wantCount(0, `SELECT count(*) FROM effects`)
}

// TestNamesOfEndpoints: unique within an app; empty ones are not; and by them an endpoint is found.
func TestNamesOfEndpoints(t *testing.T) {
	t.Parallel()
	b := setup(t)
	one, two := b.endpoint("", ""), b.endpoint("", "")
	one.Name = "crm"
	b.changed(one)
	two.Name = "crm"
	_, _, err := b.ChangeEndpoint(b.ctx, two.AppID, two.ID, func(e *outbox.Endpoint) error { e.Name = "crm"; return nil })
	wantCode(t, err, fault.AlreadyExists)
	_, err = b.CreateEndpoint(b.ctx, &outbox.Endpoint{ID: newID(), AppID: b.app.ID, Name: "crm", URL: "https://example.com", Secret: []byte("s")})
	wantCode(t, err, fault.AlreadyExists)
	other := b.newApp("other")
	_, err = b.CreateEndpoint(b.ctx, &outbox.Endpoint{ID: newID(), AppID: other.ID, Name: "crm", URL: "https://example.com", Secret: []byte("s")})
	check(t, err)
	found, err := b.NamedTarget(b.ctx, b.app.ID, "crm")
	check(t, err)
	wantEqual(t, "found", found.Endpoint.ID, one.ID)
	_, err = b.NamedTarget(b.ctx, b.app.ID, "")
	wantCode(t, err, fault.NotFound)
}

// TestEffectsOfPredecessors: a booking that is moved leaves the effects of the action that it ends by, beside those of the one in its place.
func TestEffectsOfPredecessors(t *testing.T) {
	t.Parallel()
	b := setup(t)
	g := graphtest.Calling(graphtest.Call("crm"))
	for i := range g.States[1].Actions {
		if a := &g.States[1].Actions[i]; a.Name == booking.RescheduleAction {
			a.Effects = []graphs.Effect{{Kind: graphs.CallEffect, Endpoint: "erp"}}
		}
	}
	old := b.booked(b.own(b.at("instant", 9, 10), g))
	v := b.own(b.at("instant", 11, 12), g)
	v.Related.RescheduledFrom = &old.ID
	v, out := b.book(v)
	if len(out.Effects) != 2 {
		t.Fatalf("to wake: %v", out.Effects)
	}
	all := b.effects(old)
	if len(all) != 2 || all[1].Seq != 2 || all[1].Does.Endpoint != "erp" || len(b.effects(v)) != 1 {
		t.Errorf("%+v", all)
	}
	b.sound()
}
