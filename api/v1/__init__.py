"""The API by the shapes and names of another one, for the clients that know those: `/v1`."""
