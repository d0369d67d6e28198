package postgres_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/booking"
	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
	"holdfast/internal/policy"
	"holdfast/internal/postgres"
	"holdfast/internal/requires"
)

// halfTaken counts bookings that have rows for some of their parts, but not for all.
const halfTaken = `
	SELECT count(*) FROM (
		SELECT y.booking_id, count(*) AS wanted, count(*) FILTER (WHERE EXISTS (
			SELECT FROM occupancies o WHERE COALESCE(o.claimant, o.booking_id) = y.booking_id AND o.resource_id = y.resource_id
				AND o.during = tstzrange(y.start_at, y.end_at, '[)'))) AS taken
		FROM booking_resources y GROUP BY y.booking_id) parts WHERE taken NOT IN (0, wanted)`

// places makes resources with their calendars.
func (b *bundle) resources(n int) (all []*catalogue.Resource) {
	b.t.Helper()
	for range n {
		r, _ := b.newResource(b.app)
		all = append(all, r)
	}
	return all
}

// joint makes v take resources, the first one's first.
func (b *bundle) joint(v *booking.Booking, parts ...*catalogue.Resource) *booking.Booking {
	b.t.Helper()
	v.Requires, v.Parts = &requires.Requires{}, nil
	for _, r := range parts {
		v.Requires.AllOf = append(v.Requires.AllOf, requires.Part{Resource: r.ID.String()})
		v.Parts = append(v.Parts, booking.Part{Resource: r.ID, Role: "part", Start: v.Start, End: v.End})
	}
	v.Resource = *parts[0]
	v.Calendar = *must(b.DB.Calendar(b.ctx, parts[0].ID, nil))
	return v
}

// TestTwoHundredForCrossingPairs: each of two hundred wants two of five resources, in either order. Nobody deadlocks, nobody has half, and
// who was refused had somebody in its way.
func TestTwoHundredForCrossingPairs(t *testing.T) {
	t.Parallel()
	for _, minutes := range []int{0, 15} {
		t.Run(words(minutes, "minutes of buffer"), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			db, places := b.crowd(), b.resources(5)
			all, errs := make([]*booking.Booking, 200), make([]error, 200)
			actions := make([]*booking.Action, 200)
			for i := range all {
				pair := rand.Perm(5)[:2]
				all[i] = b.joint(b.buffered(9, 10, minutes), places[pair[0]], places[pair[1]])
			}
			together(len(all), func(i int) {
				actions[i], errs[i] = db.CreateBooking(b.ctx, all[i], action(all[i], "confirm"), takesSlot)
			})
			b.wantCount(0, halfTaken)
			b.wantNoDeadlock()
			taken := map[uuid.UUID]int{}
			for i, err := range errs {
				if err != nil {
					wantCode(t, err, fault.SlotTaken)
					continue
				}
				for _, p := range all[i].Parts {
					taken[p.Resource]++
				}
			}
			for id, n := range taken {
				if n > 1 {
					t.Errorf("%s was sold %d times", id, n)
				}
			}
			for i, err := range errs {
				free := !slices.ContainsFunc(all[i].Parts, func(p booking.Part) bool { return taken[p.Resource] > 0 })
				if err != nil && free {
					t.Errorf("booking %d was refused, and both of its resources are free", i)
				}
			}
			together(len(all), func(i int) {
				if errs[i] == nil {
					out := must(db.Commit(b.ctx, commit(all[i], actions[i])))
					wantEqual(t, "accepted", out.Result, booking.ResultApplied)
				}
			})
			b.wantCount(0, halfTaken)
			b.wantCount(0, `SELECT count(*) FROM occupancies WHERE claimed`)
			b.wantNoDeadlock()
		})
	}
}

