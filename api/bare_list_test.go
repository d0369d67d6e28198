package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"holdfast/internal/await"
)

// TestListsWithoutIncludesShowTheSame: lists without includes read less of each booking, and show of it what they show beside an include.
func TestListsWithoutIncludesShowTheSame(t *testing.T) {
	t.Parallel()
	j := clinic(t, "")
	first := j.book(j.server, 0, "").id(t)
	j.post(j.server, "/v2/bookings/"+first+"/reschedule", fmt.Sprintf(`{%s}`, times(3, 1))).want(t, http.StatusCreated)
	tokyo := j.post(j.server, "/v2/resources", `{"name":"Room","timezone":"Asia/Tokyo","capacity":5}`).id(t)
	for hour, more := range []string{`"graph":"instant","units":3,"customer":{"name":"Ann"}`, `"graph":"confirm_decline","meta":{"a":1}`, `"graph":"reservation"`} {
		j.post(j.server, "/v2/bookings", fmt.Sprintf(`{%s,%s}`, more, slot(tokyo, float64(10+hour), 1))).want(t, http.StatusCreated)
	}
	j.sql(`UPDATE bookings SET reservation_id = $2, bulk_id = $2, owner_booking_id = $2, graph_version = 2, completed = true, updated_at = now() + interval '1 s'
		WHERE id IN (SELECT id FROM bookings WHERE app_id = $1 AND graph = 'confirm_decline')`, j.app.ID, first)
	for _, query := range []string{"?limit=100", "?cursor=start", "?limit=100&orderBy=event.start&sortedBy=desc", "?q=ann", "?search=graph:instant"} {
		var bare, full struct{ Data []json.RawMessage }
		// A list in the order of changes holds back what is newer than the oldest transaction that runs in any database of the cluster.
		await.Within(t, time.Minute, 50*time.Millisecond, query+" has the bookings", func() bool {
			bare.Data, full.Data = nil, nil
			check(t, json.Unmarshal(j.send(j.server, http.MethodGet, "/v2/bookings"+query, "").want(t, http.StatusOK).Body.Bytes(), &bare))
			check(t, json.Unmarshal(j.send(j.server, http.MethodGet, "/v2/bookings"+query+"&include=meta", "").want(t, http.StatusOK).Body.Bytes(), &full))
			return len(bare.Data) == len(full.Data) && len(bare.Data) >= 2
		})
		for i, text := range full.Data {
			var o map[string]json.RawMessage
			check(t, json.Unmarshal(text, &o))
			delete(o, "meta")
			want, err := json.Marshal(o)
			check(t, err)
			if !bytes.Equal(bare.Data[i], want) {
				t.Errorf("%s:\n%s\nbeside an include:\n%s", query, bare.Data[i], want)
			}
		}
	}
	for _, column := range []string{"project_id", "rescheduled_from", "owner_booking_id", "reservation_id", "bulk_id", "requires"} {
		if n := value[int](j.fixture, `SELECT count(*) FROM bookings WHERE app_id = $1 AND `+column+` IS NOT NULL`, j.app.ID); n == 0 {
			t.Errorf("no booking has %s", column)
		}
	}
}
