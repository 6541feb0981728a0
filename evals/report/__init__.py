"""One run, four views: a terminal table, JSON, JUnit XML and one self-contained page."""
