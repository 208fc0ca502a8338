"""How fast this machine runs populations: measurements and their yardsticks."""
