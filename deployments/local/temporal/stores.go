package temporal

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"go.temporal.io/server/common/config"
	postgresql "go.temporal.io/server/common/persistence/sql/sqlplugin/postgresql"
	"go.temporal.io/server/common/persistence/sql/sqlplugin/sqlite"
	"golang.org/x/sync/errgroup"
)

const (
	mainDatabase = "temporal"
	listDatabase = "temporal_visibility"
	mainSchema   = "postgresql/v12/temporal"
	listSchema   = "postgresql/v12/visibility"
)

// stores is where the server keeps executions (main) and the list of them that can be searched.
type stores struct {
	main, list *config.SQL
	shards     int32 // fixed for ever when the main store is made
}

// prepareStores returns stores whose tables are those that this version of the server needs.
func prepareStores(ctx context.Context, o Options) (stores, error) {
	if o.InMemory {
		memory := inMemory()
		return stores{main: memory, list: memory, shards: 1}, nil
	}
	if o.PostgresURL == nil {
		return stores{}, errors.New("neither Options.PostgresURL nor Options.InMemory is set")
	}
	both, ctx := errgroup.WithContext(ctx)
	both.Go(func() error { return prepareDatabase(ctx, o.PostgresURL, mainDatabase, mainSchema) })
	both.Go(func() error { return prepareDatabase(ctx, o.PostgresURL, listDatabase, listSchema) })
	if err := both.Wait(); err != nil {
		return stores{}, err
	}
	main, errMain := inPostgres(o.PostgresURL(mainDatabase))
	list, errList := inPostgres(o.PostgresURL(listDatabase))
	return stores{main: main, list: list, shards: 4}, errors.Join(errMain, errList)
}

// inMemory is a database of its own for each call.
func inMemory() *config.SQL {
	return &config.SQL{
		PluginName:        sqlite.PluginName,
		DatabaseName:      rand.Text(),
		ConnectAttributes: map[string]string{"mode": "memory", "cache": "shared"},
	}
}

// inPostgres translates a URL. Each of the four services opens its own connections, hence the low limits.
func inPostgres(address string) (*config.SQL, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("address of a database: %w", err)
	}
	password, _ := u.User.Password()
	store := &config.SQL{
		PluginName:        postgresql.PluginNamePGX,
		ConnectProtocol:   "tcp",
		ConnectAddr:       u.Host,
		User:              u.User.Username(),
		Password:          password,
		DatabaseName:      strings.TrimPrefix(u.Path, "/"),
		ConnectAttributes: map[string]string{},
		MaxConns:          20,
		MaxIdleConns:      20, // to open one costs more than to keep it
		MaxConnLifetime:   time.Hour,
	}
	for name, values := range u.Query() {
		store.ConnectAttributes[name] = values[0]
	}
	return store, nil
}
