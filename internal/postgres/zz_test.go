package postgres_test
import ("testing";"time";"fmt";"context";"github.com/jackc/pgx/v5";"holdfast/internal/pgtest";"strings")
func TestClone(t *testing.T){
 url := pgtest.Clone(t)
 i := strings.LastIndex(url, "/")
 admin := url[:i]+"/postgres?sslmode=disable"
 for _, strat := range []string{"WAL_LOG","FILE_COPY","WAL_LOG","FILE_COPY"} {
  var c, d, k time.Duration
  for n := range 10 {
   s := time.Now()
   conn := must(pgx.Connect(context.Background(), admin))
   k += time.Since(s); s = time.Now()
   _, err := conn.Exec(context.Background(), fmt.Sprintf("CREATE DATABASE x%d TEMPLATE holdfast_template STRATEGY %s", n, strat)); check(t, err)
   c += time.Since(s); s = time.Now()
   _, err = conn.Exec(context.Background(), fmt.Sprintf("DROP DATABASE x%d WITH (FORCE)", n)); check(t, err)
   d += time.Since(s)
   conn.Close(context.Background())
  }
  t.Log(strat, "connect", k/10, "create", c/10, "drop", d/10)
 }
}
