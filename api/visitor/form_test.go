package visitor

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"holdfast/api/edge"
	"holdfast/internal/fault"
)

// TestFormsAreReadOnce refuses forms that hold what cannot be kept, and says the same when it is asked again.
func TestFormsAreReadOnce(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]fault.Code{
		"name=Zo%C3%AB&note=a%0D%0Ab": "", "": "", "name=%ff": fault.Malformed, "name=a&name=%c3%28": fault.Malformed, "%ff=a": fault.Malformed,
		"name=%00": fault.Malformed, "a%00=b": fault.Malformed, "name=%zz": fault.Malformed, "name=\xff": fault.Malformed,
	} {
		c, _ := gin.CreateTestContext(httptest.NewRecorder())
		c.Request = httptest.NewRequest(http.MethodPost, "/pls/x?a=1", strings.NewReader(body))
		c.Request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		k := &call{Call: &edge.Call{Context: c}}
		for range 2 {
			if err := k.readForm(); fault.CodeOf(err) != want && (err != nil || want != "") {
				t.Errorf("%q: %v, want %q", body, err, want)
			}
		}
	}
}
