package webhook

import (
	"net/netip"
	"time"
)

const (
	defaultTimeout   = 10 * time.Second
	defaultUserAgent = "Holdfast-Webhooks/1"
)

// Options say whom a Sender may talk to and how long. The zero value suits production, except that it lets http pass.
type Options struct {
	AllowLoopback bool           // for the local run: 127.0.0.0/8 and ::1, on any port, by http too
	AllowPrivate  []netip.Prefix // networks that the operator opens on purpose; Ports holds there too
	RequireHTTPS  bool           // refuse http, except to a loopback that is allowed
	Ports         []uint16       // 443 and 8443 by default, and 80 where http is allowed; loopback is free of them
	Timeout       time.Duration  // for a request as a whole; 10 s by default
	UserAgent     string         // Holdfast-Webhooks/1 by default
}

func (o Options) ports() []uint16 {
	switch {
	case len(o.Ports) > 0:
		return o.Ports
	case o.RequireHTTPS:
		return []uint16{443, 8443}
	default:
		return []uint16{443, 8443, 80}
	}
}

func (o Options) timeout() time.Duration {
	if o.Timeout > 0 {
		return o.Timeout
	}
	return defaultTimeout
}

func (o Options) userAgent() string {
	if o.UserAgent != "" {
		return o.UserAgent
	}
	return defaultUserAgent
}

// opensPrivate reports whether the operator has opened some network, and names inside it may be used.
func (o Options) opensPrivate() bool { return len(o.AllowPrivate) > 0 }
