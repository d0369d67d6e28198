package portal

import (
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"holdfast/internal/outbox"
	"holdfast/internal/payment"
	"holdfast/internal/zones"
)

// functions are what templates can say beside their data.
var functions = template.FuncMap{
	"standing": func(state string) string { return standings[state] },
	"words":    words, "phrase": phrase, "lower": strings.ToLower, "upper": strings.ToUpper, "pretty": pretty, "pairs": pairs,
	"moment": moment, "iso": iso, "local": local, "localSecond": localSecond,
	"zone": zoneName, "clock": clock, "span": span, "utcSpan": utcSpan, "has": slices.Contains[[]string],
	"ends": ends, "once": newIdempotencyKey,
	"fault": faultWords, "reason": reasonWords, "outcome": outcomeWords,
	"mailWords": mailWords, "format": formatWords, "code": codeOf, "deliveries": deliveries,
	"money": payment.Text, "refundReason": refundReasonWords,
	"faultCount": func(all []graphFault) string { return plural(len(all), "fault") },
	"missing":    missingWords, "units": func(n int) string { return plural(n, "unit") }, "plus": func(i int) int { return i + 1 },
	"questions": func() []choice { return questionKinds },
	"formats":   func() []choice { return formats }, "methods": func() []string { return methods },
}

func words(name string) string { return strings.ReplaceAll(name, "_", " ") }

