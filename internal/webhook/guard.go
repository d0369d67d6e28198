package webhook

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"syscall"

	"code.dny.dev/ssrf"
)

// errBlocked marks a target that the guard refused. Its wrapped details are for logs only: shown to the owner of an
// endpoint, they would make the sender a port scanner.
var errBlocked = errors.New("webhook: target is not allowed")

// never lists what no option opens: addresses where clouds hand out credentials. Most lie in ranges that are refused
// anyway; Azure's 168.63.129.16 is a public address that no registry of special ones contains.
var never = []netip.Prefix{
	netip.MustParsePrefix("169.254.0.0/16"),
	netip.MustParsePrefix("fe80::/10"),
	netip.MustParsePrefix("168.63.129.16/32"),
	netip.MustParsePrefix("100.100.100.200/32"),
	netip.MustParsePrefix("192.0.0.192/32"),
	netip.MustParsePrefix("fd00:ec2::/32"),
	netip.MustParsePrefix("fd20:ce::254/128"),
}

// embedded are the IPv4 addresses that an IPv6 address may lead to: by NAT64 (RFC 6052, 64:ff9b::/96, 64:ff9b:1::/48 by its last
// bytes), 6to4 (2002::/16), Teredo (2001::/32, whose client is inverted), ISATAP, and as IPv4-compatible.
func embedded(addr netip.Addr) []netip.Addr {
	if !addr.Is6() {
		return nil
	}
	b := addr.As16()
	four := func(at int, mask byte) netip.Addr {
		return netip.AddrFrom4([4]byte{b[at] ^ mask, b[at+1] ^ mask, b[at+2] ^ mask, b[at+3] ^ mask})
	}
	all := []netip.Addr{four(12, 0)} // any prefix of 96 bits may be a translator's
	if b[0] == 0x20 && b[1] == 0x02 {
		all = append(all, four(2, 0))
	}
	if b[0] == 0x20 && b[1] == 0x01 && b[2] == 0 && b[3] == 0 {
		all = append(all, four(4, 0), four(12, 0xff))
	}
	return all
}

// neverAllowed reports whether an address, without a zone, is one that no option opens or leads to one.
func neverAllowed(addr netip.Addr) bool {
	return slices.ContainsFunc(append(embedded(addr), addr), func(one netip.Addr) bool {
		return slices.ContainsFunc(never, func(p netip.Prefix) bool { return p.Contains(one) })
	})
}

// guard decides on addresses, after the name was resolved and for each single connection, so that a name which changes
// its answer between a check and its use gains nothing.
type guard struct {
	loopback bool
	public   *ssrf.Guardian
}

func newGuard(o Options) guard {
	var v4, v6 []netip.Prefix
	for _, p := range o.AllowPrivate {
		if p.Addr().Is4() {
			v4 = append(v4, p)
		} else {
			v6 = append(v6, p)
		}
	}
	return guard{loopback: o.AllowLoopback, public: ssrf.New(
		ssrf.WithNetworks("tcp4", "tcp6"),
		ssrf.WithPorts(o.ports()...),
		ssrf.WithAllowedV4Prefixes(v4...),
		ssrf.WithAllowedV6Prefixes(v6...),
	)}
}

// control is a net.Dialer's Control: the last word before a connection is made to a literal address.
func (g guard) control(network, address string, conn syscall.RawConn) error {
	target, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %w", errBlocked, err)
	}
	addr := target.Addr()
	if addr.Zone() != "" {
		return fmt.Errorf("%w: %s has a zone", errBlocked, addr)
	}
	addr = addr.Unmap()
	if neverAllowed(addr) {
		return fmt.Errorf("%w: %s is never allowed", errBlocked, addr)
	}
	if g.loopback && addr.IsLoopback() {
		return nil
	}
	if err := g.public.Safe(network, netip.AddrPortFrom(addr, target.Port()).String(), conn); err != nil {
		return fmt.Errorf("%w: %w", errBlocked, err)
	}
	return nil
}
