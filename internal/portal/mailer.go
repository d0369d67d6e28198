package portal

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// mailerView is what the app's mails are sent by.
type mailerView struct {
	Own      bool   `json:"own"`
	Operator bool   `json:"operator"`
	Status   string `json:"status"`
	From     string `json:"from"`
	FromName string `json:"from_name"`
	ReplyTo  string `json:"reply_to"`
	Bounces  string `json:"bounce_address"`
	Rate     int    `json:"rate_per_minute"`
	SMTP     *struct {
		Host     string `json:"host"`
		Port     int    `json:"port"`
		User     string `json:"user"`
		Password bool   `json:"password_set"`
		TLS      string `json:"tls"`
	} `json:"smtp"`
	Health *struct {
		SucceededAt  *time.Time `json:"succeeded_at"`
		FailingSince *time.Time `json:"failing_since"`
		NextAt       *time.Time `json:"next_attempt_at"`
		Pending      int        `json:"pending"`
		LastStatus   int        `json:"last_status"`
		LastError    string     `json:"last_error"`
	} `json:"health"`
}

// mailerPage shows a mailer, and forms to change and to test it.
type mailerPage struct {
	mailerView

	Values url.Values // of the settings, as they are or as they were typed
	Ways   []choice
	Faults faultList
	To     string    // of the test
	Tested *mailTest // what the mail server has said
}

type mailTest struct {
	Verdict   string `json:"verdict"`
	Status    int    `json:"last_status"`
	Enhanced  string `json:"enhanced_status"`
	LastError string `json:"last_error"`
}

var encryptions = []choice{
	{Value: "starttls", Label: "STARTTLS"}, {Value: "implicit", Label: "TLS from the first byte on"},
	{Value: "opportunistic", Label: "STARTTLS where the server has it"}, {Value: "none", Label: "none"},
}

var mailerFields = []string{"from", "from_name", "reply_to", "bounce_address", "host", "port", "user", "tls", "rate_per_minute"}

func showMailer(v *visit) error { return mailerWith(v, http.StatusOK, mailerPage{}) }

func mailerWith(v *visit, status int, page mailerPage) (err error) {
	if page.mailerView, err = fetch[mailerView](v, at("mailer"), nil); err != nil {
		return err
	}
	page.Ways = encryptions
	if page.Values == nil {
		page.Values = page.values()
	}
	return v.show(status, "mailer", "Mail server", page)
}

// values are the settings as a form has them.
func (m *mailerView) values() url.Values {
	values := url.Values{"tls": {"starttls"}}
	if m.SMTP == nil {
		return values
	}
	for name, value := range map[string]string{
		"from": m.From, "from_name": m.FromName, "reply_to": m.ReplyTo, "bounce_address": m.Bounces, "host": m.SMTP.Host,
		"port": strconv.Itoa(m.SMTP.Port), "user": m.SMTP.User, "tls": m.SMTP.TLS, "rate_per_minute": strconv.Itoa(m.Rate),
	} {
		values.Set(name, value)
	}
	return values
}

// saveMailer gives the app a mail server of its own. An empty password leaves the one on record as it is.
func saveMailer(v *visit) error {
	form := v.r.PostForm
	smtp := map[string]any{"host": strings.TrimSpace(form.Get("host")), "user": form.Get("user"), "tls": form.Get("tls")}
	if port := strings.TrimSpace(form.Get("port")); port != "" {
		smtp["port"] = number(port)
	}
	if password := form.Get("password"); password != "" {
		smtp["password"] = password
	}
	body := map[string]any{"smtp": smtp}
	for _, name := range []string{"from", "from_name", "reply_to", "bounce_address"} {
		body[name] = strings.TrimSpace(form.Get(name))
	}
	if rate := strings.TrimSpace(form.Get("rate_per_minute")); rate != "" {
		body["rate_per_minute"] = number(rate)
	}
	err := v.call(request{method: http.MethodPut, path: at("mailer"), body: body}, nil)
	if faults, is := faultsOf(err); is {
		return mailerWith(v, http.StatusUnprocessableEntity, mailerPage{Values: query(form, mailerFields...), Faults: faults})
	}
	if err != nil {
		return err
	}
	return v.redirectWithNotice("updated", "mailer")
}

