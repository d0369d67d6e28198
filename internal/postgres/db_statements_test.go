package postgres

import (
	"context"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// assembled are the functions whose statements are not constants, with the texts that they can have where these can be told
// without a call. The rest is put together of a caller's filter: those are run by tests of lists, searches and streams.
func assembled() map[string][]string {
	locks := func(where string) (all []string) {
		batch := &pgx.Batch{}
		lockEndpointAndSubscribers(batch, [16]byte{}, where)
		for _, q := range batch.QueuedQueries {
			all = append(all, q.SQL)
		}
		return all
	}
	var ages []string
	for _, kind := range oldest {
		ages = append(ages, kind.statement)
	}
	return map[string][]string{
		"lockEndpointAndSubscribers": append(locks(""), locks(nearThreshold)...),
		"single":                     {deleteOperations, deleteClaims, deleteForms, deleteBuckets, deleteRefusals, deleteDeliveries, deleteReminderTargets},
		"Backlog":                    ages,

		"ClaimReservedDeliveries": {claimFenced},
		"MarkIdle":                {fallAsleep},
		"CreateSchedulingRequest": {insertRequest(``)},
		"queueRequest":            {insertRequest(` AND ` + begun)},

		"queueSlot": nil, "queueSeat": nil, "queueCount": nil, "queueAction": nil, "moveDays": nil,
		"actionsWithBookings": nil, "overdue": nil, "CalendarEvents": nil, "Events": nil, "list": nil, "look": nil, "taken": nil, "queueEstimate": nil, "follow": nil, "start": nil, "readBy": nil, "resolve": nil,
		"OverdueEndpoints": nil, "replaceLinks": nil, "listDeliveries": nil,
	}
}

// callsWithSQL are the methods that take a statement, and at which place.
var callsWithSQL = map[string]int{"Exec": 1, "Query": 1, "QueryRow": 1, "Queue": 0}

// constants finds every statement of this package that is a constant, with its place, and the functions that have others.
func constants(t *testing.T) (statements map[string]string, others map[string]string) {
	t.Helper()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	set := token.NewFileSet()
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
	checker := types.Config{Importer: nothing{}, Error: func(error) {}} // texts need no other package
	_, _ = checker.Check("postgres", set, files, info)
	statements, others = map[string]string{}, map[string]string{}
	for _, file := range files {
		for _, declared := range file.Decls {
			ast.Inspect(declared, func(n ast.Node) bool {
				sql := statement(n)
				if sql == nil {
					return true
				}
				place := set.Position(sql.Pos()).String()
				if value := info.Types[sql].Value; value != nil && value.Kind() == constant.String {
					statements[place] = constant.StringVal(value)
				} else if f, ok := declared.(*ast.FuncDecl); ok {
					others[f.Name.Name] = place
				} else {
					t.Errorf("%s: a statement outside of a function", place)
				}
				return true
			})
		}
	}
	return statements, others
}

// statement is the argument of a call that is a statement; nil for any other node.
func statement(n ast.Node) ast.Expr {
	call, ok := n.(*ast.CallExpr)
	if !ok {
		return nil
	}
	method, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return nil
	}
	place, ok := callsWithSQL[method.Sel.Name]
	if !ok || len(call.Args) <= place {
		return nil
	}
	if _, callback := call.Args[place].(*ast.FuncLit); callback { // of a queued statement
		return nil
	}
	return call.Args[place]
}

type nothing struct{}

func (nothing) Import(path string) (*types.Package, error) {
	name := filepath.Base(path)
	if strings.HasPrefix(name, "v") && len(name) == 2 {
		name = filepath.Base(filepath.Dir(path))
	}
	p := types.NewPackage(path, name)
	p.MarkComplete()
	return p, nil
}

// TestEveryStatementIsPrepared has Postgres read every statement of this package against the migrated schema.
func TestEveryStatementIsPrepared(t *testing.T) {
	t.Parallel()
	statements, others := constants(t)
	if len(statements) < 200 {
		t.Fatalf("found %d statements only", len(statements))
	}
	known := assembled()
	for function, place := range others {
		if _, ok := known[function]; !ok {
			t.Errorf("%s: the statement of %s is not a constant: say in assembled() which ones it can be", place, function)
		}
	}
	for function, texts := range known {
		if others[function] == "" {
			t.Errorf("assembled() names %s, which has constants only", function)
		}
		for i, text := range texts {
			statements[function+" "+strconv.Itoa(i)] = text
		}
	}
	conn, err := pgx.Connect(t.Context(), Clone(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	for place, sql := range statements {
		if utility(sql) {
			continue
		}
		text, _, err := pgx.NamedArgs{}.RewriteQuery(t.Context(), conn, sql, nil)
		if err == nil {
			_, err = conn.Prepare(t.Context(), "", text)
		}
		if err != nil {
			t.Errorf("%s: %v\n%s", place, err, sql)
		}
	}
}

// utility is true of statements that Postgres does not prepare, and runs all the same.
func utility(sql string) bool {
	words := strings.Fields(sql)
	return len(words) == 0 || slices.Contains([]string{"SET", "LISTEN", "BEGIN", "COMMIT", "ROLLBACK"}, words[0])
}

// Clone and Filled are those of pgtest. The tests outside of the package set them: pgtest imports this one.
var (
	Clone  func(testing.TB) string
	Filled func(t testing.TB, statements string) string
)
