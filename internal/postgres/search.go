package postgres

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"holdfast/internal/booking"
)

// matching renders the terms of a search as conditions, each with AND before it. keys are what can be searched by, with
// the condition of each: a %s stands for the pattern. Names and values only ever travel as arguments.
func matching(search []Term, keys map[string]string, args pgx.NamedArgs) (string, error) {
	conditions := strings.Builder{}
	for i, term := range search {
		condition, known := keys[term.Key]
		switch {
		case !utf8.ValidString(term.Key+term.Value) || strings.ContainsRune(term.Key+term.Value, 0):
			return "", booking.Problems{"search": {"must be UTF-8 text without null characters"}}.Err()
		case !known:
			return "", booking.Problems{"search": {fmt.Sprintf("%q is not a key these can be searched by", term.Key)}}.Err()
		}
		name := fmt.Sprintf("term%d", i)
		args[name] = likePattern(term.Value)
		conditions.WriteString(" AND " + fmt.Sprintf(condition, "@"+name))
	}
	return conditions.String(), nil
}
