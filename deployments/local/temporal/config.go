package temporal

import (
	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/primitives"
)

const (
	clusterName = "active"
	mainStore   = "main"
	listStore   = "visibility"
	noArchive   = "disabled"
	noRedirect  = "noop"
)

// configuration is what the server reads from its files elsewhere. There is no metrics port and no profiling port,
// because none is asked for.
func configuration(at map[primitives.ServiceName]address, stores stores) *config.Config {
	frontend := at[primitives.FrontendService].dial()
	services := map[string]config.Service{}
	for name, a := range at {
		services[string(name)] = config.Service{RPC: config.RPC{GRPCPort: a.port, BindOnIP: a.ip.String()}}
	}
	return &config.Config{
		Services:     services,
		PublicClient: config.PublicClient{HostPort: frontend},
		Persistence: config.Persistence{
			DefaultStore:     mainStore,
			VisibilityStore:  listStore,
			NumHistoryShards: stores.shards,
			DataStores: map[string]config.DataStore{
				mainStore: {SQL: stores.main},
				listStore: {SQL: stores.list},
			},
		},
		ClusterMetadata: &cluster.Config{
			FailoverVersionIncrement: 10,
			MasterClusterName:        clusterName,
			CurrentClusterName:       clusterName,
			ClusterInformation: map[string]cluster.ClusterInformation{
				clusterName: {Enabled: true, InitialFailoverVersion: 1, RPCAddress: frontend},
			},
		},
		DCRedirectionPolicy: config.DCRedirectionPolicy{Policy: noRedirect},
		Archival: config.Archival{
			History:    config.HistoryArchival{State: noArchive},
			Visibility: config.VisibilityArchival{State: noArchive},
		},
		NamespaceDefaults: config.NamespaceDefaults{Archival: config.ArchivalNamespaceDefaults{
			History:    config.HistoryArchivalNamespaceDefaults{State: noArchive},
			Visibility: config.VisibilityArchivalNamespaceDefaults{State: noArchive},
		}},
	}
}
