package webhook

import (
	"errors"
	"net"
	"testing"
)

// TestDialer: a private address is refused, and so is a port that is not named, unless the operator has opened the machine itself.
func TestDialer(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	for name, c := range map[string]struct {
		options Options
		address string
		blocked bool
	}{
		"this machine":            {Options{Ports: []uint16{25, 587}}, l.Addr().String(), true},
		"by its name":             {Options{Ports: []uint16{25, 587}}, "localhost:587", true},
		"a private network":       {Options{Ports: []uint16{25, 587}}, "10.0.0.1:25", true},
		"where clouds hand out":   {Options{Ports: []uint16{25, 587}, AllowLoopback: true}, "169.254.169.254:25", true},
		"another port":            {Options{Ports: []uint16{25, 587}}, "192.0.2.1:80", true},
		"this machine, if it may": {Options{Ports: []uint16{25, 587}, AllowLoopback: true}, l.Addr().String(), false},
	} {
		conn, err := Dialer(c.options)(t.Context(), "tcp", c.address)
		if c.blocked != errors.Is(err, errBlocked) || !c.blocked && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if c.blocked && err != nil && err.Error() != errBlocked.Error() {
			t.Errorf("%s: the error says too much: %v", name, err)
		}
		if conn != nil {
			_ = conn.Close()
		}
	}
}
