#!/usr/bin/env python3
"""Serves out of an image's folder with an emulated processor, asks for a prediction, and ends it.

tests/image/emulated.py QEMU FOLDER
"""

import json
import re
import subprocess
import sys
import urllib.request


def main():
    qemu, folder = sys.argv[1:]
    server = subprocess.Popen(
        [qemu, "-L", folder, f"{folder}/usr/bin/digitd", "serve", "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        url = re.fullmatch(r"listening on (http://\S+)\n", server.stdout.readline())[1]
        body = json.dumps({"instances": [[0] * 784]}).encode()
        with urllib.request.urlopen(f"{url}/v1/models/mnist:predict", body, timeout=60) as answer:
            (row,) = json.load(answer)["predictions"]
        assert len(row) == 10 and abs(sum(row) - 1) < 1e-5
        server.terminate()
        assert server.wait(60) == 0
    finally:
        server.kill()
    print(f"{qemu}: it served, answered and ended")


if __name__ == "__main__":
    main()
