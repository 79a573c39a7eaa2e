"""Hume's Octave, stood in for: text to speech and voices, over the embedded engine."""