// TestPartsWithoutAClaim: what nobody has claimed is taken in the commit, all or not at all.
func TestPartsWithoutAClaim(t *testing.T) {
	t.Parallel()
	b := setup(t)
	places := b.resources(3)
	v := b.joint(b.at("instant", 9, 10), places[0], places[1])
	b.booked(v)
	b.wantCount(2, `SELECT count(*) FROM occupancies WHERE booking_id = $1`, v.ID)
	_, out := b.book(b.joint(b.at("instant", 9, 10), places[2], places[1]))
	wantEqual(t, "refused", out.Code, fault.SlotTaken)
	b.wantCount(2, `SELECT count(*) FROM occupancies`)
	b.wantCount(0, `SELECT count(*) FROM occupancies WHERE resource_id = $1`, places[2].ID)
	b.booked(b.joint(b.at("instant", 10, 11), places[2], places[1]))
	b.wantCount(0, halfTaken)
	b.sound()
}

// TestTheFirstPartHasTheNamedCalendar: a booking of several resources is on the calendar that it names, and on no other one of its resource.
func TestTheFirstPartHasTheNamedCalendar(t *testing.T) {
	t.Parallel()
	b := setup(t)
	places := b.resources(2)
	named := &catalogue.OwnedCalendar{Calendar: catalogue.Calendar{ID: newID(), ResourceID: places[0].ID, Name: "Private"}}
	check(t, b.CreateCalendar(b.ctx, b.app.ID, named))
	v := b.joint(b.at("instant", 9, 10), places[0], places[1])
	v.Calendar = named.Calendar
	b.accepted(v)
	found := b.known(v)
	wantEqual(t, "calendar of the booking", found.Calendar.ID, named.ID)
	wantEqual(t, "calendar of its first part", found.Parts[0].Calendar, named.ID)
	wantEqual(t, "calendar of the other", found.Parts[1].Calendar, must(b.DB.Calendar(b.ctx, places[1].ID, nil)).ID)
}

// TestPartsHaveTheirOwnTimes: a part with an offset and a length takes just that, and the record shows it.
func TestPartsHaveTheirOwnTimes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	places := b.resources(2)
	v := b.joint(b.at("instant", 9, 10), places[0], places[1])
	v.Parts[1].Start, v.Parts[1].End = v.Start.Add(-15*time.Minute), v.Start.Add(time.Hour+15*time.Minute)
	v.Parts[1].Role = "room"
	b.accepted(v)
	found := b.known(v)
	wantEqual(t, "parts", len(found.Parts), 2)
	wantEqual(t, "role", found.Parts[1].Role, "room")
	wantEqual(t, "name", found.Parts[1].Name, places[1].Name)
	wantEqual(t, "start", found.Parts[1].Start.Equal(v.Parts[1].Start), true)
	wantEqual(t, "end", found.Parts[1].End.Equal(v.Parts[1].End), true)
	wantEqual(t, "requires", len(found.Requires.AllOf), 2)
	b.wantCount(1, `SELECT count(*) FROM booking_resources y JOIN calendars c ON c.id = y.calendar_id AND c.resource_id = y.resource_id WHERE nth = 1`)
	before := b.at("instant", 8, 8.75)
	b.accepted(b.joint(before, places[1]))
	inside := b.joint(b.at("instant", 8.75, 9), places[1])
	_, err := b.try(inside)
	wantCode(t, err, fault.SlotTaken)
	b.accepted(b.joint(b.at("instant", 8.75, 9), places[0]))
}

// TestTheMissingPartIsNamed: who is refused hears which part somebody else has.
func TestTheMissingPartIsNamed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	places := b.resources(4)
	b.accepted(b.joint(b.at("instant", 9, 10), places[0], places[1]))
	v := b.joint(b.at("instant", 9, 10), places[2], places[1], places[3])
	v.Parts[1].Role = "nurse"
	_, err := b.try(v)
	wantCode(t, err, fault.SlotTaken)
	wantEqual(t, "missing", slices.Equal(missingOf(err), []string{"nurse"}), true)
	wantCode(t, b.HasRoom(b.ctx, v, takesSlot), fault.SlotTaken)
}

