package stripe

import (
	"slices"
	"strings"

	"holdfast/internal/payment"
	"holdfast/internal/payment/provider"
)

// scale is how an amount of a currency is written at Stripe: ours times Times, divided by Over. What is written is a multiple of Step.
type scale struct{ times, over, step int64 }

// scales are the currencies whose amounts at Stripe are not those of ISO 4217, or may not have all digits. Króna and shilling have lost
// their decimals, and Stripe goes on writing them, as 00. The ariary is written without its fifths. Of three decimals the last one is 0.
var scales = map[string]scale{
	"ISK": {100, 1, 100}, "UGX": {100, 1, 100},
	"MGA": {1, 100, 1},
	"BHD": {1, 1, 10}, "JOD": {1, 1, 10}, "KWD": {1, 1, 10}, "OMR": {1, 1, 10}, "TND": {1, 1, 10},
}

// unsupported are currencies with three decimals of which Stripe does not say how it writes them.
var unsupported = []string{"IQD", "LYD"}

// maxAtStripe is the highest amount of a charge: eight digits as Stripe writes it.
const maxAtStripe = 99_999_999

// Details of amounts that Stripe cannot take. The ones of Stripe's own are the same where it has them.
const (
	amountInvalid     = "amount_not_expressible"
	amountTooLarge    = "amount_too_large"
	amountTooSmall    = "amount_too_small"
	currencyNotTaken  = "currency_not_supported"
	amountNotReadable = "amount_not_readable"
)

func scaleOf(currency string) scale {
	if s, ok := scales[currency]; ok {
		return s
	}
	return scale{1, 1, 1}
}

// toStripe returns an amount, above 0, as Stripe writes it. Otherwise the error is Refused. The least amount depends on the currency of the
// account's bank, so only Stripe can refuse what is below it.
func toStripe(amount int64, currency string) (int64, error) {
	if _, known := payment.Exponent(currency); !known || slices.Contains(unsupported, currency) {
		return 0, refused(currencyNotTaken)
	}
	s := scaleOf(currency)
	switch {
	case amount <= 0:
		return 0, refused(amountTooSmall)
	case amount > maxAtStripe*s.over/s.times:
		return 0, refused(amountTooLarge)
	}
	written := amount * s.times
	if written%(s.over*s.step) != 0 {
		return 0, refused(amountInvalid)
	}
	return written / s.over, nil
}

// fromStripe returns an amount as ISO 4217 has it. One that is below 0, or has a fraction of the minor unit, is Malformed.
func fromStripe(written int64, currency string) (int64, error) {
	s := scaleOf(strings.ToUpper(currency))
	if written < 0 || written > 1e15 || written*s.over%s.times != 0 {
		return 0, &provider.Error{Code: provider.Malformed, Detail: amountNotReadable}
	}
	return written * s.over / s.times, nil
}

const wholeInBasisPoints = 10_000

// fee returns the application fee of an amount as Stripe writes it: rounded, halves up, and a multiple of what the currency can have.
func (c Config) fee(written int64, currency string) int64 {
	step := scaleOf(currency).step
	exact := written * c.FeeBasisPoints // below 1e12
	unit := wholeInBasisPoints * step
	return min((exact+unit/2)/unit*step, written)
}

func refused(detail string) error {
	return &provider.Error{Code: provider.Refused, Detail: detail}
}
