//go:build race

package availability

// slower is how many times fewer rounds the models have with the race detector: it makes them several times slower, and nothing here starts
// a goroutine. `make test` runs all rounds without it.
const slower = 5