func missingOf(err error) []string {
	if known, ok := errors.AsType[*fault.Error](err); ok {
		return known.Missing
	}
	return nil
}

// TestEndingFreesAllParts: a cancel, a refusal and the end of a hold give all of it back.
func TestEndingFreesAllParts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	places := b.resources(2)
	b.played(b.booked(b.joint(b.at("instant", 9, 10), places...)), "cancel")
	b.wantCount(0, `SELECT count(*) FROM occupancies`)
	v := b.joint(b.at("instant", 9, 10), places...)
	b.withdraw(v, b.accepted(v))
	b.wantCount(0, `SELECT count(*) FROM occupancies`)
	b.wantCount(0, `SELECT count(*) FROM booking_resources y JOIN bookings b ON b.id = y.booking_id WHERE NOT b.completed`)
	hold := b.booked(b.joint(b.at("reservation", 9, 10), places...))
	b.wantCount(2, `SELECT count(*) FROM occupancies`)
	out := b.expire(hold)
	wantEqual(t, "expired", out.Result, booking.ResultApplied)
	b.wantCount(0, `SELECT count(*) FROM occupancies`)
	b.sound()
}

// TestSwapOneResource: a booking that is moved keeps one resource and changes the other, with a claim and without.
func TestSwapOneResource(t *testing.T) {
	t.Parallel()
	for _, claimed := range []bool{true, false} {
		b := setup(t)
		places := b.resources(3)
		old := b.booked(b.joint(b.at("instant", 9, 10), places[0], places[1]))
		v := b.joint(b.at("instant", 9.5, 10.5), places[0], places[2])
		v.Related.RescheduledFrom = &old.ID
		var a *booking.Action
		if claimed {
			a = b.accepted(v)
			b.wantCount(4, `SELECT count(*) FROM occupancies`)
		} else {
			a = b.create(v)
		}
		out := must(b.Commit(b.ctx, commit(v, a)))
		wantEqual(t, "moved", out.Result, booking.ResultApplied)
		b.wantCount(2, `SELECT count(*) FROM occupancies WHERE booking_id = $1`, v.ID)
		b.wantCount(2, `SELECT count(*) FROM occupancies`)
		b.wantCount(0, halfTaken)
		b.sound()
	}
}

// TestCrossingMoves: bookings of pairs move to each other's resources at once: some are refused, nobody deadlocks or loses half.
func TestCrossingMoves(t *testing.T) {
	t.Parallel()
	b := setup(t)
	db, places := b.crowd(), b.resources(6)
	var old []*booking.Booking
	for i := range 30 {
		from := float64(i / 3)
		pair := []*catalogue.Resource{places[i%3], places[3+i%3]}
		old = append(old, b.booked(b.joint(b.at("instant", from, from+1), pair...)))
	}
	moved := make([]bool, len(old))
	together(len(old), func(i int) {
		from := float64(rand.IntN(12))
		v := b.joint(b.at("instant", from, from+1), places[3+rand.IntN(3)], places[rand.IntN(3)])
		v.Related.RescheduledFrom = &old[i].ID
		a, err := db.CreateBooking(b.ctx, v, action(v, "confirm"), moveOf(t, v))
		if err != nil {
			wantCode(t, err, fault.SlotTaken)
			return
		}
		moved[i] = must(db.Commit(b.ctx, commit(v, a))).Result == booking.ResultApplied
		wantEqual(t, "a move that was accepted", moved[i], true)
	})
	b.wantCount(0, halfTaken)
	b.wantCount(60, `SELECT count(*) FROM occupancies`)
	b.wantNoDeadlock()
	b.sound()
}

