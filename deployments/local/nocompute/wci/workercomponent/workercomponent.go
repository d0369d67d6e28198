// Package workercomponent would run the workflows that scale workers. There are none.
package workercomponent

import "go.uber.org/fx"

// Module adds nothing to the server.
var Module = fx.Options()
