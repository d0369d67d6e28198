package webhooks

import (
	"cmp"
	"context"
	"html"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/api/rules"
	"holdfast/internal/fault"
	"holdfast/internal/links"
	"holdfast/internal/mail"
	"holdfast/internal/mail/mailer"
	"holdfast/internal/mail/message"
	"holdfast/internal/mail/relay"
	"holdfast/internal/outbox"
	"holdfast/internal/postgres"
	"holdfast/internal/tenant"
	"holdfast/internal/timekit"
	"holdfast/internal/webhook"
)

// mailerHandlers answers requests about what an app's mails are sent by.
type mailerHandlers struct {
	mailers *postgres.Mailers
	vault   *links.Vault
	relays  mailer.Relays
	targets webhook.Options
	waker   *waker
	log     *slog.Logger
}

func (h *mailerHandlers) routes() []edge.Route {
	return []edge.Route{
		edge.On(http.MethodGet, "/v2/mailer", edge.RequireServer, h.getMailer),
		edge.On(http.MethodPut, "/v2/mailer", edge.RequireServer, h.setMailer),
		edge.On(http.MethodDelete, "/v2/mailer", edge.RequireServer, h.removeMailer),
		edge.On(http.MethodPost, "/v2/mailer/pause", edge.RequireServer, h.pauseMailer),
		edge.On(http.MethodPost, "/v2/mailer/resume", edge.RequireServer, h.resumeMailer),
		edge.On(http.MethodPost, "/v2/mailer/test", edge.RequireServer, h.testMailer),
	}
}

func (h *mailerHandlers) getMailer(k *edge.Call) error {
	e, own, err := h.mailers.Mailer(k, k.App.ID)
	if err != nil {
		return err
	}
	view, err := h.view(k, e, own)
	if err != nil {
		return err
	}
	return k.Answer(http.StatusOK, view)
}

// mailerInput is the body of a PUT: all of the settings. What it leaves out is not set.
type mailerInput struct {
	From          string     `json:"from"`
	FromName      string     `json:"from_name"`
	ReplyTo       string     `json:"reply_to"`
	BounceAddress string     `json:"bounce_address"`
	RatePerMinute int        `json:"rate_per_minute"`
	SMTP          *smtpInput `json:"smtp"`
}

// maxPerMinute is the highest rate that a mail server may be held to.
const maxPerMinute = 60_000

func (in *mailerInput) check(targets webhook.Options, problems fault.Problems) {
	if in.From == "" {
		problems.Add("from", "is required")
	}
	rules.CheckEmail(in.From, "from", problems)
	rules.CheckEmail(in.ReplyTo, "reply_to", problems)
	rules.CheckEmail(in.BounceAddress, "bounce_address", problems)
	if len(in.FromName) > 100 || mail.Line(in.FromName) != in.FromName {
		problems.Add("from_name", "must be one line of 100 bytes at most")
	}
	if in.RatePerMinute < 0 || in.RatePerMinute > maxPerMinute {
		problems.Add("rate_per_minute", "must be a number from 0 (no limit) to %d", maxPerMinute)
	}
	if in.SMTP == nil {
		problems.Add("smtp", "is required")
		return
	}
	in.SMTP.check(targets, problems)
}

// smtpInput is where a mail server is, and how an app signs in to it.
type smtpInput struct {
	Host     string  `json:"host"`
	Port     int     `json:"port"`
	User     string  `json:"user"`
	Password *string `json:"password"`
	TLS      string  `json:"tls"`
}

