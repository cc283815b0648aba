"""What users of a cluster see of their caps: Events and workload status; and the metrics of writes and lease."""
