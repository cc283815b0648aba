"""The documentation as a site: what `make docs` stages for MkDocs, with the pages that are generated."""
