"""Where everything is wired and kept running: the worker, the relay and the sweeper."""
