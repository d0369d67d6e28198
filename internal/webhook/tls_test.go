package webhook

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

// tlsReceiver serves TLS with a certificate of its own making, and gives a sender that trusts this certificate.
func tlsReceiver(t testing.TB, change func(*x509.Certificate, *tls.Config)) (string, *Sender) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	config := &tls.Config{MinVersion: tls.VersionTLS10, NextProtos: []string{"h2", "http/1.1"}} // the test's server is the bad one
	change(template, config)
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	config.Certificates = []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/header" {
			w.Header().Set("X-A", strings.Repeat("x", 64<<10))
		}
		_, _ = io.WriteString(w, r.Proto)
	}))
	server.TLS, server.EnableHTTP2 = config, true
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	sender := newSender(Options{AllowLoopback: true, Timeout: time.Minute}, &net.Dialer{}, &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots})
	t.Cleanup(sender.Close)
	return server.URL, sender
}

func TestTLS(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*x509.Certificate, *tls.Config)
		code   string
	}{
		"good":          {func(*x509.Certificate, *tls.Config) {}, ""},
		"TLS 1.2":       {func(_ *x509.Certificate, c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }, ""},
		"TLS 1.1":       {func(_ *x509.Certificate, c *tls.Config) { c.MaxVersion = tls.VersionTLS11 }, CodeTLS},
		"expired":       {func(x *x509.Certificate, _ *tls.Config) { x.NotAfter = time.Now().Add(-time.Minute) }, CodeTLS},
		"not yet valid": {func(x *x509.Certificate, _ *tls.Config) { x.NotBefore = time.Now().Add(time.Minute) }, CodeTLS},
		"another host":  {func(x *x509.Certificate, _ *tls.Config) { x.DNSNames, x.IPAddresses = []string{"ok.example"}, nil }, CodeTLS},
		"wants it in 1.2": {func(_ *x509.Certificate, c *tls.Config) {
			c.ClientAuth, c.MaxVersion = tls.RequireAnyClientCert, tls.VersionTLS12
		}, CodeTLS},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, sender := tlsReceiver(t, c.change)
			got := sender.Send(t.Context(), testRequest(url))
			if got.ErrorCode != c.code || c.code == "" && string(got.ResponseBody) != "HTTP/2.0" {
				t.Errorf("got %s %q %q", got.Verdict, got.ErrorCode, got.ResponseBody)
			}
		})
	}
}

// With TLS 1.3 the refusal comes after the handshake, and over HTTP/2 the library may have lost its reason.
func TestReceiverThatWantsACertificate(t *testing.T) {
	t.Parallel()
	url, sender := tlsReceiver(t, func(_ *x509.Certificate, c *tls.Config) { c.ClientAuth = tls.RequireAnyClientCert })
	got := sender.Send(t.Context(), testRequest(url))
	if got.Verdict != Retry || !slices.Contains([]string{CodeTLS, CodeClosed, CodeBadResponse}, got.ErrorCode) {
		t.Errorf("got %s %q", got.Verdict, got.ErrorCode)
	}
}

func TestSelfSignedIsRefused(t *testing.T) {
	t.Parallel()
	url, _ := tlsReceiver(t, func(*x509.Certificate, *tls.Config) {})
	got := testSender(t, time.Minute).Send(t.Context(), testRequest(url))
	if got.ErrorCode != CodeTLS || got.Status != 0 {
		t.Errorf("got %s %s", got.Verdict, got.ErrorCode)
	}
}

func TestPlainServerBehindHTTPS(t *testing.T) {
	t.Parallel()
	url := receiver(t, func(http.ResponseWriter, *http.Request) {})
	got := testSender(t, time.Minute).Send(t.Context(), testRequest(strings.Replace(url, "http:", "https:", 1)))
	if got.ErrorCode != CodeTLS {
		t.Errorf("got %s", got.ErrorCode)
	}
}

func TestLongHeaderOverHTTP2(t *testing.T) {
	t.Parallel()
	url, sender := tlsReceiver(t, func(*x509.Certificate, *tls.Config) {})
	got := sender.Send(t.Context(), testRequest(url+"/header"))
	if got.ErrorCode != CodeBadResponse || got.ResponseHeaders != nil {
		t.Errorf("got %s %q", got.Verdict, got.ErrorCode)
	}
}
