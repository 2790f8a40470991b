"""Prints when and how the clocks of time zones change, as Python's zoneinfo knows it.

    python3 offsets.py --version       the version of the time zone database
    python3 offsets.py --zones         the names of all zones, one a line
    python3 offsets.py ZONE...         for each: a line `zone NAME`, then a line `SECOND OFFSET` for each change

The first change of a zone is its offset at the beginning of 1970; the others are those until the end of 2100. Seconds
are Unix seconds, offsets seconds east of UTC. The database is that of the package tzdata (`pip install tzdata`), never
the system's. A change is found by looking at each hour, so one that is taken back within an hour is not seen.
"""

import sys
import zoneinfo
from datetime import datetime, timezone

import tzdata

START = int(datetime(1970, 1, 1, tzinfo=timezone.utc).timestamp())
END = int(datetime(2101, 1, 1, tzinfo=timezone.utc).timestamp())
HOUR = 3600


def changes(name: str):
    zone = zoneinfo.ZoneInfo(name)
    at = datetime.fromtimestamp
    last = at(START, zone).utcoffset()
    yield START, last
    for second in range(START + HOUR, END + 1, HOUR):
        if at(second, zone).utcoffset() != last:
            before, after = second - HOUR, second
            while after - before > 1:
                middle = (before + after) // 2
                if at(middle, zone).utcoffset() == last:
                    before = middle
                else:
                    after = middle
            last = at(after, zone).utcoffset()
            yield after, last


def main(arguments: list[str]) -> None:
    zoneinfo.reset_tzpath(to=())
    match arguments:
        case ["--version"]:
            print(tzdata.IANA_VERSION)
        case ["--zones"]:
            print("\n".join(sorted(zoneinfo.available_timezones())))
        case [] | ["--help"]:
            sys.exit(__doc__)
        case names:
            for name in names:
                print(f"zone {name}")
                for second, offset in changes(name):
                    print(second, int(offset.total_seconds()))


if __name__ == "__main__":
    main(sys.argv[1:])
