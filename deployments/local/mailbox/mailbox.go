// Package mailbox is a mail server that delivers nothing: it keeps what it is given, for tests and for the local run. It speaks SMTP, and
// can be made to greylist, to refuse, to hang up, and to ask for a password.
package mailbox

import (
	"crypto/tls"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// Options say what a mailbox is like. The zero value takes everything, without encryption.
type Options struct {
	TLS            *tls.Config // offers STARTTLS; nil for none
	User, Password string      // asks for these; empty for none
}

// Received is a mail that has arrived.
type Received struct {
	From, To string
	Raw      []byte // headers and body, lines with CRLF
	At       time.Time
}

// Fault is how the mailbox treats a mail to an address.
type Fault struct {
	To     string // the address; empty for every one
	Times  int    // how often; 0 for ever
	Code   int    // the answer to RCPT, with its enhanced code
	Status [3]int
	HangUp bool // instead of a code: take the mail, and hang up before the answer
}

// Server is a mailbox. It is safe for concurrent use.
type Server struct {
	options Options
	server  *smtp.Server

	mu     sync.Mutex
	mails  []Received
	faults []*Fault
	tries  int
}

// New makes a mailbox. It takes mails when Serve runs.
func New(o Options) *Server {
	s := &Server{options: o}
	s.server = smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &session{server: s, conn: c, allowed: o.User == ""}, nil
	}))
	s.server.Domain, s.server.TLSConfig, s.server.EnableSMTPUTF8 = "mailbox.invalid", o.TLS, true
	s.server.ReadTimeout, s.server.WriteTimeout, s.server.MaxMessageBytes, s.server.MaxRecipients = time.Minute, time.Minute, 1<<20, 10
	s.server.ErrorLog = quiet{}
	return s
}

// Serve takes mails until Close. It returns at once with an error when the listener fails.
func (s *Server) Serve(l net.Listener) error { return s.server.Serve(l) }

// Close ends all connections.
func (s *Server) Close() error { return s.server.Close() }

// Mails returns what has arrived, in order.
func (s *Server) Mails() []Received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.mails)
}

// Fail makes mails go wrong. The first fault that fits counts.
func (s *Server) Fail(all ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
	for _, f := range all {
		s.faults = append(s.faults, &f)
	}
}

// Tries returns how many mails were begun.
func (s *Server) Tries() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tries
}

// fault takes the fault of an address; nil when there is none. hanging asks for one that hangs up.
func (s *Server) fault(to string, hanging bool) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.faults {
		if f.HangUp != hanging || f.To != "" && f.To != to {
			continue
		}
		if f.Times == 1 {
			s.faults = slices.Delete(s.faults, i, i+1)
		}
		f.Times--
		return f
	}
	return nil
}

// session is one connection.
type session struct {
	server   *Server
	conn     *smtp.Conn
	allowed  bool
	from, to string
}

// Reset forgets the mail that was begun.
func (s *session) Reset() { s.from, s.to = "", "" }

// Logout ends the connection.
func (s *session) Logout() error { return nil }

// AuthMechanisms lists how a client can sign in.
func (s *session) AuthMechanisms() []string {
	if s.server.options.User == "" {
		return nil
	}
	return []string{sasl.Plain}
}

// Auth signs a client in.
func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != s.server.options.User || password != s.server.options.Password {
			return smtp.ErrAuthFailed
		}
		s.allowed = true
		return nil
	}), nil
}

// Mail begins a mail.
func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.server.mu.Lock()
	s.server.tries++
	s.server.mu.Unlock()
	if !s.allowed {
		return &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "sign in first"}
	}
	s.from = from
	return nil
}

// Rcpt names the receiver.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if f := s.server.fault(to, false); f != nil {
		return &smtp.SMTPError{Code: f.Code, EnhancedCode: f.Status, Message: "not to " + to}
	}
	s.to = to
	return nil
}

// Data takes the mail.
func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.server.mu.Lock()
	s.server.mails = append(s.server.mails, Received{From: s.from, To: s.to, Raw: raw, At: time.Now()})
	s.server.mu.Unlock()
	if s.server.fault(s.to, true) != nil {
		_ = s.conn.Conn().Close()
	}
	return nil
}

// quiet leaves out what a server notes of clients that hang up.
type quiet struct{}

// Printf does nothing.
func (quiet) Printf(string, ...any) {}

// Println does nothing.
func (quiet) Println(...any) {}
