package api

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"holdfast/api/edge"
	"holdfast/internal/fault"
)

// TestCodesOfClaimTokensAreDocumented holds the table of docs/public-links.md against the codes and their statuses.
func TestCodesOfClaimTokensAreDocumented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/public-links.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range fault.Codes {
		ours := strings.HasPrefix(string(code), "claim_token_") || strings.HasPrefix(string(code), "public_link_") ||
			code == fault.TokenExpired || code == fault.InvalidParameter
		if row := fmt.Sprintf("\n| `%s` | %d |", code, edge.Statuses[code]); ours != strings.Contains(string(text), row) {
			t.Errorf("docs/public-links.md has a row for %s: %v", code, !ours)
		}
	}
}
