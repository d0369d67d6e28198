package edge

import (
	"strings"

	"holdfast/internal/fault"
	"holdfast/internal/postgres"
)

// SearchTerms reads search=key:value;key2:value2.
func (k *Call) SearchTerms(problems fault.Problems) []postgres.Term {
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

// OwnTerms are terms, of things that each are a resource's: it finds its own only.
func (k *Call) OwnTerms(problems fault.Problems) []postgres.Term {
	all := k.SearchTerms(problems)
	if k.Self != nil {
		all = append(all, postgres.Term{Key: "resource.id", Value: k.Self.String()})
	}
	return all
}

// Listing reads what a list of things that each are a resource's is asked for: a page and a search.
func (k *Call) Listing() (postgres.Page, []postgres.Term, error) { return k.listingBy(k.OwnTerms) }

// PublicListing reads what a list of things that anybody may see is asked for.
func (k *Call) PublicListing() (postgres.Page, []postgres.Term, error) {
	return k.listingBy(k.SearchTerms)
}

func (k *Call) listingBy(search func(fault.Problems) []postgres.Term) (postgres.Page, []postgres.Term, error) {
	page, err := k.ReadPage()
	if err != nil {
		return page, nil, err
	}
	problems := fault.Problems{}
	terms := search(problems)
	return page, terms, problems.Err()
}
