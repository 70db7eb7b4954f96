"""The look that all pages have, *Tilleul*: one stylesheet and one icon, served to pages of every door.

Files that ship with the simulator, and whose address names its version: a browser never asks for them again.
"""

from importlib.metadata import version
from importlib.resources import files

from fastapi import FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

_YEAR_SECONDS = 365 * 86_400
LOOK = f"/ui/look/{version('mss-sim')}"
"""Where they are."""


class Shipped(StaticFiles):
    """The files of a folder beside the code of a package."""

    def __init__(self, package: str) -> None:
        super().__init__(directory=str(files(package) / "static"))

    def file_response(self, *args: object, **given: object) -> Response:
        """A file, which its reader keeps for good."""
        response = super().file_response(*args, **given)  # type: ignore[arg-type]
        response.headers["Cache-Control"] = f"public, max-age={_YEAR_SECONDS}, immutable"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


def install(app: FastAPI) -> None:
    """Add the look to an application."""
    app.mount(LOOK, Shipped("mss_sim.http"), name="look")
