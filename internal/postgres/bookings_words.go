package postgres

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// word is one word that bookings are searched for by.
type word struct {
	arg    string
	id     bool // it is a whole id
	digits bool // it may be a part of a telephone number
	named  bool // there are resources with such a name
	long   bool // long enough for typing errors
}

// condition is true of bookings b that have a word in their title or place, in the name of their resource, or in the name,
// e-mail address or telephone number of a customer, or whose id it is. Case and accents do not count. Of a telephone number
// the digits alone are compared.
func (w word) condition(similar bool) string {
	if w.id {
		return "b.id = @" + w.arg + "::uuid"
	}
	texts := "x.words LIKE holdfast_fold(@" + w.arg + "::text)"
	if w.digits {
		texts += " OR x.words LIKE @" + w.arg + "digits"
	}
	if similar && w.long {
		texts += " OR holdfast_fold(@" + w.arg + "typed::text) <% x.words"
	}
	known := "EXISTS (SELECT FROM booking_texts x WHERE x.booking_id = b.id AND (" + texts + "))"
	if w.named {
		return "(b.resource_id = ANY(@" + w.arg + "resources::uuid[]) OR " + known + ")"
	}
	return known
}

// readWords takes in words, and looks for resources that are called so.
func (s *bookingSearch) readWords(ctx context.Context, db *store, words []string) error {
	const called = `
		SELECT id FROM resources WHERE app_id = @app AND holdfast_fold(name) LIKE holdfast_fold(@word::text) ORDER BY created_at, id LIMIT 1000`
	if len(words) == 0 {
		return nil
	}
	s.texts = true
	batch := &pgx.Batch{}
	s.words = make([]word, len(words))
	for i, typed := range words {
		w := &s.words[i]
		w.arg, w.id, w.long = fmt.Sprintf("word%d", i), wholeID.MatchString(typed), utf8.RuneCountInString(typed) >= similarFrom
		if w.id {
			s.args[w.arg] = typed
			continue
		}
		plain := strings.ReplaceAll(typed, "*", "")
		s.args[w.arg], s.args[w.arg+"typed"] = "%"+literal(plain)+"%", plain
		var digits string
		if digits, w.digits = phoneDigits(typed); w.digits {
			s.args[w.arg+"digits"] = "%" + digits + "%"
		}
		args := namedArgs{"app": s.args["app"], "word": s.args[w.arg]}
		batch.Queue(called, args).Query(func(rows pgx.Rows) error {
			ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
			w.named, s.args[w.arg+"resources"] = len(ids) > 0, ids
			return err
		})
	}
	return db.pool.SendBatch(ctx, batch).Close()
}

// similarPatience is how long a search for similar words may take, in milliseconds: in a large record there may be too many.
const similarPatience = 400

// similarFrom is how many characters a word has at least that is looked for with typing errors.
const similarFrom = 4

// similar reports whether a search that finds nothing is worth another try, with typing errors.
func (s *bookingSearch) similar() bool {
	for _, w := range s.words {
		if w.long && !w.id {
			return true
		}
	}
	return false
}

// phoneDigits are the digits of what may be a part of a telephone number, three or more of them, as they stand in booking_texts: as
// capitals. Signs may be between them.
func phoneDigits(word string) (string, bool) {
	var digits strings.Builder
	for _, r := range word {
		switch {
		case r >= '0' && r <= '9':
			digits.WriteRune(r - '0' + 'A')
		case !strings.ContainsRune("+-()./", r):
			return "", false
		}
	}
	return digits.String(), digits.Len() >= 3
}

// queueTexts writes what a new booking is found by.
func queueTexts(batch *pgx.Batch, args namedArgs) {
	const q = `
		INSERT INTO booking_texts (booking_id, words, meta)
		SELECT @id, concat_ws(E'\n', holdfast_fold(@what::text), holdfast_fold(@where::text), (
			SELECT string_agg(holdfast_customer_words(p), E'\n' ORDER BY p.id) FROM customers p WHERE p.booking_id = @id)),
			lower(@meta::jsonb::text) WHERE ` + begun
	batch.Queue(q, args)
}
