"""What is compared, under which conditions, and how a comparison runs."""
