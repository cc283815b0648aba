"""The policies that are compared: the product's, the published ones, and the oracle."""
