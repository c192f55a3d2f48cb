"""Small files of every type, good and broken, made in code."""
