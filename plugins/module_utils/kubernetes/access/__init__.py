"""The cluster that is meant and a connection to it, as kubectl finds them. Shared as :mod:`detnet.model` is."""
