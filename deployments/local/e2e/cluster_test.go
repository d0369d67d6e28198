package e2e_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"holdfast/deployments/local/stack"
	"holdfast/internal/pgserver"
	"holdfast/internal/postgres"
)

// cluster is the data folder of a Postgres that has stopped, with a migrated, empty database. Each service that a test starts in this
// process gets a copy: making a cluster and migrating it takes most of a start.
var cluster struct {
	sync.Mutex
	dir string
}

// copyCluster puts a copy of the cluster into a service's folder, unless it has one already.
func copyCluster(t testing.TB, dir string) {
	t.Helper()
	to := filepath.Join(dir, "postgres")
	if _, err := os.Stat(to); err == nil {
		return
	}
	if out, err := exec.Command("cp", "-a", filepath.Join(madeCluster(t), "postgres"), to).CombinedOutput(); err != nil { // it keeps the owner
		t.Fatalf("%v\n%s", err, out)
	}
}

// madeCluster returns the folder that the cluster is in. It is made once.
func madeCluster(t testing.TB) string {
	t.Helper()
	cluster.Lock()
	defer cluster.Unlock()
	if cluster.dir != "" {
		return cluster.dir
	}
	dir := lasting(t, "holdfast-cluster-")
	if err := makeCluster(filepath.Join(dir, "postgres")); err != nil {
		_ = os.RemoveAll(dir)
		t.Fatal(err)
	}
	cluster.dir = dir
	return dir
}

func makeCluster(dir string) (err error) {
	ctx := context.Background()
	server, err := pgserver.Start(ctx, pgserver.Options{DataDir: dir, FastUnsafe: true, Log: os.Stderr})
	if err != nil {
		return err
	}
	defer func() {
		// Services start at the same time, and each chooses a port of its own.
		err = errors.Join(err, server.Stop(ctx), os.Remove(filepath.Join(dir, "port")))
	}()
	if err := server.CreateDatabase(ctx, stack.Database); err != nil {
		return err
	}
	db, err := postgres.Open(ctx, server.URL(stack.Database), 2)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.Migrate(ctx)
	return err
}
