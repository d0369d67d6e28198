package portal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"holdfast/internal/fault"
)

// request is one call of the API.
type request struct {
	method string
	path   string // of constants and of segments that were escaped
	query  url.Values
	body   any               // sent as JSON, or as it is if it is verbatim; nil for none
	header map[string]string // beside the credential
}

// verbatim is a body that is sent as it is. It need not be JSON.
type verbatim string

// refusal is a problem document: what the API said, for people to read.
type refusal struct {
	Status int                 `json:"status"`
	Code   fault.Code          `json:"code"`
	Detail string              `json:"detail"`
	Fields map[string][]string `json:"errors"`
	Rule   *ruleView           `json:"rule"`
	Retry  string              `json:"-"` // seconds to wait
}

func (r *refusal) Error() string { return r.Detail }

func refusalOf(err error) (*refusal, bool) { return errors.AsType[*refusal](err) }

// get reads one thing of the API into out.
func (v *visit) get(path string, query url.Values, out any) error {
	return v.call(request{method: http.MethodGet, path: path, query: query}, out)
}

// post sends a body. once is the form's own word: the same form sent again gets the answer of the first time.
func (v *visit) post(path string, body any, out any) error {
	header := map[string]string{}
	if once := v.r.PostFormValue("once"); once != "" {
		header["Idempotency-Key"] = once
	}
	return v.call(request{method: http.MethodPost, path: path, body: body, header: header}, out)
}

// call asks the API with the session's key and reads what is in "data" into data(out), or the whole answer where out asks
// for more than that. A refusal is a *refusal.
func (v *visit) call(c request, out any) error {
	answer, err := v.callAPI(c, v.key)
	if err != nil {
		return err
	}
	if answer.status >= http.StatusBadRequest {
		return answer.asRefusal()
	}
	if out == nil {
		return nil
	}
	v.etag = answer.header.Get("ETag")
	if err := json.Unmarshal(answer.body.Bytes(), out); err != nil {
		return fmt.Errorf("read the answer of %s %s: %w", c.method, c.path, err)
	}
	return nil
}

// callAPI calls the API in this process, with the visitor's address: limits by address count against the visitor.
func (v *visit) callAPI(c request, key string) (*recorder, error) {
	var body bytes.Buffer
	if text, is := c.body.(verbatim); is {
		body.WriteString(string(text))
	} else if c.body != nil {
		if err := json.NewEncoder(&body).Encode(c.body); err != nil {
			return nil, err
		}
	}
	r, err := http.NewRequestWithContext(v.r.Context(), c.method, c.path, &body)
	if err != nil {
		return nil, err
	}
	r.URL.RawQuery = c.query.Encode()
	r.RequestURI, r.Host, r.RemoteAddr = r.URL.RequestURI(), v.r.Host, v.r.RemoteAddr
	r.Header["X-Forwarded-For"] = v.r.Header["X-Forwarded-For"]
	r.Header.Set(requestHeader, v.requestID())
	r.Header.Set("Content-Type", "application/json")
	for name, value := range c.header {
		r.Header.Set(name, value)
	}
	r.SetBasicAuth("", key)
	answer := &recorder{header: http.Header{}, status: http.StatusOK}
	v.API.ServeHTTP(answer, r)
	return answer, nil
}

// data is the envelope of the API's answers.
type data[T any] struct {
	Data T `json:"data"`
}

// fetch reads what stands in the envelope.
func fetch[T any](v *visit, path string, query url.Values) (T, error) {
	var out data[T]
	err := v.get(path, query, &out)
	return out.Data, err
}

// recorder is an answer that stays in this process.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *recorder) Header() http.Header            { return a.header }
func (a *recorder) WriteHeader(status int)         { a.status = status }
func (a *recorder) Write(text []byte) (int, error) { return a.body.Write(text) }

func (a *recorder) asRefusal() error {
	problem := &refusal{Status: a.status}
	if err := json.Unmarshal(a.body.Bytes(), problem); err != nil {
		return fmt.Errorf("the API answered %d without a problem document: %w", a.status, err)
	}
	problem.Status, problem.Retry = a.status, a.header.Get("Retry-After")
	return problem
}

// at joins segments to an address of the API.
func at(segments ...string) string {
	path := "/v2"
	for _, one := range segments {
		path += "/" + url.PathEscape(one)
	}
	return path
}
