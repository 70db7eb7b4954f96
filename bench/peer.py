"""The peer to measure against: aiosmtpd as it comes, on a plain asyncio loop, storing nothing.

It prints one JSON line with its port once it accepts, and runs until it is terminated. Its limit on sizes is raised, nothing else is
changed: the arguments are the ones that aiosmtpd's own Controller passes.
"""

import argparse
import asyncio
import json
import signal

from aiosmtpd.handlers import Sink
from aiosmtpd.smtp import SMTP

_SIZE_MAX = 33_554_432


async def serve(host: str, port: int) -> None:
    """Accept and forget messages until a signal comes."""
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, over.set)
    handler = Sink()
    server = await loop.create_server(
        lambda: SMTP(handler, data_size_limit=_SIZE_MAX, enable_SMTPUTF8=True, hostname="peer", loop=loop), host, port
    )
    print(json.dumps({"host": host, "port": server.sockets[0].getsockname()[1]}), flush=True)
    await over.wait()
    server.close()


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(description="aiosmtpd as it comes, storing nothing.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    asyncio.run(serve(options.host, options.port))


if __name__ == "__main__":
    main()
