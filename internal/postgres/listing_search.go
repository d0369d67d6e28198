package postgres

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"holdfast/internal/fault"
)

// Term is one "key:value" of a search. A value may start or end with "*" and is compared without regard to case.
type Term struct{ Key, Value string }

// searchKey is something that rows can be searched by: a condition, with a %s for the comparison. An id is compared as one, which has an
// index, whole or by its beginning.
type searchKey struct {
	condition string
	id        bool
}

func byID(condition string) searchKey   { return searchKey{condition, true} }
func byText(condition string) searchKey { return searchKey{condition, false} }

// search renders terms as conditions, each with AND before it. Names and values only ever travel as arguments.
func search(terms []Term, keys map[string]searchKey, args namedArgs) (string, error) {
	conditions := strings.Builder{}
	for i, term := range terms {
		key, known := keys[term.Key]
		if err := term.check(known, "these"); err != nil {
			return "", err
		}
		compared, err := term.compared(key.id, fmt.Sprintf("term%d", i), args)
		if err != nil {
			return "", err
		}
		conditions.WriteString(" AND " + fmt.Sprintf(key.condition, compared))
	}
	return conditions.String(), nil
}

// check refuses what is no text, and a key that is not known. what names the rows.
func (t Term) check(known bool, what string) error {
	switch {
	case !utf8.ValidString(t.Key+t.Value) || strings.ContainsRune(t.Key+t.Value, 0):
		return fault.Problems{"search": {"must be UTF-8 text without null characters"}}.Err()
	case !known:
		return fault.Problems{"search": {fmt.Sprintf("%q is not a key %s can be searched by", t.Key, what)}}.Err()
	}
	return nil
}

// compared is the comparison with a term's value: of an id, or of a text that is in lower case.
func (t Term) compared(id bool, arg string, args namedArgs) (string, error) {
	if !id {
		args[arg] = likePattern(t.Value)
		return "LIKE lower(@" + arg + "::text)", nil
	}
	first, last, err := idRange(t.Value)
	if err != nil {
		return "", err
	}
	switch {
	case first == "":
		return "= ANY('{}'::uuid[])", nil
	case first == last:
		args[arg] = first
		return "= @" + arg + "::uuid", nil
	}
	args[arg], args[arg+"last"] = first, last
	return "BETWEEN @" + arg + "::uuid AND @" + arg + "last::uuid", nil
}

// idRange is the first and the last id that a pattern stands for; "" for none. Invalid for a pattern without a beginning: no index
// has the ends of ids.
func idRange(pattern string) (first, last string, err error) {
	prefix, open := strings.CutSuffix(pattern, "*")
	switch {
	case strings.Trim(pattern, "*") == "" && pattern != "":
		prefix = ""
	case strings.HasPrefix(prefix, "*"):
		return "", "", fault.Problems{"search": {"must name an id whole or by its beginning, as 0190c3a1*"}}.Err()
	case len(prefix) > len(lowestID) || !open && len(prefix) < len(lowestID):
		return "", "", nil
	}
	first, last = prefix+lowestID[len(prefix):], prefix+highestID[len(prefix):]
	if !wholeID.MatchString(first) {
		return "", "", nil
	}
	return first, last, nil
}

const (
	lowestID  = "00000000-0000-0000-0000-000000000000"
	highestID = "ffffffff-ffff-ffff-ffff-ffffffffffff"
)

// likePattern turns "*" at either end into "%" and takes everything else literally.
func likePattern(value string) string {
	before, after := strings.HasPrefix(value, "*"), strings.HasSuffix(value, "*") && len(value) > 1
	value = strings.TrimPrefix(value, "*")
	if after {
		value = strings.TrimSuffix(value, "*")
	}
	value = literal(value)
	if before {
		value = "%" + value
	}
	if after {
		value += "%"
	}
	return value
}

// literal escapes what has a meaning in a pattern of LIKE.
func literal(text string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text)
}
