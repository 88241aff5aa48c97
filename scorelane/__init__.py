"""What a person imports or types: the client, the command line and the one-machine stack."""
