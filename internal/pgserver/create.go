package pgserver

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// create makes the cluster: it appears under its name only when it is complete, so that an interrupted attempt leaves
// nothing that looks like one.
func (h *home) create(programs binaries, as account, unsafe bool) error {
	workshop := filepath.Join(h.dir, "cluster.new")
	if err := os.RemoveAll(workshop); err != nil {
		return err
	}
	if err := h.furnish(workshop, as); err != nil {
		return err
	}
	on, err := as.reach(programs, workshop)
	if err != nil {
		return err
	}
	defer on.close()

	args := []string{
		"--pgdata=" + filepath.Join(on.path, "data"), "--pwfile=" + filepath.Join(on.path, "password"),
		"--username=" + superuser, "--auth=scram-sha-256", // other users of the machine can reach the port, too
		"--encoding=UTF8", "--locale=C", "--lc-ctype=" + letters,
	}
	if unsafe {
		args = append(args, "--no-sync")
	}
	var said bytes.Buffer
	cmd := as.command(programs, "initdb", on, args...)
	cmd.Stdout, cmd.Stderr = &said, &said
	maker, err := spawn(cmd)
	if err != nil {
		return err
	}
	if <-maker.done; maker.err != nil {
		return fmt.Errorf("initdb: %w:\n%s", maker.err, bytes.TrimSpace(said.Bytes()))
	}
	if err := os.Rename(filepath.Join(workshop, "data"), h.cluster()); err != nil {
		return err
	}
	return os.RemoveAll(workshop)
}

// furnish makes the folder that initdb works in, with a copy of the password that its user may read.
func (h *home) furnish(workshop string, as account) error {
	password := rand.Text()
	if err := os.WriteFile(h.password(), []byte(password), 0o600); err != nil {
		return err
	}
	data, copied := filepath.Join(workshop, "data"), filepath.Join(workshop, "password")
	return errors.Join(
		os.Mkdir(workshop, 0o700),
		os.Mkdir(data, 0o700),
		os.WriteFile(copied, []byte(password), 0o600),
		as.own(copied), as.own(data), as.own(workshop), // the folder last: what is in it is in place by then
	)
}