// phrase is a name as the text of a button or a heading.
func phrase(name string) string {
	text := words(name)
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// standings say what a state means for the owner, and what can be done, where its name does not say so.
var standings = map[string]string{
	"balance_due": "The deposit is paid, and the balance has been asked for. Send the customer the page of the payment that is open. " +
		"Without the money the booking becomes overdue; it keeps its time.",
	"balance_overdue": "The balance has not been paid in time. The booking keeps its time, and the customer can still pay. Ask for the " +
		"balance again, wait, or cancel: that gives the deposit back.",
	"settled": "Deposit and balance are paid. Nothing more is to be paid.",
}

// moment is a time as everybody reads it, in UTC.
func moment(t *time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04:05") + " UTC" }

func iso(t *time.Time) string { return t.UTC().Format(time.RFC3339) }

// place is a zone by its name; UTC when the database of zones does not have it.
func place(zone string) *time.Location {
	if found, err := zones.Load(zone); err == nil {
		return found
	}
	return time.UTC
}

// local is a time by the clocks of a place, to the minute.
func local(t *time.Time, zone string) string {
	return t.In(place(zone)).Format("Mon 2 Jan 2006, 15:04")
}

// localSecond is a time by the clocks of a place.
func localSecond(t *time.Time, zone string) string {
	return t.In(place(zone)).Format("2 Jan 2006, 15:04:05")
}

func clock(t *time.Time, zone string) string { return t.In(place(zone)).Format("15:04") }

// zoneName is the zone that local and localSecond show a time in.
func zoneName(zone string) string { return strings.ReplaceAll(place(zone).String(), "_", " ") }

// span is a stretch of time by the clocks of a place: the day is said once where it is the same.
func span(start, end *time.Time, zone string) string {
	if start == nil || end == nil {
		return ""
	}
	from, to := start.In(place(zone)), end.In(place(zone))
	text := from.Format("Mon 2 Jan 2006, 15:04") + "\u00a0–\u2060\u00a0"
	if from.Format(time.DateOnly) == to.Format(time.DateOnly) {
		return text + to.Format("15:04")
	}
	return text + to.Format("Mon 2 Jan 2006, 15:04")
}

// utcSpan is span in UTC; "" where that is the place's own zone.
func utcSpan(start, end *time.Time, zone string) string {
	if start == nil || end == nil || place(zone) == time.UTC {
		return ""
	}
	return span(start, end, "UTC") + " UTC"
}

// ends reports whether an action takes something away: its form asks once more.
func ends(action string) bool {
	return strings.HasPrefix(action, "cancel") || strings.HasPrefix(action, "reschedule") ||
		slices.Contains([]string{"decline", "release", "timeout", "withdraw"}, action)
}

// choice is a value of a field, and how it is called.
type choice struct{ Value, Label, Hint string }

// formats are those of the outbox, as choices.
var formats = func() (all []choice) {
	for _, one := range outbox.FormatLabels {
		all = append(all, choice{string(one.Format), one.Name, one.Hint})
	}
	return all
}()

var methods = []string{"post", "put", "patch", "get"}

func formatWords(value string) string {
	for _, one := range formats {
		if one.Value == value {
			return one.Label
		}
	}
	return value
}

// Standing says how a webhook stands.
func (e endpoint) Standing() string {
	switch {
	case e.Status == "active" && e.Health.OpenUntil != nil && e.Health.OpenUntil.After(time.Now()):
		return "Waiting for the receiver"
	case e.Status == "active" && e.Health.FailingSince != nil:
		return "Failing"
	}
	return phrase(e.Status)
}

// reasonWords says why a webhook is not sent to.
func reasonWords(reason string) string {
	switch reason {
	case "by_hand":
		return "paused by hand"
	case "failing":
		return "paused after five days without a success"
	case "gone":
		return "the receiver answered 410 Gone"
	}
	return words(reason)
}

// outcomeWords says what became of a delivery.
func outcomeWords(status string) string {
	switch status {
	case "delivered":
		return "Delivered"
	case "pending":
		return "Pending"
	case "exhausted":
		return "Given up"
	case "cancelled":
		return "Cancelled"
	}
	return phrase(status)
}

// codeOf is a status with its name, as "200 OK".
func codeOf(status int) string {
	return strings.TrimSpace(strconv.Itoa(status) + " " + http.StatusText(status))
}

var faults = map[string]string{
	"unreachable_target": "The name of the receiver is not known to DNS, or leads to an address that webhooks may not reach.",
	"connect_refused":    "The receiver refused the connection.",
	"connect_timeout":    "The receiver did not take the connection in time.", "connect_failed": "The network did not lead to the receiver.",
	"tls_error": "The receiver's certificate is not good.",
	"timeout":   "The receiver did not answer in time.", "connection_closed": "The receiver hung up before it answered.",
	"bad_response": "The answer was no proper HTTP.", "canceled": "This server was being stopped.",
	"unexpected_status": "The receiver answered, but not with the status that was asked for.", "invalid_url": "The URL is not valid.",
	"invalid_header": "A header is not valid.", "signing_failed": "The secret could not be used to sign.",
	"render_failed": "The message could not be made, by a fault of this server. The receiver has no part in it.",
	"no_consent":    "The customer has not agreed to text messages.", "stopped": "The number has said STOP.",
	"no_address": "The customer has no number with its country's code.", "no_gateway": "The webhook sends no text messages any more.",
	"passed": "It has nothing to say any more.", "too_late": "It is too late to be of use.", "not_notified": "It was asked for without it.",
	"limited": "Another one went there within the hour.", "quiet_hours": "It waits for the end of the quiet hours.",
}

// faultWords says why an attempt failed.
func faultWords(code string) string {
	if text, ok := faults[code]; ok {
		return text
	}
	if status, ok := strings.CutPrefix(code, "http_"); ok {
		number, _ := strconv.Atoi(status)
		return "The receiver answered " + codeOf(number) + "."
	}
	return phrase(code)
}

// Why says why an attempt failed, where its status does not say it.
func (a attempt) Why() string {
	if a.Error == "" || strings.HasPrefix(a.Error, "http_") {
		return ""
	}
	return faultWords(a.Error)
}

// Title says what the events of a family are about.
func (f family) Title() string {
	switch f.Name {
	case "booking":
		return "A booking reaches a state"
	case "bookings":
		return "A booking is made, changes or ends, as ReserveKit sorts it"
	case "effect":
		return "What a graph does outside; sent only when chosen"
	case "endpoint":
		return "What becomes of this app's webhooks; sent only when chosen"
	}
	return phrase(f.Name)
}

// ReportsOf says which events a webhook receives.
func (e endpoint) ReportsOf() string {
	text := "All events of bookings"
	if len(e.EventTypes) > 0 {
		text = strings.Join(e.EventTypes, ", ")
	}
	for _, one := range []struct {
		names []string
		what  string
	}{{e.Graphs, "graph"}, {e.States, "state"}} {
		if len(one.names) > 0 {
			text += "; " + one.what + " " + strings.Join(one.names, " or ")
		}
	}
	for _, one := range []struct {
		count int
		what  string
	}{{len(e.Projects), "project"}, {len(e.Services), "service"}} {
		if one.count > 0 {
			text += "; only of " + plural(one.count, one.what)
		}
	}
	return text
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func deliveries(n int) string {
	if n == 1 {
		return "1 delivery"
	}
	return fmt.Sprintf("%d deliveries", n)
}

func seconds(text string) string {
	n, err := strconv.Atoi(text)
	if err != nil {
		return "a moment"
	}
	return plural(n, "second")
}

// notices are what a page can say was just done. The address names them; it cannot bring a text of its own.
var notices = map[string]string{
	"signed_out": "You are signed out.", "updated": "The changes are saved.",
	"paused":  "The webhook is paused. What happens now is kept for later.",
	"resumed": "The webhook is active again. What waited is on its way.", "deleted": "The webhook is deleted.",
	"retried": "The delivery is on its way again.", "revoked": "The key is revoked.", "played": "Done.",
	"mail_paused": "Mails wait until you resume them.", "mail_resumed": "What waited is on its way.",
	"mail_removed": "The mail server is taken away.", "mail_retried": "The mail is on its way again.",
	"mail_revived":   "The address gets mails again.",
	"moved":          "The booking is moved. This is the new one.",
	"taken":          "That time was taken meanwhile. Nothing was changed: please choose another.",
	"kept":           "The booking has moved on. Nothing was changed.",
	"same":           "The booking has that time already. Nothing was changed.",
	"effect_retried": "The effect is being tried.", "effect_given_up": "The effect is given up.",
	"pending": "Your request is recorded and will be carried out in a moment.", "tested": "The test is on its way.",
	"taking_saved":   "It is saved. It rules what is booked from now on.",
	"capacity_saved": "The capacity is saved. What is booked already stays as it is.",
	"policy_saved":   "The policy is saved. It rules what is booked from now on.",
	"link_made":      "The link is made. Give its address to whom you like.", "link_deleted": "The link is deleted.",
	"graph_published": "The graph is published. Bookings can be made by it.", "draft_deleted": "The draft is deleted.",
	"ended": "It is revoked.", "refund_asked": "The refund is on record, and being made.",
	"refund_retried": "The refund is being tried again.", "refund_by_hand": "It is noted that you have paid it back.",
	"mail_saved": "The texts are saved. Mails have them from now on.", "mail_reset": "Mails have the built-in texts from now on.",
	"marked_paid": "It is noted that the money has arrived.", "asked": "The provider is being asked. Load the page again in a moment.",
}

func (v *visit) notice() string {
	if count, err := strconv.Atoi(v.r.URL.Query().Get("replayed")); err == nil && count >= 0 {
		return deliveries(count) + " will be sent again."
	}
	return notices[v.r.URL.Query().Get("said")]
}

// explain is what a visitor reads when a page cannot be shown.
func explain(problem *refusal) (title, text string) {
	switch problem.Status {
	case http.StatusNotFound:
		return "Not here", "There is nothing at this address. It may have been deleted, or belong to another app."
	case http.StatusTooManyRequests:
		return "A little too fast", "This key has asked for more than it may in a minute. Wait " + seconds(problem.Retry) +
			", then load the page again."
	case http.StatusServiceUnavailable:
		return "Not ready", "A part that this server needs does not answer just now. Try again in a moment."
	case http.StatusInternalServerError:
		return "Something went wrong", "That was our fault, and nothing of yours. The request id below finds it in the log."
	case http.StatusForbidden:
		return "Refused", problem.Detail
	}
	return "That did not work", problem.Detail
}
