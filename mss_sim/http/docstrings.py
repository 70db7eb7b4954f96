"""What the strings below the fields of a class say, read in its source."""

import ast
import inspect
import sys
from collections.abc import Mapping
from functools import lru_cache
from itertools import pairwise


@lru_cache  # the classes of one module are asked for one after the other
def field_docstrings(module: str) -> Mapping[str, Mapping[str, str]]:
    """By class at the top of a module, and by field, the string that stands below its annotation; nothing where there is no source."""
    try:
        source = inspect.getsource(sys.modules[module])
    except (OSError, TypeError):
        return {}
    return {one.name: dict(_described(one)) for one in ast.parse(source).body if isinstance(one, ast.ClassDef)}


def _described(definition: ast.ClassDef) -> list[tuple[str, str]]:
    return [
        (field.target.id, inspect.cleandoc(below.value.value))
        for field, below in pairwise(definition.body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(below, ast.Expr)
        and isinstance(below.value, ast.Constant)
        and isinstance(below.value.value, str)
    ]
