"""Places of users: files that jobs read where they are, and folders that get their results."""
