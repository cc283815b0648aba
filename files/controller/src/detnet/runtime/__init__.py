"""The running controller: a control loop for each bottleneck, what builds it, and the service around it."""
