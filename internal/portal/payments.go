package portal

import (
	"errors"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"holdfast/internal/payment"
)

// termsView is what a booking costs, with its payments.
type termsView struct {
	Price *struct {
		Amount   int64  `json:"amount"`
		Currency string `json:"currency"`
		DueNow   *int64 `json:"due_now"`
	} `json:"price"`
	Payer    string        `json:"payer_id"` // the booking that pays for it; "" for itself
	Payments []paymentView `json:"payments"`
}

// paymentView is a payment with its refunds. Amounts are in the minor unit of its currency.
type paymentView struct {
	ID            string         `json:"id"`
	BookingID     string         `json:"booking_id"`
	Provider      string         `json:"provider"`
	Kind          string         `json:"kind"`
	Capture       string         `json:"capture"`
	Currency      string         `json:"currency"`
	Amount        int64          `json:"amount"`
	State         string         `json:"state"`
	Ref           string         `json:"provider_ref"`
	PageURL       string         `json:"page_url"`
	ExpiresAt     *time.Time     `json:"expires_at"`
	CaptureBefore *time.Time     `json:"capture_before"`
	Authorized    int64          `json:"authorized"`
	Captured      int64          `json:"captured"`
	Refunded      int64          `json:"refunded"`
	Refundable    int64          `json:"refundable"`
	Disputed      bool           `json:"disputed"`
	Late          bool           `json:"late"`
	Honoured      bool           `json:"honoured"`
	Failure       *failureView   `json:"failure"`
	CreatedAt     *time.Time     `json:"created_at"`
	UpdatedAt     *time.Time     `json:"updated_at"`
	Parts         []paymentPart  `json:"parts"`
	Refunds       []refundView   `json:"refunds"`
	Events        []paymentEvent `json:"events"`
}

// paymentPart is what a payment for several bookings pays for one of them.
type paymentPart struct {
	BookingID string `json:"booking_id"`
	Amount    int64  `json:"amount"`
	Taken     bool   `json:"taken"`
}

// PartOf returns what of the payment is for a booking; nil for all of it.
func (p paymentView) PartOf(booking string) *paymentPart {
	for i := range p.Parts {
		if p.Parts[i].BookingID == booking {
			return &p.Parts[i]
		}
	}
	return nil
}

type failureView struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

type refundView struct {
	ID        string       `json:"id"`
	Amount    int64        `json:"amount"`
	Currency  string       `json:"currency"`
	Reason    string       `json:"reason"`
	State     string       `json:"state"`
	Ref       string       `json:"provider_ref"`
	Attempts  int          `json:"attempts"`
	NextAt    *time.Time   `json:"next_attempt_at"`
	Note      string       `json:"note"`
	PartOf    string       `json:"part_of"` // the booking whose part goes back; "" for none
	Failure   *failureView `json:"failure"`
	CreatedAt *time.Time   `json:"created_at"`
	EndedAt   *time.Time   `json:"ended_at"`
}

// paymentEvent is something that has happened to a payment, or to a refund of it, as the payment was then.
type paymentEvent struct {
	Type    string     `json:"type"`
	At      *time.Time `json:"timestamp"`
	Payment struct {
		Currency string       `json:"currency"`
		Captured int64        `json:"captured"`
		Refunded int64        `json:"refunded"`
		Failure  *failureView `json:"failure"`
		Refund   *struct {
			Amount  int64        `json:"amount"`
			Reason  string       `json:"reason"`
			Failure *failureView `json:"failure"`
		} `json:"refund"`
	} `json:"payment"`
}

// Unsettled reports whether a refund of the payment has failed and waits for somebody.
func (p paymentView) Unsettled() bool {
	return slices.ContainsFunc(p.Refunds, func(r refundView) bool { return r.State == string(payment.RefundFailed) })
}

// ByHand reports whether somebody says what has arrived.
func (p paymentView) ByHand() bool { return p.Provider == payment.Manual }

// Markable reports whether somebody can say that the money has arrived.
func (p paymentView) Markable() bool { return p.ByHand() && p.State != string(payment.Captured) }

