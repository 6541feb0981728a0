"""How we say it: facts, templates, rendering."""
