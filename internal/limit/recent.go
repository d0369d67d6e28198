package limit

import (
	"container/list"
	"sync"
	"time"
)

// recent is a memory of bounded size: a key that was not used for a while is forgotten, and the one that was used
// longest ago when there are too many. It is not safe for use by several goroutines at once.
type recent[V any] struct {
	keep    time.Duration
	most    int
	entries map[string]*list.Element
	order   *list.List // the latest in front
}

type entry[V any] struct {
	key   string
	value V
	used  time.Time
}

func newRecent[V any](keep time.Duration) recent[V] {
	const most = 100_000 // about 30 MB
	return recent[V]{keep: keep, most: most, entries: map[string]*list.Element{}, order: list.New()}
}

// get finds the value of a key, or makes it.
func (r *recent[V]) get(key string, now time.Time, fresh func() V) V {
	r.forget(now)
	at, ok := r.entries[key]
	if !ok {
		if r.order.Len() >= r.most {
			r.drop(r.order.Back())
		}
		at = r.order.PushFront(&entry[V]{key: key, value: fresh()})
		r.entries[key] = at
	}
	r.order.MoveToFront(at)
	here := at.Value.(*entry[V]) //nolint:forcetypeassert // nothing else is kept there
	here.used = now
	return here.value
}

// look finds the value of a key, and leaves its place in the order as it is.
func (r *recent[V]) look(key string, now time.Time) (value V, ok bool) {
	r.forget(now)
	if at, there := r.entries[key]; there {
		return at.Value.(*entry[V]).value, true //nolint:forcetypeassert // nothing else is kept there
	}
	return value, false
}

// forget drops from the end what is old.
func (r *recent[V]) forget(now time.Time) {
	for at := r.order.Back(); at != nil; at = r.order.Back() {
		if last := at.Value.(*entry[V]); now.Sub(last.used) < r.keep { //nolint:forcetypeassert // nothing else is kept there
			return
		}
		r.drop(at)
	}
}

func (r *recent[V]) drop(at *list.Element) {
	last := r.order.Remove(at).(*entry[V]) //nolint:forcetypeassert // nothing else is kept there
	delete(r.entries, last.key)
}

// RecentlyGood remembers for an hour which credentials were accepted.
type RecentlyGood struct {
	now func() time.Time
	mu  sync.Mutex
	ids recent[struct{}]
}

// NewRecentlyGood makes an empty RecentlyGood.
func NewRecentlyGood(now func() time.Time) *RecentlyGood {
	return &RecentlyGood{now: now, ids: newRecent[struct{}](time.Hour)}
}

// Note remembers a caller.
func (k *RecentlyGood) Note(id string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ids.get(id, k.now(), func() struct{} { return struct{}{} })
}

// Has reports whether a caller was let in lately.
func (k *RecentlyGood) Has(id string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	_, ok := k.ids.look(id, k.now())
	return ok
}
