"""What a `POST /jobs` brings: its format, its bytes as they pass, its options."""
