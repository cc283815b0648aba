"""The policies that are compared: ours, the published ones, and the oracle."""
