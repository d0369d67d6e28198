package api

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

	"holdfast/internal/booking"
	"holdfast/internal/postgres"
)

const operationLease = maxWait + 15*time.Second

var goodKey = regexp.MustCompile(`^[\x21-\x7e]{1,255}$`)

// onlyOnce gives Idempotency-Key its meaning: the same key and request get the stored answer. An answer that is not
// final (202, 5xx) is not kept; the repeat goes on where the first try stopped, under the same operation id. Stored
// answers are sealed: they may hold a key or a person.
func (s *Server) onlyOnce(handle func(*call) error) func(*call) error {
	return func(k *call) error {
		key := k.GetHeader("Idempotency-Key")
		if key == "" {
			return handle(k)
		}
		if !goodKey.MatchString(key) {
			return booking.Problems{"Idempotency-Key": {"must be 1 to 255 visible ASCII characters"}}.Err()
		}
		request, err := k.request()
		if err != nil {
			return err
		}
		op, err := s.DB.BeginOperation(k, k.scope(), key, s.Vault.Fingerprint(request), k.operation, operationLease)
		if err != nil {
			return err
		}
		if op.Status != 0 {
			return s.replay(k, op)
		}
		k.repeated, k.operation = op.ID != k.operation, op.ID
		return s.record(k, key, handle)
	}
}

// begun tells whether an earlier try of this request has put an action on record: then its outcome is the answer, and
// what it asked for must not be checked again. A try that died before that has left nothing.
func (s *Server) begun(k *call, action uuid.UUID) (bool, error) {
	if !k.repeated {
		return false, nil
	}
	if known, looked := k.begun[action]; looked {
		return known, nil
	}
	_, err := s.DB.Action(k, action)
	if unlessMissing(err) != nil {
		return false, err
	}
	if k.begun == nil {
		k.begun = map[uuid.UUID]bool{}
	}
	k.begun[action] = err == nil
	return err == nil, nil
}

// scope is whose keys they are: the app's, the admin's under the nil id, or those of one widget key. A widget key is public,
// and must not be able to ask for answers that the app's backend got.
func (k *call) scope() uuid.UUID {
	switch {
	case k.app == nil:
		return uuid.Nil
	case k.kind != booking.ServerKey:
		return k.keyID
	}
	return k.app.ID
}

// request is what tells requests apart: method, path, query, clock and body. There may be a password in it.
func (k *call) request() ([]byte, error) {
	body, err := k.readBody()
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

func (s *Server) replay(k *call, op *postgres.Operation) error {
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

// record runs the handler, keeps its answer, and only then sends it: whoever has read an answer finds it kept.
func (s *Server) record(k *call, key string, handle func(*call) error) error {
	held := &heldWriter{ResponseWriter: k.Writer}
	k.Writer = held
	if err := handle(k); err != nil {
		s.fail(k.Context, err)
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
		s.Log.Error("could not keep the answer of an Idempotency-Key", "request_id", requestID(k.Context), "error", err)
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

func (w *heldWriter) Write(data []byte) (int, error)       { return w.body.Write(data) }
func (w *heldWriter) WriteString(text string) (int, error) { return w.body.WriteString(text) }
func (w *heldWriter) WriteHeaderNow()                      {}
func (w *heldWriter) Written() bool                        { return w.body.Len() > 0 }
