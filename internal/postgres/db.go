// Package postgres is the record: every SQL statement of Holdfast, its migrations, and the one place where a
// constraint's name becomes a domain error.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	pgxuuid "github.com/vgarvardt/pgx-google-uuid/v5"

	"holdfast/internal/fault"
)

// DB is a pool of connections to the record. Its methods are safe for concurrent use; each is one transaction unless
// it says otherwise. Errors are *fault.Error, or without a code when Postgres itself is in trouble.
//
// Its parts share the pool. A caller names the part that it needs: a *Bookings, an *Outbox and so on.
type DB struct {
	*store
	*Bookings
	*Actions
	*Requests
	*limits
	*Outbox
	*drains
	*Calendars
	*Catalogue
	*Access
	*Graphs
	*Operations
	*Effects
	*Payments
	*Clocks
	*Contacts
	*Mailers
	*Templates
}

// Bookings stores bookings, their transitions and what they take: slots, seats, holds. A commit writes events and deliveries in its own
// transaction, by the functions of Outbox.
type Bookings struct {
	*store
	claims *claims
}

// Actions stores what bookings are asked to do, from the claim to the outcome, and the links that were spent on it.
type Actions struct {
	*store
	claims *claims
}

// claims finds out why a claim was not won. Who has just lost a time makes the next ones look first.
type claims struct {
	*store
	limits *limits
	lostAt atomic.Int64 // when a creation last lost its time here, in nanoseconds since 1970; see lookFirst
}

// Requests stores scheduling requests, the claim tokens that visitors come by, and the forms that are kept for them.
type Requests struct {
	*store
	bookings *Bookings
}

// limits stores how many bookings there are in each period of a limit, and how many holds each owner has.
type limits struct{ *store }

// Outbox stores events, endpoints and what they are to get: deliveries, with their attempts.
type Outbox struct{ *store }

// drains stores what is sent: which process sends for an endpoint, what it has claimed, and how its attempts ended.
type drains struct{ *store }

// Effects stores what is done outside after transitions. The commit of a transition writes them, by writeEffects.
type Effects struct {
	*store
	actions *Actions
}

// Payments stores accounts at payment providers, payments, refunds, and which webhook requests of providers were seen.
type Payments struct{ *store }

// Clocks stores the clocks of test apps, and what is due by them.
type Clocks struct {
	*store
	actions *Actions
}

// Calendars stores resources, their calendars and calendar events, and answers what time is taken.
type Calendars struct{ *store }

// Catalogue stores projects, services, locations and public links.
type Catalogue struct{ *store }

// Graphs stores the graphs of apps' own: drafts, published versions, what their bare names stand for, and which bookings walk them.
type Graphs struct{ *store }

// Access stores apps and everything that says who calls: keys, credentials, client secrets, portal sessions.
type Access struct {
	*store
	holders joined[string, Holder] // by the hash of their key
}

// Templates stores what apps say in their mails in place of built-in texts.
type Templates struct{ *store }

// Operations stores what an Idempotency-Key stands for.
type Operations struct{ *store }

// store is the pool, and what runs transactions on it.
type store struct {
	pool      *pgxpool.Pool
	process   uuid.UUID // names this process where endpoints are reserved and deliveries claimed
	announcer *announcer
	bounds    bounds
	libraries libraries
}

// newDB makes the parts of a DB on one pool.
func newDB(pool *pgxpool.Pool) *DB {
	s := &store{pool: pool, process: uuid.New(), announcer: &announcer{pool: pool}, bounds: defaultBounds}
	counted := &limits{s}
	lost := &claims{store: s, limits: counted}
	bookings, actions, outbox := &Bookings{s, lost}, &Actions{s, lost}, &Outbox{s}
	return &DB{
		store: s, Bookings: bookings, Actions: actions, Requests: &Requests{s, bookings}, limits: counted,
		Outbox: outbox, drains: &drains{s}, Calendars: &Calendars{s}, Catalogue: &Catalogue{s}, Graphs: &Graphs{s},
		Access: &Access{store: s}, Operations: &Operations{s}, Effects: &Effects{s, actions}, Payments: &Payments{s},
		Clocks: &Clocks{s, actions}, Contacts: &Contacts{s}, Mailers: &Mailers{s, outbox}, Templates: &Templates{s},
	}
}

// Open connects to a Postgres of version 14 or newer. It fails when the server does not answer.
func Open(ctx context.Context, url string, maxConns int) (*DB, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("the database URL cannot be read: %w", hideURL(err))
	}
	config.MaxConns = int32(maxConns) //nolint:gosec // the settings allow 1000 at most
	config.MaxConnIdleTime = 5 * time.Minute
	for name, value := range map[string]string{
		"application_name":                    "holdfast",
		"timezone":                            "UTC",
		"lock_timeout":                        "2s",
		"statement_timeout":                   "5s",
		"idle_in_transaction_session_timeout": "10s",
	} {
		if _, set := config.ConnConfig.RuntimeParams[name]; !set {
			config.ConnConfig.RuntimeParams[name] = value
		}
	}
	config.AfterConnect = func(_ context.Context, conn *pgx.Conn) error {
		pgxuuid.Register(conn.TypeMap()) // else ids are sent as texts
		return nil
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("connect to Postgres: %w", err)
	}
	return newDB(pool), nil
}

