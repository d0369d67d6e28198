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
Creations over HTTP until 201. Free time of 50 resources and 60 days, with what is busy as above. Aims: 1.15 × for creations,
1.3 × for free time, and free time with the policy in 30 ms at p95.

| | without p50 ms | with p50 ms | ratio | without p95 ms | with p95 ms |
|---|---|---|---|---|---|
`

// policies measures creations and questions for free time with a policy and without.
type policies struct {
	*free
	took map[string][]time.Duration // by what and with which policy
}

// set makes a policy that of the app.
func (p *policies) set(ctx context.Context, policy string) error {
	_, err := p.call(ctx, http.MethodPut, "/v2/app", `{"settings":{"policy":`+policy+`}}`, http.StatusOK)
	return err
}

// round makes bookings on days of their own, and asks for free time. Nothing is kept of the first round, which warms up.
func (p *policies) round(ctx context.Context, round int, name string, hour int) error {
	note := func(what string, took time.Duration) {
		if round > 0 {
			p.took[what+name] = append(p.took[what+name], took)
		}
	}
	for i := range policyCreations {
		start := time.Now().UTC().Truncate(24*time.Hour).AddDate(1, 0, round*policyCreations+i).Add(time.Duration(hour) * time.Hour)
		body := fmt.Sprintf(`{"resource_id":%q,"graph":"instant","what":"Haircut","start":%q,"end":%q,
			"customer":{"name":"Ann","email":"ann@example.com"}}`,
			p.resources[i], start.Format(time.RFC3339), start.Add(30*time.Minute).Format(time.RFC3339))
		began := time.Now()
		if _, err := p.call(ctx, http.MethodPost, "/v2/bookings", body, http.StatusCreated); err != nil {
			return err
		}
		note("create ", time.Since(began))
	}
	for range policyAsked {
		one, _, err := p.ask(ctx, freeResources, 60)
		if err != nil {
			return err
		}
		note("free ", one)
	}
	return nil
}

// measurePolicies compares creations and questions for free time with a full policy of the app and without.
func measurePolicies(ctx context.Context, s *stack.Stack) (string, error) {
	f, err := newFree(ctx, s)
	if err != nil {
		return "", err
	}
	p := &policies{f, map[string][]time.Duration{}}
	for round := range policyRounds + 1 {
		for hour, policy := range []string{`{}`, fullPolicy} {
			if err := p.set(ctx, policy); err != nil {
				return "", err
			}
			if err := p.round(ctx, round, []string{"without", "with"}[hour], 12*hour); err != nil {
				return "", err
			}
		}
	}
	report := fmt.Sprintf(policiesHeading, policyCreations, policyAsked, policyRounds)
	for _, row := range []struct{ key, text string }{{"create", "a creation"}, {"free", "free time"}} {
		without, with := p.took[row.key+" without"], p.took[row.key+" with"]
		report += fmt.Sprintf("| %s | %.1f | %.1f | %.2f | %.1f | %.1f |\n", row.text,
			milliseconds(quantile(without, .5)), milliseconds(quantile(with, .5)),
			float64(quantile(with, .5))/float64(quantile(without, .5)), milliseconds(quantile(without, .95)), milliseconds(quantile(with, .95)))
	}
	return report, p.set(ctx, `{}`)
}
