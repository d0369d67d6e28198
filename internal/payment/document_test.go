package payment

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"holdfast/internal/fault"
)

var example = regexp.MustCompile("(?s)```(price|refund)\n(.*?)```")

// TestPaymentsPage runs the examples of docs/payments.md.
func TestPaymentsPage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/payments.md")
	if err != nil {
		t.Fatal(err)
	}
	run := map[string]func(t *testing.T, terms, rest string) (lines int){"price": runPrice, "refund": runRefund}
	lines := map[string]int{}
	for _, found := range example.FindAllStringSubmatch(string(page), -1) {
		kind, text := found[1], found[2]
		decoder := json.NewDecoder(strings.NewReader(text))
		var terms json.RawMessage
		if err := decoder.Decode(&terms); err != nil {
			t.Fatalf("%v:\n%s", err, text)
		}
		lines[kind] += run[kind](t, string(terms), text[decoder.InputOffset():])
	}
	if lines["price"] < 3 || lines["refund"] < 10 {
		t.Errorf("the page has %v examples", lines)
	}
}

// strict reads the terms of an example; a field that there is not is a fault of the page.
func strict(t *testing.T, text string, to interface {
	Check(prefix string, problems fault.Problems)
}) {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.DisallowUnknownFields()
	problems := fault.Problems{}
	if err := decoder.Decode(to); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	if to.Check("x", problems); problems.Err() != nil {
		t.Fatalf("%v: %s", problems, text)
	}
}

func runPrice(t *testing.T, terms, rest string) int {
	t.Helper()
	var p Price
	strict(t, terms, &p)
	want := fmt.Sprintf("now %s, later %s", Text(p.Due(), p.Currency), Text(p.Balance(), p.Currency))
	if got := strings.TrimSpace(rest); got != want {
		t.Errorf("%s: the page says %q, and it is %q", terms, got, want)
	}
	return 1
}

func runRefund(t *testing.T, terms, rest string) (lines int) {
	t.Helper()
	var p Policy
	strict(t, terms, &p)
	zone, start, paid, currency := time.UTC, time.Time{}, int64(0), ""
	for line := range strings.Lines(strings.TrimSpace(rest) + "\n") {
		var err error
		line = strings.TrimSpace(line)
		word, more, _ := strings.Cut(line, " ")
		switch word {
		case "zone":
			zone, err = time.LoadLocation(more)
		case "start":
			start, err = time.Parse(time.RFC3339, more)
		case "paid":
			_, err = fmt.Sscanf(more, "%d %s", &paid, &currency)
		case "at":
			moment, want, _ := strings.Cut(more, ": ")
			var at time.Time
			if at, err = time.Parse(time.RFC3339, moment); err != nil {
				break
			}
			lines++
			if got := Text(p.RefundDue(paid, at, start, zone), currency); got != want {
				t.Errorf("%s at %s: the page says %s, and it is %s", terms, moment, want, got)
			}
		default:
			t.Errorf("a line %q", line)
		}
		if err != nil {
			t.Errorf("%q: %v", line, err)
		}
	}
	return lines
}
