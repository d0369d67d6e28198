// Package relay hands mails to a mail server by SMTP (RFC 5321, submission by RFC 6409), and says what became of each.
package relay

import (
	"errors"
	"net"
	"net/url"
	"slices"
	"strconv"
)

// TLS is how a connection to a relay is encrypted.
type TLS string

// The ways to encrypt.
const (
	StartTLS      TLS = "starttls"      // by STARTTLS; a server without it is refused
	Implicit      TLS = "implicit"      // from the first byte on
	Opportunistic TLS = "opportunistic" // by STARTTLS where the server has it
	Plain         TLS = "none"          // not at all: for a server on the same machine
)

// Ways are all ways to encrypt.
var Ways = []TLS{StartTLS, Implicit, Opportunistic, Plain}

// Ports are those that mail servers listen on. Another one is refused for the mail server of an app, but on the same machine.
var Ports = []uint16{25, 465, 587, 2525}

// Settings are where a mail server is and who sends.
type Settings struct {
	Host           string
	Port           int
	User, Password string // User "" for a server that asks for none
	TLS            TLS
}

// Faults of an address.
var (
	errScheme = errors.New("must begin with smtp:// or smtps://")
	errHost   = errors.New("must name a host")
	errPort   = errors.New("must have a port between 1 and 65535")
	errTLS    = errors.New("can have tls=starttls, opportunistic or none, with smtp:// only")
	errRest   = errors.New("must have nothing but a user, a password, a host, a port and tls")
)

// Parse reads an address such as smtp://user:password@mail.example.com:587 or smtps://…:465. With smtp:// the server has to
// offer STARTTLS, unless ?tls=opportunistic or ?tls=none says that it need not. No error has the address, which has a password in it.
func Parse(text string) (s Settings, err error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "smtp" && u.Scheme != "smtps" {
		return s, errScheme
	}
	s = Settings{Host: u.Hostname(), Port: 587, User: u.User.Username(), TLS: StartTLS}
	s.Password, _ = u.User.Password()
	if u.Scheme == "smtps" {
		s.Port, s.TLS = 465, Implicit
	}
	if s.Host == "" {
		return s, errHost
	}
	if port := u.Port(); port != "" {
		if s.Port, err = strconv.Atoi(port); err != nil || s.Port < 1 || s.Port > 65535 {
			return s, errPort
		}
	}
	s.TLS, err = encryption(u, s.TLS)
	return s, err
}

// encryption reads how to encrypt, usual where the address does not say, and refuses whatever else an address has.
func encryption(u *url.URL, usual TLS) (TLS, error) {
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil || u.Path != "" && u.Path != "/" || u.Fragment != "" || len(query) > 1 || len(query) == 1 && !query.Has("tls") {
		return "", errRest
	}
	if !query.Has("tls") {
		return usual, nil
	}
	asked := TLS(query.Get("tls"))
	if u.Scheme == "smtps" || !slices.Contains([]TLS{StartTLS, Opportunistic, Plain}, asked) {
		return "", errTLS
	}
	return asked, nil
}

// Address is the host and port.
func (s Settings) Address() string { return net.JoinHostPort(s.Host, strconv.Itoa(s.Port)) }
