package webhook

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// trap listens on every address of this machine and counts who gets through, by the address they came to.
type trap struct {
	port   int
	onIPv4 map[string]*atomic.Int32 // "127.0.0.1" and "127.0.0.2"
	total  atomic.Int32
}

func newTrap(t testing.TB) *trap {
	t.Helper()
	listener, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	caught := &trap{port: listener.Addr().(*net.TCPAddr).Port, onIPv4: map[string]*atomic.Int32{"127.0.0.1": {}, "127.0.0.2": {}}}
	server := &http.Server{
		ReadHeaderTimeout: time.Second,
		Handler:           http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}),
		ConnState: func(c net.Conn, state http.ConnState) {
			if state != http.StateNew {
				return
			}
			caught.total.Add(1)
			if n, ok := caught.onIPv4[c.LocalAddr().(*net.TCPAddr).IP.String()]; ok {
				n.Add(1)
			}
		},
	}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return caught
}

// guardedSender is a real sender whose names come from the given table alone and whose ports include the trap's, so that
// nothing but the address can be the reason of a refusal.
func guardedSender(t testing.TB, o Options, port int, names map[string][][]netip.Addr) *Sender {
	t.Helper()
	o.Ports = []uint16{uint16(port)}
	s := newSender(o, &net.Dialer{Resolver: newNameServer(t, names)}, &tls.Config{MinVersion: tls.VersionTLS12})
	t.Cleanup(s.Close)
	return s
}

func answers(texts ...string) []netip.Addr {
	var addrs []netip.Addr
	for _, s := range texts {
		addrs = append(addrs, netip.MustParseAddr(s))
	}
	return addrs
}

var hostileLiterals = []string{
	"127.0.0.1", "127.0.0.2", "127.1.2.3", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "172.16.0.1",
	"172.31.255.255", "192.168.0.1", "192.168.255.255", "169.254.169.254", "169.254.170.2", "169.254.170.23", "169.254.0.1",
	"100.64.0.1", "100.100.100.200", "100.127.255.255", "168.63.129.16", "192.0.0.1", "192.0.0.192", "192.0.2.1", "192.31.196.1",
	"192.52.193.1", "192.88.99.1", "192.175.48.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1",
	"239.255.255.255", "240.0.0.1", "255.255.255.255",
	"[::]", "[::1]", "[0:0:0:0:0:0:0:1]", "[::127.0.0.1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:169.254.169.254]",
	"[::ffff:10.0.0.1]", "[::ffff:0:127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b::127.0.0.1]", "[64:ff9b:1::7f00:1]", "[100::1]",
	"[2001::1]", "[2001:0:7f00:1::]", "[2001:2::1]", "[2001:10::1]", "[2001:20::1]", "[2001:db8::1]", "[2002:7f00:1::]",
	"[2002:a9fe:a9fe::1]", "[2620:4f:8000::1]", "[3fff::1]", "[4000::1]", "[5f00::1]", "[fc00::1]", "[fd00:ec2::254]", "[fd12:3456::1]",
	"[fe80::1]", "[fe80::1%25lo]", "[fe80::1%25eth0]", "[::1%25lo]", "[fec0::1]", "[ff02::1]", "[fd20:ce::254]",
}

// hostileNames resolve to something forbidden, in each way that a name can.
var hostileNames = map[string][][]netip.Addr{
	"loopback.example":   {answers("127.0.0.1")},
	"loopback6.example":  {answers("::1")},
	"metadata.example":   {answers("169.254.169.254")},
	"azure.example":      {answers("168.63.129.16")},
	"alibaba.example":    {answers("100.100.100.200")},
	"mapped.example":     {answers("::ffff:127.0.0.1")},
	"nat64.example":      {answers("64:ff9b::7f00:1")},
	"sixtofour.example":  {answers("2002:7f00:1::")},
	"teredo.example":     {answers("2001:0:7f00:1::")},
	"mixed.example":      {answers("127.0.0.1", "10.0.0.1", "::1", "169.254.169.254")},
	"turning.example":    {answers("10.0.0.1"), answers("127.0.0.1")},
	"nil.example":        {answers("0.0.0.0")},
	"unspecified.intern": {answers("::")},
}

