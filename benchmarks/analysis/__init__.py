"""From records to numbers: statistics, summaries, and one run against another."""
