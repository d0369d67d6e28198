package payment

import (
	"math/big"
	"slices"
	"strconv"
	"strings"
)

func itoa(n int) string { return strconv.Itoa(n) }

// exponents are the currencies with another number of decimals than two (ISO 4217).
var exponents = map[string]int{
	"BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0, "UGX": 0, "VND": 0, "VUV": 0,
	"XAF": 0, "XOF": 0, "XPF": 0,
	"BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
}

// twoDecimals are the currencies with two decimals (ISO 4217), without funds, metals and codes for testing.
const twoDecimals = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE " +
	"CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK " +
	"LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD " +
	"RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG " +
	"YER ZAR ZMW ZWG"

// Exponent returns how many decimals a currency has; false for a code, in capitals, that is none.
func Exponent(currency string) (int, bool) {
	if n, ok := exponents[currency]; ok {
		return n, true
	}
	return 2, slices.Contains(strings.Fields(twoDecimals), currency)
}

// Text returns an amount for people, such as "12.50 EUR".
func Text(amount int64, currency string) string {
	decimals, _ := Exponent(currency)
	sign, digits := "", strconv.FormatInt(amount, 10)
	if amount < 0 {
		sign, digits = "-", digits[1:]
	}
	if missing := decimals + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	if decimals > 0 {
		digits = digits[:len(digits)-decimals] + "." + digits[len(digits)-decimals:]
	}
	return sign + digits + " " + currency
}

// percent returns so many percent of an amount, rounded to the minor unit, halves away from zero.
func percent(amount int64, percent int) int64 {
	product := new(big.Int).Mul(big.NewInt(amount), big.NewInt(int64(percent)*2))
	half := int64(100)
	if product.Sign() < 0 {
		half = -100
	}
	return product.Add(product, big.NewInt(half)).Quo(product, big.NewInt(200)).Int64()
}

// Split divides an amount into n parts that add up to it. They differ by one minor unit at most; the last ones have what is left over.
// It returns nil for n below 1.
func Split(amount int64, n int) []int64 {
	if n < 1 {
		return nil
	}
	parts := make([]int64, n)
	each, rest := amount/int64(n), amount%int64(n)
	for i := range parts {
		parts[i] = each
		switch left := int64(n - i); {
		case rest > 0 && left <= rest:
			parts[i]++
		case rest < 0 && left <= -rest:
			parts[i]--
		}
	}
	return parts
}
