package ports

import (
	"net"
	"strconv"
	"testing"
)

func TestFreePortsDiffer(t *testing.T) {
	t.Parallel()
	seen := map[int]bool{}
	for range 50 {
		port, err := Free("127.0.0.1")
		if err != nil {
			t.Fatal(err)
		}
		if seen[port] {
			t.Errorf("port %d came twice", port)
		}
		seen[port] = true
	}
}

func TestFreePortCanBeHad(t *testing.T) {
	t.Parallel()
	port, err := Free("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	if err := Check("127.0.0.1", port); err != nil {
		t.Errorf("a free port is taken: %v", err)
	}
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	if err := Check("127.0.0.1", port); err == nil {
		t.Error("a taken port is free")
	}
}

func TestFreeNeedsAHost(t *testing.T) {
	t.Parallel()
	if port, err := Free("203.0.113.1"); err == nil {
		t.Errorf("port %d of a host that is not ours", port)
	}
}