func TestGuardRefusesHostileTargets(t *testing.T) {
	t.Parallel()
	caught := newTrap(t)
	sender := guardedSender(t, Options{Timeout: time.Minute}, caught.port, hostileNames)
	targets := append([]string{"localhost", "LOCALHOST"}, hostileLiterals...)
	for name := range hostileNames {
		targets = append(targets, name, strings.ToUpper(name)+".")
	}
	if len(targets) < 90 {
		t.Fatalf("the table has shrunk to %d", len(targets))
	}
	for _, host := range targets {
		for _, scheme := range []string{"http://", "https://"} {
			got := sender.Send(t.Context(), testRequest(scheme+host+":"+strconv.Itoa(caught.port)+"/hook"))
			if got.ErrorCode != CodeBlocked || got.Verdict != Retry || got.Status != 0 || got.ResponseBody != nil || got.ResponseHeaders != nil {
				t.Errorf("%s%s: got %s %s %d", scheme, host, got.Verdict, got.ErrorCode, got.Status)
			}
		}
	}
	if n := caught.total.Load(); n != 0 {
		t.Errorf("%d connections got through", n)
	}
}

// TestNoOptionOpensMetadata: whatever network the operator opens, the addresses where clouds hand out credentials stay closed, also in
// the forms that a translator or a tunnel leads to them; their neighbours are open then.
func TestNoOptionOpensMetadata(t *testing.T) {
	t.Parallel()
	open := Options{AllowPrivate: []netip.Prefix{netip.MustParsePrefix("::/0"), netip.MustParsePrefix("0.0.0.0/0")}, Ports: []uint16{443}}
	g := newGuard(open)
	for host, want := range map[string]bool{
		"169.254.169.254": false, "168.63.129.16": false, "100.100.100.200": false, "192.0.0.192": false, "fd00:ec2::254": false, "fd20:ce::254": false,
		"::ffff:169.254.169.254": false, "::169.254.169.254": false,
		"64:ff9b::169.254.169.254": false, "64:ff9b::a83f:8110": false, "64:ff9b:1::169.254.169.254": false, "64:ff9b:1:2:3:4:192.0.0.192": false, // NAT64
		"2002:a9fe:a9fe::1": false, "2002:a83f:8110::": false, "2002:6464:64c8::1": false, // 6to4
		"2001:0:a9fe:a9fe::1": false, "2001:0:1:2:3:4:5601:5601": false, // Teredo: its server, and its client inverted
		"2001:db8:1:2:0:5efe:169.254.169.254": false, // ISATAP
		"10.0.0.1":                            true, "64:ff9b::10.0.0.1": true, "2002:a00:1::1": true, "fd00::1": true,
	} {
		addr := netip.MustParseAddr(host)
		network := "tcp4"
		if addr.Unmap().Is6() {
			network = "tcp6"
		}
		if err := g.control(network, netip.AddrPortFrom(addr, 443).String(), nil); (err == nil) != want {
			t.Errorf("a connection to %s: %v", host, err)
		}
		if got := open.opensLiteral(addr); got != want {
			t.Errorf("the URL of %s is accepted: %t", host, got)
		}
	}
}

// Spellings that only some resolvers understand: they may not exist, or not be URLs, but nothing may arrive.
func TestGuardLetsNoSpellingThrough(t *testing.T) {
	t.Parallel()
	caught := newTrap(t)
	sender := guardedSender(t, Options{Timeout: time.Minute}, caught.port, nil)
	for _, host := range []string{
		"2130706433", "0x7f000001", "0x7f.1", "127.1", "127.0.1", "0177.0.0.1", "017700000001", "127.0.0.1.", "127.0.0.01", "①②⑦.⓪.⓪.①",
		"localhost.", "localhost%00", "localhost%2eexample", "[127.0.0.1]", "[::1", "::1", "[::ffff:127.0.0.1%25lo]", "[]", "user@127.0.0.1",
		"127.0.0.1\\@ok.example", "ok.example#@127.0.0.1", "[fe80::1%25]", "[fe80::1%25%00]", "unknown.example",
	} {
		got := sender.Send(t.Context(), testRequest("http://"+host+":"+strconv.Itoa(caught.port)+"/"))
		if got.Verdict != Retry || got.Status != 0 || (got.ErrorCode != CodeBlocked && got.ErrorCode != CodeDNS && got.ErrorCode != CodeInvalidURL) {
			t.Errorf("%s: got %s %s %d", host, got.Verdict, got.ErrorCode, got.Status)
		}
	}
	if n := caught.total.Load(); n != 0 {
		t.Errorf("%d connections got through", n)
	}
}

