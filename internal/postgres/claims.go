package postgres

import (
	"fmt"
	"maps"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/graphs"
	"holdfast/internal/booking"
)

// claim is what an action needs for itself before it is accepted: the slots or the seat that its move takes, or nothing. It is
// claimed in the transaction that puts the action on record, which is one batch: see atOnce. A batch cannot be stopped from
// here; so each statement behind the claim asks whether it was won, and a loser writes nothing.
type claim struct {
	booking *booking.Booking
	move    graphs.Move
	slots   []slot
	won     string // an SQL condition: the claim is there, or none is needed
	args    namedArgs

	accepted bool // the action is on record
}

// atDoor is a move as it is claimed before its commit. One with another move for what is taken claims nothing: the commit takes what is
// there, and makes the other move where nothing is.
func atDoor(move graphs.Move) graphs.Move {
	if move.Otherwise != nil {
		move.Takes = false
	}
	return move
}

func newClaim(b *booking.Booking, move graphs.Move) *claim {
	c := &claim{booking: b, move: move, slots: slotsOf(b), won: "true"}
	c.args = c.slots[0].args()
	books, cancels := b.BoundBySession()
	maps.Copy(c.args, namedArgs{
		"id": b.ID, "seq": b.Seq, "holder": b.ID, "claimant": nil, "session": b.Related.OwnerBooking,
		"bounded": b.Seq == 0 && books, "cancels": move.Action == booking.CancelByCustomerAction && cancels, "opens": b.Seq == 0 || move.Takes,
	})
	if old := b.Related.Succeeds(); old != nil && b.Seq == 0 {
		c.args["holder"], c.args["claimant"] = old.Of, b.ID
	}
	switch {
	case c.takesSlot():
		c.won = `EXISTS (SELECT FROM occupancies o WHERE ` + ownClaim + `)`
	case c.takesSeat():
		c.won = `EXISTS (SELECT FROM seats WHERE booking_id = @id)`
	}
	return c
}

// ownClaim is true of the rows o that a booking has claimed. Of one that is to take another's place they are among the other's.
const ownClaim = `o.booking_id = @holder AND o.claimed AND COALESCE(o.claimant, o.booking_id) = @id`

func (c *claim) takesSlot() bool { return c.move.Takes && c.move.Holds == graphs.HoldsSlot }
func (c *claim) takesSeat() bool { return c.move.Takes && c.move.Holds == graphs.HoldsSeat }

// needed reports whether there is anything to claim.
func (c *claim) needed() bool { return c.takesSlot() || c.takesSeat() }

// queue claims the slot or the seat. current makes a claim only for a booking that is where the caller saw it, and shares the
// one that is there.
func (c *claim) queue(batch *pgx.Batch, current bool) {
	switch {
	case c.takesSlot():
		c.queueSlots(batch, current)
	case c.takesSeat():
		c.queueSeat(batch, current)
	case c.booking.Related.OwnerBooking != nil:
		const q = `SELECT holdfast_refuse('` + refusedBySession + `') WHERE NOT EXISTS (SELECT FROM ` + openSession + `)`
		batch.Queue(q, c.args)
	}
}

// queueSlots claims time: all slots, with the rows for their buffers, or nothing. All statements go with one batch, so several slots cost
// no more round trips than one.
func (c *claim) queueSlots(batch *pgx.Batch, current bool) {
	for _, s := range c.slots {
		c.queueSlot(batch, s, current)
	}
	if rows := rowsOf(c.slots); rows > 1 {
		const half = `SELECT holdfast_refuse('occupancies_no_overlap')
			WHERE (SELECT count(*) FROM occupancies o WHERE ` + ownClaim + `) BETWEEN 1 AND @rows - 1`
		args := maps.Clone(c.args)
		args["rows"] = rows
		batch.Queue(half, args)
	}
}

// queueSlot claims a slot: a row for its time, and one for its buffer. A crowd is sent away by a look, without writing.
func (c *claim) queueSlot(batch *pgx.Batch, s slot, current bool) {
	const free = `(NOT @exclusive OR NOT (` + isTaken + `))`
	const apart = `(NOT @exclusive OR NOT (` + isOverlapped + `))` // whether it is worth the wait, where nothing is counted
	args := maps.Clone(c.args)
	maps.Copy(args, s.args())
	batch.Queue(lockSlots+`@locks AND `+apart+`)`, args)
	and := ``
	if current {
		and = ` AND ` + unmoved + ` AND NOT EXISTS (SELECT FROM occupancies o WHERE ` + ownClaim + ` AND o.resource_id = @resource)`
	}
	batch.Queue(`
		INSERT INTO occupancies (id, app_id, resource_id, booking_id, claimant, during, layer, exclusive, units, around, claimed)
		SELECT gen_random_uuid(), @app, @resource, @holder, @claimant, wanted.during, wanted.layer, @exclusive AND NOT `+isCounted+`,
			@units, wanted.around, true
		FROM (`+wantedRows+`) wanted WHERE `+free+and+`
		ON CONFLICT ON CONSTRAINT occupancies_no_overlap DO NOTHING`, args)
}

// unmoved is true while a booking is where the caller saw it.
const unmoved = `EXISTS (SELECT FROM bookings WHERE id = @id AND seq = @seq)`

