package postgres

import (
	"context"
	"reflect"
	"slices"
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

// TestNamedArgsAreReadOnce: a statement that is known already gets the values of each call, and one that lacks a value is refused at any time.
func TestNamedArgsAreReadOnce(t *testing.T) {
	t.Parallel()
	texts := numberedTexts{most: 2}
	for i, c := range []struct {
		sql   string
		args  namedArgs
		names []string
		kept  int64
	}{
		{"SELECT @b, @a", namedArgs{"a": 1}, []string{"", "a"}, 0},
		{"SELECT @b, @a", namedArgs{"a": 1, "b": nil}, []string{"b", "a"}, 1},
		{"SELECT @b, @a", namedArgs{}, []string{"b", "a"}, 1},
		{"SELECT @b", namedArgs{"b": 2}, []string{"b"}, 2},
		{"SELECT @c", namedArgs{"c": 2}, []string{"c"}, 2},
	} {
		n, err := texts.of(context.Background(), nil, c.sql, c.args)
		if err != nil || !slices.Equal(n.names, c.names) {
			t.Errorf("%d: %v %v, want %v", i, n, err, c.names)
		}
		kept := int64(0)
		texts.known.Range(func(_, _ any) bool { kept++; return true })
		if kept != c.kept {
			t.Errorf("%d: %d are kept, want %d", i, kept, c.kept)
		}
	}
	const sql = "SELECT @first, @second"
	for i, c := range []struct {
		args   namedArgs
		values []any
	}{
		{namedArgs{"first": 1, "second": 2}, []any{1, 2}},
		{namedArgs{"first": 3, "secondd": 4}, nil},
		{namedArgs{"first": nil, "second": "x", "third": 0}, []any{nil, "x"}},
	} {
		text, values, err := c.args.RewriteQuery(context.Background(), nil, sql, nil)
		if (err == nil) != (c.values != nil) || !reflect.DeepEqual(values, c.values) {
			t.Errorf("%d: %q %v %v, want %v", i, text, values, err, c.values)
		}
	}
}
