package service

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"holdfast/internal/booking"
	"holdfast/internal/mail"
	"holdfast/internal/outbox"
	"holdfast/internal/tenant"
	"holdfast/internal/webhook"
)

// Reminder is a reminder that a booking asks for.
type Reminder struct {
	After    time.Duration // the start; below zero before it
	Mail     *mail.Mail    // the mail that it is; nil for a webhook, which the next three are of
	URL      string
	Method   string // "" = POST
	Expected int    // the answer's status that counts as success; 0 = any of 200 to 299

	Settings json.RawMessage // as it was asked for
}

// remind plans the draft's reminders, each with its target. One whose moment has passed already is not sent, but kept: the
// booking may be moved to a time that it is not too late for. A mail is still sent while no more than a third of the time between its
// moment and the start has passed.
func (s *drafts) remind(_ context.Context, d *Draft) error {
	if len(d.problems) > 0 {
		return nil
	}
	for i, in := range d.in.Reminders {
		r := booking.Reminder{Number: i, At: d.Start.Add(in.After), Settings: in.Settings}
		var err error
		if in.Mail != nil {
			r.LateUntil = r.At.Add(in.After.Abs() / 3)
			r.Mail, err = json.Marshal(in.Mail)
		} else {
			r.Target, err = s.reminderTarget(d.Booking, in)
		}
		if err != nil {
			return err
		}
		d.Booking.Reminders = append(d.Booking.Reminders, r)
	}
	slices.SortStableFunc(d.Booking.Reminders, func(a, b booking.Reminder) int { return a.At.Compare(b.At) })
	return nil
}

func (s *drafts) reminderTarget(b *booking.Booking, in Reminder) (*outbox.Endpoint, error) {
	e := &outbox.Endpoint{
		ID: newID(), AppID: b.AppID, URL: in.URL, Method: strings.ToUpper(in.Method), Expected: in.Expected, Purpose: outbox.ForReminders,
	}
	if e.Method == "" {
		e.Method = "POST"
	}
	var err error
	e.Secret, err = s.vault.Seal([]byte(webhook.NewSecret()), tenant.EndpointSecret(e.ID))
	return e, err
}