// check fills in what may be left out, and adds what is wrong.
func (s *smtpInput) check(targets webhook.Options, problems fault.Problems) {
	if err := webhook.CheckHost(s.Host, targets); err != nil {
		problems.Add("smtp.host", "%s", err.Error())
	}
	if s.TLS = cmp.Or(s.TLS, string(relay.StartTLS)); !slices.Contains(relay.Ways, relay.TLS(s.TLS)) {
		problems.Add("smtp.tls", "must be starttls, implicit, opportunistic or none")
	}
	if s.Port == 0 {
		s.Port = 587
		if s.TLS == string(relay.Implicit) {
			s.Port = 465
		}
	}
	if s.Port < 1 || s.Port > 65535 || !targets.AllowLoopback && !slices.Contains(relay.Ports, uint16(s.Port)) {
		problems.Add("smtp.port", "must be 25, 465, 587 or 2525")
	}
	if len(s.User) > 320 || s.Password != nil && len(*s.Password) > 1000 {
		problems.Add("smtp", "has a user or a password that is too long")
	}
	if s.User == "" && s.Password != nil && *s.Password != "" {
		problems.Add("smtp.user", "is required with a password")
	}
}

// settings are those of the mail server. Without a password the one on record stays, as long as host, port and user are the same: it is
// sent nowhere else.
func (h *mailerHandlers) settings(in *mailerInput, known *tenant.Mailer, problems fault.Problems) (s relay.Settings, err error) {
	s = relay.Settings{Host: in.SMTP.Host, Port: in.SMTP.Port, User: in.SMTP.User, TLS: relay.TLS(in.SMTP.TLS)}
	if in.SMTP.Password != nil {
		s.Password = *in.SMTP.Password
		return s, nil
	}
	var old relay.Settings
	if known != nil {
		if err := h.vault.OpenJSON(known.Sealed, known.SealContext(), &old); err != nil {
			return s, err
		}
	}
	switch {
	case s.User == "":
	case old.Host == s.Host && old.Port == s.Port && old.User == s.User &&
		(old.TLS == s.TLS || s.TLS == relay.StartTLS || s.TLS == relay.Implicit):
		s.Password = old.Password
	default:
		problems.Add("smtp.password", "is required with a user, unless host, port and user stay the same")
	}
	return s, nil
}

// setMailer gives the app a mail server of its own, or changes it. What waits is sent by it at once.
func (h *mailerHandlers) setMailer(k *edge.Call) error {
	var in mailerInput
	if err := k.DecodeKnown(&in, "own", "status", "health", "operator", "created_at", "updated_at"); err != nil {
		return err
	}
	problems := fault.Problems{}
	in.check(h.targets, problems)
	if err := problems.Err(); err != nil {
		return err
	}
	known, err := h.mailers.OwnMailer(k, k.App.ID)
	if err != nil {
		return err
	}
	settings, err := h.settings(&in, known, problems)
	if err != nil {
		return err
	}
	if err := problems.Err(); err != nil {
		return err
	}
	m := &tenant.Mailer{
		AppID: k.App.ID, From: in.From, FromName: in.FromName, ReplyTo: in.ReplyTo, BounceAddress: in.BounceAddress,
		RatePerMinute: in.RatePerMinute,
	}
	if m.Sealed, err = h.vault.SealJSON(settings, m.SealContext()); err != nil {
		return err
	}
	id, err := h.mailers.SetMailer(k, m)
	if err != nil {
		return err
	}
	h.waker.wake(k, []uuid.UUID{id})
	return h.getMailer(k)
}

// removeMailer takes the app's own mail server away: its mails go by the operator's, if there is one.
func (h *mailerHandlers) removeMailer(k *edge.Call) error {
	id, err := h.mailers.RemoveMailer(k, k.App.ID, h.relays.Usual != nil)
	if err == nil {
		h.waker.wake(k, []uuid.UUID{id})
	}
	if err != nil && fault.CodeOf(err) != fault.NotFound {
		return err
	}
	return k.NoContent()
}

func (h *mailerHandlers) pauseMailer(k *edge.Call) error {
	if err := h.mailers.PauseMailer(k, k.App.ID); err != nil {
		return err
	}
	return h.getMailer(k)
}

func (h *mailerHandlers) resumeMailer(k *edge.Call) error {
	id, err := h.mailers.ResumeMailer(k, k.App.ID)
	if err != nil {
		return err
	}
	h.waker.wake(k, []uuid.UUID{id})
	return h.getMailer(k)
}

