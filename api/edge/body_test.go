package edge

import (
	"errors"
	"io"
	"net/http"
	"os"
	"testing"

	"holdfast/internal/booking"
)

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// TestBodiesThatDoNotCome: whoever is slow, or hangs up, is told so, and it is not the server's fault.
func TestBodiesThatDoNotCome(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]booking.Code{
		os.ErrDeadlineExceeded: booking.RequestTimeout, io.ErrUnexpectedEOF: booking.Malformed, errors.New("no idea"): booking.Malformed,
		&http.MaxBytesError{Limit: 7}: booking.Internal, // public makes TooLarge of it
	} {
		k := newCall(http.MethodPost, "/", "")
		k.Request.Body = io.NopCloser(failing{err})
		var in struct{}
		if got := k.Decode(&in); booking.CodeOf(got) != want {
			t.Errorf("%v gives %v", err, got)
		}
	}
}
