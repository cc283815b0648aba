"""Everything that knows Kubernetes: the API client, the caps on pods, and the Events about them."""
