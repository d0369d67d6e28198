package postgres

import (
	"context"
	"sync"
	"time"
)

// joined lets callers that ask the same question at the same time share an answer. Who asks while a query runs waits for the
// next one, which begins after the question: no answer is older than its question, so what was revoked before is revoked. A
// caller alone asks at once. The zero value is ready to use.
type joined[K comparable, V any] struct {
	mu      sync.Mutex
	running map[K]*query[V]
	next    map[K]*query[V]
}

type query[V any] struct {
	ended chan struct{}
	value V
	err   error
}

// joinedTimeout bounds a query that no single caller can cancel.
const joinedTimeout = 5 * time.Second

// get returns the answer of ask, from this call or from another one that began later than this call did.
func (j *joined[K, V]) get(ctx context.Context, key K, ask func(context.Context) (V, error)) (V, error) {
	mine, before := j.join(key)
	if mine != nil {
		go j.run(context.WithoutCancel(ctx), key, mine, before, ask)
	} else {
		mine = before
	}
	select {
	case <-mine.ended:
		return mine.value, mine.err
	case <-ctx.Done():
		var none V
		return none, ctx.Err()
	}
}

// join returns a query that the caller has to run, with the one to wait for first, nil for none; or no query, and the one
// whose answer is the caller's.
func (j *joined[K, V]) join(key K) (mine, before *query[V]) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.running == nil {
		j.running, j.next = map[K]*query[V]{}, map[K]*query[V]{}
	}
	if waiting := j.next[key]; waiting != nil {
		return nil, waiting
	}
	mine = &query[V]{ended: make(chan struct{})}
	if before = j.running[key]; before != nil {
		j.next[key] = mine
	} else {
		j.running[key] = mine
	}
	return mine, before
}

func (j *joined[K, V]) run(ctx context.Context, key K, mine, before *query[V], ask func(context.Context) (V, error)) {
	if before != nil {
		<-before.ended
	}
	ctx, cancel := context.WithTimeout(ctx, joinedTimeout)
	defer cancel()
	defer j.end(key, mine)
	mine.value, mine.err = ask(ctx)
}

// end hands the key on: the query that waits runs from now on, and newcomers wait for another.
func (j *joined[K, V]) end(key K, mine *query[V]) {
	j.mu.Lock()
	defer j.mu.Unlock()
	delete(j.running, key)
	if waiting := j.next[key]; waiting != nil {
		j.running[key] = waiting
		delete(j.next, key)
	}
	close(mine.ended)
}
