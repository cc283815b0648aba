"""Caps on running pods: observe the cluster, plan the patches, and write each of them once."""
