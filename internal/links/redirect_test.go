package links

import (
	"net/url"
	"strings"
	"testing"
)

var allowedHosts = []string{"ok.example", "App.ok.example:8443", "xn--bcher-kva.example", "localhost:3000", "127.0.0.1", "[::1]:3000"}

func TestSafeRedirectFollows(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"https://ok.example":                                "https://ok.example/",
		"https://ok.example/":                               "https://ok.example/",
		"HTTPS://OK.Example/Thanks":                         "https://ok.example/Thanks",
		"https://ok.example:443/a":                          "https://ok.example/a",
		"https://ok.example?booked=1":                       "https://ok.example/?booked=1",
		"https://ok.example/?customer.email=a@b.example":    "https://ok.example/?customer.email=a@b.example",
		"https://ok.example/a%20b/%C3%A9?x=%0a;y#/route/1":  "https://ok.example/a%20b/%C3%A9?x=%0a;y#/route/1",
		"https://ok.example//evil.example/":                 "https://ok.example//evil.example/",
		"https://ok.example/https://evil.example/":          "https://ok.example/https://evil.example/",
		"https://ok.example/?next=https://evil.example":     "https://ok.example/?next=https://evil.example",
		"https://app.ok.example:8443/x":                     "https://app.ok.example:8443/x",
		"https://xn--bcher-kva.example/":                    "https://xn--bcher-kva.example/",
		"http://localhost:3000/thanks":                      "http://localhost:3000/thanks",
		"https://localhost:3000/thanks":                     "https://localhost:3000/thanks",
		"http://127.0.0.1:80/":                              "http://127.0.0.1/",
		"http://[::1]:3000/":                                "http://[::1]:3000/",
		"https://ok.example/" + strings.Repeat("a", 2000):   "https://ok.example/" + strings.Repeat("a", 2000),
		"https://ok.example/%2e%2e/%2fevil.example/?a=%00b": "https://ok.example/%2e%2e/%2fevil.example/?a=%00b",
	} {
		got, ok := SafeRedirect(raw, allowedHosts)
		if !ok || got.String() != want {
			t.Errorf("%s: got %v, %v; want %s", raw, got, ok, want)
		}
	}
}

// refusedRedirects never lead anywhere: not for anybody, and not when signed.
var refusedRedirects = []string{
	"", " ", "/", "/thanks", "thanks", "?x", "#x", "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example",
	"\\/evil.example", "https:evil.example", "https:/evil.example", "https:///evil.example", "https:////evil.example", "https://",
	"https:", "https://?x", "https://#x", "https://:443/", "https://@/", "https://ok.example@evil.example",
	"https://ok.example:pw@evil.example", "https://evil.example@ok.example", "https://@ok.example/", "https://:@ok.example/",
	"https://ok.example%2eevil.example", "https://ok%2eexample/", "https://ok.example\\.evil.example", "https://ok.example\\@evil.example",
	"https://ok.example#@evil.example", "https://ok.example?@evil.example", "https://ok.example&@evil.example", "https://ok.example\t/",
	"ht\ttps://ok.example", "https://ok.\nexample/", "https://ok.example/\r\nSet-Cookie:a=b", "https://ok.example/\x00", "\x01https://ok.example",
	" https://ok.example", "https://ok.example ", "https://ok.example/a b", "https://ok.example/%0d%0aSet-Cookie:a", "https://ok.example/%5cevil",
	"https://ok.example/#%0a", "https://ok.example/?a=\\b", "https://ok.example?\\@evil.example", "javascript:alert(1)", "JaVaScRiPt:alert(1)", "javascript://ok.example/%0aalert(1)",
	"data:text/html,<script>alert(1)</script>", "vbscript:x", "file:///etc/passwd", "blob:https://ok.example/x", "ftp://ok.example/",
	"ws://ok.example/", "view-source:https://ok.example", "https%3a%2f%2fok.example", "https://https://ok.example", "https://ok.example:/",
	"https://ok.example:0/", "https://ok.example:0443/", "https://ok.example:99999/", "https://ok.example:443:443/", "https://ok.example:https/",
	"https://ok.example./", "https://ok..example/", "https://.ok.example/", "https://ok.example%00.evil.example/", "https://ok.example%09/",
	"https://[::1", "https://[::1]evil.example/", "https://[fe80::1%25lo]/", "https://ok.example。evil.example/", "https://ⓞⓚ.example/",
	"https://bücher.example/", "https://оk.example/", "https://ok.example\u202eevil/", "https://ok.example/é", "https://ok.example/\xff",
	"https://ok_evil.example/", "https://ok.example;evil.example/", "https://ok.example,evil.example/", "https://ok.example|evil.example/",
	"https://ok.example\"onclick=x", "https://ok.example/<script>", "https://ok.example/`x`", "https://ok.example/%zz",
	"https://ok.example/" + strings.Repeat("a", 10<<10),
}