func pauseMailer(v *visit) error { return turnMailer(v, "pause", "mail_paused") }

func resumeMailer(v *visit) error { return turnMailer(v, "resume", "mail_resumed") }

func turnMailer(v *visit, what, notice string) error {
	if err := v.post(at("mailer", what), nil, nil); err != nil {
		return err
	}
	return v.redirectWithNotice(notice, "mailer")
}

func removeMailer(v *visit) error {
	if err := v.call(request{method: http.MethodDelete, path: at("mailer")}, nil); err != nil {
		return err
	}
	return v.redirectWithNotice("mail_removed", "mailer")
}

// testMailer shows what the mail server says of a test mail.
func testMailer(v *visit) error {
	page := mailerPage{To: strings.TrimSpace(v.r.PostForm.Get("to"))}
	var said data[mailTest]
	err := v.post(at("mailer", "test"), map[string]any{"to": page.To}, &said)
	if faults, is := faultsOf(err); is {
		page.Faults = faults
		return mailerWith(v, http.StatusUnprocessableEntity, page)
	}
	if err != nil {
		return err
	}
	page.Tested = &said.Data
	return mailerWith(v, http.StatusOK, page)
}

// sentMail is a mail of a booking.
type sentMail struct {
	ID         string     `json:"id"`
	Kind       string     `json:"kind"`
	To         string     `json:"to"`
	Customer   string     `json:"customer_id"`
	Address    string     `json:"email_status"`
	Status     string     `json:"status"`
	NextAt     *time.Time `json:"next_attempt_at"`
	CreatedAt  *time.Time `json:"created_at"`
	LastStatus int        `json:"last_status"`
	LastError  string     `json:"last_error"`
}

// Says is why a mail was not sent, or not yet.
func (m sentMail) Says() string { return mailWords(m.LastError, m.LastStatus) }

func mailsOf(v *visit, booking string) ([]sentMail, error) {
	return fetch[[]sentMail](v, at("mails"), url.Values{"booking_id": {booking}})
}

func retryMail(v *visit) error {
	if err := v.post(at("mails", v.r.PathValue("mail"), "retry"), nil, nil); err != nil {
		return err
	}
	return v.redirectWithNotice("mail_retried", "bookings", v.id())
}

// reviveMail has an address get mails again.
func reviveMail(v *visit) error {
	if err := v.post(at("mails", "revive"), map[string]any{"email": v.r.PostForm.Get("email")}, nil); err != nil {
		return err
	}
	return v.redirectWithNotice("mail_revived", "bookings", v.id())
}

var mailCodes = map[string]string{
	"": "", "passed": "nothing to say any more", "too_late": "too late to be of use", "no_address": "no address",
	"disabled": "mails are turned off", "not_notified": "asked for without it", "switched_off": "turned off for the booking",
	"limited": "another one went there within the hour", "quiet_hours": "it waits for the end of the quiet hours",
	"address_dead": "the address does not exist", "auth_failed": "the mail server refuses the sign-in",
	"no_relay":    "there is no mail server",
	"tls_missing": "the mail server offers no encryption that can be trusted", "relay_unreachable": "the mail server cannot be reached",
	"timeout": "the mail server did not answer in time", "connection_closed": "the connection was cut",
	"invalid_address": "the address is wrong",
	"render_failed":   "the mail could not be written", "record_failed": "the mail could not be read", "unsubscribed": "unsubscribed",
}

// mailWords are what a code of a mail means.
func mailWords(code string, status int) string {
	if text, ok := mailCodes[code]; ok {
		return text
	}
	if status != 0 {
		return "the mail server said " + strconv.Itoa(status)
	}
	return phrase(code)
}
