package stripe

import (
	"testing"

	"holdfast/internal/payment"
	"holdfast/internal/payment/provider"
)

func TestAmounts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		amount   int64 // ours
		currency string
		want     int64 // Stripe's
	}{
		{1250, "EUR", 1250}, {1, "USD", 1}, {99_999_999, "USD", 99_999_999}, {17550, "HUF", 17550}, {10050, "TWD", 10050},
		{4321, "JPY", 4321}, {500, "KRW", 500}, {500, "CLP", 500}, {500, "XOF", 500},
		{5, "ISK", 500}, {5000, "UGX", 500_000}, {999_999, "ISK", 99_999_900},
		{12_300, "MGA", 123},
		{5120, "KWD", 5120}, {10, "BHD", 10}, {12_340, "TND", 12_340},
	} {
		got, err := toStripe(c.amount, c.currency)
		if err != nil || got != c.want {
			t.Errorf("%d %s: %d, %v, want %d", c.amount, c.currency, got, err, c.want)
		}
		if back, err := fromStripe(c.want, c.currency); err != nil || back != c.amount {
			t.Errorf("%d %s comes back as %d, %v", c.want, c.currency, back, err)
		}
	}
	for _, c := range []struct {
		amount   int64
		currency string
		want     string
	}{
		{0, "EUR", amountTooSmall}, {-1, "EUR", amountTooSmall}, {100_000_000, "EUR", amountTooLarge}, {1_000_000, "ISK", amountTooLarge},
		{5124, "KWD", amountInvalid}, {12_350, "MGA", amountInvalid}, {1 << 62, "MGA", amountTooLarge},
		{1000, "IQD", currencyNotTaken}, {1000, "LYD", currencyNotTaken}, {100, "XXX", currencyNotTaken}, {100, "eur", currencyNotTaken},
	} {
		_, err := toStripe(c.amount, c.currency)
		wantError(t, err, provider.Refused, c.want)
	}
	for _, c := range []struct {
		written  int64
		currency string
	}{{-1, "eur"}, {550, "isk"}, {1, "ugx"}, {1 << 60, "mga"}} {
		_, err := fromStripe(c.written, c.currency)
		wantError(t, err, provider.Malformed, amountNotReadable)
	}
}

// TestAmountsOfEveryCurrency: what can be written comes back as it was, in every currency.
func TestAmountsOfEveryCurrency(t *testing.T) {
	t.Parallel()
	written := 0
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			for c := 'A'; c <= 'Z'; c++ {
				code := string([]rune{a, b, c})
				if _, ok := payment.Exponent(code); !ok {
					continue
				}
				for _, amount := range []int64{1, 10, 99, 100, 1000, 12_345, 999_900} {
					if w, err := toStripe(amount, code); err == nil {
						written++
						if back, err := fromStripe(w, code); err != nil || back != amount {
							t.Errorf("%d %s is %d and comes back as %d, %v", amount, code, w, back, err)
						}
					}
				}
			}
		}
	}
	if written < 900 {
		t.Errorf("only %d amounts were written", written)
	}
}

func TestFee(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		written  int64
		currency string
		points   int64
		want     int64
	}{
		{1000, "EUR", 250, 25}, {1, "EUR", 250, 0}, {20, "EUR", 250, 1}, {19, "EUR", 250, 0}, {333, "EUR", 10_000, 333}, {1000, "EUR", 0, 0},
		{500, "ISK", 1000, 100}, {400, "ISK", 1000, 0}, {5120, "KWD", 1000, 510}, {99_999_999, "USD", 9_999, 99_989_999},
	} {
		if got := (Config{FeeBasisPoints: c.points}).fee(c.written, c.currency); got != c.want {
			t.Errorf("%d points of %d %s: %d, want %d", c.points, c.written, c.currency, got, c.want)
		}
	}
}
