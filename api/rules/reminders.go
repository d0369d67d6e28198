package rules

import (
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"holdfast/api/edge"
	"holdfast/internal/contact"
	"holdfast/internal/fault"
	"holdfast/internal/mail"
	"holdfast/internal/service"
	"holdfast/internal/strictjson"
	"holdfast/internal/webhook"
)

const (
	maxReminders = 10
	maxReminder  = 366 * 24 * time.Hour // before or after the start
	maxSubject   = 255
)

// reminderInput is one entry of event_notifications.
type reminderInput struct {
	Type     string `json:"type"`
	Settings struct {
		URL      string `json:"url"`
		Method   string `json:"method"`
		Expected int    `json:"expected_response_code"`

		Recipient mail.Role `json:"recipient"` // of an e-mail, as the subject
		Subject   string    `json:"subject"`
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
		in.checkTarget(o, field+".settings", problems)
	case "email":
		in.checkMail(field, problems)
	case "sms":
		in.checkSMS(field, problems)
	default:
		problems.Add(field+".type", "must be webhook, email or sms")
		return
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

// checkMail finds what is wrong with a reminder by e-mail.
func (in reminderInput) checkMail(field string, problems fault.Problems) {
	if to := in.Settings.Recipient; to != mail.Owner && to != mail.Customer {
		problems.Add(field+".settings.recipient", "must be owner or customer")
	}
	if utf8.RuneCountInString(in.Settings.Subject) > maxSubject {
		problems.Add(field+".settings.subject", "must not be longer than %d characters", maxSubject)
	}
	in.checkMoment(field, problems)
}

// checkSMS finds what is wrong with a reminder by text message.
func (in reminderInput) checkSMS(field string, problems fault.Problems) {
	if to := in.Settings.Recipient; to != "" && to != mail.Customer {
		problems.Add(field+".settings.recipient", "must be customer: no other gets text messages")
	}
	if in.Settings.Subject != "" {
		problems.Add(field+".settings.subject", "is one of e-mails")
	}
	in.checkMoment(field, problems)
}

// checkMoment finds a reminder that would come when it is too late.
func (in reminderInput) checkMoment(field string, problems fault.Problems) {
	if in.When.Type == "before" && in.When.Time == 0 {
		problems.Add(field+".when.time", "must be at least 1: nobody is reminded of what has begun")
	}
}

// checkTarget finds what is wrong with where a reminder by webhook goes.
func (in reminderInput) checkTarget(o webhook.Options, field string, problems fault.Problems) {
	if err := webhook.CheckURL(in.Settings.URL, o); err != nil {
		problems.Add(field+".url", "%s", err)
	}
	switch strings.ToUpper(in.Settings.Method) {
	case "", http.MethodPost, http.MethodGet, http.MethodPut:
	default:
		problems.Add(field+".method", "must be post, get or put")
	}
	if code := in.Settings.Expected; code != 0 && (code < 200 || code > 299) {
		problems.Add(field+".expected_response_code", "must lie between 200 and 299")
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
		one := service.Reminder{
			After: after, URL: in.Settings.URL, Method: in.Settings.Method, Expected: in.Settings.Expected, Settings: texts[i],
		}
		if in.Type == "email" {
			m := mail.NewReminder(in.Settings.Recipient, in.Settings.Subject, in.When.Type == "after")
			one.Mail = &m
		}
		if in.Type == "sms" {
			m := mail.NewReminder(mail.Customer, "", in.When.Type == "after")
			m.Channel = contact.SMS
			one.Mail = &m
		}
		all = append(all, one)
	}
	return all
}