var paymentEventWords = map[string]string{
	"payment.open": "The customer can pay.", "payment.processing": "The customer has paid, and the money is under way.",
	"payment.authorized": "The money is held.", "payment.captured": "The money has arrived.", "payment.failed": "It has failed.",
	"payment.expired": "It has ended without money.", "payment.voided": "The money that was held is let go.",
	"payment.disputed":      "The customer's bank disputes it. Nothing is given back until that is closed.",
	"payment.late_refunded": "The money came when the booking did not wait for it any more, and goes back.",
	"refund.created":        "A refund is asked for.", "refund.succeeded": "Money has gone back.", "refund.failed": "A refund has failed.",
}

// Text says what has happened.
func (e paymentEvent) Text() string {
	text, ok := paymentEventWords[e.Type]
	if !ok {
		text = phrase(strings.ReplaceAll(e.Type, ".", " ")) + "."
	}
	if r := e.Payment.Refund; r != nil {
		return strings.TrimSuffix(text, ".") + ": " + payment.Text(r.Amount, e.Payment.Currency) + "."
	}
	return text
}

// Why says why it has failed, if it has.
func (e paymentEvent) Why() string {
	failed := e.Payment.Failure
	if r := e.Payment.Refund; r != nil {
		failed = r.Failure
	}
	if failed == nil || !strings.HasSuffix(e.Type, ".failed") {
		return ""
	}
	return failed.Message
}

// refundReasonWords says why money is given back.
func refundReasonWords(reason string) string {
	switch payment.Reason(reason) {
	case payment.ByPolicy:
		return "by the policy of the booking"
	case payment.ByOwner:
		return "by the owner"
	case payment.Late:
		return "paid too late"
	case payment.Duplicate:
		return "paid twice"
	}
	return words(reason)
}

// paymentNeeds are what payments are looked for by, beside their state.
var paymentNeeds = []choice{
	{Value: "any", Label: "wait for somebody"}, {Value: "failed_refund", Label: "with a refund that failed"},
	{Value: "dispute", Label: "disputed"}, {Value: "late", Label: "paid late"},
}

var paymentFilters = []string{"state", "needs", "booking_id"}

// paymentsPage is a page of the list of payments.
type paymentsPage struct {
	Filter         url.Values
	States         []payment.State
	Needs          []choice
	Payments       []paymentView
	Total          int
	From, To       int
	Exact          bool
	Previous, Next string // addresses; "" where there is none
	Faults         faultList
}

func listPayments(v *visit) error {
	given := query(v.r.URL.Query(), append(paymentFilters, "page")...)
	page := paymentsPage{Filter: query(given, paymentFilters...), States: payment.States, Needs: paymentNeeds}
	asked := query(given, append(paymentFilters, "page")...)
	asked.Set("limit", "25")
	var got struct {
		Data    []paymentView `json:"data"`
		Total   int           `json:"total"`
		Exact   bool          `json:"total_is_exact"`
		From    int           `json:"from"`
		To      int           `json:"to"`
		Current int           `json:"current_page"`
		Last    int           `json:"last_page"`
	}
	err := v.get(at("payments"), asked, &got)
	if faults, is := faultsOf(err); is {
		page.Faults, err = faults, nil
	}
	if err != nil {
		return err
	}
	page.Payments, page.Total, page.Exact, page.From, page.To = got.Data, got.Total, got.Exact, got.From, got.To
	address := func(number int, there bool) string {
		if !there {
			return ""
		}
		q := query(given, paymentFilters...)
		q.Set("page", plain(number))
		return here("payments") + "?" + q.Encode()
	}
	page.Previous, page.Next = address(got.Current-1, got.Current > 1), address(got.Current+1, got.Current < got.Last)
	return v.show(http.StatusOK, "payments", "Payments", page)
}

// paymentPage is one payment with its history, and what can be done about it.
type paymentPage struct {
	paymentView
	Booking *bookingView // nil for one that was erased
	Amounts refundForm
	Fault   string // what was refused, beside the form of a refund
}

