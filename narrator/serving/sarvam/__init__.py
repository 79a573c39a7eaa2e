"""Sarvam, stood in for: text to speech in eleven languages of India and pronunciation dictionaries."""
