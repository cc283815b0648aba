"""What a cluster is told of its caps: Events, the status of a workload, figures of the API server and the lease."""
