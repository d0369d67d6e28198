package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"holdfast/deployments/local/stack"
)

// fullPolicy has a rule of every kind, of which none refuses what is measured.
const fullPolicy = `{"book":{"notice":"PT1H","horizon":"P3Y","from":"2020-01-01","to":"2099-12-31"},
	"cancel":{"customer":{"until":"PT24H"},"owner":{"until":"PT1H"}},"reschedule":{"customer":{"until":"P1D","max":3}},
	"buffer":{"before":"PT0S","after":"PT0S"},
	"limits":[{"per":"resource","unit":"day","max":100},{"per":"customer","unit":"week","max":1000},
		{"per":"app","unit":"month","max":100000},{"per":"resource","unit":"year","max":100000,"count":"minutes"}]}`

const (
	policyRounds    = 10
	policyCreations = 40 // per round and kind
	policyAsked     = 20 // questions per round and kind
)

const policiesHeading = `
## Policies

A policy with a rule of every kind and four limits, and none, in turns of %d creations and %d questions, one at a time, %d rounds.
Creations over HTTP until 201. Free time of 50 resources and 60 days, with what is busy as above. Aims: 1.15 × for creations, 1.3 × for free time.

| | without p50 ms | with p50 ms | ratio | without p95 ms | with p95 ms |
|---|---|---|---|---|---|
`

// measurePolicies compares creations and questions for free time with a full policy of the app and without.
func measurePolicies(ctx context.Context, s *stack.Stack) (string, error) {
	f, err := newFree(ctx, s)
	if err != nil {
		return "", err
	}
	took := map[string][]time.Duration{}
	for round := range policyRounds + 1 {
		for _, kind := range []struct{ name, policy string }{{"without", `{}`}, {"with", fullPolicy}} {
			if _, err := f.call(ctx, http.MethodPut, "/v2/app", `{"settings":{"policy":`+kind.policy+`}}`, http.StatusOK); err != nil {
				return "", err
			}
			for i := range policyCreations {
				start := time.Now().UTC().Truncate(24*time.Hour).AddDate(1, 0, round*policyCreations+i)
				if kind.name == "with" {
					start = start.Add(12 * time.Hour)
				}
				body := fmt.Sprintf(`{"resource_id":%q,"graph":"instant","what":"Haircut","start":%q,"end":%q,"customer":{"name":"Ann","email":"ann@example.com"}}`,
					f.resources[i], start.Format(time.RFC3339), start.Add(30*time.Minute).Format(time.RFC3339))
				began := time.Now()
				if _, err := f.call(ctx, http.MethodPost, "/v2/bookings", body, http.StatusCreated); err != nil {
					return "", err
				}
				if round > 0 { // the first one warms up
					took["create "+kind.name] = append(took["create "+kind.name], time.Since(began))
				}
			}
			for range policyAsked {
				one, _, err := f.ask(ctx, freeResources, 60)
				if err != nil {
					return "", err
				}
				if round > 0 {
					took["free "+kind.name] = append(took["free "+kind.name], one)
				}
			}
		}
	}
	report := fmt.Sprintf(policiesHeading, policyCreations, policyAsked, policyRounds)
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	for _, row := range []struct{ key, text string }{{"create", "a creation"}, {"free", "free time"}} {
		without, with := took[row.key+" without"], took[row.key+" with"]
		report += fmt.Sprintf("| %s | %.1f | %.1f | %.2f | %.1f | %.1f |\n", row.text, ms(quantile(without, .5)), ms(quantile(with, .5)),
			float64(quantile(with, .5))/float64(quantile(without, .5)), ms(quantile(without, .95)), ms(quantile(with, .95)))
	}
	_, err = f.call(ctx, http.MethodPut, "/v2/app", `{"settings":{"policy":{}}}`, http.StatusOK)
	return report, err
}
