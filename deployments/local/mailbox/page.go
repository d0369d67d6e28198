package mailbox

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"html/template"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"time"
)

//go:embed page.html
var pageText string

var pages = template.Must(template.New("page").Parse(pageText))

// Shown is a mail as people read it.
type Shown struct {
	Number   int       `json:"number"` // in the order of arrival, from 1 on
	At       time.Time `json:"at"`
	From     string    `json:"from"`
	To       string    `json:"to"`
	Subject  string    `json:"subject"`
	Text     string    `json:"text"`
	HTML     string    `json:"html"`
	Calendar string    `json:"calendar,omitempty"`
}

// ServeHTTP shows what has arrived: a list at /, one mail at /mails/N, all of them as JSON at /mails. It only reads.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { s.show(w, "list", s.Shown()) })
	mux.HandleFunc("GET /mails", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(s.Shown())
	})
	mux.HandleFunc("GET /mails/{number}", func(w http.ResponseWriter, r *http.Request) {
		number, err := strconv.Atoi(r.PathValue("number"))
		all := s.Shown()
		i := slices.IndexFunc(all, func(m Shown) bool { return m.Number == number })
		if err != nil || i < 0 {
			http.NotFound(w, r)
			return
		}
		s.show(w, "mail", all[i])
	})
	mux.ServeHTTP(w, r)
}

func (s *Server) show(w http.ResponseWriter, name string, what any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_ = pages.ExecuteTemplate(w, name, what)
}

// Shown returns what has arrived, the newest first.
func (s *Server) Shown() []Shown {
	all := []Shown{}
	for i, m := range s.Mails() {
		all = append(all, Read(m, i+1))
	}
	slices.Reverse(all)
	return all
}

// Read takes a mail apart as a mail program does. What cannot be read is left out.
func Read(m Received, number int) Shown {
	out := Shown{Number: number, At: m.At, From: m.From, To: m.To}
	parsed, err := mail.ReadMessage(bytes.NewReader(m.Raw))
	if err != nil {
		return out
	}
	words := mime.WordDecoder{}
	if out.Subject, err = words.DecodeHeader(parsed.Header.Get("Subject")); err != nil {
		out.Subject = parsed.Header.Get("Subject")
	}
	_, params, err := mime.ParseMediaType(parsed.Header.Get("Content-Type"))
	if err != nil {
		return out
	}
	for r := multipart.NewReader(parsed.Body, params["boundary"]); ; {
		part, err := r.NextRawPart()
		if err != nil {
			return out
		}
		body, err := io.ReadAll(quotedprintable.NewReader(part))
		kind, _, faulty := mime.ParseMediaType(part.Header.Get("Content-Type"))
		if err != nil || faulty != nil {
			continue
		}
		text := strings.ReplaceAll(string(body), "\r\n", "\n")
		switch kind {
		case "text/plain":
			out.Text = text
		case "text/html":
			out.HTML = text
		case "text/calendar":
			out.Calendar = text
		}
	}
}

// Run takes mails at one listener and shows them at another, until the context ends.
func (s *Server) Run(ctx context.Context, smtp, page net.Listener) error {
	web := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() {
		_ = s.Close()
		_ = web.Close()
	})
	defer stop()
	done := make(chan error, 2)
	go func() { done <- s.Serve(smtp) }()
	go func() { done <- web.Serve(page) }()
	err := <-done
	_, _ = s.Close(), web.Close()
	if other := <-done; ctx.Err() == nil {
		return errors.Join(err, other)
	}
	return nil
}
