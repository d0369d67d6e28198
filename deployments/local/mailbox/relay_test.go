package mailbox_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"holdfast/deployments/local/mailbox"
	"holdfast/internal/mail"
	"holdfast/internal/mail/message"
	"holdfast/internal/mail/relay"
)

// certificate is one that only its own pool trusts.
func certificate(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	of := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true,
	}
	raw, err := x509.CreateCertificate(rand.Reader, of, of, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{raw}, PrivateKey: key}}}, pool
}

// start runs a mailbox, behind TLS from the first byte on if implicit, and returns the settings that reach it.
func start(t *testing.T, o mailbox.Options, implicit bool) (*mailbox.Server, relay.Settings) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := relay.Settings{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, TLS: relay.Plain}
	if implicit {
		l, s.TLS = tls.NewListener(l, o.TLS), relay.Implicit
		o.TLS = nil
	}
	server := mailbox.New(o)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(l)
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-done
	})
	return server, s
}

// send sends one mail to an address.
func send(t *testing.T, s relay.Settings, roots *x509.CertPool, to string) relay.Result {
	t.Helper()
	m, err := message.New(message.Envelope{
		From: message.Person{Name: "Praxis", Address: "bookings@example.com"}, To: message.Person{Address: to}, ID: "d1@example.com", Date: time.Now(),
	}, mail.Written{Language: "en", Subject: "Haircut", Text: "You are booked", HTML: "<p>You are booked"})
	if err != nil {
		t.Fatal(err)
	}
	dial := (&net.Dialer{}).DialContext
	return relay.Client{Dial: dial, Roots: roots}.Send(t.Context(), s, m)
}

func want(t *testing.T, got relay.Result, verdict relay.Verdict, status int, code string) {
	t.Helper()
	if got.Verdict != verdict || got.Status != status || got.ErrorCode != code {
		t.Errorf("got %s, status %d, code %q; want %s, %d, %q", got.Verdict, got.Status, got.ErrorCode, verdict, status, code)
	}
}

// TestAnswersOfAServer sorts what a mail server says: what is tried again, what is not, and whose fault it is.
func TestAnswersOfAServer(t *testing.T) {
	t.Parallel()
	for name, one := range map[string]struct {
		fault   mailbox.Fault
		verdict relay.Verdict
		code    string
		arrives int
	}{
		"greylisted":                   {mailbox.Fault{Code: 451, Status: [3]int{4, 7, 1}, Times: 1}, relay.Retry, "smtp_451", 0},
		"the mailbox is full":          {mailbox.Fault{Code: 452, Status: [3]int{4, 2, 2}}, relay.Retry, "smtp_452", 0},
		"the mailbox does not exist":   {mailbox.Fault{Code: 550, Status: [3]int{5, 1, 1}}, relay.Dead, "smtp_550", 0},
		"the address is gone":          {mailbox.Fault{Code: 550, Status: [3]int{5, 1, 10}}, relay.Dead, "smtp_550", 0},
		"the sender is not signed":     {mailbox.Fault{Code: 550, Status: [3]int{5, 7, 515}}, relay.Refused, "smtp_550", 0},
		"the mailbox is over its size": {mailbox.Fault{Code: 552, Status: [3]int{5, 2, 2}}, relay.Refused, "smtp_552", 0},
		"hung up after the mail":       {mailbox.Fault{HangUp: true}, relay.Retry, relay.CodeClosed, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, s := start(t, mailbox.Options{}, false)
			server.Fail(one.fault)
			got := send(t, s, nil, "anna@example.org")
			want(t, got, one.verdict, one.fault.Code, one.code)
			if n := len(server.Mails()); n != one.arrives {
				t.Errorf("%d mails have arrived, want %d", n, one.arrives)
			}
			if one.fault.Times == 1 {
				want(t, send(t, s, nil, "anna@example.org"), relay.Sent, 250, "")
			}
		})
	}
}

