"""What every visitor and operator meets: language, theme, health, errors."""
