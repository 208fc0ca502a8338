"""The pictures of a report, one kind per file."""
