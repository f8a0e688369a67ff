"""Prints one line for each test of a report: pass, fail or skip, and its name.

tally.py REPORT: meson's testlog.json, or pytest's JUnit XML.
"""

import json
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator

MESON = {"OK": "pass", "EXPECTEDFAIL": "pass", "SKIP": "skip"}


def meson(path: str) -> Iterator[str]:
    with open(path, encoding="utf-8") as report:
        for line in report:
            test = json.loads(line)
            yield f"{MESON.get(test['result'], 'fail')} {test['name']}"


def junit(path: str) -> Iterator[str]:
    for case in ElementTree.parse(path).iter("testcase"):
        name = f"{case.get('classname')}.{case.get('name')}"
        skipped = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            yield f"fail {name}"
        elif skipped is not None:
            yield f"skip {name}: {skipped.get('message')}"
        else:
            yield f"pass {name}"


def main() -> None:
    path = sys.argv[1]
    for line in junit(path) if path.endswith(".xml") else meson(path):
        print(" ".join(line.split()))


if __name__ == "__main__":
    main()
