"""The peer of the REST rows: FastAPI under uvicorn with one bare route, which returns the bytes that it was given.

It prints one JSON line with its port once it accepts, and runs until it is terminated. uvicorn is set up as the simulator sets it up.
"""

import argparse
import json
import socket
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from starlette.responses import Response


def application(body: bytes) -> FastAPI:
    """One route, without parameters, dependencies or a response model."""
    app = FastAPI()

    @app.get("/bare")
    async def bare() -> Response:
        return Response(body, media_type="application/json")

    return app


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(description="One bare route of the framework.")
    parser.add_argument("body", type=Path, help="file with the bytes to return")
    options = parser.parse_args()
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
        config = uvicorn.Config(
            application(options.body.read_bytes()),
            loop="uvloop",
            http="httptools",
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            proxy_headers=False,
        )
        uvicorn.Server(config).run([listener])


if __name__ == "__main__":
    main()
