package webhook

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const testBody = `{"type":"booking.confirmed","data":{"id":"7"}}`

func testRequest(url string) Request {
	return Request{URL: url, ID: "evt_1", At: time.Unix(1795219200, 0), Body: []byte(testBody), Secrets: []string{secretA}, TimekitSecret: "tk"}
}

// testSender may go to loopback and gives up after the timeout.
func testSender(t testing.TB, timeout time.Duration) *Sender {
	t.Helper()
	s := NewSender(Options{AllowLoopback: true, Timeout: timeout})
	t.Cleanup(s.Close)
	return s
}

// receiver serves one handler on loopback.
func receiver(t testing.TB, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

// rawReceiver answers every connection's first request with the given bytes, written piece by piece, and then waits for
// the sender to hang up.
func rawReceiver(t testing.TB, pieces func(write func(string) bool)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				if _, err := conn.Read(make([]byte, 64<<10)); err != nil {
					return
				}
				pieces(func(s string) bool { _, err := io.WriteString(conn, s); return err == nil })
				_, _ = io.Copy(io.Discard, conn)
			}()
		}
	}()
	return "http://" + listener.Addr().String()
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]Verdict{
		200: Done, 201: Done, 202: Done, 204: Done, 299: Done, 300: Retry, 301: Retry, 302: Retry, 304: Retry, 307: Retry, 400: Retry,
		401: Retry, 404: Retry, 408: Retry, 409: Retry, 410: Gone, 422: Retry, 429: Retry, 500: Retry, 502: Retry, 503: Retry, 504: Retry, 599: Retry,
	} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			url := receiver(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
			got := testSender(t, time.Minute).Send(t.Context(), testRequest(url))
			code := fmt.Sprintf("http_%d", status)
			if want == Done {
				code = ""
			}
			if got.Verdict != want || got.Status != status || got.ErrorCode != code || got.Duration <= 0 {
				t.Errorf("got %s %d %q in %v", got.Verdict, got.Status, got.ErrorCode, got.Duration)
			}
		})
	}
}

func TestSendsWhatAReceiverNeeds(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"", "post", "PUT", "Patch", "get"} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			var got *http.Request
			var body []byte
			url := receiver(t, func(w http.ResponseWriter, r *http.Request) {
				body, _ = io.ReadAll(r.Body)
				got = r.Clone(context.Background())
				w.Header().Set("X-Answer", "yes\tno\xff")
				_, _ = io.WriteString(w, "thanks")
			})
			request := testRequest(url + "/hook?a=1;b")
			request.Method, request.Secrets = method, []string{secretB, secretA}
			request.Headers = map[string]string{"authorization": "Bearer swordfish"}
			result := testSender(t, time.Minute).Send(t.Context(), request)

			if result.Verdict != Done || string(result.ResponseBody) != "thanks" || result.ResponseHeaders.Get("X-Answer") != "yes\tno\uFFFD" {
				t.Fatalf("got %+v", result)
			}
			wantMethod, wantBody := strings.ToUpper(method), testBody
			switch wantMethod {
			case "":
				wantMethod = "POST"
			case "GET":
				wantBody = ""
			}
			if got.Method != wantMethod || string(body) != wantBody || got.RequestURI != "/hook?a=1;b" || got.Header.Get("User-Agent") != "Holdfast-Webhooks/1" {
				t.Errorf("%s %s %q %v", got.Method, got.RequestURI, body, got.Header)
			}
			if (got.Header.Get("Content-Type") == "application/json") != (wantBody != "") || got.Header.Get("Accept-Encoding") != "" {
				t.Errorf("headers %v", got.Header)
			}
			signature, err := Sign("evt_1", request.At, body, secretB, secretA)
			if err != nil || got.Header.Get("webhook-id") != "evt_1" || got.Header.Get("webhook-signature") != signature {
				t.Errorf("headers %v, want signature %s (%v)", got.Header, signature, err)
			}
			if got.Header.Get("webhook-timestamp") != "1795219200" || got.Header.Get("x-timekit-signature") != TimekitSignature("tk", body) {
				t.Errorf("headers %v", got.Header)
			}
			if got.Header.Get("Authorization") != "Bearer swordfish" {
				t.Error("the endpoint's own header is missing")
			}
			if shown := fmt.Sprint(result); strings.Contains(shown, "swordfish") || strings.Contains(shown, secretA) || result.RequestHeaders.Get("Webhook-Id") != "evt_1" {
				t.Errorf("the result tells too much or too little: %v", result.RequestHeaders)
			}
		})
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	var reached atomic.Int32
	target := receiver(t, func(http.ResponseWriter, *http.Request) { reached.Add(1) })
	for _, location := range []string{target, "/", "http://169.254.169.254/latest/", "", "http://[::1", "%zz"} {
		for _, status := range []int{301, 302, 303, 307, 308} {
			url := receiver(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", location)
				w.Header().Set("Set-Cookie", "a=b")
				w.WriteHeader(status)
			})
			got := testSender(t, time.Minute).Send(t.Context(), testRequest(url))
			if got.Verdict != Retry || got.Status != status || got.ErrorCode != fmt.Sprintf("http_%d", status) {
				t.Errorf("%d to %q: got %s %d %s", status, location, got.Verdict, got.Status, got.ErrorCode)
			}
		}
	}
	if reached.Load() != 0 {
		t.Error("a redirect was followed")
	}
}

