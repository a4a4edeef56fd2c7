"""`python -m app.worker`: do the jobs. Run as many as there is work for."""

import asyncio
import sys

from app import logs, migrations
from app.database import get_database
from app.jobs import jobs, make_tables
from app.settings import get_settings


async def work(*, wait: bool = True) -> None:
    """Do jobs until told to stop, or only those that are there."""
    settings = get_settings()
    logs.configure(settings.log_level, as_json=not settings.is_development)
    await migrations.wait_for(get_database(), settings.database_wait)
    async with jobs.open_async():
        await make_tables()
        await jobs.run_worker_async(wait=wait, install_signal_handlers=wait)


def main() -> None:
    """Start a worker."""
    if get_database().is_sqlite:
        sys.exit("Jobs need PostgreSQL: set DATABASE_URL to postgresql://...")
    asyncio.run(work())


if __name__ == "__main__":
    main()
