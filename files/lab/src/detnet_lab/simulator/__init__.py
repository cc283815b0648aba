"""The closed-loop simulator: the controller's own code, and its baselines, on plants in simulated time."""
