package graphs

import (
	"slices"
	"strings"
	"time"
)

// The effects on payments of the booking.
const (
	// OpenPaymentEffect opens a payment at the provider. The answer is yes when nothing is left to be paid, no when the customer can pay now.
	OpenPaymentEffect = "open_payment"
	// EndPaymentEffect ends what the customer could still pay. The answer is yes when it has ended unpaid, no when the money is there.
	EndPaymentEffect = "end_payment"
	// CapturePaymentEffect takes the money that is authorized. The answer is yes.
	CapturePaymentEffect = "capture_payment"
	// VoidPaymentEffect lets the money go that is authorized. The answer is yes.
	VoidPaymentEffect = "void_payment"
	// RefundPaymentEffect gives money back. The answer is yes.
	RefundPaymentEffect = "refund_payment"
)

// What OpenPaymentEffect opens a payment for.
const (
	OfDue       = "due"         // what the price says is due now
	OfBalance   = "balance"     // the rest of the price
	OfNoShowFee = "no_show_fee" // the fee of the payment policy for customers who did not come
)

// How much RefundPaymentEffect gives back.
const (
	SharePolicy = "policy" // what the payment policy of the booking says
	ShareAll    = "all"    // everything
)

// The actions that payments play, as ActorPayment.
const (
	authorizeAction  = "authorize"
	payAction        = "pay"
	payBalanceAction = "pay_balance"
)

// Bounds of the time for which an effect on payments is tried again, and what it is unless the effect says more.
const (
	minPaymentTries, maxPaymentTries     = Duration(time.Minute), Duration(7 * 24 * time.Hour)
	openTries, endTries                  = Duration(15 * time.Minute), Duration(2 * time.Minute)
	captureTries, voidTries, refundTries = Duration(3 * 24 * time.Hour), Duration(3 * 24 * time.Hour), Duration(3 * 24 * time.Hour)
)

var openPaymentKind = effectKind{
	name:   OpenPaymentEffect,
	level:  levelPayments,
	fields: []string{"of", "give_up_after", "then", "else", "on_failure"},
	fill: func(e *Effect) {
		if e.Of == "" {
			e.Of = OfDue
		}
		fillTries(e, openTries)
	},
	check: func(v *validator, at string, e *Effect) {
		checkWord(v, at+".of", e.Of, OfDue, OfBalance, OfNoShowFee)
		checkTries(v, at, e)
	},
	words: func(e *Effect) string {
		switch e.Of {
		case OfBalance:
			return "ask for the balance"
		case OfNoShowFee:
			return "ask for the fee"
		}
		return "open a payment"
	},
}

var endPaymentKind = effectKind{
	name:   EndPaymentEffect,
	level:  levelPayments,
	fields: []string{"give_up_after", "then", "else", "on_failure"},
	fill:   func(e *Effect) { fillTries(e, endTries) },
	check:  checkTries,
	words:  func(*Effect) string { return "end the payment" },
}

var capturePaymentKind = effectKind{
	name:   CapturePaymentEffect,
	level:  levelPayments,
	fields: []string{"give_up_after", "then", "on_failure"},
	fill:   func(e *Effect) { fillTries(e, captureTries) },
	check:  checkTries,
	words:  func(*Effect) string { return "capture the payment" },
}

var voidPaymentKind = effectKind{
	name:   VoidPaymentEffect,
	level:  levelPayments,
	fields: []string{"give_up_after", "then", "on_failure"},
	fill:   func(e *Effect) { fillTries(e, voidTries) },
	check:  checkTries,
	words:  func(*Effect) string { return "void the payment" },
}

var refundPaymentKind = effectKind{
	name:   RefundPaymentEffect,
	level:  levelPayments,
	fields: []string{"share", "give_up_after", "then", "on_failure"},
	fill:   func(e *Effect) { fillTries(e, refundTries) },
	check: func(v *validator, at string, e *Effect) {
		checkWord(v, at+".share", e.Share, SharePolicy, ShareAll)
		checkTries(v, at, e)
	},
	words: func(e *Effect) string {
		switch e.Share {
		case SharePolicy:
			return "refund by policy"
		case ShareAll:
			return "refund everything"
		}
		return "refund"
	},
}

// ByPolicy reports whether a refund effect of a move that an actor has made goes by the payment policy of its booking, or gives everything
// back.
func (e *Effect) ByPolicy(actor Actor) bool {
	return e.Share == SharePolicy || e.Share == "" && actor == ActorCustomerLink
}

func fillTries(e *Effect, tries Duration) {
	if e.GiveUpAfter == 0 {
		e.GiveUpAfter = tries
	}
}

func checkTries(v *validator, at string, e *Effect) {
	if e.GiveUpAfter != 0 && !e.GiveUpAfter.within(minPaymentTries, maxPaymentTries) {
		v.fault(at+".give_up_after", "must be whole seconds between %s and %s", minPaymentTries, maxPaymentTries)
	}
}

// checkWord requires one of some words, or none.
func checkWord(v *validator, at, word string, words ...string) {
	if word != "" && !slices.Contains(words, word) {
		v.fault(at, "must be one of %s", strings.Join(words, ", "))
	}
}
