package postgres_test

import (
	"sync/atomic"
	"testing"

	"holdfast/internal/fault"
)

// BenchmarkRefusals asks for a time that is taken, from twenty connections.
func BenchmarkRefusals(b *testing.B) {
	s := setup(b)
	s.booked(s.at("instant", 9, 10))
	var next atomic.Int64
	b.ResetTimer()
	together(20, func(int) {
		for next.Add(1) <= int64(b.N) {
			v := s.at("instant", 9, 10)
			if _, err := s.try(v); fault.CodeOf(err) != fault.SlotTaken {
				b.Error(err)
				return
			}
		}
	})
}
