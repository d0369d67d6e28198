package visitor

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"holdfast/api/edge"
	"holdfast/internal/booking"
)

// TestFormsAreReadOnce refuses forms that hold what cannot be kept, and says the same when it is asked again.
func TestFormsAreReadOnce(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]booking.Code{
		"name=Zo%C3%AB&note=a%0D%0Ab": "", "": "", "name=%ff": booking.Malformed, "name=a&name=%c3%28": booking.Malformed, "%ff=a": booking.Malformed,
		"name=%00": booking.Malformed, "a%00=b": booking.Malformed, "name=%zz": booking.Malformed, "name=\xff": booking.Malformed,
	} {
		c, _ := gin.CreateTestContext(httptest.NewRecorder())
		c.Request = httptest.NewRequest(http.MethodPost, "/pls/x?a=1", strings.NewReader(body))
		c.Request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		k := &call{Call: &edge.Call{Context: c}}
		for range 2 {
			if err := k.readForm(); booking.CodeOf(err) != want && (err != nil || want != "") {
				t.Errorf("%q: %v, want %q", body, err, want)
			}
		}
	}
}
