"""The faults: each is done to a running deployment, and its cause goes away by itself."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

from tests.faults.deployment import Deployment
from tests.server.process import wait_until
from tests.server.small_disk import SmallDisk

Inflict = Callable[[Deployment, float], None]


def kill_pool_children(deployed: Deployment, seconds: float) -> None:
    """SIGKILL the processes that do the jobs."""
    for worker in deployed.workers:
        worker.kill_children()


def kill_check_processes(deployed: Deployment, seconds: float) -> None:
    """SIGKILL the processes that read the objects."""
    for worker in deployed.workers:
        worker.kill_grandchildren()


def kill_workers(deployed: Deployment, seconds: float) -> None:
    """SIGKILL the workers, and start them at once."""
    for worker in deployed.workers:
        worker.kill()
        worker.start()


def restart_workers(deployed: Deployment, seconds: float) -> None:
    """SIGTERM to all processes of a worker at once, as systemd does, and start it again."""
    for worker in deployed.workers:
        worker.stop()
        worker.start()


def restart_redis(deployed: Deployment, seconds: float) -> None:
    """Kill Redis with all it holds, and start it after a while."""
    deployed.redis.stop()
    time.sleep(seconds)
    deployed.redis.start()


def flush_redis(deployed: Deployment, seconds: float) -> None:
    """FLUSHALL."""
    deployed.redis.flush()


def hang_redis(deployed: Deployment, seconds: float) -> None:
    """SIGSTOP: connections are taken, nothing is answered."""
    with deployed.redis.hung(seconds):
        pass


def stop_postgres(deployed: Deployment, seconds: float) -> None:
    """Stop PostgreSQL as a crash does, and start it after a while."""
    deployed.postgres.stop()
    time.sleep(seconds)
    deployed.postgres.start()


def kill_web(deployed: Deployment, seconds: float) -> None:
    """SIGKILL the first web server and its processes, and start it again."""
    deployed.webs[0].signal_group(signal.SIGKILL)
    deployed.webs[0].kill()
    deployed.webs[0].start()
    wait_until(deployed.browsers[0].answers, 60)


def kill_beat(deployed: Deployment, seconds: float) -> None:
    """SIGKILL beat, and start it again."""
    deployed.beat.kill()
    deployed.beat.start()


def fill_disk(disk: SmallDisk) -> Inflict:
    """Return the fault that leaves no room in the data folder for a while."""

    def fill(deployed: Deployment, seconds: float) -> None:
        disk.fill()
        time.sleep(seconds)
        disk.make_room()

    return fill


FAULTS: tuple[tuple[str, Inflict, float, float], ...] = (
    # name, what is done, and how many seconds it lasts: in the short form, in the long one
    ("pool children killed", kill_pool_children, 0, 0),
    ("Redis flushed", flush_redis, 0, 0),
    ("check processes killed", kill_check_processes, 0, 0),
    ("workers killed, started at once", kill_workers, 0, 0),
    ("Redis killed, back later", restart_redis, 3, 15),
    ("PostgreSQL crashed, back later", stop_postgres, 5, 120),
    ("Redis hung", hang_redis, 6, 30),
    ("beat killed", kill_beat, 0, 0),
    ("web server killed", kill_web, 0, 0),
    ("workers restarted by SIGTERM to their groups", restart_workers, 0, 0),
)
FULL_DISK = ("disk full", 6.0, 30.0)
