package api

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"holdfast/api/edge"
	"holdfast/internal/booking"
	"holdfast/internal/strictjson"
	"holdfast/internal/webhook"
)

const (
	maxReminders = 10
	maxReminder  = 366 * 24 * time.Hour // before or after the start
)

// reminderInput is one entry of event_notifications.
type reminderInput struct {
	Type     string `json:"type"`
	Settings struct {
		URL      string `json:"url"`
		Method   string `json:"method"`
		Expected int    `json:"expected_response_code"`
	} `json:"settings"`
	When struct {
		Type string `json:"type"`
		Unit string `json:"unit"`
		Time int    `json:"time"`
	} `json:"when"`
}

var reminderUnits = map[string]time.Duration{"secs": time.Second, "mins": time.Minute, "hours": time.Hour}

// check finds what is wrong with a reminder.
func (in reminderInput) check(o webhook.Options, field string, problems booking.Problems) {
	switch in.Type {
	case "webhook":
	case "email":
		problems.Add(field+".type", "e-mail reminders are not sent by this server; use type webhook and let your mailer send")
		return
	default:
		problems.Add(field+".type", "must be webhook")
		return
	}
	if err := webhook.CheckURL(in.Settings.URL, o); err != nil {
		problems.Add(field+".settings.url", "%s", err)
	}
	switch strings.ToUpper(in.Settings.Method) {
	case "", http.MethodPost, http.MethodGet, http.MethodPut:
	default:
		problems.Add(field+".settings.method", "must be post, get or put")
	}
	if code := in.Settings.Expected; code != 0 && (code < 200 || code > 299) {
		problems.Add(field+".settings.expected_response_code", "must lie between 200 and 299")
	}
	if in.When.Type != "before" && in.When.Type != "after" {
		problems.Add(field+".when.type", "must be before or after")
	}
	if _, ok := reminderUnits[in.When.Unit]; !ok {
		problems.Add(field+".when.unit", "must be secs, mins or hours")
	}
	if in.When.Time < 0 || in.after() > maxReminder {
		problems.Add(field+".when.time", "must lie within a year of the start")
	}
}

func (in reminderInput) after() time.Duration {
	unit := reminderUnits[in.When.Unit]
	if unit == 0 || in.When.Time < 0 {
		return 0
	}
	if in.When.Time > int(2*maxReminder/unit) { // more than is allowed, and than a duration may hold
		return 2 * maxReminder
	}
	return time.Duration(in.When.Time) * unit
}

// at is when the reminder of a booking is due.
func (in reminderInput) at(start time.Time) time.Time {
	if in.When.Type == "before" {
		return start.Add(-in.after())
	}
	return start.Add(in.after())
}

// readReminders reads and checks a list of reminders.
func readReminders(raw json.RawMessage, field string, o webhook.Options, problems booking.Problems) []reminderInput {
	var list []reminderInput
	if text := string(raw); text == "" || text == "null" || text == "{}" {
		return nil
	}
	if err := strictjson.Decode(raw, &list); err != nil {
		edge.AddFaults(err, field, problems)
		return nil
	}
	if len(list) > maxReminders {
		problems.Add(field, "must not be more than %d", maxReminders)
		return nil
	}
	if edge.JSONList(raw, field, problems); len(problems[field]) > 0 { // they are kept as they were asked for
		return nil
	}
	for i, in := range list {
		in.check(o, field+"."+strconv.Itoa(i), problems)
	}
	return list
}

// notify plans the booking's reminders: its own, or the project's.
func (s *Server) notify(d *draft) error {
	raw, field := d.in.Notifications, "event_notifications"
	if len(raw) == 0 {
		raw, field = d.in.Reminders, "reminders"
	}
	if len(raw) == 0 && d.project != nil && d.fixed == "" {
		raw = d.project.Reminders
	}
	return s.plan(d, raw, field)
}

// plan turns a list of reminders into those of a booking, each with its target. One whose moment has passed already is
// not sent, but kept: the booking may be moved to a time that it is not too late for.
func (s *Server) plan(d *draft, raw json.RawMessage, field string) error {
	var texts []json.RawMessage
	list := readReminders(raw, field, s.Webhooks, d.problems)
	if len(list) == 0 || len(d.problems) > 0 {
		return nil
	}
	if err := json.Unmarshal(raw, &texts); err != nil {
		return err
	}
	for i, in := range list {
		target, err := s.reminderTarget(d.Booking, in)
		if err != nil {
			return err
		}
		d.Booking.Reminders = append(d.Booking.Reminders, booking.Reminder{
			Number: i, At: in.at(d.Start), Target: target, Settings: texts[i],
		})
	}
	slices.SortStableFunc(d.Booking.Reminders, func(a, b booking.Reminder) int { return a.At.Compare(b.At) })
	return nil
}

func (s *Server) reminderTarget(b *booking.Booking, in reminderInput) (*booking.Endpoint, error) {
	e := &booking.Endpoint{
		ID: edge.NewID(), AppID: b.AppID, URL: in.Settings.URL, Method: strings.ToUpper(in.Settings.Method),
		Expected: in.Settings.Expected, Purpose: booking.ForReminders,
	}
	if e.Method == "" {
		e.Method = http.MethodPost
	}
	var err error
	e.Secret, err = s.Vault.Seal([]byte(webhook.NewSecret()), booking.EndpointSecret(e.ID))
	return e, err
}

// remindAnew plans the reminders of a booking once more, for the one that replaces it.
func (s *Server) remindAnew(d *draft, old *booking.Booking) error {
	raw, err := s.DB.ReminderSettings(d.k, old.ID)
	if err != nil {
		return err
	}
	return s.plan(d, raw, "event_notifications")
}