func TestRetryAfterIsReadFromTheRightAnswers(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]time.Duration{429: 2 * time.Minute, 503: 2 * time.Minute, 500: 0, 200: 0, 301: 0} {
		url := receiver(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "120")
			w.WriteHeader(status)
		})
		if got := testSender(t, time.Minute).Send(t.Context(), testRequest(url)); got.RetryAfter != want {
			t.Errorf("%d: got %v", status, got.RetryAfter)
		}
	}
}

func TestUnfitRequestsAreNotSent(t *testing.T) {
	t.Parallel()
	var reached atomic.Int32
	url := receiver(t, func(http.ResponseWriter, *http.Request) { reached.Add(1) })
	for name, c := range map[string]struct {
		spoil func(*Request)
		want  string
	}{
		"method":        {func(r *Request) { r.Method = "DELETE" }, CodeInvalidMethod},
		"split method":  {func(r *Request) { r.Method = "POST / HTTP/1.1\r\n" }, CodeInvalidMethod},
		"no URL":        {func(r *Request) { r.URL = "" }, CodeInvalidURL},
		"other scheme":  {func(r *Request) { r.URL = "file:///etc/passwd" }, CodeInvalidURL},
		"user name":     {func(r *Request) { r.URL = strings.Replace(url, "//", "//a:b@", 1) }, CodeInvalidURL},
		"broken URL":    {func(r *Request) { r.URL = "http://[::1" }, CodeInvalidURL},
		"line break":    {func(r *Request) { r.URL = url + "/\r\nX: y" }, CodeInvalidURL},
		"long URL":      {func(r *Request) { r.URL = url + "/" + strings.Repeat("a", 2048) }, CodeInvalidURL},
		"their header":  {func(r *Request) { r.Headers = map[string]string{"webhook-id": "x"} }, CodeInvalidHeader},
		"split header":  {func(r *Request) { r.Headers = map[string]string{"X-A": "a\nb"} }, CodeInvalidHeader},
		"secret":        {func(r *Request) { r.Secrets = []string{"swordfish"} }, CodeSigningFailed},
		"dot in id":     {func(r *Request) { r.ID = "a.b" }, CodeSigningFailed},
		"no id, no key": {func(r *Request) { r.ID, r.Secrets = "", nil }, CodeSigningFailed},
	} {
		request := testRequest(url)
		c.spoil(&request)
		if got := testSender(t, time.Minute).Send(t.Context(), request); got.ErrorCode != c.want || got.Verdict != Retry || got.Status != 0 {
			t.Errorf("%s: got %s %s", name, got.Verdict, got.ErrorCode)
		}
	}
	strict := NewSender(Options{RequireHTTPS: true})
	if got := strict.Send(t.Context(), testRequest("http://example.com/")); got.ErrorCode != CodeInvalidURL {
		t.Errorf("http where https is required: got %s", got.ErrorCode)
	}
	if reached.Load() != 0 {
		t.Error("something was sent")
	}
}

func TestUnsignedEndpointsGetNoSignature(t *testing.T) {
	t.Parallel()
	var got http.Header
	url := receiver(t, func(_ http.ResponseWriter, r *http.Request) { got = r.Header.Clone() })
	request := testRequest(url)
	request.Secrets, request.TimekitSecret = nil, ""
	if result := testSender(t, time.Minute).Send(t.Context(), request); result.Verdict != Done {
		t.Fatalf("got %+v", result)
	}
	if got.Get("webhook-signature") != "" || got.Get("x-timekit-signature") != "" || got.Get("webhook-id") != "evt_1" {
		t.Errorf("headers %v", got)
	}
}

// TestReceiversThatRepeatTellNoSecrets sends to one that answers with what it got.
func TestReceiversThatRepeatTellNoSecrets(t *testing.T) {
	t.Parallel()
	url := receiver(t, func(w http.ResponseWriter, r *http.Request) {
		token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		w.Header().Set("X-Got", r.Header.Get("Authorization"))
		_, _ = fmt.Fprintf(w, "%s|%s|%s|%s", token, r.Header.Get("Authorization"), r.Header.Get("X-Longer"), r.Header.Get("X-Mode"))
	})
	request := testRequest(url)
	request.Headers = map[string]string{"Authorization": "Bearer swordfish", "X-Longer": "swordfish-7", "X-Mode": "test"}
	got := testSender(t, time.Minute).Send(t.Context(), request)
	if text := string(got.ResponseBody); text != "*********|****************|***********|test" || got.ResponseHeaders.Get("X-Got") != "****************" {
		t.Errorf("%s %v", text, got.ResponseHeaders)
	}
}
