package postgres

import (
	"context"
	"reflect"
	"strings"
	"testing"
)

func TestNamedArgs(t *testing.T) {
	t.Parallel()
	var nobody *string
	cases := []struct {
		name, sql string
		args      namedArgs
		text      string
		values    []any
		lacks     string
	}{
		{"values by name", "SELECT @a, @b, @a", namedArgs{"a": 1, "b": "x"}, "SELECT $1, $2, $1", []any{1, "x"}, ""},
		{"more than the statement uses", "SELECT @a", namedArgs{"a": 1, "b": 2}, "SELECT $1", []any{1}, ""},
		{"NULL on purpose", "SELECT @a, @b", namedArgs{"a": nil, "b": nobody}, "SELECT $1, $2", []any{nil, nobody}, ""},
		{"what cannot be compared", "SELECT @a", namedArgs{"a": []byte("x")}, "SELECT $1", []any{[]byte("x")}, ""},
		{"no name", "SELECT '@a', 1 <@ 2", nil, "SELECT '@a', 1 <@ 2", []any{}, ""},
		{"misspelt", "SELECT @a, @keeep", namedArgs{"a": 1, "keep": 2}, "", nil, "keeep"},
		{"misspelt beside NULL", "SELECT @a, @keeep", namedArgs{"a": nil, "keep": nil}, "", nil, "keeep"},
		{"none at all", "SELECT @a", nil, "", nil, "a"},
	}
	for _, c := range cases {
		text, values, err := c.args.RewriteQuery(context.Background(), nil, c.sql, nil)
		if (err != nil) != (c.lacks != "") || (err != nil && !strings.Contains(err.Error(), "argument "+c.lacks+" ")) {
			t.Errorf("%s: %v", c.name, err)
		}
		if text != c.text || !reflect.DeepEqual(values, c.values) {
			t.Errorf("%s: %q %v, want %q %v", c.name, text, values, c.text, c.values)
		}
	}
}
