"""`python -m app.events publish` tells events to the broker; `consume` hears and handles them."""

import argparse
import asyncio
import signal

from app.events import brokers, worker
from app.events.settings import get_event_settings


def main() -> None:
    """Work until a signal says that it is enough."""
    parser = argparse.ArgumentParser(prog="python -m app.events", description=__doc__)
    parser.add_argument("deed", choices=("publish", "consume"))
    asyncio.run(work(parser.parse_args().deed))


async def work(deed: str) -> None:
    """Tell or hear events until SIGTERM or Ctrl-C."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    settings = get_event_settings()
    if deed == "publish":
        await worker.run(settings, stop)
        return
    hearing = asyncio.create_task(brokers.consume(settings))
    stopping = asyncio.create_task(stop.wait())
    done, _ = await asyncio.wait({hearing, stopping}, return_when=asyncio.FIRST_COMPLETED)
    hearing.cancel()
    await asyncio.gather(hearing, return_exceptions=True)
    stopping.cancel()
    if hearing in done:
        hearing.result()


if __name__ == "__main__":
    main()
