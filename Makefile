# make demo    its own virtual environment, the sample home, the main job on it
# make test    the same environment, every check
# make help    the rest

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help demo test lint types bench clean

help:
	@sed -n 's/^# make/make/p' Makefile

# uv is used where it is installed; pip with pinned constraints everywhere else.
$(VENV)/.installed: pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing Enishi and its test tools into $(VENV) (about a minute with pip)"
	@if command -v uv >/dev/null 2>&1 && uv pip install -q --python $(BIN)/python -c constraints.txt -e '.[test]' 2>/dev/null; then :; \
	else $(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[test]'; fi
	@touch $@

demo: $(VENV)/.installed
	@$(BIN)/enishi demo

test: $(VENV)/.installed lint types
	@$(BIN)/python -m pytest -n auto --dist loadfile

lint: $(VENV)/.installed
	@$(BIN)/ruff check .
	@$(BIN)/lint-imports --no-cache

types: $(VENV)/.installed
	@$(BIN)/mypy

bench: $(VENV)/.installed
	@$(BIN)/python -m benchmarks.batch

clean:
	rm -rf $(VENV) .enishi build *.egg-info
