package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"holdfast/deployments/local/stack"
)

// graphLives is how many lives are measured of each graph, and graphsAtOnce how many go at the same time.
const (
	graphLives   = 200
	graphsAtOnce = 8
)

// The graphs of one's own: of usual size, and so large that it travels packed.
const (
	usualSteps = 4
	largeSteps = 34
)

// ownGraph is a graph of an app's own with so many states that a booking could walk through, one after the other.
func ownGraph(name string, steps int) string {
	var text strings.Builder
	fmt.Fprintf(&text, `{"name":%q,"description":"A visit of a flat.","initial":"asked","start":"create","states":[
		{"name":"asked","holds":"nothing","actions":[{"name":"create","to":"confirmed","by":["api"],"on_conflict":"refuse"}]},
		{"name":"confirmed","holds":"slot","actions":[{"name":"next","to":"step_0","by":["api"]},{"name":"cancel","to":"cancelled","by":["api"]},
			{"name":"lapse","to":"lapsed","by":["timer"]}],"timers":[{"action":"lapse","after":"PT0S","from":"end"}]},`, name)
	for i := range steps {
		fmt.Fprintf(&text, `{"name":"step_%d","holds":"slot","actions":[{"name":"next","to":"step_%d","by":["api","owner_link","customer_link"]},
			{"name":"begin_again","to":"step_0","by":["api","owner_link","customer_link"]},
			{"name":"cancel","to":"cancelled","by":["api","owner_link","customer_link"]}]},`, i, min(i+1, steps-1))
	}
	text.WriteString(`{"name":"cancelled","holds":"nothing","final":true},{"name":"lapsed","holds":"nothing","final":true},
		{"name":"error","holds":"nothing","final":true}]}`)
	return text.String()
}

const graphsHeading = `
## Bytes and CPU by the size of a graph

%d lives of each graph, %d at a time, confirmed and cancelled over HTTP. A graph of more than 8 kB travels packed in the workflow's
input. "Before" is the history as it was with the graph as JSON. CPU is that of a life: of the server's process (Temporal, API, worker,
client), and of Postgres.

| graph | its JSON, bytes | input, bytes | events | history, bytes | before, bytes | CPU ms: server | Postgres |
|---|---|---|---|---|---|---|---|
`

// measureGraphs measures what a life costs by the size of its graph.
func measureGraphs(ctx context.Context, s *stack.Stack, lives int) (string, error) {
	key, made, err := newApp(ctx, s, "Graphs")
	if err != nil {
		return "", err
	}
	b, err := newBookedBy(ctx, s, key)
	if err != nil {
		return "", err
	}
	if made {
		for name, steps := range map[string]int{"usual": usualSteps, "large": largeSteps} {
			if err := b.publish(ctx, name, ownGraph(name, steps)); err != nil {
				return "", err
			}
		}
	}
	table := fmt.Sprintf(graphsHeading, lives, graphsAtOnce)
	for _, one := range []struct{ what, graph string }{
		{"built in", "instant"}, {"an app's own, of usual size", "usual"}, {"an app's own, large", "large"},
	} {
		row, err := b.graphRow(ctx, s, one.what, one.graph, lives)
		if err != nil {
			return "", err
		}
		table += row
	}
	return table, nil
}

// publish makes a graph the app's own.
func (b *booked) publish(ctx context.Context, name, text string) error {
	if _, err := b.call(ctx, http.MethodPost, "/v2/graphs", text, http.StatusCreated); err != nil {
		return err
	}
	_, err := b.call(ctx, http.MethodPost, "/v2/graphs/"+name+"/publish", "", http.StatusCreated)
	return err
}

// graphRow measures one graph.
func (b *booked) graphRow(ctx context.Context, s *stack.Stack, what, graph string, lives int) (string, error) {
	b.graph = graph
	k, f := kind{what, b.live}, &figures{}
	if err := k.round(ctx, s, &figures{}, lives/10+1, graphsAtOnce); err != nil { // warm up
		return "", err
	}
	if err := k.round(ctx, s, f, lives, graphsAtOnce); err != nil {
		return "", err
	}
	h, n := f.history, float64(f.lives)
	return fmt.Sprintf("| %s, %s | %d | %d | %d | %d | %d | %.1f | %.1f |\n", what, graph, h.graph, h.input, h.events, h.bytes,
		h.bytes-h.input+h.unpacked, float64(f.server.Microseconds())/1000/n, float64(f.postgres.Microseconds())/1000/n), nil
}
