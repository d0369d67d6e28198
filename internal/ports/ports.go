// Package ports finds TCP ports for servers that need their port as a setting.
package ports

import (
	"fmt"
	"net"
	"strconv"
)

// Free returns a port of host that no socket listens on and that the system will not hand out again for a while.
//
// It leaves one connection of the port in TIME_WAIT, closed from the server's side: the system then skips the port when
// it picks one for somebody else, while a server that names the port can still have it. Without that, two processes that
// look for ports at the same moment find the same ones.
func Free(host string) (int, error) {
	listener, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return 0, fmt.Errorf("no free port on %s: %w", host, err)
	}
	defer listener.Close()
	client, err := net.Dial("tcp", listener.Addr().String()) //nolint:noctx // to ourselves: it answers at once
	if err != nil {
		return 0, fmt.Errorf("no free port on %s: %w", host, err)
	}
	defer client.Close()
	server, err := listener.Accept()
	if err != nil {
		return 0, fmt.Errorf("no free port on %s: %w", host, err)
	}
	server.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil //nolint:forcetypeassert // it listens on TCP
}

// Check returns an error when a server could not listen on port of host now.
func Check(host string, port int) error {
	listener, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return err
	}
	return listener.Close()
}
