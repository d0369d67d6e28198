package temporal

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/tools/common/schema"
	"go.temporal.io/server/tools/sql"
)

// prepareDatabase makes a database with its tables, or upgrades the tables of one that is there. A new one gets its name
// only when it is complete: a process killed in between leaves nothing that the next start could stumble over.
func prepareDatabase(ctx context.Context, address func(string) string, name, schemaName string) error {
	exists, err := databaseExists(ctx, address(name))
	if err != nil {
		return fmt.Errorf("database %s: %w", name, err)
	}
	if exists {
		err = upgrade(address(name), schemaName, "")
	} else {
		err = makeDatabase(ctx, address, name, schemaName)
	}
	if err != nil {
		return fmt.Errorf("tables of the database %s: %w", name, err)
	}
	return nil
}

func databaseExists(ctx context.Context, address string) (bool, error) {
	conn, err := pgx.Connect(ctx, address)
	var refused *pgconn.PgError
	if errors.As(err, &refused) && refused.Code == "3D000" { // invalid_catalog_name
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, conn.Close(ctx)
}

func makeDatabase(ctx context.Context, address func(string) string, name, schemaName string) error {
	conn, err := pgx.Connect(ctx, address("postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))

	unfinished := name + "_unfinished"
	final, draft := pgx.Identifier{name}.Sanitize(), pgx.Identifier{unfinished}.Sanitize()
	if _, err := conn.Exec(ctx, "DROP DATABASE IF EXISTS "+draft+" WITH (FORCE)"); err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+draft); err != nil {
		return err
	}
	if err := upgrade(address(unfinished), schemaName, name); err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "ALTER DATABASE "+draft+" RENAME TO "+final)
	return err
}

// upgrade applies the schema files inside the server's module that the database has not seen. It does nothing when all
// are there. The tables remember their version under the name of the database; futureName is the one it is to get.
func upgrade(address, schemaName, futureName string) error {
	store, err := inPostgres(address)
	if err != nil {
		return err
	}
	if futureName != "" {
		store.ConnectAttributes["synchronous_commit"] = "off" // a draft need not survive; its renaming makes it durable
	}
	quiet := log.NewNoopLogger()
	conn, err := sql.NewConnection(store, quiet)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := schema.NewSetupSchemaTask(conn, &schema.SetupConfig{InitialVersion: "0.0"}, quiet).Run(); err != nil {
		return err
	}
	if err := schema.NewUpdateSchemaTask(conn, &schema.UpdateConfig{SchemaName: schemaName}, quiet).Run(); err != nil {
		return err
	}
	if futureName == "" {
		return nil
	}
	return conn.Exec("UPDATE schema_version SET db_name = $1", futureName)
}
