"""What narrator costs, measured beside something known: `python -m benchmarks --help`."""
