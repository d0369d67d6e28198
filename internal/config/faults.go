package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
)

// beside are settings that are read elsewhere: by the local run, and by commands that call a server.
var beside = []string{
	"HOLDFAST_DATA_DIR", "HOLDFAST_TEMPORAL_UI_ADDR", "HOLDFAST_FAKE_PAYMENTS_ADDR", "HOLDFAST_MAILBOX_ADDR",
	"HOLDFAST_BASE_URL", "HOLDFAST_API_KEY",
}

// unread turns the faults of reading values into sentences that name the variable and say what it takes.
func unread(given map[string]string, err error) error {
	all, many := errors.AsType[env.AggregateError](err)
	if !many {
		return err
	}
	var faults []error
	for _, fault := range all.Errors {
		parse, ok := errors.AsType[env.ParseError](fault)
		if !ok {
			faults = append(faults, fault)
			continue
		}
		name := variable(parse.Name)
		faults = append(faults, fmt.Errorf("%s is %q and must be %s", name, given[name], takes(parse.Type)))
	}
	return errors.Join(faults...)
}

// variable is the name of a field's variable.
func variable(field string) string {
	f, _ := reflect.TypeFor[Config]().FieldByName(field)
	name, _, _ := strings.Cut(f.Tag.Get("env"), ",")
	return name
}

// takes says in words what values of a type look like. Texts and secrets take everything, so no secret is ever repeated.
func takes(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[time.Duration]():
		return "a duration such as 500ms, 10s, 5m or 720h"
	case reflect.TypeFor[slog.Level]():
		return "debug, info, warn or error"
	case reflect.TypeFor[netip.Prefix](), reflect.TypeFor[[]netip.Prefix]():
		return "networks such as 10.1.0.0/16, with commas between them"
	case reflect.TypeFor[bool]():
		return "true or false"
	case reflect.TypeFor[int]():
		return "a whole number"
	}
	return "a " + t.String()
}

// unknown refuses variables that look like settings and are none, and guesses what was meant.
func unknown(given map[string]string) error {
	known := append([]string{}, beside...)
	params, err := env.GetFieldParams(&Config{})
	if err != nil {
		return err
	}
	for _, p := range params {
		known = append(known, p.Key)
	}
	var faults []error
	for name := range given {
		if !strings.HasPrefix(name, "HOLDFAST_") || strings.HasPrefix(name, "HOLDFAST_TEST_") || slices.Contains(known, name) {
			continue
		}
		if guess := nearest(name, known); guess != "" {
			faults = append(faults, fmt.Errorf("%s is not a setting; did you mean %s?", name, guess))
		} else {
			faults = append(faults, fmt.Errorf("%s is not a setting", name))
		}
	}
	return errors.Join(faults...)
}

// nearest is the known name that takes the fewest edits to be made of a name: less than a third of its letters; "" when
// there is none. A word that was left out in front, or behind, counts as one edit: HOLDFAST_TLS_CERT is HOLDFAST_TEMPORAL_TLS_CERT.
func nearest(name string, known []string) string {
	const prefix = "HOLDFAST_"
	word := strings.ToUpper(strings.TrimPrefix(name, prefix))
	best, least := "", len(word)/3+1
	for _, candidate := range known {
		whole := strings.TrimPrefix(candidate, prefix)
		distance := edits(word, whole)
		if len(word) > 3 && (strings.HasSuffix(whole, "_"+word) || strings.HasPrefix(whole, word+"_")) {
			distance = 1
		}
		if distance < least {
			best, least = candidate, distance
		}
	}
	return best
}

// edits counts the letters that are added, left out, changed, or swapped with their neighbour, to make b of a.
func edits(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range b {
		rows[0][j+1] = j + 1
	}
	for i := range a {
		for j := range b {
			change := 1
			if a[i] == b[j] {
				change = 0
			}
			rows[i+1][j+1] = min(rows[i][j]+change, rows[i][j+1]+1, rows[i+1][j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				rows[i+1][j+1] = min(rows[i+1][j+1], rows[i-1][j-1]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
