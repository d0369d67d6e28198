package relay

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// Verdict is what became of a mail.
type Verdict string

// The verdicts.
const (
	Sent    Verdict = "sent"    // the server has taken it
	Retry   Verdict = "retry"   // not now: try again later
	Refused Verdict = "refused" // never: another attempt would end the same way
	Dead    Verdict = "dead"    // the same, since the receiver's address does not exist
	Down    Verdict = "down"    // the server lets nobody send by these settings: no mail would pass
)

// The codes of attempts without an answer that says more.
const (
	CodeUnreachable = "relay_unreachable"
	CodeTimeout     = "timeout"
	CodeTLS         = "tls_missing" // the server does not offer what the settings ask for, or its certificate is wrong
	CodeAuth        = "auth_failed"
	CodeClosed      = "connection_closed" // in the middle; the mail may have arrived: it is sent again under the same Message-ID
	CodeAddress     = "invalid_address"
)

// Result is how an attempt ended.
type Result struct {
	Verdict   Verdict
	Status    int    // of the server's answer, three digits; 0 when none came
	Enhanced  string // the same as RFC 3463 has it, such as 5.1.1; "" when the server does not say
	ErrorCode string // "" when it was sent; smtp_<status> where the server says no
	Duration  time.Duration
}

// Dial makes a connection. It may refuse addresses.
type Dial func(ctx context.Context, network, address string) (net.Conn, error)

// longest is how long an attempt may take.
const longest = 60 * time.Second

// Client sends mails. It is safe for concurrent use.
type Client struct {
	Dial  Dial
	Roots *x509.CertPool // who certificates of servers are trusted from; nil for those of the system
}

// Send hands one mail to a relay, over a connection of its own. It does not log, and its result names nobody.
func (c Client) Send(ctx context.Context, s Settings, m *gomail.Msg) (r Result) {
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	started := time.Now()
	defer func() { r.Duration = time.Since(started) }()
	client, err := gomail.NewClient(s.Host, c.options(s)...)
	if err != nil {
		return Result{Verdict: Down, ErrorCode: CodeUnreachable}
	}
	conn, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return judgeDial(err)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() }) // the library's own deadline is one per command
	defer stop()
	err = client.SendWithSMTPClient(conn, m)
	_ = client.CloseWithSMTPClient(conn)
	if m.IsDelivered() {
		return Result{Verdict: Sent, Status: 250}
	}
	return judge(err)
}

func (c Client) options(s Settings) []gomail.Option {
	all := []gomail.Option{
		gomail.WithPort(s.Port), gomail.WithTimeout(longest / 2), gomail.WithDialContextFunc(c.dialer(s)), gomail.WithoutNoop(),
		gomail.WithTLSConfig(c.tls(s)),
	}
	if s.User != "" {
		all = append(all, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(s.User), gomail.WithPassword(s.Password))
	}
	switch s.TLS {
	case Implicit:
		all = append(all, gomail.WithSSL()) // and dialer encrypts: the library sees no encryption, and would send no password
		if s.User != "" {
			all = append(all, gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthPlainNoEnc, gomail.SMTPAuthLoginNoEnc))
		}
	case Opportunistic:
		all = append(all, gomail.WithTLSPolicy(gomail.TLSOpportunistic))
	case Plain:
		all = append(all, gomail.WithTLSPolicy(gomail.NoTLS))
	case StartTLS:
		all = append(all, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	return all
}

func (c Client) tls(s Settings) *tls.Config {
	return &tls.Config{ServerName: s.Host, MinVersion: tls.VersionTLS12, RootCAs: c.Roots}
}

// dialer connects by dial. The library leaves encryption from the first byte on to its dialer.
func (c Client) dialer(s Settings) gomail.DialContextFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := c.Dial(ctx, network, address)
		if err != nil || s.TLS != Implicit {
			return conn, err
		}
		safe := tls.Client(conn, c.tls(s))
		if err := safe.HandshakeContext(ctx); err != nil {
			_ = conn.Close()
			return nil, errors.Join(errHandshake, err)
		}
		return safe, nil
	}
}

var errHandshake = errors.New("relay: no encrypted connection")

// judgeDial sorts a failure before the mail was begun. The server's own texts may name somebody: only its numbers go further.
func judgeDial(err error) Result {
	var answer *textproto.Error
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &answer) && slices.Contains([]int{530, 534, 535, 538}, answer.Code):
		return Result{Verdict: Down, Status: answer.Code, ErrorCode: CodeAuth}
	case errors.As(err, &answer):
		return Result{Verdict: Retry, Status: answer.Code, ErrorCode: codeOf(answer.Code)}
	case errors.Is(err, errHandshake), errors.As(err, &certificate), strings.Contains(err.Error(), "STARTTLS"):
		return Result{Verdict: Down, ErrorCode: CodeTLS}
	case errors.Is(err, gomail.ErrNoSupportedAuthDiscovered), strings.Contains(err.Error(), "AUTH"):
		return Result{Verdict: Down, ErrorCode: CodeAuth}
	case isTimeout(err):
		return Result{Verdict: Retry, ErrorCode: CodeTimeout}
	}
	return Result{Verdict: Retry, ErrorCode: CodeUnreachable}
}

// judge sorts the end of an attempt whose connection stood.
func judge(err error) Result {
	var sent *gomail.SendError
	if !errors.As(err, &sent) {
		return Result{Verdict: Retry, ErrorCode: CodeClosed}
	}
	status, enhanced := sent.ErrorCode(), sent.EnhancedStatusCode()
	switch {
	case sent.Reason == gomail.ErrGetRcpts, sent.Reason == gomail.ErrGetSender:
		return Result{Verdict: Refused, ErrorCode: CodeAddress}
	case status == 0 && isTimeout(err):
		return Result{Verdict: Retry, ErrorCode: CodeTimeout}
	case status == 0:
		return Result{Verdict: Retry, ErrorCode: CodeClosed}
	}
	r := Result{Verdict: Refused, Status: status, Enhanced: enhanced, ErrorCode: codeOf(status)}
	switch {
	case status < 500:
		r.Verdict = Retry
	case status == 530, status == 535: // the server asks for a sign-in that it did not ask for before
		r.Verdict, r.ErrorCode = Down, CodeAuth
	case sent.Reason == gomail.ErrSMTPRcptTo && isDead(status, enhanced):
		r.Verdict = Dead
	}
	return r
}

// isDead reports whether the server says that there is no such mailbox. A server without enhanced codes has 550 for it; with them, 5.7.x
// and 5.2.x are about rules and full mailboxes, and not about the address.
func isDead(status int, enhanced string) bool {
	if enhanced == "" {
		return status == 550
	}
	return IsDead(enhanced)
}

// IsDead reports whether an enhanced status (RFC 3463) says that there is no such address.
func IsDead(enhanced string) bool {
	return slices.Contains([]string{"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"}, enhanced)
}

func codeOf(status int) string { return "smtp_" + strconv.Itoa(status) }

func isTimeout(err error) bool {
	var timed net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timed) && timed.Timeout()
}
