//go:build race

package availability

// slower is how many times fewer rounds the models have with the race detector, which makes them ten times slower and finds nothing in
// them that fewer would not show. `make test` runs them all without it.
const slower = 5
