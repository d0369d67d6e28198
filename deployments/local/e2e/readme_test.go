package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"holdfast/internal/ports"
)

// What the README says of this machine, and what the test puts in its place.
const (
	readmeAPI   = "http://127.0.0.1:8080"
	readmeMails = "http://127.0.0.1:8235"
	readmePort  = "9000"          // of the walk's webhook receiver
	readmeFile  = "/tmp/received" // what it keeps
)

// stop separates the outputs of the walk's steps.
const stop = "\036"

// step is a stretch of the walk with what the README promises of its output.
type step struct {
	line  int      // of the README, for messages
	texts []string // each stands in the output
	shape any      // the last JSON of the output has everything this has; nil for none
}

// TestReadmeWalk types in the README's walk and looks whether the answers are the promised ones. CONTRIBUTING.md says
// how the README marks them.
func TestReadmeWalk(t *testing.T) {
	t.Parallel()
	walk(t, startOwn(t, "HOLDFAST_MAILBOX_ADDR=127.0.0.1:0"), "README.md", 5)
}

// TestClockPageWalk does the same for the story of docs/test-clock.md.
func TestClockPageWalk(t *testing.T) {
	t.Parallel()
	walk(t, startOwn(t), "docs/test-clock.md", 3) // its curl does not come again when a service is overloaded
}

// walk types in the walk of a page, which has so many steps at least, against a service.
func walk(t *testing.T, b *bundle, page string, least int) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../..", page))
	if err != nil {
		t.Fatal(err)
	}
	script, steps := readWalk(t, string(text))
	if len(steps) < least {
		t.Fatalf("%s has %d steps only", page, len(steps))
	}
	port, err := ports.Free("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	script = strings.NewReplacer(readmeAPI, b.api, readmeMails, b.stack.MailURL, readmePort, strconv.Itoa(port),
		readmeFile, filepath.Join(b.dir, "received")).Replace(script)
	output, fault := typeIn(t, b.dir, script)
	pieces := strings.Split(output, stop)
	for i, s := range steps {
		if i >= len(pieces)-1 {
			t.Fatalf("%s:%d: the walk ended before: %s", page, s.line, fault)
		}
		if problem := s.check(pieces[i]); problem != "" {
			t.Errorf("%s:%d: %s, got:\n%s\n%s", page, s.line, problem, pieces[i], fault)
		}
	}
	if fault != "" {
		t.Errorf("the walk failed: %s", fault)
	}
}

// readWalk collects the sh blocks behind <!-- walk --> into one script that prints stop after every step.
func readWalk(t *testing.T, text string) (string, []step) {
	t.Helper()
	var script strings.Builder
	var steps []step
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		if lines[i] != "<!-- walk -->" {
			continue
		}
		if lines[i+1] != "```sh" {
			t.Fatalf("README.md:%d: a walk needs an sh block right behind it", i+1)
		}
		open := false // the last line was a promise: the next one, if it is another, belongs to the same step
		for i += 2; lines[i] != "```"; i++ {
			command, promise, is := strings.Cut(lines[i], "# => ")
			if open && (!is || strings.TrimSpace(command) != "") {
				fmt.Fprintf(&script, "printf '%s'\n", stop)
				open = false
			}
			fmt.Fprintln(&script, lines[i])
			if !is {
				continue
			}
			if !open {
				steps = append(steps, step{line: i + 1})
			}
			last := &steps[len(steps)-1]
			last.texts, open = append(last.texts, promise), true
		}
		if open {
			fmt.Fprintf(&script, "printf '%s'\n", stop)
		}
		if lines[i+1] == "```json" {
			end := i + 2
			for lines[end] != "```" {
				end++
			}
			s := step{line: i + 2}
			if err := json.Unmarshal([]byte(strings.Join(lines[i+2:end], "\n")), &s.shape); err != nil {
				t.Fatalf("README.md:%d: %v", i+2, err)
			}
			steps = append(steps, s)
			fmt.Fprintf(&script, "printf '%s'\n", stop)
			i = end
		}
	}
	return script.String(), steps
}

// typeIn runs the script in one bash session, in a folder where .holdfast is the data directory. It returns what was
// printed, and what went wrong.
func typeIn(t *testing.T, data, script string) (output, fault string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.Symlink(data, filepath.Join(dir, ".holdfast")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute) // a guard against a hang, not a measure
	defer cancel()
	bash := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n"+script)
	var printed, complaints bytes.Buffer
	bash.Dir, bash.Stdout, bash.Stderr, bash.WaitDelay = dir, &printed, &complaints, 5*time.Second
	if err := bash.Run(); err != nil {
		fault = fmt.Sprintf("%v\n%s", err, complaints.String())
	}
	return printed.String(), fault
}

func (s step) check(output string) string {
	for _, text := range s.texts {
		if !strings.Contains(output, text) {
			return fmt.Sprintf("want %q", text)
		}
	}
	if s.shape == nil {
		return ""
	}
	begin := strings.LastIndex("\n"+output, "\n{")
	var got any
	if begin < 0 || json.NewDecoder(strings.NewReader(output[begin:])).Decode(&got) != nil {
		return "want JSON"
	}
	return differs("", s.shape, got)
}

// differs says where got lacks something that want has; "…" stands for any text.
func differs(path string, want, got any) string {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			return fmt.Sprintf("want an object at %s", path)
		}
		for name, value := range w {
			if problem := differs(path+"."+name, value, g[name]); problem != "" {
				return problem
			}
		}
		return ""
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			return fmt.Sprintf("want %d entries at %s", len(w), path)
		}
		for i := range w {
			if problem := differs(fmt.Sprintf("%s.%d", path, i), w[i], g[i]); problem != "" {
				return problem
			}
		}
		return ""
	}
	if text, ok := got.(string); ok && text != "" && want == "…" {
		return ""
	}
	if !reflect.DeepEqual(want, got) {
		return fmt.Sprintf("want %v at %s", want, path)
	}
	return ""
}
