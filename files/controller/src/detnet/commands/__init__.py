"""One file per subcommand; each only parses options and calls the package that does the work."""
