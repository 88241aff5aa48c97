"""What `scorelane doctor` examines."""