// A name that answers with an allowed address first and a forbidden one afterwards gets one connection, to the first.
func TestGuardIsNotRebound(t *testing.T) {
	t.Parallel()
	caught := newTrap(t)
	open := Options{AllowPrivate: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, Timeout: time.Minute}
	sender := guardedSender(t, open, caught.port, map[string][][]netip.Addr{
		"rebind.example": {answers("127.0.0.1"), answers("127.0.0.2")},
	})
	url := "http://rebind.example:" + strconv.Itoa(caught.port) + "/"
	if got := sender.Send(t.Context(), testRequest(url)); got.Verdict != Done {
		t.Fatalf("first: got %s %s", got.Verdict, got.ErrorCode)
	}
	sender.Close() // or the second request would reuse the first one's connection, which is as safe
	if got := sender.Send(t.Context(), testRequest(url)); got.ErrorCode != CodeBlocked {
		t.Errorf("second: got %s %s", got.Verdict, got.ErrorCode)
	}
	if first, second := caught.onIPv4["127.0.0.1"].Load(), caught.onIPv4["127.0.0.2"].Load(); first != 1 || second != 0 {
		t.Errorf("%d connections to the allowed address, %d to the other", first, second)
	}
}

func TestGuardHoldsToPorts(t *testing.T) {
	t.Parallel()
	production := newGuard(Options{RequireHTTPS: true})
	local := newGuard(Options{AllowLoopback: true, AllowPrivate: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}})
	for _, c := range []struct {
		guard   guard
		address string
		want    bool
	}{
		{production, "8.8.8.8:443", true},
		{production, "8.8.8.8:8443", true},
		{production, "[2606:4700::1]:443", true},
		{production, "8.8.8.8:80", false},
		{production, "8.8.8.8:25", false},
		{production, "8.8.8.8:0", false},
		{production, "127.0.0.1:443", false},
		{local, "8.8.8.8:80", true},
		{local, "8.8.8.8:5432", false},
		{local, "127.0.0.1:9000", true},
		{local, "127.9.9.9:1", true},
		{local, "[::1]:65535", true},
		{local, "[::1%lo]:443", false},
		{local, "10.1.2.3:443", true},
		{local, "10.1.2.3:9000", false},
		{local, "10.2.0.1:443", false},
		{local, "0.0.0.0:443", false},
		{local, "169.254.169.254:80", false},
	} {
		if err := c.guard.control("tcp4", c.address, nil); (err == nil) != c.want {
			t.Errorf("%s: %v, want allowed %v", c.address, err, c.want)
		}
	}
}

// What hands out a cloud's credentials stays shut even to an operator who opens everything.
func TestGuardNeverOpensMetadata(t *testing.T) {
	t.Parallel()
	open := Options{AllowLoopback: true, AllowPrivate: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}}
	g := newGuard(open)
	for _, address := range []string{
		"169.254.169.254:80", "[::ffff:169.254.169.254]:80", "168.63.129.16:80", "100.100.100.200:80", "192.0.0.192:80", "[fd00:ec2::254]:80", "[fe80::1%eth0]:80",
	} {
		if g.control("tcp4", address, nil) == nil {
			t.Errorf("%s is open", address)
		}
		if err := CheckURL("http://"+strings.Replace(address, "%", "%25", 1)+"/", open); err == nil {
			t.Errorf("%s may be registered", address)
		}
	}
	if err := g.control("tcp4", "192.168.1.1:80", nil); err != nil {
		t.Errorf("a private network that was opened: %v", err)
	}
	for _, network := range []string{"unix", "udp4", "tcp", ""} {
		if g.control(network, "192.168.1.1:80", nil) == nil {
			t.Errorf("network %q is open", network)
		}
	}
}

func FuzzGuard(f *testing.F) {
	for _, host := range hostileLiterals {
		f.Add(strings.Replace(host, "%25", "%", 1) + ":443")
	}
	f.Add("")
	f.Add("8.8.8.8:443")
	g := newGuard(Options{})
	f.Fuzz(func(t *testing.T, address string) {
		if g.control("tcp4", address, nil) != nil {
			return
		}
		target, err := netip.ParseAddrPort(address)
		if err != nil || !target.Addr().IsGlobalUnicast() || target.Addr().IsPrivate() || target.Addr().IsLoopback() || target.Addr().Is4In6() && target.Addr().Unmap().IsPrivate() {
			t.Errorf("%q is open", address)
		}
	})
}

func TestNoProxyIsAsked(t *testing.T) {
	t.Parallel()
	s := NewSender(Options{})
	if s.current.Proxy != nil {
		t.Error("a proxy would stand between the guard and the target")
	}
	got := s.Send(context.Background(), testRequest("http://127.0.0.1:9/"))
	if got.ErrorCode != CodeBlocked {
		t.Errorf("got %s", got.ErrorCode)
	}
}