// TestAHoldKeepsItsParts: a hold that becomes a booking gives all of its parts over.
func TestAHoldKeepsItsParts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	places := b.resources(2)
	hold := b.booked(b.joint(b.at("reservation", 9, 10), places...))
	v := b.joint(b.at("instant", 9, 10), places...)
	v.Related.Reservation = &hold.ID
	out := must(b.Commit(b.ctx, commit(v, b.accepted(v))))
	wantEqual(t, "booked", out.Result, booking.ResultApplied)
	b.wantCount(2, `SELECT count(*) FROM occupancies WHERE booking_id = $1 AND NOT claimed`, v.ID)
	b.wantCount(2, `SELECT count(*) FROM occupancies`)
	b.sound()
}

// TestConfirmClaimsAllParts: a booking that takes nothing at first claims all parts with its confirm.
func TestConfirmClaimsAllParts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	places := b.resources(3)
	one := b.booked(b.joint(b.at("confirm_decline", 9, 10), places[0], places[1]))
	two := b.booked(b.joint(b.at("confirm_decline", 9, 10), places[1], places[2]))
	b.wantCount(0, `SELECT count(*) FROM occupancies`)
	first := must(b.ask(one, "confirm"))
	again := must(b.ask(one, "confirm")) // shares the claim
	b.wantCount(2, `SELECT count(*) FROM occupancies WHERE claimed`)
	_, err := b.ask(two, "confirm")
	wantCode(t, err, fault.SlotTaken)
	b.wantCount(2, `SELECT count(*) FROM occupancies`)
	wantEqual(t, "confirmed", must(b.Commit(b.ctx, commit(one, first))).Result, booking.ResultApplied)
	must(b.Commit(b.ctx, commit(b.known(one), again)))
	b.wantCount(2, `SELECT count(*) FROM occupancies WHERE NOT claimed`)
	b.wantCount(0, halfTaken)
	b.sound()
}

// TestPartsKeepTheirResources: a resource that has a part of an open booking cannot be deleted, nor booked once it is.
func TestPartsKeepTheirResources(t *testing.T) {
	t.Parallel()
	b := setup(t)
	places := b.resources(3)
	v := b.booked(b.joint(b.at("instant", 9, 10), places[0], places[1]))
	wantCode(t, b.DeleteResource(b.ctx, b.app.ID, places[1].ID), fault.InUse)
	v = b.played(v, "cancel")
	check(t, b.DeleteResource(b.ctx, b.app.ID, places[1].ID))
	wantEqual(t, "shown", len(b.known(v).Parts), 2)
	_, err := b.try(b.joint(b.at("instant", 9, 10), places[0], places[1]))
	wantCode(t, err, fault.NotFound)
	b.wantCount(0, `SELECT count(*) FROM occupancies`)
	other := b.newApp("other")
	foreign, _ := b.newResource(other)
	_, err = b.try(b.joint(b.at("instant", 9, 10), places[0], foreign))
	wantCode(t, err, fault.NotFound)
	check(t, b.DeleteBooking(b.ctx, b.app.ID, v.ID))
	b.wantCount(0, `SELECT count(*) FROM booking_resources`)
}

// TestLimitsCountEachPart: a limit per resource counts a booking for each of its resources.
func TestLimitsCountEachPart(t *testing.T) {
	t.Parallel()
	b := setup(t)
	places := b.resources(3)
	limited := func(from, to float64, parts ...*catalogue.Resource) *booking.Booking {
		v := b.joint(b.at("instant", from, to), parts...)
		limits := []policy.Limit{{Per: policy.PerResource, Unit: policy.Day, Max: 1}}
		v.Policy = policy.NewSnapshot(policy.Policy{Limits: &limits}, nil)
		return v
	}
	b.accepted(limited(9, 10, places[0], places[1]))
	_, err := b.try(limited(11, 12, places[2], places[1]))
	wantCode(t, err, fault.LimitReached)
	b.accepted(limited(11, 12, places[2]))
	b.wantCount(3, `SELECT count(*) FROM limit_entries`)
}

