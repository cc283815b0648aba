"""What upstream has released since the table of versions was written (scripts/bump-versions)."""
