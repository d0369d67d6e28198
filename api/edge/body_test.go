package edge

import (
	"errors"
	"io"
	"net/http"
	"os"
	"testing"

	"holdfast/internal/fault"
)

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// TestBodiesThatDoNotCome: whoever is slow, or hangs up, is told so, and it is not the server's fault.
func TestBodiesThatDoNotCome(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]fault.Code{
		os.ErrDeadlineExceeded: fault.RequestTimeout, io.ErrUnexpectedEOF: fault.Malformed, errors.New("no idea"): fault.Malformed,
		&http.MaxBytesError{Limit: 7}: fault.Internal, // public makes TooLarge of it
	} {
		k := newCall(http.MethodPost, "/", "")
		k.Request.Body = io.NopCloser(failing{err})
		var in struct{}
		if got := k.Decode(&in); fault.CodeOf(got) != want {
			t.Errorf("%v gives %v", err, got)
		}
	}
}
