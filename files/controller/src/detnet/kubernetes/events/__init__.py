"""What a cluster's people read of their caps: Events, workload status, metrics of the API server and the lease."""
