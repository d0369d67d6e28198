// Package service holds the use cases of bookings: making, moving, holding and ending them, and which times are offered. API and
// pages call it with Go values. It has no HTTP and reads no body; what the record keeps as JSON it has read by its Reader.
//
// Each type is one part and uses only those below it:
//
//	Booker        makes bookings, holds, and bookings in the place of others
//	drafts        finds out what they take, and whether their callers may
//	Player        moves bookings that exist
//	submissions   puts actions on record, delivers them, waits for outcomes
//	Offers        free times, and rules that are tried
//	Admission     how many bookings may be made at once
//	Tokens        signed tokens of callers without a key
package service

import (
	"encoding/json"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/booking"
	"holdfast/internal/catalogue"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
	"holdfast/internal/links"
	"holdfast/internal/postgres"
)

// Service is what the use cases are made of, and makes them: see its methods. All fields are needed. It is safe for concurrent use, and so
// is what it makes.
type Service struct {
	DB        *postgres.DB
	Outcomes  *postgres.Outcomes
	Dispatch  *dispatch.Dispatcher
	Retries   *dispatch.Retries
	Vault     *links.Vault
	Keyring   *links.Keyring
	Admission *Admission
	Reader    Reader
	Wait      time.Duration // how long a creation counts as in time
	Log       *slog.Logger
}

// Offers answers which times are free.
func (s *Service) Offers() *Offers { return &Offers{db: s.DB, reader: s.Reader} }

// Player moves bookings that exist.
func (s *Service) Player() *Player {
	return &Player{db: s.DB, dispatch: s.Dispatch, submissions: s.newSubmissions()}
}

// Booker makes bookings.
func (s *Service) Booker() *Booker {
	offers, submissions := s.Offers(), s.newSubmissions()
	return &Booker{
		db: s.DB, dispatch: s.Dispatch, admission: s.Admission, offers: offers, submissions: submissions, reader: s.Reader, log: s.Log,
		drafts: &drafts{db: s.DB, vault: s.Vault, offers: offers, submissions: submissions},
	}
}

// Tokens reads the tokens of callers without a key.
func (s *Service) Tokens() *Tokens {
	return &Tokens{access: s.DB.Access, vault: s.Vault, keyring: s.Keyring}
}

func (s *Service) newSubmissions() *submissions {
	return &submissions{db: s.DB, outcomes: s.Outcomes, retries: s.Retries, wait: s.Wait}
}

// Reader reads what the record keeps in JSON, as a project's owner or a booking's maker wrote it. It was checked when it was
// written.
type Reader interface {
	// Project reads a project's rules.
	Project(p *catalogue.Project) (*Project, error)
	// Reminders reads a list of reminders. It adds what is wrong to the problems, under the name of the field.
	Reminders(list json.RawMessage, field string, problems fault.Problems) []Reminder
}

// Project is a project whose rules were read: once per request.
type Project struct {
	*catalogue.Project

	Rules Rules // which times it offers
}

// Outcome is an action as far as it is decided, and its booking as the record has it then.
type Outcome struct {
	Action  *booking.Action
	Booking *booking.Booking
}

// newID makes a UUIDv7; the source of randomness does not fail on a machine that runs.
func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

// missing adds a problem to a field whose value names what does not exist. It reports whether err says so.
func missing(err error, field string, problems fault.Problems) bool {
	if fault.CodeOf(err) != fault.NotFound {
		return false
	}
	problems.Add(field, "does not exist")
	return true
}

// unlessNotFound returns err, or nil when err is NotFound.
func unlessNotFound(err error) error {
	if fault.CodeOf(err) == fault.NotFound {
		return nil
	}
	return err
}

// checkLength adds a problem to the field when text has more than limit characters.
func checkLength(text, field string, limit int, problems fault.Problems) {
	if len([]rune(text)) > limit {
		problems.Add(field, "must not be longer than %d characters", limit)
	}
}

// Later returns the later of two moments.
func Later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
