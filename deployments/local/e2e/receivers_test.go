package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"holdfast/internal/ports"
)

var program = regexp.MustCompile("(?s)```(go|js)\n(.*?)```")

// blocksOf finds the blocks of a document, so many as are wanted, with the submatches of their pattern.
func blocksOf(t *testing.T, page string, block *regexp.Regexp, want int) [][]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../..", page))
	if err != nil {
		t.Fatal(err)
	}
	blocks := block.FindAllStringSubmatch(string(text), -1)
	if len(blocks) != want {
		t.Fatalf("%s has %d blocks like %s, want %d", page, len(blocks), block, want)
	}
	return blocks
}

// TestReceiversOfTheDocument runs the programs of docs/webhooks.md as they stand there: they take what Holdfast sends, and
// nothing else.
func TestReceiversOfTheDocument(t *testing.T) {
	t.Parallel()
	programs := blocksOf(t, "docs/webhooks.md", program, 2)
	b := tenant(t, plain)
	resource := b.resource(t)
	for hour, p := range programs {
		t.Run(p[1], func(t *testing.T) {
			t.Parallel()
			port, err := ports.Free("127.0.0.1")
			if err != nil {
				t.Fatal(err)
			}
			url := "http://127.0.0.1:" + strconv.Itoa(port) + "/hook"
			secret := b.webhook(t, url, `,"format":"holdfast"`).str("data.secret")
			printed := runReceiver(t, p[1], p[2], port, secret)
			refusesForged(t, url, printed)
			b.book(t, resource, "instant", 9+hour)
			eventually(t, "the event is received", func() bool { return strings.Contains(printed.String(), "got evt_") })
		})
	}
}

// refusesForged waits until a program of the document listens, and sends it what Holdfast has not signed.
func refusesForged(t *testing.T, url string, printed *lockedBuffer) {
	t.Helper()
	eventually(t, "the receiver listens: "+printed.String(), func() bool {
		forged := strings.NewReader(`{"type":"booking.confirmed"}`)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, forged)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(req)
		if err != nil {
			return false
		}
		defer func() { _ = answer.Body.Close() }()
		if answer.StatusCode != http.StatusUnauthorized {
			t.Fatalf("a forged message gets %d", answer.StatusCode)
		}
		return true
	})
}

// runReceiver starts a program of the document and returns what it prints.
func runReceiver(t *testing.T, language, source string, port int, secret string) *lockedBuffer {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "main."+language)
	if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	modules, err := filepath.Abs("js/node_modules")
	if err != nil {
		t.Fatal(err)
	}
	command := []string{"node", file}
	if language == "go" {
		binary := filepath.Join(dir, "receiver")
		build := exec.CommandContext(t.Context(), "go", "build", "-o", binary, file) // here, so that this module's go.mod says which version
		if output, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, output)
		}
		command = []string{binary}
	}
	ctx, cancel := context.WithCancel(context.Background())
	printed := &lockedBuffer{}
	run := exec.CommandContext(ctx, command[0], command[1:]...)
	run.Env = append(os.Environ(), fmt.Sprint("PORT=", port), "WEBHOOK_SECRET="+secret, "NODE_PATH="+modules)
	run.Stdout, run.Stderr = printed, printed
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = run.Wait()
	})
	return printed
}
