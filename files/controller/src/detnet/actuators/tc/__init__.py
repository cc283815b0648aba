"""Caps on one network device of this host, with HTB over netlink."""
