"""Exchange: what comes and goes in files and messages of other standards."""
