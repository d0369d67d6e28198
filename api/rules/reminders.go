package rules

import (
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"

	"holdfast/api/edge"
	"holdfast/internal/fault"
	"holdfast/internal/service"
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
func (in reminderInput) check(o webhook.Options, field string, problems fault.Problems) {
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

// readReminders reads and checks a list of reminders.
func readReminders(raw json.RawMessage, field string, o webhook.Options, problems fault.Problems) []reminderInput {
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

// wantedReminders reads the reminders of a booking: its own, or the project's.
func (r Reader) wantedReminders(in BookingInput, p *service.Project, hold bool, problems fault.Problems) []service.Reminder {
	raw, field := in.Notifications, "event_notifications"
	if len(raw) == 0 {
		raw, field = in.Reminders, "reminders"
	}
	if len(raw) == 0 && p != nil && !hold {
		raw = p.Project.Reminders
	}
	return r.Reminders(raw, field, problems)
}

// CheckReminders adds what is wrong with a list of reminders to the problems.
func (r Reader) CheckReminders(raw json.RawMessage, field string, problems fault.Problems) {
	readReminders(raw, field, r.Targets, problems)
}

// Reminders reads a list of reminders; none when something is wrong with it.
func (r Reader) Reminders(raw json.RawMessage, field string, problems fault.Problems) (all []service.Reminder) {
	faults := fault.Problems{}
	list := readReminders(raw, field, r.Targets, faults)
	maps.Copy(problems, faults)
	var texts []json.RawMessage
	if len(list) == 0 || len(faults) > 0 || json.Unmarshal(raw, &texts) != nil {
		return nil
	}
	for i, in := range list {
		after := in.after()
		if in.When.Type == "before" {
			after = -after
		}
		all = append(all, service.Reminder{
			After: after, URL: in.Settings.URL, Method: in.Settings.Method, Expected: in.Settings.Expected, Settings: texts[i],
		})
	}
	return all
}
