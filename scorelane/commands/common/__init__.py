"""What several commands share: options, tables, messages, and what they print."""
