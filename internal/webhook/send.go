package webhook

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Verdict is what an attempt means for its delivery.
type Verdict string

// The verdicts.
const (
	Done  Verdict = "done"  // 2xx: the receiver has it
	Retry Verdict = "retry" // anything else, redirects too: try again as Next says
	Gone  Verdict = "gone"  // 410: the receiver refuses more of this; disable the endpoint
)

const (
	connectTimeout   = 5 * time.Second
	handshakeTimeout = 5 * time.Second
	maxResponseBytes = 16 << 10 // kept of a response's body; the same bounds its headers
	connsPerHost     = 32       // many endpoints of many apps may share one host, and each is limited for itself
	idleConns        = 512
	idleTimeout      = 30 * time.Second
	// keepFor is how long connections are used before new ones are made, whose target is resolved and judged anew: a receiver that
	// has moved is found within that time. A kept connection leads where it led when it was judged, whatever the name says by then.
	keepFor = time.Minute
)

// Request is one attempt to be made.
type Request struct {
	URL           string
	Method        string // POST by default; PUT, PATCH, or GET, which carries no body and signs the empty one
	ID            string // webhook-id: the same for every attempt of one delivery
	At            time.Time
	Body          []byte
	Secrets       []string      // whsec_…, the newest first; none: no webhook-signature
	TimekitSecret string        // empty: no x-timekit-signature
	ContentType   string        // application/json by default
	ClientSecrets []string      // none: no Cronofy-HMAC-SHA256
	Timeout       time.Duration // shorter than the options' one; 0: that
	MayTake       time.Duration // instead of the options' time-out, also longer; 0: that
	Headers       map[string]string
	Test          bool // it is about nothing real: the header webhook-test says so
}

// Result is what became of an attempt. It holds no secret and no text of the network below, so it may be stored and
// shown to the endpoint's owner.
type Result struct {
	Verdict         Verdict
	Status          int           // 0 when no answer came
	ErrorCode       string        // "" when done, else one of the Code constants or http_<status>
	RetryAfter      time.Duration // what a 429 or 503 asked for, at most 12 h
	RequestHeaders  http.Header   // as sent; the endpoint's own are masked
	ResponseHeaders http.Header
	ResponseBody    []byte // the first 16 KiB, never decompressed
	Duration        time.Duration
}

// Sender makes attempts. It is safe for concurrent use; one is enough for a process.
type Sender struct {
	options Options
	mu      sync.Mutex
	current *http.Transport
	since   time.Time
}

// NewSender makes a sender that refuses every target the options do not allow.
func NewSender(o Options) *Sender {
	return newSender(o, &net.Dialer{}, &tls.Config{MinVersion: tls.VersionTLS12})
}

func newSender(o Options, dialer *net.Dialer, tlsConfig *tls.Config) *Sender {
	dialer.Timeout = connectTimeout
	dialer.KeepAlive = 30 * time.Second
	dialer.Control = newGuard(o).control
	return &Sender{options: o, since: time.Now(), current: &http.Transport{
		Proxy:                  nil, // behind a proxy the guard would see only the proxy
		DialContext:            dialer.DialContext,
		TLSClientConfig:        tlsConfig,
		TLSHandshakeTimeout:    handshakeTimeout,
		ForceAttemptHTTP2:      true,
		DisableCompression:     true, // a limit on unpacked bytes is no limit
		MaxResponseHeaderBytes: maxResponseBytes,
		MaxConnsPerHost:        connsPerHost,
		MaxIdleConnsPerHost:    connsPerHost,
		MaxIdleConns:           idleConns,
		IdleConnTimeout:        idleTimeout,
	}}
}

// Dialer makes connections to addresses that the options allow, for what is no webhook and goes where somebody else says: mails. Ports has
// to name its ports. A refused address is an error that says nothing of it.
func Dialer(o Options) func(ctx context.Context, network, address string) (net.Conn, error) {
	d := &net.Dialer{Timeout: connectTimeout, Control: newGuard(o).control}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := d.DialContext(ctx, network, address)
		if errors.Is(err, errBlocked) {
			return nil, errBlocked
		}
		return conn, err
	}
}

// Close lets go of idle connections.
func (s *Sender) Close() { s.transport(time.Now()).CloseIdleConnections() }

// transport is the set of connections in use. One that is older than keepFor gives way to an empty one: its requests end, and
// then its connections are let go.
func (s *Sender) transport(now time.Time) *http.Transport {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Sub(s.since) > keepFor {
		old := s.current
		s.current, s.since = old.Clone(), now
		old.CloseIdleConnections()
	}
	return s.current
}

