package webhook

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http/httptrace"
	"sync/atomic"
	"syscall"
)

// The codes of attempts that got no answer. One that got an answer other than 2xx has http_<status>.
const (
	CodeDNS            = "dns_error"
	CodeConnectRefused = "connect_refused"
	CodeConnectTimeout = "connect_timeout"
	CodeConnectFailed  = "connect_failed" // no route, or some other refusal of the network
	CodeTLS            = "tls_error"
	CodeBlocked        = "blocked_target" // the guard refused the address or the port
	CodeTimeout        = "timeout"
	CodeClosed         = "connection_closed" // the receiver hung up before its answer
	CodeBadResponse    = "bad_response"      // not HTTP, more headers than 16 KiB, or a fault of HTTP/2
	CodeCanceled       = "canceled"          // by us, as at a shutdown: no fault of the receiver
	CodeUnexpected     = "unexpected_status" // a 2xx, but not the one the reminder asked for
	CodeInvalidURL     = "invalid_url"
	CodeInvalidMethod  = "invalid_method"
	CodeInvalidHeader  = "invalid_header"
	CodeRender         = "render_failed"  // by us: there was nothing to send
	CodeSigningFailed  = "signing_failed" // a secret or the id is malformed
)

// codeUnreachable stands for CodeDNS and CodeBlocked where the owner of an endpoint sees it.
const codeUnreachable = "unreachable_target"

// ShownCode is the code of an attempt as the owner of its endpoint sees it. A name that DNS has not got and one that the guard
// refused look alike: otherwise they would say which names of the operator's own network exist. The record and the log have
// the code itself.
func ShownCode(code string) string {
	if IsUnreachable(code) {
		return codeUnreachable
	}
	return code
}

// IsUnreachable is true of the codes that ShownCode makes one of.
func IsUnreachable(code string) bool { return code == CodeDNS || code == CodeBlocked }

// stage is how far an attempt came, for telling apart failures that the standard library reports alike.
type stage int32

const (
	waiting stage = iota
	resolving
	connecting
	handshaking
	connected
)

// progress notes the stage of one attempt. A dial may go on after its request has ended, hence the atomic.
type progress struct{ at atomic.Int32 }

func (p *progress) reached() stage { return stage(p.at.Load()) }

func (p *progress) enter(s stage) { p.at.Store(int32(s)) }

func (p *progress) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		DNSStart:          func(httptrace.DNSStartInfo) { p.enter(resolving) },
		ConnectStart:      func(string, string) { p.enter(connecting) },
		TLSHandshakeStart: func() { p.enter(handshaking) },
		GotConn:           func(httptrace.GotConnInfo) { p.enter(connected) },
	}
}

// codeOf sorts a failure by its kind and by how far the attempt came. The error's own text goes no further.
func codeOf(err error, reached stage) string {
	var dns *net.DNSError
	switch {
	case errors.Is(err, errBlocked):
		return CodeBlocked
	case errors.Is(err, context.Canceled):
		return CodeCanceled
	case errors.As(err, &dns), reached == resolving:
		return CodeDNS
	case isTimeout(err):
		if reached == connecting {
			return CodeConnectTimeout
		}
		return CodeTimeout
	case errors.Is(err, syscall.ECONNREFUSED):
		return CodeConnectRefused
	case reached == handshaking, isAlert(err):
		return CodeTLS
	case reached < connected:
		return CodeConnectFailed
	case isHangUp(err):
		return CodeClosed
	}
	return CodeBadResponse
}

func isTimeout(err error) bool {
	var timed net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timed) && timed.Timeout()
}

// isAlert reports whether an error is a refusal after the handshake, as TLS 1.3 does when it misses a client's certificate.
func isAlert(err error) bool {
	var op *net.OpError
	var alert tls.AlertError
	return errors.As(err, &alert) || errors.As(err, &op) && op.Op == "remote error"
}

func isHangUp(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
