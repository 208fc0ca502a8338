"""What the yardsticks do: the same work written by hand, without the library."""
