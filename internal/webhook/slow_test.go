package webhook

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// pipedSender has the production limits and a receiver in memory, so that inside synctest the clock is virtual and ten
// seconds are exactly ten seconds. The receiver reads one request and then writes as answer says.
func pipedSender(t testing.TB, answer func(w io.Writer)) *Sender {
	t.Helper()
	s := NewSender(Options{})
	var receivers sync.WaitGroup
	t.Cleanup(func() {
		s.Close()
		receivers.Wait()
	})
	s.current.DialContext = func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		receivers.Go(func() {
			defer func() { _ = theirs.Close() }()
			in := bufio.NewReader(theirs)
			if r, err := http.ReadRequest(in); err == nil {
				_, _ = io.Copy(io.Discard, r.Body)
			}
			answer(theirs)
			_, _ = io.Copy(io.Discard, in)
		})
		return ours, nil
	}
	return s
}

func say(s string) func(io.Writer) {
	return func(w io.Writer) { _, _ = io.WriteString(w, s) }
}

// drip writes the start at once and then a piece each 0.6 s, until the sender hangs up.
func drip(start, piece string) func(io.Writer) {
	return func(w io.Writer) {
		for _, err := io.WriteString(w, start); err == nil; _, err = io.WriteString(w, piece) {
			time.Sleep(600 * time.Millisecond) // virtual
		}
	}
}

func TestSlowReceiversAreCutInTime(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer  func(io.Writer)
		verdict Verdict
		code    string
		body    string
	}{
		"silence":          {say(""), Retry, CodeTimeout, ""},
		"half a header":    {say("HTTP/1.1 200 OK\r\nX-A: "), Retry, CodeTimeout, ""},
		"header drips":     {drip("HTTP/1.1 200 OK\r\nX-A: ", "x"), Retry, CodeTimeout, ""},
		"early hints only": {drip("", "HTTP/1.1 103 Early Hints\r\n\r\n"), Retry, CodeTimeout, ""},
		"body stops":       {say("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"), Done, "", "abc"},
		"body drips":       {drip("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", "x"), Done, "", strings.Repeat("x", 16)},
		"error body drips": {drip("HTTP/1.1 500 Oh\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\ny\r\n"), Retry, "http_500", strings.Repeat("y", 16)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				got := pipedSender(t, c.answer).Send(t.Context(), testRequest("http://ok.example/"))
				if got.Verdict != c.verdict || got.ErrorCode != c.code || string(got.ResponseBody) != c.body {
					t.Errorf("got %s %q %q", got.Verdict, got.ErrorCode, got.ResponseBody)
				}
				if got.Duration != 10*time.Second {
					t.Errorf("took %v", got.Duration)
				}
			})
		})
	}
}

func TestStalledHandshakeIsCutInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		got := pipedSender(t, func(io.Writer) {}).Send(t.Context(), testRequest("https://ok.example/"))
		if got.ErrorCode != CodeTimeout || got.Duration != 5*time.Second {
			t.Errorf("got %s after %v", got.ErrorCode, got.Duration)
		}
	})
}

// The whole life of a delivery to a receiver that is down for three days: twelve attempts, then no more.
func TestReceiverDownForThreeDays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sender := pipedSender(t, say("HTTP/1.1 500 Oh\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"))
		begun := time.Now()
		attempts := 0
		for due, more := begun, true; more; {
			time.Sleep(time.Until(due)) // virtual
			got := sender.Send(t.Context(), testRequest("http://ok.example/"))
			attempts++
			due, more = Next(attempts, got, time.Now(), middle)
		}
		if lasted := time.Since(begun); attempts != 12 || lasted != 75*time.Hour+42*time.Minute+35*time.Second {
			t.Errorf("%d attempts over %v", attempts, lasted)
		}
	})
}
