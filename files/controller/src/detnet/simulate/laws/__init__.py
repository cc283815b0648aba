"""The laws that are compared: ours, the published ones, and the oracle."""
