package stripe

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"holdfast/internal/payment/provider"
	"holdfast/internal/strictjson"
)

const (
	callTimeout  = 30 * time.Second
	maxBody      = 1 << 20
	maxHeader    = 64 << 10
	maxWait      = time.Hour // that an answer can ask for
	maxReplays   = 4         // of answers that are errors of the server, see post
	mediaForm    = "application/x-www-form-urlencoded"
	headerReplay = "Idempotent-Replayed"
)

// NewClient returns a client for all accounts of a process: TLS only where the address says so, no proxy, no redirects, no compressed
// answers, and 30 seconds for a call.
func NewClient() *http.Client {
	dialer := net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Client{
		Timeout:       callTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy:                  nil,
			DialContext:            dialer.DialContext,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:    5 * time.Second,
			ForceAttemptHTTP2:      true,
			DisableCompression:     true, // a limit on unpacked bytes is no limit
			MaxResponseHeaderBytes: maxHeader,
			MaxIdleConnsPerHost:    8,
			IdleConnTimeout:        time.Minute,
		},
	}
}

// answer is what a call got.
type answer struct {
	status   int
	replayed bool
	wait     time.Duration
	body     []byte
}

// get reads an object.
func (p *Provider) get(ctx context.Context, path string, query url.Values, into any) error {
	a, err := p.call(ctx, http.MethodGet, path+"?"+query.Encode(), "", "")
	if err != nil {
		return err
	}
	return a.decode(into)
}

// post changes something, under a key. Stripe keeps the answer of a key for a day, and an error of its server is an answer: the same call
// would get it until then. So when a kept error comes back, the call is made under a key of its own that follows from the first one. The
// caller has looked, before it called, that what it asks for is not done yet.
func (p *Provider) post(ctx context.Context, path string, form url.Values, key string, into any) error {
	for replays := 1; ; replays++ {
		a, err := p.call(ctx, http.MethodPost, path, form.Encode(), key+suffix(replays))
		if err != nil {
			return err
		}
		if a.status >= 500 && a.replayed && replays <= maxReplays {
			continue
		}
		return a.decode(into)
	}
}

func suffix(try int) string {
	if try == 1 {
		return ""
	}
	return ":" + strconv.Itoa(try)
}

// call makes one request and reads its answer. The errors that it returns have nothing of the network's texts: those have addresses.
func (p *Provider) call(ctx context.Context, method, path, form, key string) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, p.url+path, strings.NewReader(form))
	if err != nil {
		return answer{}, &provider.Error{Code: provider.Refused, Detail: "address"}
	}
	req.Header.Set("Authorization", "Bearer "+p.config.SecretKey)
	req.Header.Set("Stripe-Version", Version)
	req.Header.Set("User-Agent", "Holdfast/1")
	if method == http.MethodPost {
		req.Header.Set("Content-Type", mediaForm)
		req.Header.Set("Idempotency-Key", key)
	}
	if p.direct() {
		req.Header.Set("Stripe-Account", p.config.Account)
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return answer{}, &provider.Error{Code: provider.Unreachable}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err != nil {
		return answer{}, &provider.Error{Code: provider.Unreachable}
	}
	if len(body) > maxBody {
		return answer{}, &provider.Error{Code: provider.Malformed, Detail: "too_long"}
	}
	return answer{
		status: resp.StatusCode, replayed: resp.Header.Get(headerReplay) == "true", wait: seconds(resp.Header.Get("Retry-After")), body: body,
	}, nil
}

// seconds reads a Retry-After in seconds; 0 for none, or for another form.
func seconds(text string) time.Duration {
	n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 31)
	if err != nil {
		return 0
	}
	return min(time.Duration(n)*time.Second, maxWait)
}

// decode reads the answer's object, or the error that it is.
func (a answer) decode(into any) error {
	if a.status == http.StatusOK {
		if strictjson.Decode(a.body, into) != nil {
			return &provider.Error{Code: provider.Malformed}
		}
		return nil
	}
	var said struct {
		Error failure `json:"error"`
	}
	_ = strictjson.Decode(a.body, &said) // the status alone says enough
	return a.refusal(said.Error)
}

// refusal sorts an answer that is an error.
func (a answer) refusal(f failure) error {
	e := &provider.Error{Code: provider.Refused, Detail: f.detail()}
	switch {
	case a.status == http.StatusUnauthorized, a.status == http.StatusForbidden:
		e.Code = provider.Credentials
	case a.status == http.StatusConflict, a.status == http.StatusTooManyRequests, a.status == http.StatusFailedDependency, a.status >= 500,
		f.Code == "idempotency_key_in_use", f.Code == "lock_timeout":
		e.Code, e.Wait = provider.Busy, a.wait
	case a.status == http.StatusNotFound && f.Code == "resource_missing":
		e.Code = provider.NotFound
	case a.status < 400:
		e.Code = provider.Malformed
	}
	return e
}

// detail is what an error is about, for programs: Stripe's code, or else its type and the parameter that it names.
func (f failure) detail() string {
	detail := f.Type
	switch {
	case f.Type == "idempotency_error" && f.Code != "idempotency_key_in_use":
	case f.DeclineCode != "":
		detail = f.DeclineCode
	case f.Code != "":
		detail = f.Code
	case f.Param != "":
		detail = f.Type + ":" + f.Param
	}
	return plain(detail)
}

// plain returns a code of Stripe's, or nothing when it is none: it is shown and stored.
func plain(code string) string {
	if len(code) > 64 || strings.ContainsFunc(code, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && !strings.ContainsRune("_:[].", r)
	}) {
		return ""
	}
	return code
}
