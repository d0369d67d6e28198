package webhook

import (
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"holdfast/internal/fault"
)

// maxURLBytes is the longest address an endpoint may have.
const maxURLBytes = 2048

// privateSuffixes are names that public DNS does not, or must not, answer.
var privateSuffixes = []string{".internal", ".local", ".lan", ".intranet", ".corp", ".home", ".home.arpa"}

// CheckURL returns, when an endpoint is registered, what is wrong with its address under the options: nil, or a
// fault.Invalid error whose text follows the field's name, as fault.Problems has it. It resolves nothing and protects
// nothing; it is for good messages. The guard decides at each connection.
func CheckURL(raw string, o Options) error {
	if problem := o.urlProblem(raw); problem != "" {
		return fault.Errorf(fault.Invalid, "%s", problem)
	}
	return nil
}

// CheckHost is CheckURL for a host that something else than webhooks goes to.
func CheckHost(host string, o Options) error {
	problem := "is required"
	if host != "" {
		problem = o.hostProblem(strings.ToLower(host))
	}
	if problem != "" {
		return fault.Errorf(fault.Invalid, "%s", problem)
	}
	return nil
}

func (o Options) urlProblem(raw string) string {
	switch {
	case raw == "":
		return "is missing"
	case len(raw) > maxURLBytes:
		return "is longer than 2048 bytes"
	case !isPlain(raw):
		return "must be plain ASCII without spaces, control characters or backslashes (a host can be written as xn--…)"
	}
	u, err := url.Parse(raw)
	if err != nil {
		return "cannot be read as a URL"
	}
	if problem := o.shapeProblem(u); problem != "" {
		return problem
	}
	if strings.Contains(raw, "#") {
		return "must not have a fragment"
	}
	if problem := o.hostProblem(strings.ToLower(u.Hostname())); problem != "" {
		return problem
	}
	return o.portProblem(u)
}

// shapeProblem is the part that also holds at every send, whatever was registered under older rules.
func (o Options) shapeProblem(u *url.URL) string {
	local := o.AllowLoopback && isLoopbackHost(strings.ToLower(u.Hostname()))
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		return "must start with https://"
	case u.Scheme == "http" && o.RequireHTTPS && !local:
		return "must start with https://"
	case u.Opaque != "" || u.Hostname() == "":
		return "has no host"
	case u.User != nil:
		return "must not carry a user name or password"
	}
	return ""
}

func (o Options) hostProblem(host string) string {
	if addr, err := netip.ParseAddr(host); err == nil {
		if o.opensLiteral(addr) {
			return ""
		}
		return "must name a host, not an IP address"
	}
	if isLoopbackHost(host) {
		if o.AllowLoopback {
			return ""
		}
		return "must not point to the local machine"
	}
	switch {
	case !isHostName(host):
		return "has a host name that is not valid"
	case isNumeric(host[strings.LastIndexByte(host, '.')+1:]):
		return "must name a host, not an IP address"
	case o.opensPrivate():
		return "" // names of a private network are what the operator opened it for
	case !strings.Contains(host, "."):
		return "must name the host in full, with a dot"
	case slices.ContainsFunc(privateSuffixes, func(s string) bool { return strings.HasSuffix(host, s) }):
		return "names a host of a private network"
	}
	return ""
}

// opensLiteral reports whether a literal address lies where the options let a sender go on purpose.
func (o Options) opensLiteral(addr netip.Addr) bool {
	addr = addr.Unmap()
	if addr.Zone() != "" || neverAllowed(addr) {
		return false
	}
	return o.AllowLoopback && addr.IsLoopback() ||
		slices.ContainsFunc(o.AllowPrivate, func(p netip.Prefix) bool { return p.Contains(addr) })
}

func (o Options) portProblem(u *url.URL) string {
	if strings.HasSuffix(u.Host, ":") {
		return "has a port that is not valid"
	}
	text := u.Port()
	if text == "" {
		text = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil || port == 0 {
		return "has a port that is not valid"
	}
	if o.AllowLoopback && isLoopbackHost(strings.ToLower(u.Hostname())) || slices.Contains(o.ports(), uint16(port)) {
		return ""
	}
	return "has a port that webhooks may not use"
}

// isLoopbackHost reports whether a host is the local machine, by name or address; the host is in lower case.
func isLoopbackHost(host string) bool {
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.Zone() == "" && addr.Unmap().IsLoopback()
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// isHostName accepts labels of letters, digits, '-' and '_', no trailing dot.
func isHostName(host string) bool {
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		if strings.ContainsFunc(label, func(r rune) bool {
			return r > 127 || !isAlphanumeric(byte(r)) && r != '-' && r != '_' //nolint:gosec // it is ASCII by now
		}) {
			return false
		}
	}
	return len(host) <= 253
}

// isNumeric reports whether some resolvers would take a host with this last label for an IPv4 address (127.1, 0x7f.1).
func isNumeric(label string) bool {
	if hex, ok := strings.CutPrefix(label, "0x"); ok {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return strings.Trim(label, "0123456789") == ""
}

func isPlain(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 127 || r == '\\' })
}
