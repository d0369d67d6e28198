package webhook

import (
	"net/netip"
	"strings"
	"testing"

	"holdfast/internal/fault"
)

var (
	production = Options{RequireHTTPS: true}
	localRun   = Options{AllowLoopback: true}
	inNetwork  = Options{AllowPrivate: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, Ports: []uint16{443, 8080}}
)

func TestCheckURLAccepts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		options Options
		url     string
	}{
		{production, "https://example.com"},
		{production, "https://hooks.example.com/a/b?x=1&y=%20"},
		{production, "HTTPS://Hooks.Example.com:8443/"},
		{production, "https://xn--bcher-kva.example/hook"},
		{production, "https://a_b.example.com/" + strings.Repeat("x", 2000)},
		{production, "https://1.example.com/"},
		{Options{}, "http://example.com/"},
		{Options{}, "http://example.com:443/"},
		{localRun, "http://127.0.0.1:9000/hook"},
		{localRun, "http://localhost:1/hook"},
		{localRun, "http://[::1]:9000/hook"},
		{localRun, "https://app.localhost/"},
		{localRun, "https://example.com/"},
		{Options{AllowLoopback: true, RequireHTTPS: true}, "http://127.0.0.1:9000/hook"},
		{inNetwork, "http://10.1.2.3:8080/"},
		{inNetwork, "http://receiver:8080/"},
		{inNetwork, "http://receiver.svc.cluster.local:8080/"},
	} {
		if err := CheckURL(c.url, c.options); err != nil {
			t.Errorf("%s: %v", c.url, err)
		}
	}
}

func TestCheckURLRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		options   Options
		url, hint string
	}{
		{production, "", "missing"},
		{production, "https://example.com/" + strings.Repeat("x", 2048), "2048"},
		{production, "http://example.com/", "https://"},
		{production, "ftp://example.com/", "https://"},
		{production, "//example.com/", "https://"},
		{production, "example.com/hook", "https://"},
		{production, "javascript:alert(1)", "https://"},
		{production, "https:example.com", "no host"},
		{production, "https:///hook", "no host"},
		{production, "https://:443/", "no host"},
		{production, "https://user:pw@example.com/", "user name"},
		{production, "https://@example.com/", "user name"},
		{production, "https://example.com/#x", "fragment"},
		{production, "https://example.com/#", "fragment"},
		{production, "https://example.com/a b", "ASCII"},
		{production, "https://example.com/\n", "ASCII"},
		{production, "https://example.com\\@evil.example/", "ASCII"},
		{production, "https://bücher.example/", "ASCII"},
		{production, "https://example.com%2eevil/", "read"},
		{production, "https://exam%00ple.com/", "read"},
		{production, "https://8.8.8.8/", "IP address"},
		{production, "https://[2606:4700::1]/", "IP address"},
		{production, "https://[::ffff:127.0.0.1]/", "IP address"},
		{production, "https://[fe80::1%25lo]/", "IP address"},
		{production, "https://127.0.0.1/", "IP address"},
		{production, "https://127.1/", "IP address"},
		{production, "https://2130706433/", "IP address"},
		{production, "https://0x7f.0x1/", "IP address"},
		{production, "https://0177.0.0.1/", "IP address"},
		{production, "https://localhost/", "local machine"},
		{production, "https://LOCALHOST:8443/", "local machine"},
		{production, "https://a.localhost/", "local machine"},
		{production, "https://receiver/", "with a dot"},
		{production, "https://metadata.google.internal/", "private network"},
		{production, "https://printer.local/", "private network"},
		{production, "https://nas.home.arpa/", "private network"},
		{production, "https://example.com./", "name that is not valid"},
		{production, "https://exa..mple.com/", "name that is not valid"},
		{production, "https://-a.example.com/", "name that is not valid"},
		{production, "https://a,b.example.com/", "name that is not valid"},
		{production, "https://" + strings.Repeat("a", 64) + ".example.com/", "name that is not valid"},
		{production, "https://" + strings.Repeat("a.", 127) + "com/", "name that is not valid"},
		{production, "https://example.com:/", "port that is not valid"},
		{production, "https://example.com:0/", "port that is not valid"},
		{production, "https://example.com:65536/", "port that is not valid"},
		{production, "https://example.com:80/", "may not use"},
		{production, "https://example.com:22/", "may not use"},
		{Options{}, "http://example.com:8080/", "may not use"},
		{localRun, "http://example.com:9000/", "may not use"},
		{localRun, "http://10.0.0.1/", "IP address"},
		{localRun, "http://localhost.example.com:9000/", "may not use"},
		{localRun, "http://[::1%25lo]:9000/", "IP address"},
		{Options{AllowLoopback: true, RequireHTTPS: true}, "http://example.com/", "https://"},
		{inNetwork, "http://127.0.0.1:8080/", "IP address"},
		{inNetwork, "http://192.168.0.1:8080/", "IP address"},
		{inNetwork, "http://10.1.2.3:5432/", "may not use"},
		{inNetwork, "http://localhost:8080/", "local machine"},
	} {
		err := CheckURL(c.url, c.options)
		if fault.CodeOf(err) != fault.Invalid || !strings.Contains(err.Error(), c.hint) {
			t.Errorf("%q: got %v, want %q", c.url, err, c.hint)
		}
	}
}

func TestCheckHeaders(t *testing.T) {
	t.Parallel()
	if err := CheckHeaders(map[string]string{"Authorization": "Bearer x", "X-Tenant": "7", "x-empty": ""}); err != nil {
		t.Error(err)
	}
	many := map[string]string{}
	for _, c := range "abcdefghijklmnopqrstu" {
		many["X-"+string(c)] = "1"
	}
	for name, headers := range map[string]map[string]string{
		"too many":       many,
		"too long":       {"X-Long": strings.Repeat("x", 1024)},
		"no name":        {"": "x"},
		"a space":        {"X Y": "x"},
		"a colon":        {"X:": "x"},
		"split":          {"X-A": "x\r\nHost: evil"},
		"a NUL":          {"X-A": "\x00"},
		"not ASCII":      {"X-A": "é"},
		"name not ASCII": {"X-é": "x"},
		"host":           {"HOST": "evil"},
		"length":         {"content-length": "1"},
		"type":           {"Content-Type": "text/plain"},
		"chunked":        {"Transfer-Encoding": "chunked"},
		"our id":         {"Webhook-ID": "x"},
		"our signature":  {"webhook-signature": "x"},
		"timekit's":      {"X-Timekit-Signature": "x"},
		"encoding":       {"Accept-Encoding": "gzip"},
		"proxy":          {"Proxy-Authorization": "x"},
	} {
		if err := CheckHeaders(headers); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}
