"""Measurements of whole jobs: python -m benchmarks.batch, .importing, .recommend."""