// testTime is how long a test mail may take.
const testTime = 20 * time.Second

// testMailer sends a test mail to an address, and answers with what the mail server says. It says nothing about the mailer's health, and
// marks no address.
func (h *mailerHandlers) testMailer(k *edge.Call) error {
	var in struct {
		To string `json:"to"`
	}
	if err := k.DecodeKnown(&in); err != nil {
		return err
	}
	problems := fault.Problems{}
	if in.To == "" {
		problems.Add("to", "is required")
	}
	rules.CheckEmail(in.To, "to", problems)
	if err := problems.Err(); err != nil {
		return err
	}
	own, err := h.mailers.OwnMailer(k, k.App.ID)
	if err != nil {
		return err
	}
	r, err := h.sendTest(k, k.App, own, in.To)
	if err != nil {
		return err
	}
	return k.Answer(http.StatusOK, timekit.Object{
		"verdict": r.Verdict, "last_status": r.Status, "enhanced_status": r.Enhanced, "last_error": r.ErrorCode,
		"duration_ms": r.Duration.Milliseconds(),
	})
}

func (h *mailerHandlers) sendTest(ctx context.Context, app *tenant.App, own *tenant.Mailer, to string) (r relay.Result, err error) {
	sender, ok, err := h.relays.Of(app, own)
	if err != nil {
		return r, err
	}
	if !ok {
		return relay.Result{Verdict: relay.Down, ErrorCode: "no_relay"}, nil
	}
	id := uuid.New().String()
	name := mail.Line(sender.Name)
	text := "This is a test of the mail server of " + mail.Line(app.Name) + ". Mails about its bookings can be sent.\n"
	made, err := message.New(message.Envelope{
		From: message.Person{Name: name, Address: sender.From}, To: message.Person{Address: to}, ReplyTo: sender.ReplyTo,
		Sender: message.Tagged(sender.Bounces, id), ID: message.IDOf(id, sender.From), Date: time.Now(),
	}, mail.Written{Language: "en", Subject: "Test of the mail server", Text: text, HTML: "<p>" + html.EscapeString(text) + "</p>"})
	if err != nil {
		return relay.Result{Verdict: relay.Refused, ErrorCode: relay.CodeAddress}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, testTime)
	defer cancel()
	return sender.Send(ctx, made), nil
}

// view shows a mailer without its password; e is nil when no mail was sent by it yet.
func (h *mailerHandlers) view(k *edge.Call, e *outbox.Endpoint, own *tenant.Mailer) (timekit.Object, error) {
	view := timekit.Object{
		"own": own != nil, "operator": h.relays.Usual != nil, "status": "none", "from": h.relays.From, "from_name": "", "reply_to": "",
		"bounce_address": "", "smtp": nil, "rate_per_minute": 0, "health": nil,
	}
	if own != nil {
		var s relay.Settings
		if err := h.vault.OpenJSON(own.Sealed, own.SealContext(), &s); err != nil {
			return nil, err
		}
		view["from"], view["from_name"], view["reply_to"], view["bounce_address"] = own.From, own.FromName, own.ReplyTo, own.BounceAddress
		view["rate_per_minute"] = own.RatePerMinute
		view["smtp"] = timekit.Object{"host": s.Host, "port": s.Port, "user": s.User, "password_set": s.Password != "", "tls": s.TLS}
	}
	if e == nil || e.Status == outbox.EndpointDisabled {
		return view, nil
	}
	view["status"] = e.Status
	if e.Status == outbox.EndpointActive && e.Health.FailingSince != nil {
		view["status"] = "failing"
	}
	view["health"] = timekit.Object{
		"succeeded_at": k.Moment(e.Health.SucceededAt), "failing_since": k.Moment(e.Health.FailingSince), "failures": e.Health.Failures,
		"next_attempt_at": k.Moment(e.Health.OpenUntil), "pending": e.Health.Pending, "last_status": e.Health.LastStatus,
		"last_error": e.Health.LastError,
	}
	return view, nil
}
