"""Identifiers of people in text: normalising, recognising, knowing whose they are, and keeping them out of prompts."""
