package webhook

import (
	"bytes"
	"compress/gzip"
	"context"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A receiver may be endless or broken; an attempt ends long before its timeout and says what happened.
func TestHostileReceivers(t *testing.T) {
	t.Parallel()
	endless := func(head, piece string) func(func(string) bool) {
		return func(write func(string) bool) {
			if !write(head) {
				return
			}
			for write(piece) {
			}
		}
	}
	once := func(s string) func(func(string) bool) {
		return func(write func(string) bool) { write(s) }
	}
	for name, c := range map[string]struct {
		pieces  func(func(string) bool)
		verdict Verdict
		code    string
		body    int
	}{
		"endless body":          {endless("HTTP/1.1 200 OK\r\n\r\n", strings.Repeat("x", 4096)), Done, "", 16 << 10},
		"64 KiB header":         {once("HTTP/1.1 200 OK\r\nX-A: " + strings.Repeat("x", 64<<10) + "\r\n\r\n"), Retry, CodeBadResponse, 0},
		"endless header":        {endless("HTTP/1.1 200 OK\r\n", "X-A: "+strings.Repeat("x", 1000)+"\r\n"), Retry, CodeBadResponse, 0},
		"1xx without end":       {endless("", "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"), Retry, CodeBadResponse, 0},
		"switching protocols":   {once("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nabc"), Retry, "http_101", 0},
		"a NUL in a header":     {once("HTTP/1.1 200 OK\r\nX-A: a\x00b\r\n\r\n"), Retry, CodeBadResponse, 0},
		"not HTTP":              {once("SSH-2.0-OpenSSH_9.6\r\n\r\n"), Retry, CodeBadResponse, 0},
		"a lying length":        {once("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"), Retry, CodeBadResponse, 0},
		"two lengths":           {once("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"), Retry, CodeBadResponse, 0},
		"status of four digits": {once("HTTP/1.1 2000 OK\r\n\r\n"), Retry, CodeBadResponse, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := rawReceiver(t, c.pieces)
			got := testSender(t, time.Minute).Send(t.Context(), testRequest(url))
			if got.Verdict != c.verdict || got.ErrorCode != c.code || len(got.ResponseBody) != c.body {
				t.Errorf("got %s %q, %d bytes in %v", got.Verdict, got.ErrorCode, len(got.ResponseBody), got.Duration)
			}
		})
	}
}

func TestLargeAnswersAreCut(t *testing.T) {
	t.Parallel()
	var packed bytes.Buffer // 1 MiB of zeros; gzip allows several of them one after another
	packer := gzip.NewWriter(&packed)
	_, _ = packer.Write(make([]byte, 1<<20))
	_ = packer.Close()
	for name, c := range map[string]struct {
		encoding string
		body     []byte
	}{
		"16 KiB":       {"", bytes.Repeat([]byte("x"), 16<<10)},
		"one byte too": {"", bytes.Repeat([]byte("x"), 16<<10+1)},
		"4 MiB":        {"", bytes.Repeat([]byte("x"), 4<<20)},
		"gzip bomb":    {"gzip", bytes.Repeat(packed.Bytes(), 50)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := receiver(t, func(w http.ResponseWriter, _ *http.Request) {
				if c.encoding != "" {
					w.Header().Set("Content-Encoding", c.encoding)
				}
				_, _ = w.Write(c.body)
			})
			got := testSender(t, time.Minute).Send(t.Context(), testRequest(url))
			if got.Verdict != Done || !bytes.Equal(got.ResponseBody, c.body[:16<<10]) {
				t.Errorf("got %s %s and %d bytes", got.Verdict, got.ErrorCode, len(got.ResponseBody))
			}
		})
	}
}

func TestReceiverHangsUp(t *testing.T) {
	t.Parallel()
	url := receiver(t, func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			_ = conn.Close()
		}
	})
	if got := testSender(t, time.Minute).Send(t.Context(), testRequest(url)); got.ErrorCode != CodeClosed {
		t.Errorf("got %s", got.ErrorCode)
	}
}

func TestNobodyListens(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close()
	got := testSender(t, time.Minute).Send(t.Context(), testRequest("http://"+address+"/"))
	if got.ErrorCode != CodeConnectRefused || got.RequestHeaders.Get("Webhook-Signature") == "" {
		t.Errorf("got %s, headers %v", got.ErrorCode, got.RequestHeaders)
	}
}

func TestUnknownNameIsADNSError(t *testing.T) {
	t.Parallel()
	sender := guardedSender(t, Options{Timeout: time.Minute}, 80, nil)
	if got := sender.Send(t.Context(), testRequest("http://unknown.example/")); got.ErrorCode != CodeDNS {
		t.Errorf("got %s", got.ErrorCode)
	}
}

// A shutdown is no fault of the receiver, and has a code of its own.
func TestCancelledAttempt(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	url := rawReceiver(t, func(func(string) bool) { cancel() })
	if got := testSender(t, time.Minute).Send(ctx, testRequest(url)); got.ErrorCode != CodeCanceled || got.Verdict != Retry {
		t.Errorf("got %s %s", got.Verdict, got.ErrorCode)
	}
}

// Failures that a test cannot bring about on every machine are sorted from their errors alone.
func TestCodesOfNetworkErrors(t *testing.T) {
	t.Parallel()
	dial := func(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }
	for name, c := range map[string]struct {
		err     error
		reached stage
		want    string
	}{
		"no route":               {dial(syscall.EHOSTUNREACH), connecting, CodeConnectFailed},
		"no network":             {dial(syscall.ENETUNREACH), connecting, CodeConnectFailed},
		"connect times out":      {dial(context.DeadlineExceeded), connecting, CodeConnectTimeout},
		"kernel times out":       {dial(syscall.ETIMEDOUT), connecting, CodeConnectTimeout},
		"no free connection":     {context.DeadlineExceeded, waiting, CodeTimeout},
		"name server is slow":    {context.DeadlineExceeded, resolving, CodeDNS},
		"handshake times out":    {context.DeadlineExceeded, handshaking, CodeTimeout},
		"reset in the handshake": {syscall.ECONNRESET, handshaking, CodeTLS},
		"reset afterwards":       {&net.OpError{Op: "read", Err: syscall.ECONNRESET}, connected, CodeClosed},
		"broken pipe":            {&net.OpError{Op: "write", Err: syscall.EPIPE}, connected, CodeClosed},
	} {
		if got := codeOf(c.err, c.reached); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
}
