"""Three invented shops and their customers: what ``enishi demo`` shows and what the benchmark scales up."""
