"""Calls of HTTP doors and their whole answers, as files: no field of an answer changes or vanishes unseen."""
