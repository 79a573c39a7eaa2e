"""Supertone, stood in for: text to speech with phonemes, voices and their clones, and what was used."""
