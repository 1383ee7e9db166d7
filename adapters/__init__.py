"""The outside world behind the ports. Adapters know the domain and nothing else of ours."""