// refundForm is the form of a refund as it was typed.
type refundForm struct {
	Amount, Note string
	Faults       faultList
}

func showPayment(v *visit) error { return showPaymentPage(v, http.StatusOK, refundForm{}, "") }

func showPaymentPage(v *visit, status int, typed refundForm, fault string) error {
	p, err := fetch[paymentView](v, at("payments", v.id()), url.Values{"include": {"events"}})
	if err != nil {
		return err
	}
	page := paymentPage{paymentView: p, Amounts: typed, Fault: fault}
	b, err := fetch[bookingView](v, at("bookings", p.BookingID), url.Values{"include": {"event,customers,resource"}})
	if err == nil {
		page.Booking = &b
	} else if !isMissing(err) {
		return err
	}
	return v.show(status, "payment", payment.Text(p.Amount, p.Currency), page)
}

// refundPayment gives back what was typed, or all that is left.
func refundPayment(v *visit) error {
	typed := refundForm{Amount: strings.TrimSpace(v.r.PostForm.Get("amount")), Note: strings.TrimSpace(v.r.PostForm.Get("note"))}
	p, err := fetch[paymentView](v, at("payments", v.id()), nil)
	if err != nil {
		return err
	}
	body := map[string]any{"note": typed.Note}
	if typed.Amount != "" {
		amount, ok := minorUnits(typed.Amount, p.Currency)
		if !ok {
			such := strings.TrimSuffix(payment.Text(p.Refundable, p.Currency), " "+p.Currency)
			typed.Faults = faultList{"amount": {"must be an amount such as " + such}}
			return showPaymentPage(v, http.StatusUnprocessableEntity, typed, "")
		}
		body["amount"] = amount
	}
	err = v.post(at("payments", v.id(), "refunds"), body, nil)
	if faults, is := faultsOf(err); is {
		typed.Faults = faults
		return showPaymentPage(v, http.StatusUnprocessableEntity, typed, "")
	}
	if err != nil {
		return err
	}
	return v.redirectWithNotice("refund_asked", "payments", v.id())
}

// minorUnits reads an amount such as "12.5" or "12,50" as a number of minor units of a currency; false for what is none, or has more
// decimals than the currency.
func minorUnits(text, currency string) (int64, bool) {
	decimals, _ := payment.Exponent(currency)
	whole, part, _ := strings.Cut(strings.Replace(text, ",", ".", 1), ".")
	if len(part) > decimals || len(whole)+decimals > int(math.Log10(math.MaxInt64)) {
		return 0, false
	}
	digits := whole + part + strings.Repeat("0", decimals-len(part))
	if whole == "" || strings.Trim(digits, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	return n, err == nil
}

func markPaymentPaid(v *visit) error { return turnPayment(v, "marked_paid", nil, "mark_paid") }

func refreshPayment(v *visit) error { return turnPayment(v, "asked", nil, "refresh") }

func retryRefund(v *visit) error {
	return turnPayment(v, "refund_retried", nil, "refunds", v.r.PathValue("refund"), "retry")
}

func markRefundPaid(v *visit) error {
	body := map[string]any{"note": strings.TrimSpace(v.r.PostForm.Get("note"))}
	return turnPayment(v, "refund_by_hand", body, "refunds", v.r.PathValue("refund"), "mark_paid")
}

// turnPayment asks the API for something about a payment. A refusal is shown on the page as it stands now.
func turnPayment(v *visit, notice string, body any, what ...string) error {
	err := v.post(at(append([]string{"payments", v.id()}, what...)...), body, nil)
	problem, refused := errors.AsType[*refusal](err)
	if refused && (problem.Status == http.StatusConflict || problem.Status == http.StatusUnprocessableEntity) {
		return showPaymentPage(v, problem.Status, refundForm{}, problem.Detail)
	}
	if err != nil {
		return err
	}
	return v.redirectWithNotice(notice, "payments", v.id())
}
