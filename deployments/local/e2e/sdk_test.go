package e2e_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// node runs one of the scripts in js, with input for its standard input, and returns what it printed. The packages there are Timekit's own, unmodified.
func node(t *testing.T, input string, args ...string) []byte {
	t.Helper()
	const install = "install nodejs and npm (Debian, Ubuntu: apt-get install nodejs npm), then run make test"
	program, err := exec.LookPath("node")
	if err != nil {
		t.Fatalf("there is no node on this machine: %s", install)
	}
	if _, err := os.Stat("js/node_modules/timekit-sdk"); err != nil {
		t.Fatalf("the packages of deployments/local/e2e/js are not installed: %s, or npm ci there", install)
	}
	for _, dir := range []string{"js", "js/stories"} {
		if _, err := os.ReadDir(dir); err != nil { // so that Go does not take the last result for a script that has changed
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute) // a guard against a hang, not a measure
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	var printed, complaints bytes.Buffer
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.WaitDelay = "js", strings.NewReader(input), &printed, &complaints, 5*time.Second
	if err := cmd.Run(); err != nil {
		t.Fatalf("node %s: %v\n%s\n%s", args[0], err, complaints.String(), printed.String())
	}
	return printed.Bytes()
}

// TestClientsComeFromAnywhere keeps the lock from naming where its packages were downloaded once.
func TestClientsComeFromAnywhere(t *testing.T) {
	t.Parallel()
	lock, err := os.ReadFile("js/package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(lock), "://") {
		t.Error("js/package-lock.json names a host; put it through: jq 'del(.packages[] | .resolved, .funding)'")
	}
}

// sdkCall is a line of js/sdk.js: one call of a method and what came of it.
type sdkCall struct {
	Method  string `json:"method"`
	Request string `json:"request"`
	Status  int    `json:"status"`
	OK      bool   `json:"ok"`
	What    string `json:"what"`
}

// TestSDK calls every method that the unmodified timekit-sdk has, and holds docs/timekit-sdk.md to what came of it.
func TestSDK(t *testing.T) {
	t.Parallel()
	b := startOwn(t).tenant(t, plain) // the sdk does not come again when a service is overloaded
	printed := node(t, "", "sdk.js", b.api, b.key, b.admin)
	promised := sdkTable(t)
	seen := map[string][]sdkCall{}
	for lines := bufio.NewScanner(bytes.NewReader(printed)); lines.Scan(); {
		var call sdkCall
		if err := json.Unmarshal(lines.Bytes(), &call); err != nil {
			t.Fatalf("%v: %s", err, lines.Text())
		}
		seen[call.Method] = append(seen[call.Method], call)
		if !call.OK {
			t.Errorf("%s (%s, %d): %s", call.Method, call.Request, call.Status, call.What)
		}
	}
	for method, calls := range seen {
		if row, ok := promised[method]; !ok {
			t.Errorf("docs/timekit-sdk.md has no row for %s", method)
		} else if problem := row.check(calls); problem != "" {
			t.Errorf("docs/timekit-sdk.md: %s: %s", method, problem)
		}
	}
	for method := range promised {
		if seen[method] == nil {
			t.Errorf("docs/timekit-sdk.md has a row for %s, which the SDK does not have", method)
		}
	}
}

// sdkRow is a row of the table: the request that a method makes, and whether it works.
type sdkRow struct{ request, works string }

var sdkRows = regexp.MustCompile("(?m)^\\| `(\\w+)` \\| ([^|]+) \\| ([^|]+) \\|")

func sdkTable(t *testing.T) map[string]sdkRow {
	t.Helper()
	text, err := os.ReadFile("../../../docs/timekit-sdk.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]sdkRow{}
	for _, row := range sdkRows.FindAllStringSubmatch(string(text), -1) {
		if _, twice := rows[row[1]]; twice {
			t.Errorf("docs/timekit-sdk.md has two rows for %s", row[1])
		}
		rows[row[1]] = sdkRow{strings.Trim(row[2], "`"), row[3]}
	}
	return rows
}

// check says where the calls of a method were not as the row has it.
func (r sdkRow) check(calls []sdkCall) string {
	for _, call := range calls {
		if r.request != "any" && !sameRequest(r.request, call.Request) {
			return fmt.Sprintf("the request was %q, the row has %q", call.Request, r.request)
		}
	}
	status := func(from, below int) bool {
		return slices.ContainsFunc(calls, func(c sdkCall) bool { return c.Status >= from && c.Status < below })
	}
	throws := calls[0].What == "throws"
	works := map[string]bool{"yes": status(200, 300) || r.request == "none" && !throws, "501": status(501, 502), "throws": throws}
	if !works[r.works] {
		return fmt.Sprintf("it is not true that it works: %q; %+v", r.works, calls)
	}
	return ""
}

// sameRequest compares a request with the row's, in which a step such as :id stands for anything.
func sameRequest(row, request string) bool {
	if row == "none" || request == "" {
		return row == "none" && request == ""
	}
	path, _, _ := strings.Cut(request, "?")
	want, got := strings.Split(row, "/"), strings.Split(path, "/")
	return slices.EqualFunc(want, got, func(w, g string) bool { return w == g || strings.HasPrefix(w, ":") && g != "" })
}
