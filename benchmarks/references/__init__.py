"""What users write today: the scripts and services that Scorelane is compared with."""
