package fakepay

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

func (s *Server) routes() {
	for pattern, of := range map[string]struct {
		operation string
		do        operation
	}{
		"POST /v1/checkout/sessions":             {"open", (*Server).createSession},
		"GET /v1/checkout/sessions/{id}":         {"get", (*Server).readSession},
		"POST /v1/checkout/sessions/{id}/expire": {"expire", (*Server).expireSession},
		"GET /v1/payment_intents/{id}":           {"intent", (*Server).readIntent},
		"POST /v1/payment_intents/{id}/capture":  {"capture", (*Server).captureIntent},
		"POST /v1/payment_intents/{id}/cancel":   {"cancel", (*Server).cancelIntent},
		"POST /v1/refunds":                       {"refund", (*Server).createRefund},
		"GET /v1/refunds":                        {"refunds", (*Server).listRefunds},
		"GET /v1/disputes":                       {"disputes", (*Server).listDisputes},
	} {
		s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { s.answer(w, r, of.operation, of.do) })
	}
	s.mux.HandleFunc("GET /pay/{id}", s.showPage)
	s.mux.HandleFunc("POST /pay/{id}", s.playPage)
	s.mux.HandleFunc("POST /control", s.control)
	s.mux.HandleFunc("GET /control", s.dump)
}

// operation does what a request asks for. The server is locked.
type operation func(s *Server, q *request) (object, *problem)

// request is one call of the API.
type request struct {
	id      string // of the path
	account string
	host    string // where the fake is reached
	form    map[string][]string
	fault   Kind // that goes with it; "" for none
}

func (q *request) get(name string) string {
	if all := q.form[name]; len(all) > 0 {
		return all[0]
	}
	return ""
}

// problem is an error of the API.
type problem struct {
	status            int
	kind, code, param string
	wait              int  // seconds of Retry-After
	executed          bool // so that its answer is kept under the key
}

func invalid(code, param string) *problem {
	return &problem{status: http.StatusBadRequest, kind: "invalid_request_error", code: code, param: param}
}

// refused is a problem with the state of an object, found while the call was carried out.
func refused(code string) *problem {
	p := invalid(code, "")
	p.executed = true
	return p
}

func missing() *problem {
	return &problem{status: http.StatusNotFound, kind: "invalid_request_error", code: "resource_missing", param: "id"}
}

func (p *problem) body() object {
	o := object{"type": p.kind, "message": "This is not for programs."}
	if p.code != "" {
		o["code"] = p.code
	}
	if p.param != "" {
		o["param"] = p.param
	}
	return object{"error": o}
}

// keptAnswer is the answer of an idempotency key.
type keptAnswer struct {
	fingerprint string
	at          time.Time
	status      int
	body        []byte
}

// answer carries out one call: credential, faults, key, operation.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, name string, do operation) {
	raw, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	r.Body = io.NopCloser(bytes.NewReader(raw))
	q := &request{id: r.PathValue("id"), account: r.Header.Get("Stripe-Account"), host: "http://" + r.Host}
	bad := r.ParseForm()
	q.form = r.Form
	fault := s.takeFault(name)
	q.fault = fault
	note := Call{
		Operation: name, Key: r.Header.Get("Idempotency-Key"), Account: q.account, Version: r.Header.Get("Stripe-Version"), Form: flat(q.form),
	}
	if fault == Hang || fault == Drop {
		s.note(note)
		s.hang(r, fault)
	}
	p := s.admit(r, q, fault)
	if bad != nil {
		p = invalid("", "body")
	}
	var body []byte
	if p != nil {
		note.Status, body = p.status, encode(p.body())
	} else {
		note.Status, body, note.Replayed, p = s.once(r, q, name+string(raw), do)
	}
	s.note(note)
	if fault == HangAfter || fault == DropAfter {
		s.hang(r, fault)
	}
	if p != nil && p.wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(p.wait))
	}
	send(w, note.Status, body, note.Replayed, fault)
}

func send(w http.ResponseWriter, status int, body []byte, replayed bool, fault Kind) {
	if replayed {
		w.Header().Set("Idempotent-Replayed", "true")
	}
	w.Header().Set("Content-Type", "application/json")
	switch fault { //nolint:exhaustive // the others are about the state
	case Garbage:
		status, body = http.StatusOK, []byte("<html>not JSON</html>")
	case Huge:
		status, body = http.StatusOK, bytes.Repeat([]byte(" "), 8<<20)
	}
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

func (s *Server) note(c Call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, c)
}

// admit refuses a call without carrying it out.
func (s *Server) admit(r *http.Request, q *request, fault Kind) *problem {
	key := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	good := s.options.Key != "" && key == s.options.Key || s.options.Key == "" && strings.HasPrefix(key, "sk_test_")
	switch {
	case !good || fault == KeyRevoked:
		return &problem{status: http.StatusUnauthorized, kind: "invalid_request_error", code: "api_key_expired"}
	case q.account != "" && !slices.Contains(s.options.Accounts, q.account):
		return &problem{status: http.StatusForbidden, kind: "invalid_request_error", code: "account_invalid"}
	case r.Header.Get("Stripe-Version") != Version:
		return invalid("", "Stripe-Version")
	case fault == RateLimit:
		return &problem{status: http.StatusTooManyRequests, kind: "invalid_request_error", code: "rate_limit", wait: 7}
	case fault == Conflict:
		return &problem{status: http.StatusConflict, kind: "idempotency_error", code: "idempotency_key_in_use"}
	case fault == ServerError:
		return &problem{status: http.StatusBadGateway, kind: "api_error"}
	}
	return nil
}

// once carries out an operation, or repeats the answer that its key has.
func (s *Server) once(r *http.Request, q *request, fingerprint string, do operation) (status int, body []byte, replayed bool, p *problem) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick()
	key := r.Header.Get("Idempotency-Key")
	if r.Method == http.MethodGet || key == "" {
		status, body, p = s.carryOut(q, do)
		return status, body, false, p
	}
	key = q.account + "|" + key
	if was, ok := s.kept[key]; ok {
		if was.fingerprint != fingerprint {
			p = &problem{status: http.StatusBadRequest, kind: "idempotency_error"}
			return p.status, encode(p.body()), false, p
		}
		return was.status, was.body, true, nil
	}
	status, body, p = s.carryOut(q, do)
	if q.fault == ServerErrorAfter {
		p = &problem{status: http.StatusInternalServerError, kind: "api_error", executed: true}
		status, body = p.status, encode(p.body())
	}
	if p == nil || p.executed {
		s.kept[key] = &keptAnswer{fingerprint: fingerprint, at: s.now(), status: status, body: body}
	}
	return status, body, false, p
}

func (s *Server) carryOut(q *request, do operation) (int, []byte, *problem) {
	made, p := do(s, q)
	if p != nil {
		return p.status, encode(p.body()), p
	}
	return http.StatusOK, encode(made), nil
}

func encode(o object) []byte {
	raw, err := json.Marshal(o)
	if err != nil {
		panic(err) // an object has texts, numbers and objects only
	}
	return raw
}

// flat is a form with the first value of each name.
func flat(form map[string][]string) map[string]string {
	one := map[string]string{}
	for name, values := range form {
		if len(values) > 0 {
			one[name] = values[0]
		}
	}
	return one
}
