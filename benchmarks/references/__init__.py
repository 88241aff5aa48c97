"""References: the scripts and services that users write today, for comparison with Scorelane."""