// TestChoices: what is required names the resources that there are: of the app, not deleted, in order, each with its part.
func TestChoices(t *testing.T) {
	t.Parallel()
	b := setup(t)
	places := b.resources(5)
	rooms := &catalogue.Project{ID: newID(), AppID: b.app.ID, Name: "Rooms", Slug: "rooms", Resources: []uuid.UUID{places[4].ID, places[3].ID}}
	check(t, b.CreateProject(b.ctx, rooms))
	foreign, _ := b.newResource(b.newApp("other"))
	r := &requires.Requires{AllOf: []requires.Part{
		{Resource: places[0].ID.String()},
		{AnyOf: &requires.AnyOf{From: []string{places[2].ID.String(), foreign.ID.String(), places[1].ID.String()}}},
		{Pool: rooms.ID.String()},
	}}
	want := []uuid.UUID{places[0].ID, places[2].ID, places[1].ID, places[4].ID, places[3].ID}
	all := must(b.Choices(b.ctx, b.app.ID, r))
	check(t, b.CreateProject(b.ctx, &catalogue.Project{ID: newID(), AppID: b.app.ID, Name: "P", Slug: "p", Requires: r}))
	p := must(b.ProjectBySlug(b.ctx, "p"))
	for _, found := range [][]requires.Choice{all, p.Choices} {
		var ids []uuid.UUID
		for _, c := range found {
			ids = append(ids, c.ID)
			wantEqual(t, "zone", c.Zone, "Europe/Berlin")
		}
		wantEqual(t, "choices", slices.Equal(ids, want), true)
		wantEqual(t, "part of the last", found[len(found)-1].Part, 2)
	}
	check(t, b.DeleteResource(b.ctx, b.app.ID, places[2].ID))
	wantEqual(t, "left", len(must(b.Choices(b.ctx, b.app.ID, r))), 4)
	wantEqual(t, "missing", len(must(b.MissingFrom(b.ctx, b.app.ID, r))), 2)
	other := requires.Requires{AllOf: []requires.Part{{Pool: rooms.ID.String()}}}
	wantEqual(t, "another app's pool", len(must(b.MissingFrom(b.ctx, foreign.AppID, &other))), 1)
	wantEqual(t, "nobody of another app's pool", len(must(b.Choices(b.ctx, foreign.AppID, &other))), 0)

	check(t, b.UpdateProject(b.ctx, &catalogue.Project{ID: p.ID, AppID: b.app.ID, Name: "Q"}))
	wantEqual(t, "kept", must(b.ProjectBySlug(b.ctx, "p")).Requires != nil, true)
	check(t, b.UpdateProject(b.ctx, &catalogue.Project{ID: p.ID, AppID: b.app.ID, Requires: &requires.Requires{}}))
	wantEqual(t, "lifted", must(b.ProjectBySlug(b.ctx, "p")).Requires == nil, true)
}

// TestPartsAreFound: a search for a resource finds the bookings that take it beside others, and those of nobody else.
func TestPartsAreFound(t *testing.T) {
	t.Parallel()
	b := setup(t)
	places := b.resources(3)
	pair := b.booked(b.joint(b.at("instant", 9, 10), places[0], places[1]))
	alone := b.booked(b.joint(b.at("instant", 10, 11), places[1]))
	b.booked(b.joint(b.at("instant", 10, 11), places[2]))
	find := func(id string) (all []uuid.UUID) {
		filter := postgres.Filter{Terms: []postgres.Term{{Key: "resource.id", Value: id}}}
		found, _, err := b.ListBookings(b.ctx, b.app.ID, filter, pageOf(1, 10))
		check(t, err)
		for _, v := range found {
			all = append(all, v.ID)
		}
		return all
	}
	wantEqual(t, "of the second", len(find(places[1].ID.String())), 2)
	wantEqual(t, "of the first", fmt.Sprint(find(places[0].ID.String())), fmt.Sprint([]uuid.UUID{pair.ID}))
	b.played(alone, "cancel")
	wantEqual(t, "of nobody", len(find(newID().String())), 0)
}
