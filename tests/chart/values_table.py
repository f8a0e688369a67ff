#!/usr/bin/env python3
"""The table of a chart's values in its README, from the comments of values.yaml.

tests/chart/values_table.py          prints it
tests/chart/values_table.py --write  puts it into the README
"""

import json
import re
import sys
from pathlib import Path
from typing import NamedTuple

import yaml

CHART = Path(__file__).resolve().parents[2] / "charts" / "digitd"


class Row(NamedTuple):
    name: str
    default: str
    text: str


def comments(path):
    """What the comment before each key says, by the path of keys."""
    found, keys, pending = {}, [], ""
    for line in path.read_text().splitlines():
        comment = re.fullmatch(r" *# -- (.*)", line)
        key = re.match(r"( *)([A-Za-z][\w.-]*):", line)
        if comment:
            pending = comment[1]
        elif key:
            keys[len(key[1]) // 2 :] = [key[2]]
            if pending:
                found[tuple(keys)] = pending
            pending = ""
    return found


def table(path):
    """A row for what is documented; for what is not, one for each leaf below, without a text."""
    texts = comments(path)

    def rows(value, keys):
        if keys in texts or not isinstance(value, dict) or not value:
            yield Row(".".join(keys), json.dumps(value), texts.get(keys, ""))
            return
        for key, one in value.items():
            yield from rows(one, (*keys, key))

    return list(rows(yaml.safe_load(path.read_text()), ()))


def main():
    lines = ["| value | default | |", "|---|---|---|"]
    for row in table(CHART / "values.yaml"):
        lines.append(f"| `{row.name}` | `{row.default}` | {row.text} |")
    if sys.argv[1:] != ["--write"]:
        print("\n".join(lines))
        return
    readme = CHART / "README.md"
    text = re.sub(
        r"(?s)\| value \| default.*?\n(?!\|)", "\n".join(lines) + "\n", readme.read_text()
    )
    readme.write_text(text)


if __name__ == "__main__":
    main()
