"""The closed-loop simulator: the daemon's own code, and the laws it is compared with, on plants in simulated time."""