// foreignRedirects are sound URLs to hosts that nobody listed.
var foreignRedirects = []string{
	"https://evil.example", "https://ok.example.evil.example", "https://evilok.example", "https://sub.ok.example", "https://example",
	"https://ok.example:8443/", "https://app.ok.example/", "https://app.ok.example:443/", "http://ok.example/", "http://ok.example:443/",
	"http://app.ok.example:8443/", "http://localhost/", "http://localhost:3001/", "http://localhost.evil.example:3000/", "http://127.0.0.1:8080/",
	"https://127.0.0.1.evil.example/", "http://127.1/", "http://0.0.0.0:3000/", "https://2130706433/", "http://[::1]/", "http://[::ffff:127.0.0.1]/",
	"http://[0:0:0:0:0:0:0:1]:3000/", "https://[::1]/", "https://xn--bcher-kvb.example/", "https://xn--k-6ka.example/", "https://ok.exampl",
	"https://ok-example/", "https://evil.example/https://ok.example/", "https://evil.example?https://ok.example", "https://evil.example#ok.example",
}

func TestSafeRedirectRefuses(t *testing.T) {
	t.Parallel()
	if n := len(refusedRedirects) + len(foreignRedirects); n < 100 {
		t.Fatalf("the corpus has shrunk to %d", n)
	}
	for _, raw := range append(append([]string{}, refusedRedirects...), foreignRedirects...) {
		if got, ok := SafeRedirect(raw, allowedHosts); ok || got != nil {
			t.Errorf("%q leads to %v", raw, got)
		}
	}
}

func TestSafeRedirectIgnoresBrokenEntries(t *testing.T) {
	t.Parallel()
	broken := []string{"", "*", "*.example", "https://ok.example", "ok.example/", "ok.example.", "user@ok.example", "ok.example:", "ok.example:0", "ök.example", ".example", "::1"}
	for _, raw := range []string{"https://ok.example/", "https://xn--k-fga.example/", "https://a.example/", "https://[::1]/", "https:///"} {
		if got, ok := SafeRedirect(raw, broken); ok {
			t.Errorf("%q leads to %v", raw, got)
		}
	}
	if _, ok := SafeRedirect("https://ok.example/", nil); ok {
		t.Error("nothing is allowed, and still it goes somewhere")
	}
}

func TestSignedRedirect(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{"https://anywhere.example/x?y=1#z", "https://a.b.c.example:8443/", "https://ok.example.evil.example/"} {
		if got, ok := SignedRedirect(raw); !ok || got.String() != raw {
			t.Errorf("%q: got %v, %v", raw, got, ok)
		}
	}
	more := []string{"http://anywhere.example/", "http://localhost:3000/", "https://localhost/", "https://127.0.0.1/", "https://[::1]/", "https://2130706433/", "https://127.1/", "https://0x7f.0x1/"}
	for _, raw := range append(more, refusedRedirects...) {
		if got, ok := SignedRedirect(raw); ok {
			t.Errorf("%q leads to %v", raw, got)
		}
	}
}

// FuzzSafeRedirect: whatever comes out is https, or http to this machine, and goes to a listed host however it is read.
func FuzzSafeRedirect(f *testing.F) {
	for _, raw := range append(append([]string{"https://ok.example/a?b#c", "http://[::1]:3000/"}, refusedRedirects...), foreignRedirects...) {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		_, _ = SignedRedirect(raw)
		got, ok := SafeRedirect(raw, allowedHosts)
		if !ok {
			return
		}
		text := got.String()
		again, err := url.Parse(text)
		if err != nil || again.String() != text || again.Host != got.Host || again.User != nil || again.Opaque != "" {
			t.Fatalf("%q became %q, which reads as %v, %v", raw, text, again, err)
		}
		listed := strings.HasPrefix(text, "https://ok.example/") || strings.HasPrefix(text, "https://app.ok.example:8443/") ||
			strings.HasPrefix(text, "https://xn--bcher-kva.example/") || strings.HasPrefix(strings.Replace(text, "https://", "http://", 1), "http://localhost:3000/") ||
			strings.HasPrefix(strings.Replace(text, "https://", "http://", 1), "http://127.0.0.1/") || strings.HasPrefix(strings.Replace(text, "https://", "http://", 1), "http://[::1]:3000/")
		if !listed || strings.ContainsAny(text, "\\\r\n\t\x00 ") {
			t.Fatalf("%q leads to %q", raw, text)
		}
	})
}
