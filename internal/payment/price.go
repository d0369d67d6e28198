package payment

import (
	"fmt"
	"time"
	"unicode/utf8"

	"holdfast/internal/fault"
	"holdfast/internal/policy"
)

// MaxAmount is the highest amount of a price, in minor units: providers take eight digits.
const MaxAmount = 99_999_999

// Price is what a booking costs, as it was when the booking was made.
type Price struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
	// DueNow is what is to be paid first, of Amount; nil means all of it. The rest is the balance.
	DueNow *int64 `json:"due_now,omitempty"`
	Items  []Item `json:"items,omitempty"` // what it is made of; they add up to Amount
}

// Item is one line of a price.
type Item struct {
	Name   string `json:"name"`
	Amount int64  `json:"amount"` // below 0 for a reduction
}

// Bounds of the items of a price.
const (
	maxItems    = 50
	maxItemName = 100 // characters
)

// Due returns what is to be paid first. A nil price is free.
func (p *Price) Due() int64 {
	switch {
	case p == nil:
		return 0
	case p.DueNow != nil:
		return *p.DueNow
	}
	return p.Amount
}

// Balance returns what is left to be paid after that.
func (p *Price) Balance() int64 {
	if p == nil {
		return 0
	}
	return p.Amount - p.Due()
}

// First returns the kind of the first payment.
func (p *Price) First() Kind {
	if p.Balance() > 0 {
		return Deposit
	}
	return Full
}

// Check adds what is wrong with a price to the problems, under its prefix.
func (p *Price) Check(prefix string, problems fault.Problems) {
	if p == nil {
		return
	}
	if _, ok := Exponent(p.Currency); !ok {
		problems.Add(prefix+".currency", "must be the code of a currency in capitals, such as EUR")
	}
	if p.Amount < 0 || p.Amount > MaxAmount {
		problems.Add(prefix+".amount", "must lie between 0 and %d, in the minor unit of the currency", MaxAmount)
	}
	if p.DueNow != nil && (*p.DueNow < 0 || *p.DueNow > p.Amount) {
		problems.Add(prefix+".due_now", "must lie between 0 and the amount")
	}
	p.checkItems(prefix, problems)
}

func (p *Price) checkItems(prefix string, problems fault.Problems) {
	if len(p.Items) == 0 {
		return
	}
	if len(p.Items) > maxItems {
		problems.Add(prefix+".items", "must not have more than %d entries", maxItems)
		return
	}
	sum := int64(0)
	for i, item := range p.Items {
		at := fmt.Sprintf("%s.items[%d]", prefix, i)
		if n := utf8.RuneCountInString(item.Name); n == 0 || n > maxItemName {
			problems.Add(at+".name", "must have 1 to %d characters", maxItemName)
		}
		if item.Amount < -MaxAmount || item.Amount > MaxAmount {
			problems.Add(at+".amount", "must lie between -%d and %d", MaxAmount, MaxAmount)
			return
		}
		sum += item.Amount
	}
	if sum != p.Amount {
		problems.Add(prefix+".items", "add up to %d, not to the amount", sum)
	}
}

// Policy says what becomes of money. It is copied onto the booking when it is made. The zero value gives everything back, whichever side
// ends the booking.
type Policy struct {
	// Capture is CaptureNow without one.
	Capture Capture `json:"capture,omitempty"`
	// Account names the account at a provider that takes the money; without one it is the app's only one, or its default.
	Account string `json:"account,omitempty"`
	// Refund lists what a customer gets back, the step with the earliest end first. The first one that has not ended counts; behind the last
	// one nothing is given back. Nil gives everything back, at any time.
	Refund *[]Step `json:"refund,omitempty"`
	// Late says what becomes of money that arrives when the booking's time is released; ReacquireOrRefund without one.
	Late LateRule `json:"late,omitempty"`
	// BalanceDue is how long before the start the rest of the price is asked for; nil leaves that to the owner.
	BalanceDue *policy.Lead `json:"balance_due,omitempty"`
	// NoShow is the fee for a no-show; nil for none.
	NoShow *NoShow `json:"no_show,omitempty"`
}

// Step is one step of a refund policy.
type Step struct {
	Until   *policy.Lead `json:"until,omitempty"` // so long before the start, inclusive; nil means always
	Percent int          `json:"percent"`         // of what was captured
	KeepFee int64        `json:"keep_fee,omitempty"`
}

// LateRule says what becomes of money that arrives late.
type LateRule string