// queueSeat claims a seat: it is counted at once.
func (c *claim) queueSeat(batch *pgx.Batch, current bool) {
	and := ``
	if current {
		and = ` AND ` + unmoved + ` AND NOT EXISTS (SELECT FROM seats WHERE booking_id = @id)`
	}
	batch.Queue(`
		WITH session AS (
			UPDATE sessions SET taken = taken + 1
			WHERE booking_id = (SELECT s.booking_id FROM `+openSession+`) AND taken < max_seats AND open`+and+` RETURNING booking_id)
		INSERT INTO seats (booking_id, session_id, claimed) SELECT @id, booking_id, true FROM session`, c.args)
}

// openSession is the session of a seat, unless it refuses a move by its bounds: see booking.Session.Refuses.
const openSession = `sessions s JOIN bookings o ON o.id = s.booking_id WHERE s.booking_id = @session AND o.app_id = @app
	AND (NOT @opens OR s.open)
	AND (NOT @bounded OR holdfast_now(@app) BETWEEN COALESCE(s.book_from, '-infinity') AND COALESCE(s.book_until, 'infinity'))
	AND (NOT @cancels OR holdfast_now(@app) <= COALESCE(s.cancel_until, 'infinity'))`

// queueOld locks the booking whose place a new one is to take, and refuses unless it can give it away. Time is promised to
// one only: a second one is refused while the first is undecided.
func (c *claim) queueOld(batch *pgx.Batch) {
	how := c.booking.Related.Succeeds()
	if how == nil || c.booking.Seq > 0 {
		return
	}
	const old = `FROM bookings o WHERE o.id = @old AND o.app_id = @app`
	args := namedArgs{
		"old": how.Of, "app": c.booking.AppID, "id": c.booking.ID, "places": placesOf(graphs.Published(), how), "own": c.placesOfOwn(how),
		"claims": c.needed(),
	}
	batch.Queue(`SELECT `+old+` FOR NO KEY UPDATE`, args)
	batch.Queue(`
		SELECT holdfast_refuse('`+refusedByPredecessor+`') WHERE NOT EXISTS (
			SELECT `+old+` AND o.graph || '@' || o.graph_version || '/' || o.state = ANY(CASE WHEN o.own_graph THEN @own::text[] ELSE @places END))
		OR @claims AND EXISTS (
			SELECT FROM bookings n WHERE COALESCE(n.rescheduled_from, n.reservation_id) = @old AND n.seq = 0 AND n.id <> @id)`, args)
}

// placesOfOwn lists the same for a booking of the app's own graph. One that takes its place by being moved has the same graph, and holds
// have a built-in one.
func (c *claim) placesOfOwn(how *booking.Succession) []string {
	graph, err := c.booking.LoadGraph()
	if err != nil || !graph.Own {
		return []string{}
	}
	return placesOf([]*graphs.Graph{graph}, how)
}

// placesOf lists the states of graphs in which a booking can give its place away.
func placesOf(all []*graphs.Graph, how *booking.Succession) []string {
	places := []string{}
	for _, g := range all {
		for _, s := range g.States {
			if _, err := g.Next(s.Name, how.Action, how.Actor); err == nil {
				places = append(places, fmt.Sprintf("%s@%d/%s", g.Name, g.Version, s.Name))
			}
		}
	}
	return places
}

// begun is true behind an action that was put on record in this transaction, and for a loser it is not.
const begun = `EXISTS (SELECT FROM actions WHERE id = @action)`

// queueAction puts an action on record, if what it needs was claimed, and says so once the batch is through. errKnown ends the
// transaction when the action is there already: two tries of one action meet here. An action on a booking that has moved since
// the caller saw it is put on record without a claim: the commit judges.
func (c *claim) queueAction(batch *pgx.Batch, a *booking.Action, current bool) {
	claimed, accepted, known := `false`, c.won, `booking_id = @id`
	if c.needed() {
		claimed = c.won
	}
	if current {
		known = `id = @action`
	}
	if current && c.needed() {
		accepted += ` OR NOT ` + unmoved
	}
	q := `
		WITH claim AS MATERIALIZED (SELECT ` + accepted + ` AS won, ` + claimed + ` AS claimed), put AS (
			INSERT INTO actions (id, app_id, booking_id, name, actor, channel, key_id, inputs, awaited, revision, relay, claims, lifted,
				notify, created_at)
			SELECT @action, @app, @id, @name, @actor, @channel, @key, @inputs, @awaited, @revision, @relay, claimed, @lifted,
				@notify, holdfast_now(@app) FROM claim WHERE won
			ON CONFLICT ON CONSTRAINT actions_pkey DO NOTHING RETURNING id)
		SELECT won, CASE WHEN won AND NOT EXISTS (SELECT FROM put) OR NOT won AND EXISTS (SELECT FROM actions WHERE ` + known + `)
			THEN holdfast_refuse('actions_pkey') END FROM claim`
	args := maps.Clone(c.args)
	maps.Copy(args, namedArgs{
		"action": a.ID, "name": a.Name, "actor": a.Actor, "channel": a.Channel, "key": a.KeyID, "inputs": asJSON(a.Inputs),
		"awaited": a.Awaited, "revision": a.Revision, "relay": a.Relay,
		"lifted": a.Lifted, "notify": a.Notify,
	})
	batch.Queue(q, args).QueryRow(func(row pgx.Row) error { return row.Scan(&c.accepted, nil) })
}

// releaseClaims gives back what a booking has claimed, and what has been claimed in its place.
func releaseClaims(batch *pgx.Batch, id uuid.UUID) {
	args := namedArgs{"id": id}
	batch.Queue(`DELETE FROM occupancies WHERE booking_id = @id AND claimed`, args)
	batch.Queue(giveSeat+` AND claimed`+uncount, args)
}
