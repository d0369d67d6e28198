package temporal

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"go.temporal.io/server/common/membership/static"
	"go.temporal.io/server/common/primitives"

	"holdfast/internal/ports"
)

// address is where one service listens. The server needs IP and port apart.
type address struct {
	ip   net.IP
	port int
}

// listenAt finds the address of each service. The server ends the whole process when it cannot listen, so what can be
// known before is looked up before, and returned as an error.
func listenAt(frontend string) (map[primitives.ServiceName]address, error) {
	first, err := resolve(frontend)
	if err != nil {
		return nil, err
	}
	at := map[primitives.ServiceName]address{primitives.FrontendService: first}
	inner := []primitives.ServiceName{primitives.HistoryService, primitives.MatchingService, primitives.WorkerService}
	for _, name := range inner { // these are nobody else's business
		if at[name], err = resolve("127.0.0.1:0"); err != nil {
			return nil, err
		}
	}
	return at, nil
}

// uiAddress is nil when no UI is wanted.
func uiAddress(hostPort string) (*address, error) {
	if hostPort == "" {
		return nil, nil
	}
	at, err := resolve(hostPort)
	return &at, err
}

// hosts gives the services the addresses of the others.
func hosts(at map[primitives.ServiceName]address) map[primitives.ServiceName]static.Hosts {
	all := map[primitives.ServiceName]static.Hosts{}
	for name, a := range at {
		all[name] = static.SingleLocalHost(a.dial())
	}
	return all
}

// resolve turns host:port into an address that can be listened on now.
func resolve(hostPort string) (address, error) {
	tcp, err := net.ResolveTCPAddr("tcp", hostPort)
	if err != nil {
		return address{}, err
	}
	a := address{ip: tcp.IP, port: tcp.Port}
	if a.ip == nil {
		return address{}, fmt.Errorf("address %s: host is missing", hostPort)
	}
	if a.port == 0 {
		a.port, err = ports.Free(a.ip.String())
		return a, err
	}
	return a, ports.Check(a.ip.String(), a.port)
}

// dial is the address for clients on this machine.
func (a address) dial() string {
	ip := a.ip
	if ip.IsUnspecified() {
		ip = net.IPv4(127, 0, 0, 1)
	}
	return net.JoinHostPort(ip.String(), strconv.Itoa(a.port))
}

// final is an error that a repetition does not mend.
type final struct{ error }

// eventually repeats a step that nobody announces the success of.
func eventually(ctx context.Context, step func() error) error {
	for {
		err := step()
		if err == nil || errors.As(err, &final{}) {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// answers says whether a web page can be had.
func answers(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, response.Status)
	}
	return nil
}