// TestEncryption holds each way to encrypt to what the server offers.
func TestEncryption(t *testing.T) {
	t.Parallel()
	server, roots := certificate(t)
	for name, one := range map[string]struct {
		offers, implicit bool
		asks             relay.TLS
		roots            *x509.CertPool
		verdict          relay.Verdict
		code             string
	}{
		"starttls":                          {true, false, relay.StartTLS, roots, relay.Sent, ""},
		"starttls, which is not offered":    {false, false, relay.StartTLS, roots, relay.Down, relay.CodeTLS},
		"starttls, a certificate of nobody": {true, false, relay.StartTLS, nil, relay.Down, relay.CodeTLS},
		"opportunistic, offered":            {true, false, relay.Opportunistic, roots, relay.Sent, ""},
		"opportunistic, not offered":        {false, false, relay.Opportunistic, roots, relay.Sent, ""},
		"from the first byte on":            {true, true, relay.Implicit, roots, relay.Sent, ""},
		"the same, a certificate of nobody": {true, true, relay.Implicit, nil, relay.Down, relay.CodeTLS},
		"none":                              {true, false, relay.Plain, nil, relay.Sent, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := mailbox.Options{}
			if one.offers {
				o.TLS = server
			}
			_, s := start(t, o, one.implicit)
			s.TLS = one.asks
			got := send(t, s, one.roots, "anna@example.org")
			if got.Verdict != one.verdict || got.ErrorCode != one.code {
				t.Errorf("got %s %q, want %s %q", got.Verdict, got.ErrorCode, one.verdict, one.code)
			}
		})
	}
}

// TestSigningIn: a wrong password stops the whole relay, and none is sent in the clear.
func TestSigningIn(t *testing.T) {
	t.Parallel()
	config, roots := certificate(t)
	o := mailbox.Options{TLS: config, User: "shop", Password: "open sesame"}
	for _, implicit := range []bool{false, true} {
		_, s := start(t, o, implicit)
		if !implicit {
			s.TLS = relay.StartTLS
		}
		want(t, send(t, s, roots, "anna@example.org"), relay.Down, 530, relay.CodeAuth)
		s.User, s.Password = "shop", "wrong"
		want(t, send(t, s, roots, "anna@example.org"), relay.Down, 535, relay.CodeAuth)
		s.Password = "open sesame"
		want(t, send(t, s, roots, "anna@example.org"), relay.Sent, 250, "")
	}
	_, s := start(t, o, false)
	s.User, s.Password = "shop", "open sesame"
	got := send(t, s, roots, "anna@example.org")
	if got.Verdict != relay.Down || got.ErrorCode != relay.CodeAuth {
		t.Errorf("a password in the clear: %s %q", got.Verdict, got.ErrorCode)
	}
}

// TestNoServer: a relay that cannot be reached is tried again, also when an address is not allowed.
func TestNoServer(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := relay.Settings{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, TLS: relay.Plain}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	want(t, send(t, s, nil, "anna@example.org"), relay.Retry, 0, relay.CodeUnreachable)
	m, err := message.New(message.Envelope{
		From: message.Person{Address: "a@example.com"}, To: message.Person{Address: "b@example.com"}, ID: "x@example.com", Date: time.Now(),
	}, mail.Written{})
	if err != nil {
		t.Fatal(err)
	}
	blocked := func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("not allowed") }
	want(t, relay.Client{Dial: blocked}.Send(t.Context(), s, m), relay.Retry, 0, relay.CodeUnreachable)
}

// TestWhatArrives: the mail that arrives is the one that was sent, under the id that it was given.
func TestWhatArrives(t *testing.T) {
	t.Parallel()
	server, s := start(t, mailbox.Options{}, false)
	want(t, send(t, s, nil, "søren@example.org"), relay.Sent, 250, "")
	got := server.Mails()[0]
	if got.From != "bookings@example.com" || got.To != "søren@example.org" || !strings.Contains(string(got.Raw), "Message-ID: <d1@example.com>") {
		t.Errorf("from %s to %s:\n%s", got.From, got.To, got.Raw)
	}
}
