#!/usr/bin/env python3
"""Writes the page's files as one C source: the table that web.h declares.

usage: embed.py OUT.c FILE...
"""

import hashlib
import pathlib
import sys

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
BYTES_PER_LINE = 20


def array(number, data):
    lines = [
        "    " + ",".join(str(byte) for byte in data[at : at + BYTES_PER_LINE]) + ","
        for at in range(0, len(data), BYTES_PER_LINE)
    ]
    return f"static const unsigned char file_{number}[] = {{\n" + "\n".join(lines) + "\n};\n"


def row(number, file, data):
    path = "/" if file.name == "index.html" else "/" + file.name
    etag = hashlib.sha256(data).hexdigest()[:16]
    return (
        f'    {{"{path}", "{TYPES[file.suffix]}", "\\"{etag}\\"", '
        f"file_{number}, sizeof(file_{number})}},"
    )


def main(out, *names):
    arrays, rows = [], []
    for number, name in enumerate(names):
        file = pathlib.Path(name)
        data = file.read_bytes()
        arrays.append(array(number, data))
        rows.append(row(number, file, data))
    parts = [
        '#include "web/web.h"\n',
        *arrays,
        "const struct web_file web_files[] = {",
        *rows,
        "};\nconst size_t web_files_count = sizeof(web_files) / sizeof(web_files[0]);\n",
    ]
    pathlib.Path(out).write_text("\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
