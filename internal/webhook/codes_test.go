package webhook

import "testing"

// TestShownCodes: of what would tell names of a private network from names that do not exist, a tenant sees one code; all other codes
// are shown as they are.
func TestShownCodes(t *testing.T) {
	t.Parallel()
	if a, b := ShownCode(CodeDNS), ShownCode(CodeBlocked); a != "unreachable_target" || a != b {
		t.Errorf("%q and %q", a, b)
	}
	for _, code := range []string{"", "http_503", CodeConnectRefused, CodeConnectTimeout, CodeConnectFailed, CodeTLS, CodeTimeout, CodeRender} {
		if got := ShownCode(code); got != code {
			t.Errorf("%q is shown as %q", code, got)
		}
	}
}
