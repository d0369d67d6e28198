package api

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/gin-gonic/gin"

	"holdfast/api/edge"
)

func TestAddresses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ remote, forwarded, real, want string }{
		{"203.0.113.7:1234", "", "", "203.0.113.7"},
		{"203.0.113.7:1234", "198.51.100.1", "", "203.0.113.7"}, // anybody can say that
		{"10.2.3.4:1234", "198.51.100.1", "", "198.51.100.1"},
		{"10.2.3.4:1234", "6.6.6.6, 198.51.100.1", "", "198.51.100.1"}, // the visitor wrote the first
		{"10.2.3.4:1234", "198.51.100.1, 10.9.9.9", "", "198.51.100.1"},
		{"10.2.3.4:1234", "", "6.6.6.6", "10.2.3.4"},
		{"10.2.3.4:1234", "nonsense", "", "10.2.3.4"},
		{"[2001:db8:1:2:3::4]:1234", "", "", "2001:db8:1:2::/64"},
		{"[2001:db8:1:2:ffff::9]:1234", "", "", "2001:db8:1:2::/64"},
		{"[::ffff:203.0.113.7]:1234", "", "", "203.0.113.7"},
		{"@", "", "", "invalid IP"},
	} {
		s := &Server{Proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}
		engine := gin.New()
		s.trust(engine)
		got := ""
		engine.GET("/", func(c *gin.Context) { got = (&edge.Call{Context: c}).Address() })
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = c.remote
		r.Header.Set("X-Forwarded-For", c.forwarded)
		r.Header.Set("X-Real-IP", c.real)
		engine.ServeHTTP(httptest.NewRecorder(), r)
		if got != c.want {
			t.Errorf("%+v: got %s", c, got)
		}
	}
}
