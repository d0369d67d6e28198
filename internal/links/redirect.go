package links

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// maxRedirectBytes is the longest redirect that is followed.
const maxRedirectBytes = 2048

// loopbackHosts are the only ones that may be reached by http: the machine of a developer who listed it.
var loopbackHosts = []string{"localhost", "127.0.0.1", "[::1]"}

// SafeRedirect gives the URL to send a visitor to when raw, which anybody may have written, leads to one of the allowed
// hosts; otherwise false, and the caller shows its own page. An entry is a host as browsers write it, with a port unless
// it is the scheme's own: "example.com", "app.example.com:8443", "[::1]:3000". It stands for that host alone, not for
// those below it, and for https, or http too when it is a loopback. The URL is put together from its parts again, so
// what was checked is what is sent. A fragment is kept: pages that route by it need it, and it never reaches a server.
func SafeRedirect(raw string, allowedHosts []string) (*url.URL, bool) {
	u, ok := rebuild(raw)
	if !ok {
		return nil, false
	}
	for _, entry := range allowedHosts {
		entry = strings.ToLower(entry)
		if !isAuthority(entry) || withoutPort(u.Scheme, entry) != u.Host {
			continue
		}
		if u.Scheme == "https" || slices.Contains(loopbackHosts, hostOf(entry)) {
			return u, true
		}
	}
	return nil, false
}

// SignedRedirect is SafeRedirect for a URL that the token itself signs: its signer chose it, so any named host will do,
// by https only.
func SignedRedirect(raw string) (*url.URL, bool) {
	u, ok := rebuild(raw)
	if !ok || u.Scheme != "https" || !isDomain(u.Hostname()) {
		return nil, false
	}
	return u, true
}

// rebuild reads an absolute http or https URL whose host no parser could take for another, and makes it anew.
func rebuild(raw string) (*url.URL, bool) {
	if len(raw) > maxRedirectBytes || strings.ContainsFunc(raw, isUnsafe) {
		return nil, false
	}
	scheme, rest, ok := strings.Cut(raw, "://")
	scheme = strings.ToLower(scheme)
	if !ok || scheme != "https" && scheme != "http" {
		return nil, false
	}
	// Up to the first slash some parser or other may look for user names, so there must be no '@' even after a '?'.
	if early, _, _ := strings.Cut(rest, "/"); strings.Contains(early, "@") {
		return nil, false
	}
	u, err := url.Parse(raw)
	if err != nil || u.Opaque != "" || u.User != nil {
		return nil, false
	}
	authority := rest
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		authority = rest[:end]
	}
	authority = strings.ToLower(authority)
	if !isAuthority(authority) || authority != strings.ToLower(u.Host) {
		return nil, false
	}
	if strings.ContainsFunc(u.Path, isUnsafePath) || strings.ContainsFunc(u.Fragment, isUnsafePath) {
		return nil, false
	}
	return &url.URL{
		Scheme: scheme, Host: withoutPort(scheme, authority), Path: orSlash(u.Path), RawPath: u.RawPath,
		RawQuery: u.RawQuery, Fragment: u.Fragment, RawFragment: u.RawFragment,
	}, true
}

// isUnsafe reports what has no place in a URL as it is written: controls, spaces, anything but ASCII, the backslash that
// browsers read as a slash, and what could end an attribute of a page.
func isUnsafe(r rune) bool { return r <= ' ' || r >= 127 || strings.ContainsRune("\\\"<>`", r) }

// isUnsafePath is the same question after decoding, where spaces and letters of all languages are fine.
func isUnsafePath(r rune) bool { return r < ' ' || r == 127 || r == '\\' }

// isAuthority accepts a host and maybe a port, in lower case: letters, digits, '-', '.', or an IPv6 literal without a
// zone. No trailing dot, for that is another host to some and the same to others.
func isAuthority(s string) bool {
	host := hostOf(s)
	if port, ok := strings.CutPrefix(s[len(host):], ":"); ok && !isPort(port) {
		return false
	}
	if inner, ok := strings.CutPrefix(host, "["); ok {
		return strings.Trim(strings.TrimSuffix(inner, "]"), "0123456789abcdef:.") == "" && strings.HasSuffix(host, "]")
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return false
		}
	}
	return true
}

// hostOf cuts the port off, and leaves the brackets of an IPv6 literal.
func hostOf(authority string) string {
	if end := strings.LastIndexByte(authority, ':'); end > strings.LastIndexByte(authority, ']') {
		return authority[:end]
	}
	return authority
}

// withoutPort drops the port that the scheme means anyway.
func withoutPort(scheme, authority string) string {
	return strings.TrimSuffix(authority, map[string]string{"https": ":443", "http": ":80"}[scheme])
}

// isDomain asks for at least two labels, the last of them not a number: a name, not an address in disguise.
func isDomain(host string) bool {
	dot := strings.LastIndexByte(host, '.')
	return dot > 0 && !strings.ContainsAny(host, ":[") && host[dot+1] >= 'a'
}

func isPort(s string) bool {
	number, err := strconv.ParseUint(s, 10, 16)
	return err == nil && number > 0 && s[0] != '0'
}

func orSlash(path string) string {
	if path == "" {
		return "/"
	}
	return path
}
