package postgres

import (
	"fmt"
	"strings"
)

// folded is an expression without case, accents and ligatures. What NFKD does not take apart is replaced by hand.
func folded(expression string) string {
	plain := `replace(translate(lower(` + expression + `), 'øłđðı', 'olddi'), 'ß', 'ss')`
	return `regexp_replace(normalize(` + plain + `, NFKD), '[\u0300-\u036F]', '', 'g')`
}

// wordCondition is true of bookings b that have a word in their title or place, in the name of their resource, or in the name,
// e-mail address or telephone number of a customer, or whose id it is. Case and accents do not count. Of a telephone number
// the digits alone are compared.
func wordCondition(word, arg string, args namedArgs) string {
	args[arg] = "%" + likePattern(strings.ReplaceAll(word, "*", "")) + "%"
	like := func(expression string) string { return folded(expression) + " LIKE " + folded("@"+arg+"::text") }
	phone := ""
	if digits, is := phoneDigits(word); is {
		args[arg+"digits"] = "%" + digits + "%"
		phone = ` OR regexp_replace(p.phone, '[^0-9]', '', 'g') LIKE @` + arg + `digits`
	}
	id := ""
	if wholeID.MatchString(word) {
		args[arg+"id"] = word
		id = ` OR b.id = @` + arg + `id::uuid`
	}
	return fmt.Sprintf(`(%s OR %s OR EXISTS (SELECT FROM resources n WHERE n.id = b.resource_id AND %s)
		OR EXISTS (SELECT FROM customers p WHERE p.booking_id = b.id AND (%s OR %s%s))%s)`,
		like("b.what"), like("b.where_at"), like("n.name"), like("p.name"), like("p.email"), phone, id)
}

// phoneDigits are the digits of what may be a part of a telephone number: three or more of them, and the signs between.
func phoneDigits(word string) (string, bool) {
	var digits strings.Builder
	for _, r := range word {
		switch {
		case r >= '0' && r <= '9':
			digits.WriteRune(r)
		case !strings.ContainsRune("+-()./", r):
			return "", false
		}
	}
	return digits.String(), digits.Len() >= 3
}
