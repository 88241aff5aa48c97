"""The checks of `scorelane doctor`."""
