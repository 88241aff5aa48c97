"""What operators see of the service: samples of its history, recent errors, and findings."""