// Send makes one attempt and always says how it went: every failure, its own included, is a Result to be recorded. It
// returns within the time-out, whatever the receiver does.
func (s *Sender) Send(ctx context.Context, r Request) Result {
	begun := time.Now()
	timeout := cmp.Or(r.MayTake, s.options.timeout())
	if r.Timeout > 0 {
		timeout = min(timeout, r.Timeout)
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	result := s.attempt(ctx, r, begun)
	result.Duration = time.Since(begun)
	return result
}

func (s *Sender) attempt(ctx context.Context, r Request, begun time.Time) Result {
	var reached progress
	req, code := s.request(httptrace.WithClientTrace(ctx, reached.trace()), r)
	if code != "" {
		return Result{Verdict: Retry, ErrorCode: code}
	}
	result := Result{Verdict: Retry, RequestHeaders: masked(req.Header, r.Headers)}
	// The bare transport instead of a client: it has neither redirects nor cookies, so none can be followed or kept.
	resp, err := s.transport(begun).RoundTrip(req)
	if err != nil {
		result.ErrorCode = codeOf(err, reached.reached())
		return result
	}
	defer func() { _ = resp.Body.Close() }()
	result.answered(resp)
	result.hide(r.Headers)
	return result
}

// answered fills in the receiver's answer. The status decides; a body that breaks off is kept as far as it came.
func (r *Result) answered(resp *http.Response) {
	r.Status = resp.StatusCode
	switch {
	case r.Status >= 200 && r.Status <= 299:
		r.Verdict = Done
	case r.Status == http.StatusGone:
		r.Verdict = Gone
	}
	if r.Verdict != Done {
		r.ErrorCode = "http_" + strconv.Itoa(r.Status)
	}
	if namesRetry(r.Status) {
		r.RetryAfter = retryAfter(resp.Header.Get("Retry-After"), time.Now())
	}
	r.ResponseHeaders = readable(resp.Header)
	if r.Status != http.StatusSwitchingProtocols { // its body is the bare connection, which no deadline ends
		r.ResponseBody, _ = io.ReadAll(io.LimitReader(resp.Body, maxResponseBytes))
	}
}

// request builds what is sent, or says by a code why it cannot be.
func (s *Sender) request(ctx context.Context, r Request) (*http.Request, string) {
	method := strings.ToUpper(r.Method)
	if method == "" {
		method = http.MethodPost
	}
	if !slices.Contains([]string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodGet}, method) {
		return nil, CodeInvalidMethod
	}
	target, err := url.Parse(r.URL)
	if err != nil || !isPlain(r.URL) || len(r.URL) > maxURLBytes || s.options.shapeProblem(target) != "" {
		return nil, CodeInvalidURL
	}
	body := r.Body
	if method == http.MethodGet {
		body = nil
	}
	req, err := http.NewRequestWithContext(ctx, method, target.String(), bytes.NewReader(body))
	if err != nil {
		return nil, CodeInvalidURL
	}
	if code := s.setHeaders(req.Header, r, body); code != "" {
		return nil, code
	}
	if method != http.MethodGet {
		req.Header.Set("Content-Type", cmp.Or(r.ContentType, "application/json"))
	}
	return req, ""
}

func (s *Sender) setHeaders(h http.Header, r Request, body []byte) string {
	if CheckHeaders(r.Headers) != nil {
		return CodeInvalidHeader
	}
	for name, value := range r.Headers {
		h.Set(name, value)
	}
	if !plainID(r.ID) {
		return CodeSigningFailed
	}
	h.Set("User-Agent", s.options.userAgent())
	h.Set("Webhook-Id", r.ID)
	h.Set("Webhook-Timestamp", strconv.FormatInt(r.At.Unix(), 10))
	if r.Test {
		h.Set("Webhook-Test", "true")
	}
	if len(r.Secrets) > 0 {
		signature, err := Sign(r.ID, r.At, body, r.Secrets...)
		if err != nil {
			return CodeSigningFailed
		}
		h.Set("Webhook-Signature", signature)
	}
	if len(r.ClientSecrets) > 0 {
		h.Set("Cronofy-Hmac-Sha256", CronofySignature(body, r.ClientSecrets...))
	}
	if r.TimekitSecret != "" {
		h.Set("X-Timekit-Signature", TimekitSignature(r.TimekitSecret, body))
	}
	return ""
}
