package edge

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"holdfast/internal/fault"
	"holdfast/internal/postgres"
	"holdfast/internal/tenant"
)

const operationLease = MaxWait + 15*time.Second

var goodKey = regexp.MustCompile(`^[\x21-\x7e]{1,255}$`)

// idempotent gives Idempotency-Key its meaning: the same key and request get the stored answer. An answer that is not
// final (202, 5xx) is not kept; the repeat goes on where the first try stopped, under the same operation id. Stored
// answers are sealed: they may hold a key or a person.
func (s *Edge) idempotent(handle func(*Call) error) func(*Call) error {
	return func(k *Call) error {
		key := k.GetHeader("Idempotency-Key")
		if key == "" {
			return handle(k)
		}
		if !goodKey.MatchString(key) {
			return fault.Problems{"Idempotency-Key": {"must be 1 to 255 visible ASCII characters"}}.Err()
		}
		request, err := k.fingerprintText()
		if err != nil {
			return err
		}
		op, err := s.DB.BeginOperation(k, k.scope(), key, s.Vault.Fingerprint(request), k.Operation, operationLease)
		if err != nil {
			return err
		}
		if op.Status != 0 {
			return s.replayAnswer(k, op)
		}
		k.Repeated, k.Operation = op.ID != k.Operation, op.ID
		return s.recordAnswer(k, key, handle)
	}
}

// scope is whose keys they are: the app's, the admin's under the nil id, or those of one widget key. A widget key is public,
// and must not be able to ask for answers that the app's backend got.
func (k *Call) scope() uuid.UUID {
	switch {
	case k.App == nil:
		return uuid.Nil
	case k.Kind != tenant.ServerKey:
		return k.KeyID
	}
	return k.App.ID
}

// request is what distinguishes requests: method, path, query, clock and body. There may be a password in it.
func (k *Call) fingerprintText() ([]byte, error) {
	body, err := k.ReadBody()
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	_, _ = fmt.Fprintf(&text, "%s %s?%s\n", k.Request.Method, k.Request.URL.Path, k.Request.URL.RawQuery)
	for _, name := range clockHeaders { // they say what the times in the body mean
		if value := k.GetHeader(name); value != "" {
			_, _ = fmt.Fprintf(&text, "%s: %s\n", name, value)
		}
	}
	_, _ = text.Write(body)
	return text.Bytes(), nil
}

func (s *Edge) replayAnswer(k *Call, op *postgres.Operation) error {
	body, err := s.Vault.Open(op.Body, idempotencySecret(k.scope()))
	if err != nil {
		return err
	}
	var headers map[string]string
	if err := json.Unmarshal(op.Headers, &headers); err != nil {
		return err
	}
	for name, value := range headers {
		k.Header(name, value)
	}
	k.Header("Idempotent-Replayed", "true")
	k.Data(op.Status, headers["Content-Type"], body)
	return nil
}

// recordAnswer runs the handler, keeps its answer, and only then sends it: an answer that was read is on record.
func (s *Edge) recordAnswer(k *Call, key string, handle func(*Call) error) error {
	held := &heldWriter{ResponseWriter: k.Writer}
	k.Writer = held
	if err := handle(k); err != nil {
		s.Fail(k.Context, err)
	}
	k.Writer = held.ResponseWriter
	op := postgres.Operation{}
	if status := held.Status(); status != http.StatusAccepted && status < 500 {
		sealed, err := s.Vault.Seal(held.body.Bytes(), idempotencySecret(k.scope()))
		if err != nil {
			return err
		}
		op = postgres.Operation{Status: status, Headers: kept(held.Header()), Body: sealed}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(k), 5*time.Second)
	defer cancel()
	if err := s.DB.EndOperation(ctx, k.scope(), key, op); err != nil {
		s.Log.Error("could not keep the answer of an Idempotency-Key", "request_id", RequestID(k.Context), "error", err)
	}
	k.Writer.WriteHeaderNow()
	_, _ = k.Writer.Write(held.body.Bytes()) // the client may be gone; its answer is kept
	return nil
}

func kept(h http.Header) json.RawMessage {
	headers := map[string]string{}
	for _, name := range []string{"Content-Type", "Location", "ETag", "Cache-Control"} {
		if value := h.Get(name); value != "" {
			headers[name] = value
		}
	}
	text, _ := json.Marshal(headers)
	return text
}

func idempotencySecret(scope uuid.UUID) string { return "idempotency/" + scope.String() }

// heldWriter holds the body back; the status stays with the writer inside, unsent.
type heldWriter struct {
	gin.ResponseWriter
	body bytes.Buffer
}

func (w *heldWriter) Write(data []byte) (int, error) { return w.body.Write(data) }

func (w *heldWriter) WriteString(text string) (int, error) { return w.body.WriteString(text) }

func (w *heldWriter) WriteHeaderNow() {}

func (w *heldWriter) Written() bool { return w.body.Len() > 0 }
