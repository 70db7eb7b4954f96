"""Breaks the rules one at a time and asks whether a test notices (`make mutants`); what may survive stands in excused.toml."""
