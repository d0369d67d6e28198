package fakepay

import (
	_ "embed"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

type pageView struct {
	Title, Amount, Problem, Gone string
	Bank                         bool
}

func (s *Server) showPage(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.tick()
	status, view := viewOf(s.sessions[r.PathValue("id")])
	s.mu.Unlock()
	writePage(w, status, view)
}

func writePage(w http.ResponseWriter, status int, view pageView) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = pageTemplate.Execute(w, view)
}

func viewOf(one *session) (int, pageView) {
	view := pageView{Title: "Payment"}
	switch {
	case one == nil:
		view.Gone = "There is no such payment."
		return http.StatusNotFound, view
	case one.status == "complete":
		view.Gone = "You have paid already."
	case one.status == "expired":
		view.Gone = "This page has timed out. Nothing was paid."
	default:
		view.Title, view.Amount = one.name, amountText(one.amount, one.currency)
		if i := one.intent; i != nil {
			view.Bank = i.status == "requires_action"
			if i.declineCode != "" && !view.Bank {
				view.Problem = "Your card was declined. Try another one."
			}
		}
	}
	return http.StatusOK, view
}

// amountText shows an amount as Stripe writes it.
func amountText(amount int64, currency string) string {
	digits, code := strconv.FormatInt(amount, 10), strings.ToUpper(currency)
	decimals := 2
	switch {
	case slices.Contains(strings.Fields("BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF"), code):
		return digits + " " + code
	case slices.Contains(strings.Fields("BHD JOD KWD OMR TND"), code):
		decimals = 3
	}
	for len(digits) <= decimals {
		digits = "0" + digits
	}
	return digits[:len(digits)-decimals] + "." + digits[len(digits)-decimals:] + " " + code
}

// playPage is the customer pressing a button. A page that was opened before its session expired still has them.
func (s *Server) playPage(w http.ResponseWriter, r *http.Request) {
	outcome := r.PostFormValue("outcome")
	s.mu.Lock()
	s.tick()
	one := s.sessions[r.PathValue("id")]
	next := ""
	switch {
	case one == nil:
	case outcome == "back":
		next = one.cancelURL
	case one.status == "open":
		s.press(one, outcome)
	}
	if one != nil && one.status == "complete" {
		next = strings.ReplaceAll(one.successURL, "{CHECKOUT_SESSION_ID}", one.id)
	}
	status, view := viewOf(one)
	s.mu.Unlock()
	if next != "" {
		http.Redirect(w, r, next, http.StatusSeeOther)
		return
	}
	writePage(w, status, view)
}

func (s *Server) press(one *session, outcome string) {
	switch outcome {
	case "pay", "bank_ok":
		s.pay(one)
	case "decline", "bank_no":
		s.decline(one)
	case "bank":
		s.askBank(one)
	}
}

// Press does what the buttons of the page do: pay, decline, bank, bank_ok, bank_no. It reports whether the session was open.
func (s *Server) Press(sessionID, outcome string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick()
	one := s.sessions[sessionID]
	if one == nil || one.status != "open" {
		return false
	}
	s.press(one, outcome)
	return true
}
