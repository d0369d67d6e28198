package api

import (
	"strings"

	"holdfast/internal/booking"
	"holdfast/internal/postgres"
)

// terms reads search=key:value;key2:value2.
func (k *call) terms(problems booking.Problems) []postgres.Term {
	var all []postgres.Term
	for part := range strings.SplitSeq(k.Query("search"), ";") {
		if part == "" {
			continue
		}
		key, value, ok := strings.Cut(part, ":")
		if !ok || len(value) > 500 {
			problems.Add("search", "must be key:value, several joined by ;")
			continue
		}
		all = append(all, postgres.Term{Key: key, Value: value})
	}
	return all
}

// ownTerms are terms, of things that each are a resource's: it finds its own only.
func (k *call) ownTerms(problems booking.Problems) []postgres.Term {
	all := k.terms(problems)
	if k.self != nil {
		all = append(all, postgres.Term{Key: "resource.id", Value: k.self.String()})
	}
	return all
}

// listing reads what a list of things that each are a resource's is asked for: a page and a search.
func (k *call) listing() (postgres.Page, []postgres.Term, error) { return k.listingBy(k.ownTerms) }

// publicListing reads what a list of things that anybody may see is asked for.
func (k *call) publicListing() (postgres.Page, []postgres.Term, error) { return k.listingBy(k.terms) }

func (k *call) listingBy(search func(booking.Problems) []postgres.Term) (postgres.Page, []postgres.Term, error) {
	page, err := k.page()
	if err != nil {
		return page, nil, err
	}
	problems := booking.Problems{}
	terms := search(problems)
	return page, terms, problems.Err()
}
