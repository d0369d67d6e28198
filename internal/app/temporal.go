package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"

	"holdfast/internal/config"
	"holdfast/internal/dispatch"
	"holdfast/internal/metrics"
)

const (
	temporalPatience = 30 * time.Second // how long a worker waits for Temporal before it gives up
	temporalCall     = 15 * time.Second // for one try to prepare it
)

// connect makes a client that connects when it is first used, so that the API starts without Temporal.
func connect(c config.Config, counted *metrics.Metrics, logger *slog.Logger) (client.Client, error) {
	options := client.Options{
		HostPort: c.TemporalAddress, Namespace: c.TemporalNamespace, Logger: log.NewStructuredLogger(logger),
		MetricsHandler: sdkMetrics{to: counted},
	}
	options.ConnectionOptions.GrpcCompression = &client.GrpcCompressionNone{} // a few kilobytes are not worth the CPU of gzip
	if c.TemporalTLS || c.TemporalAPIKey != "" || c.TemporalCert != "" {
		options.ConnectionOptions.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if c.TemporalCert != "" {
		pair, err := tls.LoadX509KeyPair(c.TemporalCert, c.TemporalKey)
		if err != nil {
			return nil, fmt.Errorf("HOLDFAST_TEMPORAL_TLS_CERT and HOLDFAST_TEMPORAL_TLS_KEY: %w", err)
		}
		options.ConnectionOptions.TLS.Certificates = []tls.Certificate{pair}
	}
	if c.TemporalAPIKey != "" {
		options.Credentials = client.NewAPIKeyStaticCredentials(string(c.TemporalAPIKey))
	}
	return client.NewLazyClient(options)
}

// AwaitTemporal waits until Temporal answers, checks that it has the namespace, and sees to the search attributes. It gives up
// after patience, 0 = never, and at once when the namespace is unknown. Once it has succeeded it returns nil at once.
func (a *App) AwaitTemporal(ctx context.Context, patience time.Duration) error {
	a.preparing.Lock()
	defer a.preparing.Unlock()
	for started := time.Now(); !a.prepared; {
		err := a.prepareTemporal(ctx)
		if err == nil {
			a.prepared = true
			break
		}
		if _, unknown := errors.AsType[*dispatch.UnknownNamespaceError](err); unknown {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if patience > 0 && time.Since(started) > patience {
			return fmt.Errorf("no answer from Temporal at %s (HOLDFAST_TEMPORAL_ADDRESS): %w", a.Config.TemporalAddress, err)
		}
		a.log.Warn("Temporal does not answer yet; trying again", "address", a.Config.TemporalAddress, "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
	return nil
}

func (a *App) prepareTemporal(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, temporalCall)
	defer cancel()
	if err := a.dispatch.CheckNamespace(ctx, a.Config.TemporalNamespace, a.Config.TemporalAddress); err != nil {
		return err
	}
	return a.dispatch.PrepareAttributes(ctx, a.Config.TemporalAttributes, a.Config.TemporalNamespace, a.log)
}

// followTemporal prepares Temporal as soon as it answers. It returns an error only when the namespace is unknown.
func (a *App) followTemporal(ctx context.Context) error {
	return ignoreEnd(ctx, a.AwaitTemporal(ctx, 0))
}

// ignoreEnd drops an error that came of the context's end: the process stops.
func ignoreEnd(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil //nolint:nilerr // see above
	}
	return err
}
