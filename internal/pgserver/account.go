package pgserver

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// account is the user that the server runs as. PostgreSQL refuses to run as root, so root lends it another one.
type account struct {
	name       string
	credential *syscall.Credential // nil: the user of this process
}

// accountFor returns the user of this process or, for root, the owner of the cluster if there is one already, else the
// user that a PostgreSQL package makes, else nobody.
func accountFor(cluster string) (account, error) {
	if os.Geteuid() != 0 {
		return account{}, nil
	}
	if info, err := os.Stat(cluster); err == nil {
		if owner, ok := info.Sys().(*syscall.Stat_t); ok && owner.Uid != 0 {
			name := "with id " + strconv.Itoa(int(owner.Uid))
			return account{name, &syscall.Credential{Uid: owner.Uid, Gid: owner.Gid}}, nil
		}
	}
	for _, name := range []string{"postgres", "nobody"} {
		found, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, errUID := strconv.ParseUint(found.Uid, 10, 32)
		gid, errGID := strconv.ParseUint(found.Gid, 10, 32)
		if errUID == nil && errGID == nil && uid != 0 {
			return account{name, &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
		}
	}
	return account{}, errors.New("PostgreSQL does not run as root, and there is no user postgres or nobody to run it as")
}

// own gives a file or folder to the account.
func (a account) own(path string) error {
	if a.credential == nil {
		return nil
	}
	return os.Lchown(path, int(a.credential.Uid), int(a.credential.Gid))
}

// place is how a child names a folder. It is the path, or, when a folder above is closed to the child's user, a path
// through an open descriptor that the child inherits.
type place struct {
	path string
	dir  *os.File // nil: the path works by itself
}

// reach returns the place for dir, which must exist. Root's home is closed to everybody (0700), and that is where a
// checkout often lies; a path that starts at an inherited descriptor passes no closed folder.
func (a account) reach(b binaries, dir string) (place, error) {
	if a.credential == nil || a.visits(b, dir) == nil {
		return place{path: dir}, nil
	}
	if err := a.visits(b, "/"); err != nil {
		return place{}, fmt.Errorf("the user %s cannot run %s: %w", a.name, b.program("postgres"), err)
	}
	if inheritedDir == "" {
		return place{}, fmt.Errorf("the user %s, which PostgreSQL runs as for root, cannot get to %s: choose a data folder "+
			"outside of folders that only root may enter", a.name, dir)
	}
	opened, err := os.Open(dir)
	if err != nil {
		return place{}, err
	}
	return place{path: inheritedDir, dir: opened}, nil
}

// visits starts a program in dir as the account, which fails when the account cannot get there.
func (a account) visits(b binaries, dir string) error {
	cmd := a.command(b, "postgres", place{}, "--version")
	cmd.Dir = dir
	return cmd.Run()
}

func (p place) close() {
	if p.dir != nil {
		p.dir.Close()
	}
}

// command prepares a program that works on a place as the account. It gets no PG… variable of our environment, and no
// signal of our terminal: we decide when it stops.
func (a account) command(b binaries, program string, on place, args ...string) *exec.Cmd {
	cmd := exec.Command(b.program(program), args...) //nolint:noctx // a server is stopped in order, not killed
	cmd.Dir = "/"
	cmd.Env = []string{"LC_ALL=C"}
	for _, name := range []string{"PATH", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"} {
		if value := os.Getenv(name); value != "" {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
	}
	if on.dir != nil {
		cmd.ExtraFiles = []*os.File{on.dir} // becomes descriptor 3: see inheritedDir
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: a.credential}
	endWithUs(cmd.SysProcAttr)
	return cmd
}
