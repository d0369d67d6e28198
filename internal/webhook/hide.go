package webhook

import (
	"slices"
	"strings"
)

// tooShort is what is too short for a secret, and would blot out innocent text.
const tooShort = 6

// hide covers what the endpoint's own headers say where the receiver repeats it, as some do that are made for looking into.
// What is covered keeps its length.
func (r *Result) hide(own map[string]string) {
	var secrets []string
	for _, value := range own {
		for _, secret := range append(strings.Fields(value), value) {
			if len(secret) >= tooShort {
				secrets = append(secrets, secret)
			}
		}
	}
	slices.SortFunc(secrets, func(a, b string) int { return len(b) - len(a) })
	var pairs []string
	for _, secret := range secrets {
		pairs = append(pairs, secret, strings.Repeat("*", len(secret)))
	}
	cover := strings.NewReplacer(pairs...)
	r.ResponseBody = []byte(cover.Replace(string(r.ResponseBody)))
	for _, values := range r.ResponseHeaders {
		for i, value := range values {
			values[i] = cover.Replace(value)
		}
	}
}
