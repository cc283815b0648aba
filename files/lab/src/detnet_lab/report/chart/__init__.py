"""Our own SVG charts: stacked panels on one time axis, flat in size whatever the run's length."""
