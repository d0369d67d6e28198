package rules

import (
	"strings"
	"testing"
)

// TestCustomerFields takes those of a project that a plain page can ask for.
func TestCustomerFields(t *testing.T) {
	t.Parallel()
	fields := CustomerFields([]byte(`{"comment":{"title":"More?"},"phone":{},"shade":{"format":"select","enum":["plum",2],"required":true},
		"file":{"format":"file"},"none":{"format":"select"},"secret":{"hidden":true},"fixed":{"readonly":true},"agree":{"title":"Yes","format":"checkbox"}}`))
	var got []string
	for _, one := range fields {
		got = append(got, one.Name+" "+one.Type+" "+one.Label+" "+strings.Join(one.Options, "/"))
	}
	want := "agree checkbox Yes |phone tel phone |shade select shade plum/2|comment textarea More? "
	if strings.Join(got, "|") != want {
		t.Errorf("%q", got)
	}
}
