package webhook

import (
	"context"
	"encoding/binary"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
)

// nameServer answers A and AAAA questions on loopback from a table; names it does not know do not exist. A name may have
// several answers that follow one another, one for each time it is looked up, as a rebinding attacker's would; the last
// one stays.
type nameServer struct {
	mu     sync.Mutex
	turns  map[string][][]netip.Addr
	asked  map[string]int
	socket net.PacketConn
}

// newNameServer starts a server and gives a resolver that asks nobody else.
func newNameServer(t testing.TB, turns map[string][][]netip.Addr) *net.Resolver {
	t.Helper()
	socket, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = socket.Close() })
	s := &nameServer{turns: turns, asked: map[string]int{}, socket: socket}
	go s.serve()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", socket.LocalAddr().String())
	}}
}

func (s *nameServer) serve() {
	question := make([]byte, 1500)
	for {
		n, from, err := s.socket.ReadFrom(question)
		if err != nil {
			return
		}
		_, _ = s.socket.WriteTo(s.answer(question[:n]), from)
	}
}

// answer copies the header and the one question, and appends a record for each address of the asked type.
func (s *nameServer) answer(query []byte) []byte {
	end := 12
	var labels []string
	for query[end] != 0 {
		size := int(query[end])
		labels = append(labels, string(query[end+1:end+1+size]))
		end += 1 + size
	}
	kind := binary.BigEndian.Uint16(query[end+1:])
	reply := append([]byte{}, query[:end+5]...)
	addrs, known := s.lookup(strings.ToLower(strings.Join(labels, ".")), kind)
	reply[2], reply[3] = 0x85, 0x80
	if !known {
		reply[3] = 0x83
	}
	var count uint16
	for _, addr := range addrs {
		if addr.Is4() != (kind == 1) || kind != 1 && kind != 28 {
			continue
		}
		raw := addr.AsSlice()
		reply = append(reply, 0xc0, 12, 0, byte(kind), 0, 1, 0, 0, 0, 0, 0, byte(len(raw)))
		reply = append(reply, raw...)
		count++
	}
	for at, value := range map[int]uint16{4: 1, 6: count, 8: 0, 10: 0} {
		binary.BigEndian.PutUint16(reply[at:], value)
	}
	return reply
}

// lookup gives a name's present answer; a question for A moves it on to the next.
func (s *nameServer) lookup(name string, kind uint16) ([]netip.Addr, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	turns, known := s.turns[name]
	if !known {
		return nil, false
	}
	now := turns[min(s.asked[name], len(turns)-1)]
	if kind == 1 {
		s.asked[name]++
	}
	return now, true
}
