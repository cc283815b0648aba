"""Pods and workloads as values, and the patches that cap them. Pure, and shared as :mod:`detnet.model` is."""