// IsUnavailable reports whether an error means that Postgres cannot be reached, is not ready, or is too busy: a lock or a statement
// has timed out, or a transaction lost against others three times. Trying again later makes sense.
func IsUnavailable(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		class := pg.Code[:min(2, len(pg.Code))]
		return class == "08" || class == "53" || strings.HasPrefix(pg.Code, "57P") || timedOut(err) || rolledBack(err)
	}
	_, refused := errors.AsType[*pgconn.ConnectError](err)
	_, network := errors.AsType[net.Error](err)
	return refused || network || errors.Is(err, io.ErrUnexpectedEOF)
}

// hideURL drops the text of a URL parse error: it repeats the URL, password and all.
func hideURL(err error) error {
	if parse, ok := errors.AsType[*pgconn.ParseConfigError](err); ok {
		_ = parse
		return errors.New("it is not a valid postgres:// URL or connection string")
	}
	return err
}

// Close ends all connections, after their work. What is still to be announced is announced.
func (db *store) Close() {
	db.announcer.wait()
	db.pool.Close()
}

// Ping answers whether Postgres does.
func (db *store) Ping(ctx context.Context) error { return db.pool.Ping(ctx) }

// Stats describes the pool, for metrics.
func (db *store) Stats() *pgxpool.Stat { return db.pool.Stat() }

// rules are the constraints that a caller can meet, and those that holdfast_refuse names.
var rules = map[string]struct {
	code    fault.Code
	message string
}{
	"apps_slug_key":                     {fault.AlreadyExists, "An app with this slug exists already."},
	"webhook_endpoints_name_key":        {fault.AlreadyExists, "A webhook with this name exists already."},
	"payment_accounts_name_key":         {fault.AlreadyExists, "A payment account with this name exists already."},
	"projects_slug_key":                 {fault.AlreadyExists, "A project with this slug exists already."},
	"spent_claims_pkey":                 {fault.ClaimReplayed, "This link has been used for a booking already."},
	"spent_links_pkey":                  {fault.LinkUsed, "This link has been used already."},
	"spent_links_booking_id_fkey":       {fault.NotFound, "The booking does not exist."},
	"scheduling_requests_missing":       {fault.NotFound, "The scheduling request does not exist."},
	"scheduling_requests_cancelled":     {fault.ActionNotAvailable, requestCancelled},
	"scheduling_requests_picked":        {fault.ActionNotAvailable, requestPicked},
	"bookings_resource":                 {fault.NotFound, "The resource does not exist."},
	"bookings_resource_id_fkey":         {fault.NotFound, "The resource does not exist."},
	"occupancies_resource_id_fkey":      {fault.NotFound, "The resource does not exist."},
	"bookings_calendar_id_fkey":         {fault.NotFound, "The calendar does not exist."}, // it was deleted just now
	"contact_blocks_booking_id_fkey":    {fault.NotFound, "The booking does not exist."},
	"calendar_events_calendar_id_fkey":  {fault.NotFound, "The calendar does not exist."},
	"webhook_attempts_delivery_id_fkey": {fault.NotFound, "The delivery does not exist."},
}

// mapConstraint turns the errors that a caller can do something about into domain errors, by constraint name.
func mapConstraint(err error) error {
	if err == nil {
		return nil
	}
	pg, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return err
	}
	if strings.HasSuffix(pg.ConstraintName, "_app_id_fkey") { // it was deleted just now
		return fault.Wrap(err, fault.NotFound, "The app does not exist.")
	}
	if strings.HasSuffix(pg.ConstraintName, "_size") { // nobody has bounded it before, which is our fault
		return fault.Wrap(err, fault.Invalid, "A field is too large once its numbers are written out.")
	}
	if rule, ok := rules[pg.ConstraintName]; ok {
		return fault.Wrap(err, rule.code, "%s", rule.message)
	}
	switch pg.ConstraintName {
	case "occupancies_no_overlap":
		return slotTaken(err)
	case "bookings_pkey", "actions_pkey":
		return errKnown
	case refusedBySession, refusedByPredecessor, refusedByLimit:
		return errRefused
	}
	switch pg.Code {
	case "22P02", "22P05", "22003": // half a surrogate pair, a null character, a number beyond all bounds
		return fault.Wrap(err, fault.Malformed, "The body holds JSON that cannot be kept: half a character, or too large a number.")
	}
	return err
}

func slotTaken(cause error) error {
	return fault.Wrap(cause, fault.SlotTaken, "The time slot is already taken.")
}

// orNotFound maps "no row" to NotFound.
func orNotFound(err error, what string) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return fault.Errorf(fault.NotFound, "%s does not exist.", what)
	}
	return mapConstraint(err)
}
