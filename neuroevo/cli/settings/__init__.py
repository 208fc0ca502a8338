"""The settings of a command: from flags, environment, files and presets to checked values."""
