"""PlayHT, stood in for: jobs that are followed to their end, speech as it is made, and who speaks."""
