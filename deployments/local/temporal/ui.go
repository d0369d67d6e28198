package temporal

import (
	"context"
	"net"
	"net/url"

	"github.com/temporalio/ui-server/v2/server"
	"github.com/temporalio/ui-server/v2/server/config"
	"github.com/temporalio/ui-server/v2/server/server_options"
)

// webUI is Temporal's own user interface, served from files inside its module.
type webUI struct {
	server *server.Server
	url    string
	done   chan struct{}
}

// serveUI returns when the UI answers.
func serveUI(ctx context.Context, at address, frontend, namespace string) (*webUI, error) {
	ui := &webUI{url: (&url.URL{Scheme: "http", Host: at.dial()}).String(), done: make(chan struct{})}
	ui.server = server.NewServer(server_options.WithConfigProvider(&config.Config{
		TemporalGRPCAddress: frontend,
		Host:                bracketed(at.ip),
		Port:                at.port,
		EnableUI:            true,
		DefaultNamespace:    namespace,
		HideLogs:            true,
		DisableNewsFetch:    true,                              // nothing on this machine asks the internet for anything
		CORS:                config.CORS{CookieInsecure: true}, // plain HTTP
	}))
	go func() {
		defer close(ui.done)
		_ = ui.server.Start() // ends the process when it cannot listen, which is why resolve has tried
	}()
	if err := eventually(ctx, func() error { return answers(ctx, ui.url) }); err != nil {
		ui.stop()
		return nil, err
	}
	return ui, nil
}

func (ui *webUI) stop() {
	ui.server.Stop()
	<-ui.done
}

// bracketed is an IP as the UI server needs it: it appends ":" and the port.
func bracketed(ip net.IP) string {
	if ip.To4() == nil {
		return "[" + ip.String() + "]"
	}
	return ip.String()
}