// The rules for late money.
const (
	ReacquireOrRefund LateRule = "reacquire_or_refund" // the booking gets its time back if it is free
	RefundLate        LateRule = "refund"              // the money goes back
)

// NoShow is what somebody owes who does not come. Nothing is charged without the text that the customer has agreed to.
type NoShow struct {
	Fee     int64  `json:"fee"`
	Consent string `json:"consent"` // the text that the customer agrees to when booking
}

// Bounds of a payment policy.
const (
	maxSteps   = 10
	maxConsent = 500 // characters
	maxAccount = 63
)

// Check adds what is wrong with a policy to the problems, under its prefix.
func (p *Policy) Check(prefix string, problems fault.Problems) {
	if p == nil {
		return
	}
	if p.Capture != "" && p.Capture != CaptureNow && p.Capture != CaptureOnConfirm {
		problems.Add(prefix+".capture", "must be now or on_confirm")
	}
	if p.Late != "" && p.Late != ReacquireOrRefund && p.Late != RefundLate {
		problems.Add(prefix+".late", "must be reacquire_or_refund or refund")
	}
	if utf8.RuneCountInString(p.Account) > maxAccount {
		problems.Add(prefix+".account", "must not be longer than %d characters", maxAccount)
	}
	if n := p.NoShow; n != nil {
		if n.Fee < 1 || n.Fee > MaxAmount {
			problems.Add(prefix+".no_show.fee", "must lie between 1 and %d", MaxAmount)
		}
		if length := utf8.RuneCountInString(n.Consent); length == 0 || length > maxConsent {
			problems.Add(prefix+".no_show.consent", "must have 1 to %d characters: the text that the customer agrees to", maxConsent)
		}
	}
	if p.Refund != nil {
		checkSteps(prefix+".refund", *p.Refund, problems)
	}
}

func checkSteps(prefix string, steps []Step, problems fault.Problems) {
	if len(steps) > maxSteps {
		problems.Add(prefix, "must not have more than %d steps", maxSteps)
		return
	}
	// Compared at a start and in a zone without changes of the clocks: what is in order there is in order everywhere but for such a night.
	start := time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC)
	var before time.Time
	for i, s := range steps {
		at := fmt.Sprintf("%s[%d]", prefix, i)
		if s.Percent < 0 || s.Percent > 100 {
			problems.Add(at+".percent", "must lie between 0 and 100")
		}
		if s.KeepFee < 0 || s.KeepFee > MaxAmount {
			problems.Add(at+".keep_fee", "must lie between 0 and %d", MaxAmount)
		}
		if !s.Until.Exists() {
			if i != len(steps)-1 {
				problems.Add(at+".until", "must be there: only the last step may be without it")
			}
			continue
		}
		end := s.Until.Before(start, time.UTC)
		if i > 0 && !end.After(before) {
			problems.Add(at+".until", "must end later than the step before it")
		}
		before = end
	}
}

// LateRule returns the rule for late money; a nil policy has the default.
func (p *Policy) LateRule() LateRule {
	if p == nil || p.Late == "" {
		return ReacquireOrRefund
	}
	return p.Late
}

// CaptureRule returns when money is taken; a nil policy has the default.
func (p *Policy) CaptureRule() Capture {
	if p == nil || p.Capture == "" {
		return CaptureNow
	}
	return p.Capture
}

// RefundDue returns what of the captured money a customer gets back who ends a booking at a moment: 0 to captured. The start is an instant,
// the zone that of the resource. At the end of a step itself the step still counts.
func (p *Policy) RefundDue(captured int64, at, start time.Time, zone *time.Location) int64 {
	if p == nil || p.Refund == nil {
		return max(captured, 0)
	}
	for _, s := range *p.Refund {
		if s.Until.Exists() && at.After(s.Until.Before(start, zone)) {
			continue
		}
		return min(max(percent(captured, s.Percent)-s.KeepFee, 0), max(captured, 0))
	}
	return 0
}

// RefundUntil returns until when the step that counts at a moment holds; false when it has no end, or nothing is given back any more.
func (p *Policy) RefundUntil(at, start time.Time, zone *time.Location) (time.Time, bool) {
	if p == nil || p.Refund == nil {
		return time.Time{}, false
	}
	for _, s := range *p.Refund {
		if !s.Until.Exists() {
			return time.Time{}, false
		}
		if end := s.Until.Before(start, zone); !at.After(end) {
			return end, true
		}
	}
	return time.Time{}, false
}
