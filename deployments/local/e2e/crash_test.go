package e2e_test

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"holdfast/internal/pgserver"
)

// process is a local run in a process of its own, which a test may kill.
type process struct {
	*bundle
	cmd      *exec.Cmd
	database string
	adminKey string
}

// spawn starts a local run on a data directory and waits until it answers.
func spawn(t *testing.T, dir string, env ...string) *process {
	t.Helper()
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "local.json")); err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	cmd := exec.Command(executable)
	cmd.Env = append(os.Environ(), childEnv+"=1", "HOLDFAST_DATA_DIR="+dir, "HOLDFAST_HTTP_ADDR=127.0.0.1:0", "HOLDFAST_TEMPORAL_UI_ADDR=127.0.0.1:0",
		"HOLDFAST_FAKE_PAYMENTS_ADDR=127.0.0.1:0", "HOLDFAST_MAILBOX_ADDR=127.0.0.1:0", longestWait)
	cmd.Env = append(cmd.Env, env...)
	log := &lockedBuffer{}
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{bundle: &bundle{dir: dir, log: log}, cmd: cmd}
	t.Cleanup(func() { p.kill(t) })
	var local struct {
		API   string `json:"api_url"`
		Key   string `json:"api_key"`
		URL   string `json:"database_url"`
		Admin string `json:"admin_key"`
	}
	eventually(t, "a local run that answers: "+log.String(), func() bool {
		text, err := os.ReadFile(filepath.Join(dir, "local.json"))
		return err == nil && json.Unmarshal(text, &local) == nil && local.API != ""
	})
	p.api, p.key, p.database, p.adminKey = local.API, local.Key, local.URL, local.Admin
	return p
}

// kill ends the process the hard way. Postgres, its child, follows by itself: kill waits for it, or else it would write into
// the folder that the test removes.
func (p *process) kill(t *testing.T) {
	t.Helper()
	if p.cmd.ProcessState == nil {
		_ = p.cmd.Process.Signal(syscall.SIGKILL)
		_ = p.cmd.Wait()
	}
	if err := pgserver.WaitEnded(context.Background(), filepath.Join(p.dir, "postgres")); err != nil {
		t.Error(err)
	}
}

// TestKillNine kills everything at once, several times, in the middle of work, and finds that what was acknowledged is
// there, that timers fire, and that webhooks arrive.
func TestKillNine(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	hears := newReceiver(t, ok)
	down := newReceiver(t, func(n int) int {
		if n < 2 {
			return http.StatusServiceUnavailable
		}
		return http.StatusOK
	})
	p := spawn(t, dir)
	p.webhook(t, hears.URL, "")
	p.webhook(t, down.URL, "")
	resource := p.resource(t)
	confirmed := p.book(t, resource, "instant", 9)
	unpaid := p.book(t, resource, "instant_payment", 10, `,"settings":{"timers":{"timeout":"PT4S"}}`)
	acknowledged := []string{confirmed, unpaid}
	for hour := 20; hour < 30; hour++ {
		acknowledged = append(acknowledged, p.book(t, resource, "confirm_decline", hour))
	}
	p.kill(t)

	p = spawn(t, dir)
	for _, id := range acknowledged {
		p.get(t, "/v2/bookings/"+id).want(t, http.StatusOK)
	}
	if got := p.state(t, confirmed); got != "confirmed" {
		t.Errorf("the confirmed booking is %s", got)
	}
	p.post(t, "/v2/bookings", request(resource, "instant", 9)).refused(t, http.StatusConflict, "slot_taken")
	p.put(t, "/v2/bookings/"+confirmed+"/cancel", "").want(t, http.StatusOK)
	p.kill(t)

	p = spawn(t, dir)
	eventually(t, "the payment times out although the clock ran through two crashes", func() bool {
		return p.state(t, unpaid) == "unpaid"
	})
	if got := p.state(t, confirmed); got != "cancelled" {
		t.Errorf("the cancelled booking is %s", got)
	}
	heard := func(id, state string) bool {
		for _, r := range hears.all() {
			if r.at("id") == id && r.at("state") == state {
				return true
			}
		}
		return false
	}
	eventually(t, "every event is heard", func() bool {
		for _, id := range acknowledged[2:] {
			if !heard(id, "tentative") {
				return false
			}
		}
		return heard(confirmed, "confirmed") && heard(confirmed, "cancelled") && heard(unpaid, "tentative") && heard(unpaid, "unpaid")
	})
}
